"""DAGs whose workflows are built when they run, and what their functions are told."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import pytest
from airflow.sdk import Param

from jobmon_airflow import Tool
from jobmon_airflow.client.foreign import Foreign
from jobmon_airflow.dags import run_of, templates, workflow_dag
from jobmon_airflow.dags.building import FACTS, call_builder
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, InvalidTemplate
from tests.counting import calls_of
from tests.dags.parsing import arrows, parsed, version

tool = Tool("health")
tool.set_default_cluster_name("sequential")
transform = tool.get_task_template("transform", "run {place} {year}", node_args=["place", "year"])
aggregate = tool.get_task_template("aggregate", "sum {place}", node_args=["place"])

MOMENT = datetime(2026, 1, 2, 3, tzinfo=UTC)
CONTEXT = {
    "params": {"places": ["US", '"; rm -rf ~"'], "year": 1990},
    "conf": {"note": "a b"},
    "dag_id": "health.burden",
    "run_id": "manual__1; ls",
    "run_type": "manual",
    "ds": "2026-01-02",
    "logical_date": MOMENT,
    "data_interval_start": MOMENT,
    "data_interval_end": None,
    "run_after": MOMENT,
}


def burden(places, year, run_id="none"):
    """What people lose."""
    workflow = tool.create_workflow(workflow_args=f"{run_id} {year}")
    workflow.add_tasks(transform.create_tasks(place=places, year=year))
    return workflow


def told(function, **params):
    """What a function is told."""
    heard = {}

    def build(*args, **kwargs):
        heard.update(kwargs)
        return tool.create_workflow()

    build.__signature__ = inspect.signature(function)
    call_builder(build, {**CONTEXT, "params": params})
    return heard


# --- the DAG ------------------------------------------------------------------------------------------------------


def test_a_function_becomes_a_dag_of_the_declared_shape():
    dag = workflow_dag(templates=transform >> aggregate, params={"places": ["US"], "year": 1990}, tags=["x"])(
        burden
    )

    assert (dag.dag_id, dag.tags, dag.doc_md) == (
        "health.burden",
        {"health", "jobmon", "x"},
        "What people lose.",
    )
    assert arrows(dag) == ["transform>aggregate"]
    assert list(templates(dag)) == ["transform", "aggregate"]
    assert dag.params.dump() == {"places": ["US"], "year": 1990}
    assert dag.fileloc == __file__
    assert call_builder(run_of(dag).build, CONTEXT).tasks[0].command == "run US 1990"


def test_options_reach_the_run():
    run = run_of(
        workflow_dag(
            templates=transform,
            dag_id="mine",
            params={"places": [], "year": 1},
            fail_fast=True,
            deferrable=True,
        )(burden)
    )

    assert (run.dag.dag_id, run.wishes.fail_fast, run.deferrable) == ("mine", True, True)


def test_the_function_is_not_called_while_the_file_is_parsed():
    def explode():
        raise AssertionError

    one, other = (workflow_dag(templates=transform)(explode) for _ in range(2))

    assert version(one) == version(other)


def test_no_templates_are_refused():
    with pytest.raises(InvalidDefinition, match="given no templates"):
        workflow_dag(templates=[])


FILE = """
from jobmon_airflow import Tool
from jobmon_airflow.dags import workflow_dag

tool = Tool("health")
kinds = [tool.get_task_template(name, "do {it}", node_args=["it"]) for name in ("a", "b", "c")]

@workflow_dag(templates=kinds[0] >> kinds[1:], params={"count": 100_000}, schedule="@daily", tags=["y", "x"])
def large(count):
    raise AssertionError("not while parsing")
"""


def test_two_parses_of_a_file_give_one_version(tmp_path):
    file = tmp_path / "large.py"
    file.write_text(FILE)

    one, other = (parsed(file, PYTHONHASHSEED=seed) for seed in ("1", "2"))

    assert one == other
    assert one["errors"] == {}
    assert one["dags"]["health.large"]["tasks"] == ["a", "b", "c", "run"]
    assert one["dags"]["health.large"]["file"] == str(file)


RUNS = """
from jobmon_airflow import Tool  # it might make a DAG of it

def estimate():
    tool = Tool("health", database="sqlite:////nowhere/jobmon.db")
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("say", "echo {it}", node_args=["it"]).create_task(it=1))
    workflow.CALL

estimate()
"""


@pytest.mark.parametrize("call", ["run()", "submit()"])
def test_a_file_that_runs_a_workflow_when_airflow_reads_it_is_told_to_make_a_dag_of_it(tmp_path, call):
    file = tmp_path / "runs.py"
    file.write_text(RUNS.replace("CALL", call))

    [error] = parsed(file)["errors"].values()

    assert f"{file} runs a workflow while Airflow reads it" in error
    assert "dag = workflow.to_dag()" in error


def test_a_dag_of_a_hundred_thousand_tasks_is_declared_as_quickly_as_one_of_ten():
    def declare(count):
        decorate = workflow_dag(templates=transform >> aggregate, params={"places": count, "year": 1})
        assert len(decorate(burden).tasks) == 3
        return calls_of(lambda: decorate(burden))

    declare(1)  # and what is imported on the way
    few, many = declare(10), declare(100_000)

    assert many == pytest.approx(few, abs=100)


# --- what the function is told ------------------------------------------------------------------------------------


def test_params_come_before_facts_and_facts_before_defaults():
    heard = told(
        lambda release, ds, run_id, conf, logical_date, data_interval_end="x", other="default": None,
        release=7,
        run_id="of the params",
    )

    assert heard == {
        "release": 7,
        "ds": "2026-01-02",
        "run_id": "of the params",
        "conf": {"note": "a b"},
        "logical_date": MOMENT,
        "data_interval_end": None,
    }


def test_whoever_asks_for_all_gets_all():
    assert told(lambda params: None, a=1, b=2) == {"params": {"a": 1, "b": 2}}
    assert told(lambda a, **rest: None, a=1, b=2) == {"a": 1, "b": 2}
    assert sorted(FACTS) == sorted(CONTEXT)


def test_texts_are_foreign_however_deep():
    heard = told(lambda a, conf, run_id: None, a={"b": [{"c": "d"}]})

    assert type(heard["a"]["b"][0]["c"]) is Foreign
    assert type(heard["conf"]["note"]) is Foreign
    assert type(heard["run_id"]) is Foreign


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda places, yaer: None, "'yaer'[^$]*there is conf, [^$]*places, [^$]*year"),
        (lambda *places: None, "cannot be passed by its name"),
        (lambda places, /: None, "cannot be passed by its name"),
    ],
)
def test_a_function_that_nobody_could_call_is_refused_when_the_file_is_parsed(function, said):
    with pytest.raises(InvalidArguments, match=said):
        workflow_dag(templates=transform, params={"places": Param([]), "year": 1990})(function)


# --- what it returns ----------------------------------------------------------------------------------------------


def test_what_came_from_the_params_is_quoted():
    workflow = call_builder(burden, CONTEXT)

    assert [task.command for task in workflow.tasks] == ["run US 1990", "run '\"; rm -rf ~\"' 1990"]


def test_what_was_woven_of_params_is_quoted():
    def woven(places):
        workflow = tool.create_workflow()
        workflow.add_task(aggregate.create_task(place=f"/data/{places[1]}"))
        return workflow

    assert call_builder(woven, CONTEXT).tasks[0].command == "sum '/data/\"; rm -rf ~\"'"


def test_a_command_is_not_made_of_params():
    def commanded(places):
        other = Tool("health")
        template = other.get_task_template("transform", f"run {places[1]}")
        workflow = other.create_workflow()
        workflow.add_task(template.create_task())
        return workflow

    with pytest.raises(InvalidTemplate, match="came from outside"):
        call_builder(commanded, CONTEXT)


def test_templates_that_the_dag_does_not_show_are_refused():
    dag = workflow_dag(templates=aggregate, params={"places": [], "year": 0})(burden)

    with pytest.raises(
        InvalidDefinition, match=r"'transform', which the DAG does not show[^$]*templates=\[…, transform"
    ):
        call_builder(run_of(dag).build, CONTEXT)


def test_declared_templates_may_have_no_tasks():
    dag = workflow_dag(templates=transform >> aggregate, params={"places": [], "year": 0})(burden)

    assert len(call_builder(run_of(dag).build, CONTEXT).tasks) == 2


def test_what_is_no_workflow_is_refused():
    with pytest.raises(InvalidDefinition, match="returned None, which is no workflow"):
        call_builder(lambda: None, CONTEXT)
