"""DAGs in which Airflow's scheduler does the work: an operator for each task."""

from __future__ import annotations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.errors import InvalidDefinition
from tests.dags.parsing import MEAL, NOWHERE, arrows, parsed, workflow_of
from tests.workflows import all_to_all, three_phases


def test_two_parses_give_one_version(tmp_path):
    file = tmp_path / "meal.py"
    file.write_text(MEAL.replace("ARGUMENTS", "granularity='task'"))

    one, other = (parsed(file, PYTHONHASHSEED=seed) for seed in ("1", "2"))

    assert one == other
    assert one["errors"] == {}
    assert [dag["file"] for dag in one["dags"].values()] == [str(file)]


def test_each_task_is_an_operator_in_the_group_of_its_template():
    dag = three_phases(NOWHERE, locations=2).to_dag(granularity="task")

    assert sorted(dag.task_dict) == [
        *("aggregate_location-0", "aggregate_location-1", "summarize"),
        *(f"transform_location-{location}_sex-{sex}" for location in (0, 1) for sex in (1, 2)),
    ]
    assert arrows(dag) == [
        "aggregate_location-0>summarize",
        "aggregate_location-1>summarize",
        *(
            f"transform_location-{location}_sex-{sex}>aggregate_location-{location}"
            for location in (0, 1)
            for sex in (1, 2)
        ),
    ]
    # A task of a template without node args is called like its template, which Airflow would not allow a group.
    groups = {group.group_display_name: sorted(group.children) for group in dag.task_group.children.values()}
    assert groups["summarize"] == ["summarize"]
    assert groups["aggregate"] == ["aggregate_location-0", "aggregate_location-1"]


def test_tries_are_attempts():
    dag = three_phases(NOWHERE).to_dag(granularity="task")

    assert (dag.task_dict["summarize"].retries, dag.task_dict["aggregate_location-0"].retries) == (0, 2)
    assert dag.task_dict["aggregate_location-0"].retry_delay.total_seconds() == 0


def test_a_shared_list_of_upstreams_is_one_empty_operator():
    dag = all_to_all(NOWHERE, width=20).to_dag(granularity="task")

    assert len(dag.task_dict) == 41
    assert len(arrows(dag)) == 40


def test_limits_of_the_engine_become_airflows():
    dag = workflow_of("a", max_concurrently_running=3).to_dag(
        granularity="task", fail_fast=True, seconds_until_timeout=60
    )

    assert (dag.max_active_tasks, dag.fail_fast, dag.dagrun_timeout.total_seconds()) == (3, True, 60)


def test_more_tasks_than_airflow_bears_are_refused():
    tool = Tool("kitchen")
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow(name="large")
    workflow.add_tasks(tool.get_task_template("a", "do {it}", node_args=["it"]).create_tasks(it=range(5_001)))

    with pytest.raises(InvalidDefinition, match=r"has 5,001 tasks[^$]*Leave granularity out"):
        workflow.to_dag(granularity="task")


def test_a_limit_that_airflow_cannot_keep_is_refused():
    workflow = workflow_of("a")
    workflow.set_task_template_max_concurrency_limit("a", 2)

    with pytest.raises(InvalidDefinition, match="may have 2 tasks running at a time"):
        workflow.to_dag(granularity="task")
