"""From a task instance to its workflow, while it runs and for whichever operator."""

from __future__ import annotations

import inspect
from importlib import import_module
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.types import TaskInstanceKey
from airflow.serialization.serialized_objects import DagSerialization

from jobmon_airflow.operators.links import OPERATORS, JobmonLink, address


def key(**more):
    place = {"dag_id": "a.b", "task_id": "sum up", "run_id": "manual__2026-11-27T10:00:00+00:00"}
    return TaskInstanceKey(**{**place, "try_number": 1, "map_index": -1, **more})


def link(**more):
    return urlsplit(JobmonLink().get_link(None, ti_key=key(**more)))


def test_the_link_names_the_task_instance():
    found = link(map_index=3)

    assert found.path == "/jobmon/run"
    assert parse_qs(found.query) == {
        "dag_id": ["a.b"],
        "run_id": ["manual__2026-11-27T10:00:00+00:00"],
        "task_id": ["sum up"],
        "map_index": ["3"],
    }


def test_what_is_in_a_name_cannot_become_another_address():
    found = link(dag_id="//evil.org/?x=1&dag_id=other#", task_id="a&run_id=b")

    assert (found.scheme, found.netloc, found.path, found.fragment) == ("", "", "/jobmon/run", "")
    assert parse_qs(found.query)["dag_id"] == ["//evil.org/?x=1&dag_id=other#"]
    assert parse_qs(found.query)["run_id"] == ["manual__2026-11-27T10:00:00+00:00"]


@pytest.mark.parametrize(
    ("base", "path"),
    [("", "/jobmon/"), ("http://host:8080", "/jobmon/"), ("https://host/air/flow/", "/air/flow/jobmon/")],
)
def test_an_airflow_below_a_path_of_its_own_has_us_there_too(monkeypatch, base, path):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)

    assert address("/") == path


def test_the_link_s_operators_are_those_that_have_it():
    have_it = {
        (module, name)
        for module in OPERATORS
        for name, value in vars(import_module(f"jobmon_airflow.operators.{module}")).items()
        if inspect.isclass(value)
        and value.__module__ == f"jobmon_airflow.operators.{module}"
        and any(isinstance(it, JobmonLink) for it in getattr(value, "operator_extra_links", ()))
    }

    assert {(it.__module__.rpartition(".")[2], it.__name__) for it in JobmonLink.operators} == have_it


def test_the_api_server_links_a_task_that_never_left_a_link_behind():
    """As for a task that still runs, or that started and ended in the triggerer."""

    class WorkflowOperator(BaseOperator):
        pass

    WorkflowOperator.__module__ = "jobmon_airflow.operators.workflow"
    with DAG("linked", schedule=None) as dag:
        WorkflowOperator(task_id="run")

    read = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("run")

    [name] = read.extra_links
    assert name == "Jobmon workflow"
    [ours] = [it for it in read.operator_extra_links if it.name == name]
    assert ours.get_link(read, ti_key=key(dag_id="linked", task_id="run")).startswith(
        "/jobmon/run?dag_id=linked&"
    )
