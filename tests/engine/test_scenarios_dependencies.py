"""Who waits for whom, and what becomes of those that fail."""

from __future__ import annotations

import pytest

from jobmon_airflow.engine.verdict import MISMATCH
from jobmon_airflow.errors import UnknownName, WorkflowAlreadyComplete, WorkflowAlreadyExists
from jobmon_airflow.swarm.swarm import INFRASTRUCTURE_FAILURES
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
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
    story,
    tries,
    workflow_status,
)

DIAMOND = "a>b a>c a>d b>e c>e d>e"
BUSHY = "a>b a>c a>d b>e b>f c>f d>g a>g e>h f>h g>h"


def order(cluster):
    return [start.task for start in cluster.starts]


def always(code, letter):
    return lambda attempt, _: code if attempt.name == letter else 0


# --- order ----------------------------------------------------------------------------------------------------


def test_a_chain_is_run_in_its_order(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60)
    workflow = drawn("c>a a>b", url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert order(cluster) == ["c", "a", "b"]
    assert statuses(workflow) == all_are("D", "abc")
    assert tries(workflow) == {"a": "D", "b": "D", "c": "D"}
    assert (clock.monotonic(), cluster.most_at_once) == (180, 1)
    assert (run_statuses(workflow), workflow_status(workflow)) == ("D", "D")


@pytest.mark.parametrize("picture", [DIAMOND, BUSHY])
def test_no_task_begins_before_all_that_it_waits_for_are_done(url, picture):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=lambda attempt, _: 10 * ord(attempt.name) % 70)
    workflow = drawn(picture, url)

    assert simulate(workflow, cluster, clock).status == "D"

    began = {start.task: start.at for start in cluster.starts}
    ended = {end.task: end.at for end in cluster.ends}
    assert all(ended[edge[0]] <= began[edge[2]] for edge in picture.split())
    assert statuses(workflow) == all_are("D", began)
    assert set(cluster.attempts.values()) == {1}


def test_tasks_that_wait_for_nothing_are_submitted_together(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60)
    workflow = drawn("a b c d", url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert [len(batch.attempts) for batch in cluster.submitted] == [4]
    assert clock.monotonic() == 60


def test_every_step_of_a_task_is_on_record(url):
    clock = SimulatedClock()
    workflow = drawn("a>b", url)

    simulate(workflow, SimulatedCluster(clock, takes=60, queue_delay=5, fail_first={"b": 1}), clock)

    assert story(workflow, "a") == "GIORD"
    assert story(workflow, "b") == "GIORGIORD"


def test_an_attempt_is_stored_with_where_it_ran_and_what_it_used(url):
    clock = SimulatedClock()
    workflow = drawn("a", url)

    simulate(workflow, SimulatedCluster(clock, takes=60, needs_memory={"a": "2G"}), clock)

    (attempt,) = attempts(workflow)
    assert (attempt.status, attempt.verdict, attempt.exit_code) == ("D", "done", 0)
    assert (attempt.wallclock, attempt.maxrss, attempt.nodename) == (60, 2 * 2**30, "simulated")
    assert attempt.distributor_id == "1_0"


# --- failing --------------------------------------------------------------------------------------------------


def test_a_task_that_fails_for_good_stops_its_descendants_and_spares_the_rest(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"c": 99})
    workflow = drawn("a>b>e a>c>f a>d>g e>h f>h g>h", url)

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == all_are("D", "abdeg") | {"c": "F", "f": "G", "h": "G"}
    assert cluster.attempts == dict.fromkeys("abdeg", 1) | {"c": 3}
    assert tries(workflow)["c"] == "EEE"
    assert "Application error: exit code 1" in errors(workflow, "c")
    assert (run_statuses(workflow), workflow_status(workflow)) == ("E", "F")


def test_a_task_that_fails_once_is_tried_again_and_leaves_no_trace_in_the_result(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"b": 1})
    workflow = drawn("a>b>c", url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert statuses(workflow) == all_are("D", "abc")
    assert cluster.attempts == {"a": 1, "b": 2, "c": 1}
    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D"}


@pytest.mark.parametrize(("failures", "status"), [(3, "D"), (4, "F")])
def test_a_task_is_tried_as_often_as_it_may_be(url, failures, status):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"a": failures, "b": failures})
    workflow = drawn("a b", url, each={"a": {"max_attempts": 4}, "b": {"max_attempts": 1}})

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == {"a": status, "b": "F"}
    assert cluster.attempts == {"a": 4, "b": 1}


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({}, 3),
        ({"tool": 2}, 2),
        ({"tool": 2, "workflow": 4}, 4),
        ({"tool": 2, "workflow": 4, "template": 5}, 5),
        ({"tool": 2, "workflow": 4, "template": 5, "task": 1}, 1),
    ],
)
def test_the_nearest_number_of_attempts_counts(url, said, count):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"a": 99})
    workflow = drawn("a", url, max_attempts=said.get("task"), bind=False)
    levels = {
        "tool": workflow.tool,
        "workflow": workflow,
        "template": workflow.tool.active_task_templates["draw"],
    }
    for level in said.keys() & levels.keys():
        levels[level].set_default_max_attempts(said[level])

    assert simulate(workflow.bind(), cluster, clock).status == "E"

    assert cluster.attempts == {"a": count}


def test_fail_fast_ends_what_runs_and_begins_nothing_more(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(
        clock, takes=lambda attempt, _: 20 if attempt.name == "c" else 1, fail_first={"b": 99}
    )
    workflow = drawn("a>b>d c>e", url, max_attempts=1)

    assert simulate(workflow, cluster, clock, fail_fast=True).status == "E"

    assert statuses(workflow) == {"a": "D", "b": "F", "c": "G", "d": "G", "e": "G"}
    assert tries(workflow) == {"a": "D", "b": "E", "c": "F"}
    assert cluster.attempts == {"a": 1, "b": 1, "c": 1}
    assert clock.monotonic() < 20
    assert cluster.running == []


# --- codes with a meaning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [137, 247])
def test_a_command_that_was_killed_for_memory_is_a_resource_error_and_gets_more(url, code):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, number: code if number == 1 else 0)
    workflow = drawn("a", url, compute_resources={"memory": "40G", "runtime": "1h"})

    assert simulate(workflow, cluster, clock).status == "D"

    assert tries(workflow) == {"a": "ZD"}
    assert [str(asked.memory) for asked in cluster.requests["a"]] == ["40G", "60G"]
    assert [str(asked.runtime) for asked in cluster.requests["a"]] == ["1h", "1h"]


def test_an_error_inside_the_worker_costs_the_task_no_attempt(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, number: 199 if number <= 5 else 0)
    workflow = drawn("a", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "D"

    assert tries(workflow) == {"a": "UUUUUD"}


def test_a_worker_that_always_fails_in_itself_is_given_up_in_the_end(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=always(199, "a"))
    workflow = drawn("a>b c", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == {"a": "F", "b": "G", "c": "D"}
    assert tries(workflow) == {"a": "U" * (INFRASTRUCTURE_FAILURES + 1), "c": "D"}


def test_a_worker_of_another_version_is_not_tried_again(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=always(198, "a"))
    workflow = drawn("a>b c", url)

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == {"a": "F", "b": "G", "c": "D"}
    assert tries(workflow) == {"a": "F", "c": "D"}
    assert attempts(workflow, "a")[0].verdict == MISMATCH.words


# --- again ----------------------------------------------------------------------------------------------------


def test_a_workflow_that_was_begun_is_not_run_again_unless_somebody_says_resume(url):
    clock = SimulatedClock()
    workflow = drawn("a>b", url)
    simulate(workflow, SimulatedCluster(clock, fail_first={"a": 99}), clock)
    cluster = SimulatedCluster(clock)

    with pytest.raises(WorkflowAlreadyExists, match=r"it is FAILED since .*\n.*resume=True"):
        simulate(workflow, cluster, clock)

    assert statuses(workflow) == {"a": "F", "b": "G"}
    assert (cluster.submitted, run_statuses(workflow)) == ([], "E")


def test_a_workflow_that_is_done_is_not_resumed(url):
    clock = SimulatedClock()
    workflow = drawn("a>b", url)
    simulate(workflow, SimulatedCluster(clock), clock)
    cluster = SimulatedCluster(clock)

    with pytest.raises(WorkflowAlreadyComplete, match="nothing is left to run"):
        simulate(workflow, cluster, clock, resume=True)

    assert (cluster.submitted, run_statuses(workflow)) == ([], "D")


def test_a_resume_with_nothing_to_resume_is_the_first_run(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock)
    workflow = drawn("a>b", url)

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert cluster.attempts == {"a": 1, "b": 1}
    assert run_statuses(workflow) == "D"


def test_a_workflow_that_is_not_there_is_an_error_that_says_where_it_is_not(url):
    clock = SimulatedClock()
    run = session(drawn("a", url), SimulatedCluster(clock), clock)
    run.workflow_id = 77

    with pytest.raises(UnknownName, match="no workflow 77"):
        play(run, clock)

    assert open_attempts(drawn("a", url).tool.database) == {}
