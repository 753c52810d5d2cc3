"""Two controllers of one workflow: who may act, who makes way, and who is gone."""

from __future__ import annotations

import asyncio
import getpass
import socket

import pytest

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.errors import LeaseLost, WorkflowAlreadyExists, WorkflowNotResumable
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import workflow_runs
from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    BRISK,
    all_are,
    drawn,
    pass_by,
    run_statuses,
    session,
    simulate,
    statuses,
    tries,
    workflow_status,
)
from tests.workflows import end_silent_runs


async def after(seconds, run):
    """A run that begins later."""
    await asyncio.sleep(seconds)
    return await run.run()


def both(clock, first, second, *, later):
    """Run two sessions, the second so many seconds later; what each returned or raised."""

    async def play():
        return await asyncio.gather(first.run(), after(later, second), return_exceptions=True)

    return clock.run(play())


def runs_of_batches(cluster):
    """By task: the runs that submitted it, in order."""
    found = {}
    for batch in cluster.submitted:
        for attempt in batch.attempts:
            found.setdefault(attempt.name, []).append(batch.workflow_run_id)
    return found


class Sluggish(Archive):
    """A database that one controller does not reach during a period of the clock."""

    def __init__(self, workflow, clock, begin, end):
        super().__init__(workflow.tool.database, threaded=False)
        self._clock, self._begin, self._end = clock, begin, end

    async def change(self, work):
        await self._wait()
        return await super().change(work)

    async def read(self, work):
        await self._wait()
        return await super().read(work)

    async def _wait(self):
        if self._begin <= self._clock.monotonic() < self._end:
            await asyncio.sleep(self._end - self._clock.monotonic())


# --- one makes way for the other ------------------------------------------------------------------------------


def test_a_hot_resume_of_a_run_that_goes_on_takes_its_jobs_over(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c a>d", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True, cold=False)

    earlier, later = both(clock, first, second, later=130)

    assert (earlier.status, later.status) == ("T", "D")
    assert statuses(workflow) == all_are("D", "abcd")
    assert runs_of_batches(cluster) == {"a": [1], "b": [1], "d": [1], "c": [2]}
    assert clock.monotonic() == 300
    assert (run_statuses(workflow), workflow_status(workflow)) == ("TD", "D")


def test_a_cold_resume_of_a_run_that_goes_on_lets_it_end_its_jobs_first(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, grace=20)
    workflow = drawn("a>b>c", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True)

    earlier, later = both(clock, first, second, later=130)

    assert (earlier.status, later.status) == ("T", "D")
    assert runs_of_batches(cluster) == {"a": [1], "b": [1, 2], "c": [2]}
    assert tries(workflow) == {"a": "D", "b": "FD", "c": "D"}
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())


def test_a_cold_resume_without_enough_patience_is_refused_and_the_first_still_makes_way(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, grace=50)
    workflow = drawn("a>b", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True, resume_timeout=5)

    earlier, later = both(clock, first, second, later=30)

    assert isinstance(later, WorkflowNotResumable)
    assert "run 1 of" in later.problem
    assert "within 5 seconds" in later.problem
    assert "resume_timeout" in later.remedy
    assert earlier.status == "T"
    assert runs_of_batches(cluster) == {"a": [1]}
    assert (run_statuses(workflow), workflow_status(workflow)) == ("T", "H")

    assert simulate(workflow, cluster, clock, rhythm=BRISK, resume=True).status == "D"


def test_who_does_not_say_resume_is_told_who_runs_it_and_changes_nothing(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK)

    earlier, later = both(clock, first, second, later=30)

    assert isinstance(later, WorkflowAlreadyExists)
    assert f"run 1 of {getpass.getuser()} at {socket.gethostname()}, process" in later.problem
    assert "workflow.run(resume=True)" in later.remedy
    assert earlier.status == "D"
    assert runs_of_batches(cluster) == {"a": [1], "b": [1]}
    assert run_statuses(workflow) == "D"


def test_of_two_that_begin_at_the_same_moment_one_runs(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK)

    results = both(clock, first, second, later=0)

    assert sorted(type(result).__name__ for result in results) == ["Result", "WorkflowAlreadyExists"]
    assert cluster.attempts == {"a": 1, "b": 1}


def test_three_that_resume_one_after_another_leave_the_last(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c", url)
    ways = [cluster, cluster.another_access(), cluster.another_access()]
    runs = [
        session(workflow, way, clock, rhythm=BRISK, resume=way is not cluster, cold=False) for way in ways
    ]

    async def play():
        return await asyncio.gather(*(after(40 * number, run) for number, run in enumerate(runs)))

    assert [result.status for result in clock.run(play())] == ["T", "T", "D"]
    assert cluster.attempts == {"a": 1, "b": 1, "c": 1}
    assert clock.monotonic() == 300


# --- one is thought dead --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cold", [True, False])
def test_a_controller_that_was_thought_dead_can_write_nothing_more(url, cold):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c>d", url)
    sluggish = Sluggish(workflow, clock, begin=50, end=250)
    first = session(workflow, cluster, clock, rhythm=BRISK, archive=sluggish)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True, cold=cold)

    zombie, later = both(clock, first, second, later=200)

    assert isinstance(zombie, LeaseLost)
    assert later.status == "D"
    assert statuses(workflow) == all_are("D", "abcd")
    assert tries(workflow) == all_are("D", "abcd")
    assert runs_of_batches(cluster) == {"a": [1], "b": [2], "c": [2], "d": [2]}
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())
    assert run_statuses(workflow) == "ED"


def test_a_controller_whose_hold_ran_out_submits_nothing_although_it_had_written_so(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, faults=Faults(full_during=[(0, 300)]))
    workflow = drawn("a b>c", url)
    sluggish = Sluggish(workflow, clock, begin=5, end=1000)
    first = session(workflow, cluster, clock, rhythm=BRISK, archive=sluggish)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True)

    zombie, later = both(clock, first, second, later=150)

    assert isinstance(zombie, LeaseLost)
    assert later.status == "D"
    assert runs_of_batches(cluster) == {"a": [2], "b": [2], "c": [2]}
    assert cluster.attempts == all_are(1, "abc")
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())


def test_a_resume_waits_until_a_silent_controllers_time_is_over(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000)
    workflow = drawn("a", url)
    sluggish = Sluggish(workflow, clock, begin=50, end=5000)
    first = session(workflow, cluster, clock, rhythm=BRISK, archive=sluggish)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True, cold=False)

    zombie, later = both(clock, first, second, later=55)

    assert isinstance(zombie, LeaseLost)
    assert later.status == "D"
    assert later.elapsed == pytest.approx(945, abs=5)
    assert cluster.attempts == {"a": 1}


def test_a_controller_that_was_silent_for_less_than_its_time_goes_on(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b", url)
    sluggish = Sluggish(workflow, clock, begin=70, end=130)

    assert simulate(workflow, cluster, clock, rhythm=BRISK, archive=sluggish).status == "D"

    assert tries(workflow) == {"a": "D", "b": "D"}


# --- the reaper -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "ends_as", "workflow_ends_as"),
    [
        (None, "A", "A"),
        (WorkflowRunStatus.BOUND, "E", "F"),
        (WorkflowRunStatus.RUNNING, "E", "F"),
        (WorkflowRunStatus.COLD_RESUME, "T", "H"),
        (WorkflowRunStatus.HOT_RESUME, "T", "H"),
    ],
    ids=["linking", "bound", "running", "cold", "hot"],
)
def test_the_reaper_ends_runs_that_nobody_hears_of(url, status, ends_as, workflow_ends_as):
    clock = SimulatedClock()
    workflow = drawn("a", url)
    database = workflow.tool.database
    lease = Rhythm().until
    run_id = database.write(
        lambda it: claims.take(it, workflow.workflow_id, clock.now(), resume=False, lease=lease)
    )
    if status:
        database.write(lambda it: workflow_runs.go(it, run_id, WorkflowRunStatus.BOUND, clock.now()))
        database.write(lambda it: workflow_runs.go(it, run_id, status, clock.now()))

    assert database.write(lambda it: end_silent_runs(it, clock.now())) == []
    pass_by(clock, 91)
    assert database.write(lambda it: end_silent_runs(it, clock.now())) == [run_id]
    assert database.write(lambda it: end_silent_runs(it, clock.now())) == []

    assert (run_statuses(workflow), workflow_status(workflow)) == (ends_as, workflow_ends_as)
    assert statuses(workflow) == {"a": "G"}

    assert simulate(workflow, SimulatedCluster(clock), clock, resume=True).status == "D"


def test_the_reaper_touches_nothing_of_a_run_that_is_well(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=300)
    workflow = drawn("a>b", url)
    reaped = []

    async def reap():
        for _ in range(10):
            await asyncio.sleep(50)
            reaped.extend(workflow.tool.database.write(lambda it: end_silent_runs(it, clock.now())))

    async def play():
        result, _ = await asyncio.gather(session(workflow, cluster, clock, rhythm=BRISK).run(), reap())
        return result

    assert clock.run(play()).status == "D"

    assert reaped == []
    assert tries(workflow) == {"a": "D", "b": "D"}


def test_who_is_stopped_while_another_run_makes_way_has_changed_nothing(url):
    clock = SimulatedClock()
    workflow = drawn("a", url)
    first = session(workflow, SimulatedCluster(clock, takes=7200), clock)

    async def story():
        running = asyncio.create_task(first.run())
        await asyncio.sleep(600)
        second = session(workflow, SimulatedCluster(clock), clock, resume=True, resume_timeout=3600)
        waiting = asyncio.create_task(second.run())
        await asyncio.sleep(0.1)
        second.stop()
        with pytest.raises(WorkflowNotResumable, match="stopped before it had taken workflow 1"):
            await waiting
        return await running

    assert clock.run(story()).status in {"T", "D"}
    assert len(run_statuses(workflow)) == 1
