"""Importing is cheap and touches neither Airflow nor a database; the public face is whole and explained."""

from __future__ import annotations

import doctest
import inspect
import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

import jobmon_airflow

ROOT = Path(jobmon_airflow.__file__).parents[1]
HEAVY = ("airflow", "sqlalchemy", "alembic", "pydantic", "yaml", "asyncio")
SECONDS = 0.150

PUBLIC = [name for name in jobmon_airflow.__all__ if name != "__version__"]


def in_a_fresh_interpreter(statement):
    """How long the statement took, and what it loaded."""
    script = (
        "import sys, time, json; before = set(sys.modules); start = time.perf_counter()\n"
        f"{statement}\n"
        "took = time.perf_counter() - start\n"
        "print(json.dumps([took, sorted(set(sys.modules) - before)]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    "statement",
    [
        "import jobmon_airflow",
        f"from jobmon_airflow import {', '.join(PUBLIC)}",
        "from jobmon_airflow import *",
    ],
)
def test_an_import_loads_nothing_heavy(statement):
    _, loaded = in_a_fresh_interpreter(statement)

    assert [module for module in loaded if module.partition(".")[0] in HEAVY] == []


def test_the_package_alone_loads_nothing_of_itself_but_how_to_find_the_rest():
    _, loaded = in_a_fresh_interpreter("import jobmon_airflow")

    ours = [module for module in loaded if module.startswith("jobmon_airflow")]
    assert ours == ["jobmon_airflow", "jobmon_airflow.lazy"]


def test_defining_a_workflow_loads_no_database():
    _, loaded = in_a_fresh_interpreter(
        "from jobmon_airflow import Tool\n"
        "tool = Tool('t')\n"
        "template = tool.get_task_template('t', 'do {it}', node_args=['it'], default_cluster_name='slurm',"
        " default_compute_resources={'memory': '1G'})\n"
        "workflow = tool.create_workflow('v1')\n"
        "workflow.add_tasks(template.create_tasks(it=range(20)))\n"
        "assert workflow.validate() == []"
    )

    assert [module for module in loaded if module.partition(".")[0] in HEAVY] == []


def test_all_of_the_public_face_is_there_quickly():
    """Once in several times is enough, because other programs are busy too."""
    statement = f"from jobmon_airflow import {', '.join(PUBLIC)}"

    assert any(in_a_fresh_interpreter(statement)[0] < SECONDS for _ in range(15))


def test_every_public_name_is_there_and_listed():
    for name in jobmon_airflow.__all__:
        assert getattr(jobmon_airflow, name) is not None

    assert dir(jobmon_airflow) == sorted(jobmon_airflow.__all__)
    assert {
        "Tool",
        "Workflow",
        "TaskTemplate",
        "Task",
        "task_generator",
        "Memory",
        "Runtime",
        "JobmonError",
    } <= set(PUBLIC)


def test_a_name_that_is_not_there_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'jobmon_airflow' has no attribute 'Tol'"):
        jobmon_airflow.Tol  # noqa: B018 - asking is the point


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_explained_with_an_example(name):
    public = getattr(jobmon_airflow, name)

    assert inspect.getdoc(public), f"{name} has no docstring"
    assert doctest.DocTestParser().get_examples(inspect.getdoc(public)), f"{name} has no example"


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isclass(getattr(jobmon_airflow, name))])
def test_every_public_method_is_explained(name):
    members = inspect.getmembers_static(getattr(jobmon_airflow, name))
    unexplained = [
        member
        for member, value in members
        if not member.startswith("_")
        and (callable(value) or isinstance(value, (property, cached_property, classmethod, staticmethod)))
        and not inspect.getdoc(value)
    ]

    assert unexplained == []
