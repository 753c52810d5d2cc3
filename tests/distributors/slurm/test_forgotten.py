"""Jobs of an earlier controller that Slurm does not show any more, or not now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.distributors.protocol import Cause, Ended, Job
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault
from tests.distributors.contract import batch
from tests.testing.batches import endings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from jobmon_airflow.distributors.protocol import Batch

SHORT = Patience(for_line=0.5, for_line_of_killed=0.1, for_slurm=0.5, for_accounting=1, until_seen=0.5)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlurm]:
    with FakeSlurm(tmp_path / "fake", nodes=1, slots=4, kill_wait=0.5) as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


@pytest.fixture
def tell(fake: FakeSlurm, tmp_path: Path) -> Callable[..., Any]:
    """Tell a story about two controllers, one after the other, the first of whom submits a command."""

    def tell(
        command: str, between: Callable[[str], object], later: Callable[..., Coroutine[Any, Any, Any]]
    ) -> Any:
        one, spool = batch(command), str(tmp_path / "spool")

        async def inside() -> Any:
            async with asyncio.timeout(30), Slurm(spool=spool) as first:
                (name,) = await first.submit(one)
                await first.news()
            await asyncio.to_thread(between, str(name))
            async with asyncio.timeout(30), Slurm(spool=spool, patience=SHORT) as second:
                job = Job(attempt=one.attempts[0].id, token=one.token, step=0, distributor_id=name)
                assert list(await second.adopt([job])) == [job.attempt]
                return await later(second, one)

        return asyncio.run(inside())

    return tell


async def cancelled(slurm: Slurm, one: Batch) -> Ended:
    await slurm.cancel([one.attempts[0].id])
    (ended,) = (await endings(slurm, one)).values()
    return ended


def test_who_cancels_what_was_done_long_ago_hears_that_it_was_done(fake: FakeSlurm, tell: Any) -> None:
    def forget(name: str) -> None:
        fake.wait_for(name, "COMPLETED")
        fake.forget_ended()

    ended = tell("true", forget, cancelled)

    assert (ended.evidence.exit_code, ended.evidence.cause) == (0, None)


def test_no_job_is_cancelled_by_an_id_that_may_be_anothers_by_now(fake: FakeSlurm, tell: Any) -> None:
    def recycle(name: str) -> None:
        fake.wait_for(name, "COMPLETED")
        fake.recycle_ids()

    tell("true", recycle, cancelled)

    assert [words for words in fake.typed if words[0] == "scancel"] == []


def test_what_runs_and_is_not_shown_is_told_in_the_shared_folder_to_end(
    fake: FakeSlurm, tell: Any, tmp_path: Path
) -> None:
    async def revoked(slurm: Slurm, one: Batch) -> list[str]:
        await slurm.cancel([one.attempts[0].id])
        return [path.name for path in (tmp_path / "spool" / one.token / "revoked").iterdir()]

    def answer_half(_: str) -> None:
        fake.set(Fault.SQUEUE_ANSWERS_HALF)

    assert tell("sleep 5", answer_half, revoked) == ["0"]


def test_what_can_be_said_by_nobody_any_more_is_lost(fake: FakeSlurm, tell: Any, tmp_path: Path) -> None:
    def lose_all(name: str) -> None:
        fake.wait_for(name, "COMPLETED")
        fake.forget_ended()
        fake.set(Fault.ACCOUNTING_REFUSED)
        for told in (tmp_path / "spool").glob("*/told-*"):
            told.unlink()

    async def ended(slurm: Slurm, one: Batch) -> Ended:
        (ended,) = (await endings(slurm, one)).values()
        return ended

    assert tell("true", lose_all, ended).evidence.cause is Cause.LOST
