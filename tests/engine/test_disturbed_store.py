"""Runs whose database is locked, full, away for a while, or silent about a commit."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from itertools import count
from string import ascii_letters
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.errors import StoreIsGone
from jobmon_airflow.store import database as databases
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests import servers
from tests.engine.disturbing import FullDisk, Lock, Outage, UnansweredCommit, set_on_connections
from tests.engine.simulated import all_are, drawn, simulate, statuses, tries
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jobmon_airflow import Workflow
    from jobmon_airflow.distributors.protocol import Batch

pytestmark = pytest.mark.slow

PICTURE: Final = " ".join(f"a>{letter}" for letter in ascii_letters[1:])  #: enough to fill some pages
RHYTHM: Final = Rhythm(beat=0.5, lease=3, look=0.2)


class DisturbedCluster(SimulatedCluster):
    """A cluster on which all is done at once; when it has taken the first batch, something happens elsewhere."""

    def __init__(self, disturb: Callable[[], object]) -> None:
        super().__init__()
        self._disturb = disturb

    async def submit(self, batch: Batch) -> Sequence[str]:
        names = await super().submit(batch)
        if len(self.submitted) == 1:
            self._disturb()
        return names


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "jobmon_airflow")


# --- locked ---------------------------------------------------------------------------------------------------------


def test_a_run_waits_while_somebody_has_locked_the_database(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    workflow = drawn(PICTURE, url)
    set_on_connections(workflow.tool.database, "busy_timeout=1")
    cluster = DisturbedCluster(Lock(workflow.tool.database).begin_for_a_while)

    assert _run(workflow, cluster) == "D"

    assert "transaction.repeated" in caplog.messages
    _assert_that_all_was_done_once(workflow, cluster)


def test_a_run_gives_up_on_a_database_that_stays_locked_and_can_be_resumed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "TRIES", 2)
    workflow = drawn(PICTURE, url)
    set_on_connections(workflow.tool.database, "busy_timeout=1")
    lock = Lock(workflow.tool.database)
    cluster = DisturbedCluster(lock.begin)

    with pytest.raises(StoreIsGone, match="database is locked"):
        _run(workflow, cluster, patience=1)
    lock.end()

    assert _run(workflow, cluster, resume=True) == "D"
    _assert_that_all_was_done_once(workflow, cluster)


# --- full -----------------------------------------------------------------------------------------------------------


def test_a_run_waits_until_a_full_disk_has_room_again(url: str, caplog: pytest.LogCaptureFixture) -> None:
    workflow = drawn(PICTURE, url)
    cluster = DisturbedCluster(FullDisk(workflow.tool.database).begin_for_a_while)

    assert _run(workflow, cluster) == "D"

    assert "store.waiting" in caplog.messages
    _assert_that_all_was_done_once(workflow, cluster)


def test_a_run_gives_up_on_a_disk_that_stays_full_and_can_be_resumed(url: str) -> None:
    workflow = drawn(PICTURE, url)
    disk = FullDisk(workflow.tool.database)
    cluster = DisturbedCluster(disk.begin)

    with pytest.raises(StoreIsGone, match="disk is full"):
        _run(workflow, cluster, patience=1)
    disk.end()

    assert _run(workflow, cluster, resume=True) == "D"
    _assert_that_all_was_done_once(workflow, cluster)


# --- away -----------------------------------------------------------------------------------------------------------


def test_a_run_waits_for_a_server_that_is_started_again(
    server: str, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    workflow = drawn(PICTURE, server)
    cluster = DisturbedCluster(outage.begin_for_a_while)

    assert _run(workflow, cluster) == "D"

    assert "store.waiting" in caplog.messages
    _assert_that_all_was_done_once(workflow, cluster)


def test_a_run_gives_up_on_a_server_that_stays_away_and_can_be_resumed(server: str, outage: Outage) -> None:
    workflow = drawn(PICTURE, server)
    cluster = DisturbedCluster(outage.begin)

    with pytest.raises(StoreIsGone, match=r"resume=True"):
        _run(workflow, cluster, patience=1)
    outage.end()

    assert _run(workflow, cluster, resume=True) == "D"
    _assert_that_all_was_done_once(workflow, cluster)


@pytest.fixture
def server() -> Iterator[str]:
    """A PostgreSQL server for one test alone, with tables in its own database."""
    try:
        with servers.postgresql() as address:
            yield migrated(address)
            close(address)
    except servers.ServerIsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def outage(server: str) -> Iterator[Outage]:
    outage = Outage(server)
    yield outage
    with suppress(psutil.NoSuchProcess):
        outage.begin()


# --- silent about a commit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("resume", [False, True], ids=["first run", "resume"])
def test_any_commit_may_go_without_an_answer(database_url: str, resume: bool, is_done: bool) -> None:
    url = migrated(database_url)
    for number in count():
        clock = SimulatedClock()
        cluster = SimulatedCluster(clock, takes=60, fail_first={"a": 3})
        workflow = drawn("a>c b>c", url, f"{number}", max_attempts=3 if resume else 4)
        if resume:
            assert simulate(workflow, cluster, clock).status == "E"

        with UnansweredCommit(workflow.tool.database, number, is_done=is_done) as commit:
            assert simulate(workflow, cluster, clock, resume=resume).status == "D"

        assert statuses(workflow) == all_are("D", "abc")
        assert tries(workflow) == {"a": "EEED", "b": "D", "c": "D"}
        assert (cluster.done_twice, cluster.overlapping) == (set(), set())
        if not commit.came:
            break

    assert number >= 10
    close(url)


def _run(workflow: Workflow, cluster: SimulatedCluster, *, patience: float = 60, resume: bool = False) -> str:
    """Run a workflow in real time: the status of the run."""
    session = Session(
        workflow.tool.database,
        workflow.workflow_id,
        Options(resume=resume),
        distributors={"multiprocess": cluster},
        archive=Archive(workflow.tool.database, patience=patience),
        rhythm=RHYTHM,
    )
    return str(asyncio.run(session.run()).status)


def _assert_that_all_was_done_once(workflow: Workflow, cluster: SimulatedCluster) -> None:
    assert statuses(workflow) == all_are("D", ascii_letters)
    assert tries(workflow) == all_are("D", ascii_letters)
    assert cluster.attempts == dict.fromkeys(ascii_letters, 1)
