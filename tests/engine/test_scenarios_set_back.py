"""Work that is to be done again while jobs of an earlier run are still on their cluster."""

from __future__ import annotations

import pytest

from jobmon_airflow.store import set_back
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from jobmon_airflow.testing.clock import NEW_YEAR
from tests.engine.simulated import (
    all_are,
    drawn,
    open_attempts,
    pass_by,
    play,
    run_statuses,
    session,
    simulate,
    statuses,
    tries,
)


def left_running(url, picture, clock, cluster):
    """The workflow, whose run has ended after two and a half tasks in a row, and left the jobs that ran."""
    workflow = drawn(picture, url)
    run = session(workflow, cluster, clock)
    play(run, clock, (150, lambda: run.stop(leaves_jobs=True)))
    return workflow


def set_back_template(workflow, clock, name):
    database = workflow.tool.database
    database.write(lambda it: set_back.templates(it, workflow.workflow_id, [name], clock.now()))


def test_a_run_that_is_stopped_leaves_its_jobs_if_that_is_wanted(url: str) -> None:
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = left_running(url, "a>B", clock, cluster)

    assert statuses(workflow) == {"a": "D", "B": "R"}
    assert run_statuses(workflow) == "S"

    simulate(workflow, cluster, clock, resume=True, cold=False)

    assert tries(workflow) == all_are("D", "aB")
    assert (clock.now() - NEW_YEAR).total_seconds() < 210


@pytest.mark.parametrize("cold", [False, True], ids=["hot", "cold"])
@pytest.mark.parametrize("pause", [0, 1000], ids=["at once", "later"])
def test_a_job_that_was_left_does_not_count_for_a_task_that_is_to_run_again(
    url: str, cold: bool, pause: float
) -> None:
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = left_running(url, "a>B>C d>E", clock, cluster)
    set_back_template(workflow, clock, "draw")
    pass_by(clock, pause)

    simulate(workflow, cluster, clock, resume=True, cold=cold)

    assert statuses(workflow) == all_are("D", "aBCdE")
    assert open_attempts(workflow.tool.database) == {}
    assert {letter: found[-1] for letter, found in tries(workflow).items()} == all_are("D", "aBCdE")
    assert cluster.attempts["a"] == 2
    assert cluster.attempts["B"] == 2
    assert cluster.overlapping == set()


def test_a_job_of_another_branch_goes_on_when_a_template_is_set_back(url: str) -> None:
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=lambda attempt, _: 1000 if attempt.name == "D" else 100)
    workflow = drawn("a>b D", url)
    run = session(workflow, cluster, clock)
    play(run, clock, (250, lambda: run.stop(leaves_jobs=True)))
    set_back_template(workflow, clock, "draw")

    simulate(workflow, cluster, clock, resume=True, cold=False)

    assert cluster.attempts == {"a": 2, "b": 2, "D": 1}
    assert statuses(workflow) == all_are("D", "abD")
