"""Runs that begin nothing more and end when what runs is over, because somebody wants that."""

from __future__ import annotations

import pytest

from jobmon_airflow.engine import ordering
from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.errors import WorkflowTimeout
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    BRISK,
    all_are,
    drawn,
    play,
    run_statuses,
    session,
    simulate,
    statuses,
    tries,
    workflow_status,
)


def order(workflow, clock, how=Stop.DRAIN):
    """What a person does, from anywhere."""
    return lambda: workflow.tool.database.write(
        lambda it: ordering.stop(it, workflow.workflow_id, how, clock.now())
    )


def test_what_runs_is_waited_for_and_nothing_more_begins(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b c>d", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, order(workflow, clock))).status == "S"

    assert 100 <= clock.monotonic() < 110
    assert statuses(workflow) == {"a": "D", "b": "G", "c": "D", "d": "G"}
    assert tries(workflow) == {"a": "D", "c": "D"}
    assert (run_statuses(workflow), workflow_status(workflow)) == ("S", "F")


def test_a_run_that_was_drained_goes_on_with_what_is_left(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b c>d", url)
    play(session(workflow, cluster, clock, rhythm=BRISK), clock, (50, order(workflow, clock)))

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert cluster.attempts == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert run_statuses(workflow) == "SD"


def test_what_waits_on_the_cluster_is_taken_back(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, slots=1)
    workflow = drawn("a b c", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, order(workflow, clock))).status == "S"

    assert clock.monotonic() < 110
    assert sorted(statuses(workflow).values()) == ["D", "G", "G"]
    assert sum(cluster.attempts.values()) == 1


def test_a_task_that_fails_meanwhile_is_not_tried_again(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, fail_first={"a": 1})
    workflow = drawn("a", url, max_attempts=3)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, order(workflow, clock))).status == "S"

    assert statuses(workflow)["a"] != "F"
    assert cluster.attempts == {"a": 1}
    assert simulate(workflow, cluster, clock, resume=True).status == "D"


def test_a_run_whose_last_tasks_are_waited_for_is_done(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a b", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, order(workflow, clock))).status == "D"

    assert statuses(workflow) == all_are("D", "ab")
    assert workflow_status(workflow) == "D"


def test_who_loses_patience_ends_what_runs(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000)
    workflow = drawn("a b", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    result = play(run, clock, (50, order(workflow, clock)), (100, order(workflow, clock, Stop.KILL)))

    assert result.status == "T"
    assert clock.monotonic() < 150
    assert cluster.running == []
    assert statuses(workflow) == all_are("G", "ab")


def test_ctrl_c_ends_a_run_that_is_being_drained(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000)
    workflow = drawn("a", url)
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, order(workflow, clock)), (100, run.stop)).status == "S"

    assert clock.monotonic() < 110
    assert cluster.running == []


def test_the_workflow_s_time_is_kept_to(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000)
    workflow = drawn("a", url)
    run = session(workflow, cluster, clock, rhythm=BRISK, timeout=150)

    with pytest.raises(WorkflowTimeout):
        play(run, clock, (50, order(workflow, clock)))

    assert run_statuses(workflow) == "E"


def test_a_limit_that_is_lifted_meanwhile_lets_nothing_begin(url):
    from jobmon_airflow.store import workflows

    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a b c", url, of_workflow={"max_concurrently_running": 1})
    run = session(workflow, cluster, clock, rhythm=BRISK)

    def lift():
        workflow.tool.database.write(lambda it: workflows.set_limit(it, workflow.workflow_id, 3))

    assert play(run, clock, (20, order(workflow, clock)), (50, lift)).status == "S"

    assert sum(cluster.attempts.values()) == 1
