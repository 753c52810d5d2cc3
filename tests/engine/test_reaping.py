"""Runs whose controller is gone are ended, and so are the jobs that they have left on clusters."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.reaping import Reaped, Reaper, in_words
from jobmon_airflow.errors import ClusterUnreachable
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import workflow_runs
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    BRISK,
    all_are,
    attempts,
    drawn,
    open_attempts,
    pass_by,
    run_statuses,
    session,
    simulate,
    statuses,
    tries,
    workflow_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow import Workflow
    from jobmon_airflow.distributors.protocol import Distributor, Job


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


class PowerCut(BaseException):
    """The controller is gone, with all that it knew."""


class Unplugged(Archive):
    """A database that nobody reaches any more after some seconds, and neither does anybody live that long."""

    def __init__(self, workflow: Workflow, clock: SimulatedClock, after: float) -> None:
        super().__init__(workflow.tool.database, threaded=False)
        self._clock, self._until = clock, clock.monotonic() + after

    async def change(self, work: Callable[[Connection], Any]) -> Any:
        if self._clock.monotonic() >= self._until:
            raise PowerCut
        return await super().change(work)


def orphaned(workflow: Workflow, cluster: SimulatedCluster, clock: SimulatedClock) -> None:
    """Let a run begin, and its controller vanish in the middle of it: ten minutes later nobody has heard of it."""
    unplugged = Unplugged(workflow, clock, after=100)
    with pytest.raises(PowerCut):
        simulate(workflow, cluster, clock, rhythm=BRISK, archive=unplugged)
    pass_by(clock, 600)


def reaper(workflow: Workflow, cluster: Distributor, clock: SimulatedClock, **how: Any) -> Reaper:
    database = workflow.tool.database
    archive = how.pop("archive", None) or Archive(database, threaded=False)
    distributors = {"multiprocess": cluster}
    return Reaper(database, distributors=distributors, clock=clock, rhythm=BRISK, archive=archive, **how)


def reap(workflow: Workflow, cluster: Distributor, clock: SimulatedClock, **how: Any) -> Reaped:
    return clock.run(reaper(workflow, cluster, clock, **how).reap())


def test_jobs_of_a_run_that_has_no_controller_are_ended(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=7200, grace=10)
    workflow = drawn("a>c b>c", url)
    orphaned(workflow, cluster, clock)
    assert cluster.running == ["a", "b"]

    reaped = reap(workflow, cluster.another_access(), clock)

    assert in_words(reaped) == "runs that were ended: 1\njobs that were ended: 2"
    assert cluster.running == []
    assert (run_statuses(workflow), workflow_status(workflow)) == ("ES", "F")
    assert [attempt.verdict for attempt in attempts(workflow)] == ["killed", "killed"]
    assert statuses(workflow) == all_are("G", "abc")
    assert reap(workflow, cluster.another_access(), clock) == Reaped()

    assert simulate(workflow, cluster, clock, resume=True).status == "D"
    assert tries(workflow) == {"a": "FD", "b": "FD", "c": "D"}


def test_what_was_done_meanwhile_is_done(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=300)
    workflow = drawn("a>b", url)
    orphaned(workflow, cluster, clock)

    assert reap(workflow, cluster.another_access(), clock) == Reaped(runs=[1], jobs=0)

    assert statuses(workflow) == {"a": "D", "b": "G"}
    assert simulate(workflow, cluster, clock, resume=True).status == "D"
    assert cluster.attempts == {"a": 1, "b": 1}


def test_jobs_may_be_left_for_a_resume_to_take_over(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=7200)
    workflow = drawn("a>b", url)
    orphaned(workflow, cluster, clock)

    assert reap(workflow, cluster.another_access(), clock, leaves_jobs=True) == Reaped(runs=[1])

    assert (cluster.running, run_statuses(workflow)) == (["a"], "E")
    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"
    assert cluster.attempts == {"a": 1, "b": 1}


def test_jobs_that_another_run_is_to_take_over_are_left(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=7200)
    workflow = drawn("a", url)
    orphaned(workflow, cluster, clock)
    hot = WorkflowRunStatus.HOT_RESUME
    workflow.tool.database.write(lambda it: workflow_runs.advance(it, [1], hot, clock.now()))

    assert reap(workflow, cluster.another_access(), clock) == Reaped(runs=[1])

    assert (cluster.running, run_statuses(workflow)) == (["a"], "T")


def test_jobs_that_end_with_their_controller_are_not_looked_for(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=7200)
    workflow = drawn("a", url)
    orphaned(workflow, cluster, clock)
    mortal = SimulatedCluster(clock, outlives_us=False)

    assert reap(workflow, mortal, clock) == Reaped(runs=[1])

    assert run_statuses(workflow) == "E"


def test_a_run_that_is_well_keeps_its_jobs(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=300)
    workflow = drawn("a", url)

    async def story() -> tuple[str, Reaped]:
        running = asyncio.create_task(session(workflow, cluster, clock, rhythm=BRISK).run())
        await asyncio.sleep(100)
        reaped = await reaper(workflow, cluster.another_access(), clock).reap()
        return str((await running).status), reaped

    assert clock.run(story()) == ("D", Reaped())
    assert tries(workflow) == {"a": "D"}


def test_jobs_that_do_not_end_in_time_are_said_and_ended_by_the_next_resume(
    url: str, clock: SimulatedClock
) -> None:
    cluster = SimulatedCluster(clock, takes=7200, grace=1000)
    workflow = drawn("a", url)
    orphaned(workflow, cluster, clock)

    reaped = reap(workflow, cluster.another_access(), clock, patience=60)

    assert (reaped.runs, reaped.jobs) == ([1], 0)
    assert "was not settled within 60 seconds" in in_words(reaped)
    assert run_statuses(workflow) == "ES"
    assert simulate(workflow, cluster, clock, resume=True, cold=False, resume_timeout=3600).status == "D"
    assert tries(workflow) == {"a": "FD"}
    assert open_attempts(workflow.tool.database) == {}


class Unreachable(SimulatedCluster):
    """A cluster that nobody can ask."""

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        raise ClusterUnreachable("Nobody answers.", remedy="Wait.")


def test_a_cluster_that_is_out_of_reach_keeps_no_other_run_from_being_ended(
    url: str, clock: SimulatedClock
) -> None:
    workflow, other = drawn("a", url), drawn("b", url, args="other")
    for each in (workflow, other):
        orphaned(each, SimulatedCluster(clock, takes=7200), clock)

    reaped = reap(workflow, Unreachable(clock), clock, patience=60)

    assert (reaped.runs, sorted(reaped.left)) == ([1, 2], [workflow.workflow_id, other.workflow_id])
    assert (run_statuses(workflow), run_statuses(other)) == ("ES", "ES")


def test_whoever_resumes_meanwhile_waits_until_the_jobs_are_gone(url: str, clock: SimulatedClock) -> None:
    cluster = SimulatedCluster(clock, takes=7200, grace=60)
    workflow = drawn("a", url)
    orphaned(workflow, cluster, clock)

    async def story() -> tuple[Reaped, str]:
        reaping = asyncio.create_task(reaper(workflow, cluster.another_access(), clock).reap())
        await asyncio.sleep(10)
        resumed = await session(workflow, cluster, clock, rhythm=BRISK, resume=True).run()
        return await reaping, str(resumed.status)

    reaped, ended = clock.run(story())

    assert (reaped.runs, reaped.jobs, ended) == ([1], 1, "D")
    assert not cluster.overlapping
    assert tries(workflow) == {"a": "FD"}


def test_the_jobs_of_a_reaper_that_has_vanished_are_ended_by_the_next(
    url: str, clock: SimulatedClock
) -> None:
    cluster = SimulatedCluster(clock, takes=7200, grace=1000)
    workflow = drawn("a", url)
    orphaned(workflow, cluster, clock)
    with pytest.raises(BaseExceptionGroup):
        reap(workflow, cluster.another_access(), clock, archive=Unplugged(workflow, clock, after=100))
    pass_by(clock, 600)

    reaped = reap(workflow, cluster.another_access(), clock, patience=3600)

    assert (reaped.runs, reaped.left) == ([2], {})
    assert cluster.running == []
    assert run_statuses(workflow) == "EAS"
    assert open_attempts(workflow.tool.database) == {}
