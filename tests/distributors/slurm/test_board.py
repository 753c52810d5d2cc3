"""What slurmctld said last is told to all controllers of a user."""

from __future__ import annotations

import asyncio
import fcntl
import time
from datetime import UTC, datetime

import pytest

from jobmon_airflow.distributors.slurm.board import Board
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, State
from jobmon_airflow.errors import ClusterUnreachable

ROWS = [
    QueueRow(
        job_id=12,
        elements=Elements((range(4), range(6, 12, 2))),
        name="jobmon-1f-3-1.0-11.1",
        state=State.PENDING,
        word="PENDING",
        reason="Priority",
        node="",
        submitted=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        raw_id=12,
    ),
    QueueRow(
        job_id=13,
        elements=Elements((range(1),)),
        name="somebody's | own\u2028name",
        state=State.FAILED,
        word="FAILED",
        reason="NonZeroExitCode",
        node="n1",
        submitted=datetime(2026, 1, 2, tzinfo=UTC),
        restarts=2,
        exit_code=3,
        signal=9,
        raw_id=14,
        is_whole=True,
    ),
]


class Slurmctld:
    """Answers after a moment, and counts how often it was asked."""

    def __init__(self, *, fails=0):
        self.asked, self.fails = 0, fails

    async def queue(self):
        self.asked += 1
        await asyncio.sleep(0.1)
        if self.asked <= self.fails:
            raise ClusterUnreachable("Slurm does not answer.", remedy="Wait.")
        return ROWS


def ask(board, asked_after=None):
    """Ask for something of the last minute, or not older than that."""
    return asyncio.run(board.rows(time.time() - 60 if asked_after is None else asked_after))


def test_what_one_has_asked_another_reads_as_it_was(tmp_path):
    first, second = Slurmctld(), Slurmctld()
    before = time.time()

    asked_at, rows = ask(Board(first, tmp_path))

    assert ask(Board(second, tmp_path), before) == (asked_at, rows)
    assert rows == ROWS
    assert before <= asked_at <= time.time()
    assert (first.asked, second.asked) == (1, 0)


def test_what_is_too_old_is_asked_for_again(tmp_path):
    slurmctld = Slurmctld()
    ask(Board(slurmctld, tmp_path))

    asked_at, _ = ask(Board(slurmctld, tmp_path), after := time.time())

    assert asked_at >= after
    assert slurmctld.asked == 2


def test_of_many_who_ask_at_the_same_time_one_does(tmp_path):
    slurmctld = Slurmctld()

    async def all_ask():
        now = time.time()
        return await asyncio.gather(*(Board(slurmctld, tmp_path).rows(now) for _ in range(10)))

    answers = asyncio.run(all_ask())

    assert slurmctld.asked == 1
    assert all(rows == ROWS for _, rows in answers)


def test_if_the_one_who_asks_hears_nothing_the_next_one_tries(tmp_path):
    slurmctld = Slurmctld(fails=1)

    async def both_ask():
        now = time.time()
        boards = [Board(slurmctld, tmp_path) for _ in range(2)]
        return await asyncio.gather(*(board.rows(now) for board in boards), return_exceptions=True)

    answers = asyncio.run(both_ask())

    assert slurmctld.asked == 2
    assert [type(answer) for answer in answers] == [ClusterUnreachable, tuple]


def test_without_a_folder_everybody_asks_for_himself():
    slurmctld = Slurmctld()

    for _ in range(2):
        ask(Board(slurmctld, None))

    assert slurmctld.asked == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"asked_at": 1e12, "rows": []}', '{"rows": 3}'])
def test_what_cannot_be_read_or_is_from_the_future_is_asked_for(tmp_path, text):
    (tmp_path / "queue.json").write_text(text)
    slurmctld = Slurmctld()

    assert ask(Board(slurmctld, tmp_path))[1] == ROWS
    assert slurmctld.asked == 1


def test_somebody_who_hangs_while_he_asks_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("jobmon_airflow.distributors.slurm.board._SOMEBODY_HANGS", 0.3)
    slurmctld = Slurmctld()
    with (tmp_path / "queue.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert ask(Board(slurmctld, tmp_path), time.time())[1] == ROWS
