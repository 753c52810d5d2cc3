"""`simulate`, as somebody would use it who tests a workflow of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import Tool, WorkflowRunStatus
from jobmon_airflow.errors import WorkflowAlreadyExists, WorkflowTimeout
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate

if TYPE_CHECKING:
    from typing import Any

    from jobmon_airflow import Workflow


def study(**settings: Any) -> Workflow:
    """Two transforms on Slurm, and an aggregate here that waits for both."""
    tool = Tool("study")
    transform = tool.get_task_template(
        "transform", "transform.py {year}", node_args=["year"], default_cluster_name="slurm"
    )
    aggregate = tool.get_task_template("aggregate", "aggregate.py", default_cluster_name="multiprocess")
    workflow = tool.create_workflow(workflow_args="a test")
    workflow.add_tasks(transform.create_tasks(year=[1990, 2000], **settings))
    workflow.add_task(aggregate.create_task(upstream_tasks=workflow.tasks))
    return workflow


def test_tasks_of_all_clusters_run_on_the_simulated_one() -> None:
    workflow = study()
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=3600)

    status = simulate(workflow, cluster)

    assert status is WorkflowRunStatus.DONE
    assert [moment.task for moment in cluster.ends] == [task.name for task in workflow.tasks]
    assert 7200 <= clock.monotonic() < 7201


def test_tasks_are_told_how_they_ended() -> None:
    workflow = study(max_attempts=1)

    status = simulate(workflow, SimulatedCluster(fail_first={"transform_year-1990": 1}))

    assert status is WorkflowRunStatus.ERROR
    assert [task.final_status for task in workflow.tasks] == ["F", "D", "G"]
    assert workflow.last_workflow_run_id == 1


def test_a_cluster_without_a_clock_takes_no_time_at_the_time_that_is_named() -> None:
    clock = SimulatedClock()

    assert simulate(study(), SimulatedCluster(), clock) is WorkflowRunStatus.DONE
    assert clock.monotonic() < 1


def test_a_second_run_must_be_a_resume_as_it_must_elsewhere() -> None:
    cluster = SimulatedCluster(SimulatedClock(), fail_first={"transform_year-1990": 1})
    simulate(study(max_attempts=1), cluster)

    with pytest.raises(WorkflowAlreadyExists):
        simulate(study(max_attempts=1), cluster)
    assert simulate(study(max_attempts=1), cluster, resume=True) is WorkflowRunStatus.DONE
    assert cluster.attempts == {"transform_year-1990": 2, "transform_year-2000": 1, "aggregate": 1}


def test_time_that_runs_out_is_simulated_time() -> None:
    cluster = SimulatedCluster(SimulatedClock(), takes=3600)

    with pytest.raises(WorkflowTimeout):
        simulate(study(), cluster, seconds_until_timeout=5000)
    assert simulate(study(), cluster, resume=True) is WorkflowRunStatus.DONE
