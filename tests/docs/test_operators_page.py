"""The page of operators names what there is: each argument, each method, and nothing else."""

from __future__ import annotations

import inspect
import re

import pytest

from jobmon_airflow import settings
from jobmon_airflow.dags.making import to_dag
from jobmon_airflow.hooks.jobmon import JobmonHook
from jobmon_airflow.hooks.slurm import SlurmHook
from jobmon_airflow.notifications.jobmon import Story
from jobmon_airflow.operators.command import CommandOperator, SlurmOperator
from jobmon_airflow.operators.template import TemplateOperator
from jobmon_airflow.operators.workflow import WorkflowOperator
from tests.docs.pages import ROOT, rows, section

OPERATORS = ROOT / "docs" / "operators.md"


def tables(page, title, head):
    """The first columns of the tables below a heading whose own head says this, one after the other."""
    drawn = [list(rows(paragraph)) for paragraph in section(page, title).split("\n\n")]
    return [[cells[0] for cells in table[1:]] for table in drawn if table and table[0][0].startswith(head)]


def named(cells):
    return [name for cell in cells for name in re.findall(r"`(?:jobmon\.)?(\w+)", cell)]


def arguments(operator):
    taken = inspect.signature(operator.__init__).parameters.values()
    return [one.name for one in taken if one.kind is one.KEYWORD_ONLY]


def methods(hook):
    return {name for name, member in vars(hook).items() if inspect.isfunction(member) and name[0] != "_"}


@pytest.mark.parametrize(
    ("operator", "title", "number"),
    [
        (CommandOperator, "Single commands", 0),
        (WorkflowOperator, "Workflows", 0),
        (TemplateOperator, "Workflows", 1),
    ],
)
def test_each_argument_of_an_operator_is_told(operator, title, number):
    assert named(tables(OPERATORS, title, "Argument")[number]) == arguments(operator)


def test_the_argument_that_slurm_adds_is_told():
    [_, of_slurm] = tables(OPERATORS, "Single commands", "Argument")

    assert named(of_slurm) == [name for name in arguments(SlurmOperator) if name != "cluster_name"]


@pytest.mark.parametrize("hook", [JobmonHook, SlurmHook])
def test_each_method_of_a_hook_is_told(hook):
    [told] = tables(OPERATORS, "Hooks", f"`{hook.__name__}(")

    assert set(named(told)) == methods(hook)


def test_what_templates_of_notifications_know_is_told():
    [told] = tables(OPERATORS, "Notifiers", "In templates")

    assert set(named(told)) == set(Story.__dataclass_fields__)


def test_each_option_of_to_dag_is_told():
    [told] = tables(ROOT / "docs" / "airflow.md", "A DAG file", "`to_dag(")

    assert set(named(told)) == set(arguments_of(to_dag))


def test_each_option_of_airflow_cfg_is_told():
    [told] = tables(ROOT / "docs" / "deployment.md", "Options", "Option")

    assert named(told) == list(settings.DEFAULTS)


def arguments_of(function):
    return {
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.name != "workflow" and one.kind is not one.VAR_KEYWORD
    }
