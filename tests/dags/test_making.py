"""DAGs of workflows that are there already."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from airflow.sdk import DAG, Param
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

from jobmon_airflow import Tool
from jobmon_airflow.dags import run_of, templates, to_dag
from jobmon_airflow.dags.names import dag_id_of, distinct_ids
from jobmon_airflow.errors import EmptyWorkflow, InvalidDefinition, UnknownName
from tests.dags.parsing import MEAL, NOWHERE, arrows, parsed, version, workflow_of
from tests.workflows import three_phases

# --- what it looks like ---------------------------------------------------------------------------------------


def test_a_dag_has_a_task_that_runs_and_a_mirror_for_each_template():
    workflow = three_phases(NOWHERE)

    dag = workflow.to_dag()

    assert dag.dag_id == "health.three_phases"
    assert sorted(dag.task_dict) == ["aggregate", "run", "summarize", "transform"]
    assert arrows(dag) == ["aggregate>summarize", "transform>aggregate"]
    assert dag.tags == {"health", "jobmon"}
    assert (dag.timetable.can_be_scheduled, dag.catchup) == (False, False)
    assert run_of(dag).workflow is workflow
    assert list(templates(dag)) == ["transform", "aggregate", "summarize"]


def test_mirrors_begin_at_once_and_the_run_is_a_leaf():
    dag = three_phases(NOWHERE).to_dag()
    run = run_of(dag)

    assert {mirror.trigger_rule for mirror in templates(dag).values()} == {"always"}
    assert (run.upstream_task_ids, run.downstream_task_ids) == (set(), set())
    assert run.template_task_ids == {name: name for name in templates(dag)}


def test_options_reach_the_run():
    run = run_of(
        three_phases(NOWHERE).to_dag(
            fail_fast=True, seconds_until_timeout=60, cancel_on_kill=False, poll_interval=2.5, deferrable=True
        )
    )

    assert (run.wishes.fail_fast, run.wishes.seconds_until_timeout) == (True, 60)
    assert (run.cancel_on_kill, run.poll_interval, run.deferrable) == (False, 2.5, True)
    assert run.database == NOWHERE


def test_any_argument_of_a_dag_is_taken():
    dag = three_phases(NOWHERE).to_dag(
        "mine",
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=True,
        tags=["ours"],
        params={"release": Param(7, type="integer")},
    )

    assert (dag.dag_id, dag.catchup, dag.params["release"]) == ("mine", True, 7)
    assert dag.tags == {"health", "jobmon", "ours"}
    assert dag.timetable.can_be_scheduled


def test_other_tasks_depend_on_mirrors():
    from airflow.providers.standard.operators.empty import EmptyOperator

    dag = three_phases(NOWHERE).to_dag()
    with dag:
        notify = EmptyOperator(task_id="notify")

    templates(dag)["aggregate"] >> notify

    assert "aggregate>notify" in arrows(dag)


def test_a_template_may_be_called_like_the_task_that_runs():
    dag = workflow_of("run", "sum up", "sum_up").to_dag()

    assert len(dag.task_dict) == 4
    assert run_of(dag).template_task_ids == {name: mirror.task_id for name, mirror in templates(dag).items()}
    assert templates(dag)["run"].task_id.startswith("run-")
    assert templates(dag)["sum up"].task_id == "sum_up"


def test_a_ring_between_templates_is_no_ring_in_airflow():
    tool = Tool("kitchen")
    tool.set_default_cluster_name("sequential")
    a, b = (tool.get_task_template(name, "do {it}", node_args=["it"]) for name in "ab")
    workflow, before = tool.create_workflow(), None
    for year in range(2):
        first = a.create_task(it=year, upstream_tasks=[before] if before else [])
        before = b.create_task(it=year, upstream_tasks=[first])
        workflow.add_tasks([first, before])

    dag = workflow.to_dag()
    dag.check_cycle()

    assert arrows(dag) == ["a>b"]


def test_a_workflow_with_args_of_its_own_is_run_by_one_dag_run_at_a_time():
    assert workflow_of("a", workflow_args="mine").to_dag().max_active_runs == 1
    assert workflow_of("a", workflow_args="mine").to_dag(max_active_runs=3).max_active_runs == 3
    assert workflow_of("a").to_dag().max_active_runs > 1


def test_what_cannot_be_run_is_no_dag():
    with pytest.raises(EmptyWorkflow):
        workflow_of().to_dag()


def test_an_unknown_granularity_is_refused():
    with pytest.raises(InvalidDefinition, match="'template', where"):
        workflow_of("a").to_dag(granularity="array")


def test_a_dag_of_others_has_no_run():
    with pytest.raises(UnknownName, match="has 0 tasks that run a workflow"):
        run_of(DAG("theirs"))


# --- what Airflow keeps of it -----------------------------------------------------------------------------------


def test_the_serialized_dag_holds_no_task_and_no_random_args():
    workflow = workflow_of("a", "b")
    dag = to_dag(workflow)

    text = json.dumps(LazyDeserializedDAG.from_dag(dag).data)

    assert workflow.workflow_args not in text
    assert version(dag) == version(workflow_of("a", "b").to_dag())
    assert len(text) < 10_000


def test_a_serialized_dag_is_read_again():
    read = DagSerialization.from_dict(DagSerialization.to_dict(three_phases(NOWHERE).to_dag()))

    assert arrows(read) == ["aggregate>summarize", "transform>aggregate"]


def test_two_parses_give_one_version(tmp_path):
    file = tmp_path / "meal.py"
    file.write_text(MEAL.replace("ARGUMENTS", "schedule=None"))

    one, other = (parsed(file, PYTHONHASHSEED=seed) for seed in ("1", "2"))

    assert one == other
    assert one["errors"] == {}
    (dag,) = one["dags"].values()
    assert dag["file"] == str(file)


def test_a_dag_that_nobody_keeps_in_a_variable_is_found(tmp_path):
    file = tmp_path / "meal.py"
    file.write_text(MEAL.replace("dag = ", "").replace("ARGUMENTS", "schedule=None"))

    assert list(parsed(file)["dags"]) == [dag_id_of("kitchen", "a meal")]


# --- names ------------------------------------------------------------------------------------------------------


def test_families_have_ids_of_their_own():
    families = [
        *(
            ("a", ""),
            ("a", "b"),
            ("a", "b c"),
            ("a", "b_c"),
            ("a", "b/c"),
            ("a.b", "c"),
            ("a", "b.c"),
            ("a.b", ""),
        ),
        *(("a", "x" * 250), ("a", "x" * 251), ("ä", "b"), ("ö", "b"), ("a", "日本"), ("a", "日木")),
    ]

    ids = [dag_id_of(*family) for family in families]

    assert len(set(ids)) == len(families)
    for each in ids:
        DAG(each)


def test_ids_are_distinct_and_the_same_each_time():
    names = ["a", "a", "a", "a b", "a_b", "x" * 300, "x" * 301]

    ids = distinct_ids(names, taken=["a"])

    assert len({*ids, "a"}) == len(names) + 1
    assert max(map(len, ids)) == 250
    assert distinct_ids(names, taken=["a"]) == ids
