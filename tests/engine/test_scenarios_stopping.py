"""Runs that end before their work is done: because somebody says so, or because their time is over."""

from __future__ import annotations

import asyncio

import pytest

from jobmon_airflow.engine.progress import Snapshot
from jobmon_airflow.engine.report import report
from jobmon_airflow.errors import WorkflowTimeout
from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    BRISK,
    all_are,
    attempts,
    drawn,
    errors,
    open_attempts,
    play,
    run_statuses,
    session,
    simulate,
    statuses,
    tries,
    workflow_status,
)

#: In Jobmon's words, which scripts look for.
TOO_LATE = (
    "Not all tasks completed within the given workflow timeout length (150 seconds). "
    "Submitted tasks will still run, but the workflow will need to be restarted."
)


def ran_once(cluster, letters):
    """Whether each task was run to its end once, and no two of its attempts at a time."""
    ends = sorted(end.task for end in cluster.ends)
    return (cluster.done_twice, cluster.overlapping) == (set(), set()) and set(letters) <= set(ends)


# --- stop -----------------------------------------------------------------------------------------------------


def test_a_run_that_is_stopped_ends_its_jobs_and_can_be_resumed(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c a>d", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (150, run.stop)).status == "S"

    assert clock.monotonic() == 150
    assert cluster.running == []
    assert statuses(workflow) == {"a": "D", "b": "G", "c": "G", "d": "G"}
    assert tries(workflow) == {"a": "D", "b": "F", "d": "F"}
    assert [row.verdict for row in attempts(workflow, "b")] == ["killed"]
    assert (run_statuses(workflow), workflow_status(workflow)) == ("S", "F")

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert statuses(workflow) == all_are("D", "abcd")
    assert cluster.attempts == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert ran_once(cluster, "abcd")
    assert run_statuses(workflow) == "SD"


def test_the_order_to_stop_is_stored_before_the_jobs_are_gone(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, grace=20)
    workflow = drawn("a b", url)
    run = session(workflow, cluster, clock)
    seen = []

    result = play(
        run, clock, (50, run.stop), (60, lambda: seen.append(open_attempts(workflow.tool.database)))
    )

    assert result.status == "S"
    assert seen == [{"K": 2}]
    assert clock.monotonic() == 70
    assert tries(workflow) == {"a": "F", "b": "F"}


def test_work_that_is_done_before_the_order_arrives_is_done(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=lambda attempt, _: {"a": 60, "b": 500}[attempt.name], grace=20)
    workflow = drawn("a>c b", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, run.stop)).status == "S"

    assert statuses(workflow) == {"a": "D", "b": "G", "c": "G"}
    assert tries(workflow) == {"a": "D", "b": "F"}


def test_what_waits_on_the_cluster_is_ended_without_ever_having_begun(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, queue_delay=200)
    workflow = drawn("a b c", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, run.stop)).status == "S"

    assert cluster.attempts == {}
    assert tries(workflow) == {"a": "F", "b": "F", "c": "F"}
    assert statuses(workflow) == all_are("G", "abc")


def test_what_was_not_submitted_yet_is_not_submitted_any_more(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, faults=Faults(full_during=[(0, 1000)]))
    workflow = drawn("a b", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, run.stop)).status == "S"

    assert cluster.submitted == []
    assert tries(workflow) == {"a": "F", "b": "F"}
    assert "The run was stopped before it was submitted." in errors(workflow, "a")


def test_a_job_that_does_not_end_is_waited_for_a_minute_and_left_to_the_resume(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000, grace=300)
    workflow = drawn("a>b", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, run.stop)).status == "S"

    assert 100 <= clock.monotonic() <= 120
    assert tries(workflow) == {"a": "K"}
    assert cluster.running == ["a"]

    assert simulate(workflow, cluster, clock, resume=True, cold=False, resume_timeout=600).status == "D"

    assert tries(workflow) == {"a": "FD", "b": "D"}
    assert cluster.overlapping == set()


def test_to_stop_at_once_gives_nobody_time_to_end(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000, grace=300)
    workflow = drawn("a b>c", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, lambda: run.stop(at_once=True))).status == "S"

    assert clock.monotonic() <= 55
    assert cluster.running == []
    assert workflow_status(workflow) == "F"

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert statuses(workflow) == all_are("D", "abc")
    assert cluster.attempts == {"a": 2, "b": 2, "c": 1}
    assert cluster.overlapping == set()


def test_who_says_stop_twice_means_at_once(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000, grace=300)
    workflow = drawn("a b", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, run.stop), (55, lambda: run.stop(at_once=True))).status == "S"

    assert clock.monotonic() <= 60
    assert cluster.running == []


@pytest.mark.parametrize(("at_once", "seconds"), [(False, 60), (True, 2)])
def test_a_cluster_that_cannot_be_reached_does_not_keep_a_run_that_is_to_stop(url, at_once, seconds):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000, faults=Faults(outages=[(40, 500)]))
    workflow = drawn("a>b", url)
    run = session(workflow, cluster, clock)

    assert play(run, clock, (50, lambda: run.stop(at_once=at_once))).status == "S"

    assert clock.monotonic() == pytest.approx(50 + seconds, abs=1)
    assert cluster.running == ["a"]

    assert simulate(workflow, cluster, clock, resume=True, resume_timeout=900).status == "D"

    assert tries(workflow) == {"a": "FD", "b": "D"}
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())


def test_a_run_that_is_stopped_before_it_begins_runs_nothing(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock)
    workflow = drawn("a", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)
    run.stop()

    assert play(run, clock).status == "S"

    assert (cluster.submitted, run_statuses(workflow), statuses(workflow)) == ([], "S", {"a": "G"})
    assert simulate(workflow, cluster, clock, resume=True).status == "D"


# --- out of time ----------------------------------------------------------------------------------------------


def test_a_run_whose_time_is_over_says_so_in_jobmons_words_and_leaves_its_jobs_running(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c", url)

    with pytest.raises(RuntimeError) as late:
        simulate(workflow, cluster, clock, timeout=150)

    assert isinstance(late.value, WorkflowTimeout)
    assert late.value.problem == TOO_LATE
    assert clock.monotonic() == 150
    assert cluster.running == ["b"]
    assert statuses(workflow) == {"a": "D", "b": "R", "c": "G"}
    assert (run_statuses(workflow), workflow_status(workflow)) == ("E", "F")


def test_a_hot_resume_takes_over_what_a_late_run_left(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c", url)
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=150)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert cluster.attempts == {"a": 1, "b": 1, "c": 1}
    assert tries(workflow) == all_are("D", "abc")
    assert clock.monotonic() == 300
    assert ran_once(cluster, "abc")


def test_what_lives_with_its_run_ends_with_a_late_run(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, outlives_us=False)
    workflow = drawn("a>b>c", url)

    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=150)

    assert cluster.running == []
    assert statuses(workflow) == {"a": "D", "b": "G", "c": "G"}

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert cluster.attempts == {"a": 1, "b": 2, "c": 1}


def test_work_that_ends_in_time_is_not_late(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b", url)

    assert simulate(workflow, cluster, clock, timeout=201).status == "D"


def test_a_failure_in_the_last_moment_is_told_as_what_it_is(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, fail_first={"a": 99})
    workflow = drawn("a", url, max_attempts=1)

    assert simulate(workflow, cluster, clock, timeout=101).status == "E"

    assert statuses(workflow) == {"a": "F"}


def test_limits_of_time_and_orders_to_stop_do_not_disturb_each_other(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000, grace=20)
    workflow = drawn("a", url)
    run = session(workflow, cluster, clock, timeout=150)

    result = play(run, clock, (140, run.stop))

    assert result.status == "S"
    assert tries(workflow) == {"a": "F"}
    assert run_statuses(workflow) == "S"


def test_a_run_that_is_stopped_while_it_takes_the_workflow_leaves_no_run_behind(url):
    clock = SimulatedClock()
    workflow = drawn("a", url)
    run = session(workflow, SimulatedCluster(clock), clock)

    async def story():
        running = asyncio.create_task(run.run())
        await asyncio.sleep(0)  # it is about to ask for the workflow
        run.stop()
        return await running

    assert clock.run(story()).status == "S"

    assert run_statuses(workflow) == "S"
    assert simulate(workflow, SimulatedCluster(clock), clock, resume=True).status == "D"


def test_a_run_that_was_stopped_before_it_began_says_so():
    nothing = Snapshot(workflow_id=1, workflow_run_id=1, templates=[], done_before=0, elapsed=0.0)

    assert report(None, nothing, "again", was_stopped=True) == (
        "The run was stopped before it began any task.\n\nTo run it after all:\n  again"
    )
