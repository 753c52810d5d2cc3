"""Workflows take each task once, in any order, and know what is said of them."""

from __future__ import annotations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.client.task import JOIN_FROM
from jobmon_airflow.errors import (
    DuplicateNodeArgsError,
    DuplicateTask,
    InvalidDefinition,
    InvalidName,
    InvalidValue,
)
from jobmon_airflow.settings import UNLIMITED


@pytest.fixture
def tool():
    tool = Tool("health")
    tool.set_default_cluster_name("multiprocess")
    return tool


@pytest.fixture
def template(tool):
    return tool.get_task_template("run", "run {place} {folder} {flag}", ["place"], ["folder"], ["flag"])


def task_at(template, place, folder="/in", flag="-v"):
    return template.create_task(place=place, folder=folder, flag=flag)


# --- tasks ------------------------------------------------------------------------------------------------


def test_an_added_task_is_returned_and_knows_its_workflow(tool, template):
    workflow, task = tool.create_workflow(), task_at(template, "US")

    assert workflow.add_task(task) is task

    assert workflow.tasks == [task]
    assert task.workflow is workflow


def test_tasks_stand_in_the_order_in_which_they_were_added(tool, template):
    workflow = tool.create_workflow()
    tasks = [task_at(template, place) for place in range(20)]

    workflow.add_tasks(iter(tasks[10:]))
    workflow.add_tasks(tasks[:10])
    workflow.tasks.clear()

    assert workflow.tasks == tasks[10:] + tasks[:10]


def test_the_same_task_twice_is_refused_with_its_command(tool, template):
    workflow, task = tool.create_workflow(), task_at(template, "US")
    workflow.add_task(task)

    for again in (task, task_at(template, "US"), task_at(template, "US", flag="-q")):
        with pytest.raises(DuplicateTask) as refused:
            workflow.add_task(again)
        assert again.command in str(refused.value)

    assert workflow.tasks == [task]


def test_one_place_with_two_task_args_is_refused(tool, template):
    workflow = tool.create_workflow()
    workflow.add_task(task_at(template, "US", folder="/in"))
    other = task_at(template, "US", folder="/elsewhere")

    with pytest.raises(DuplicateNodeArgsError, match=r"'/in'.*'/elsewhere'"):
        workflow.add_task(other)

    assert len(workflow.tasks) == 1
    assert (other.workflow, other.array) == (None, None)


def test_a_refused_task_may_be_added_to_another_workflow(tool, template):
    first, second = tool.create_workflow(), tool.create_workflow()
    first.add_task(task_at(template, "US"))
    again = task_at(template, "US")
    with pytest.raises(DuplicateTask):
        first.add_task(again)

    assert second.add_task(again).workflow is second


def test_one_place_of_two_templates_is_two_tasks(tool, template):
    workflow = tool.create_workflow()
    mail = tool.get_task_template("mail", "run {place} {folder} {flag}", ["place"], ["folder"], ["flag"])

    workflow.add_tasks([task_at(template, "US"), task_at(mail, "US")])

    assert sorted(workflow.arrays) == ["mail", "run"]


def test_a_task_is_in_one_workflow(tool, template):
    first, second, task = (
        tool.create_workflow("first"),
        tool.create_workflow("second"),
        task_at(template, "US"),
    )
    first.add_task(task)

    with pytest.raises(InvalidDefinition, match="in another workflow, workflow 'first'"):
        second.add_task(task)

    assert (task.workflow, second.tasks, second.arrays) == (first, [], {})


def test_a_task_of_another_tool_is_refused(tool):
    workflow, other = tool.create_workflow("v1"), Tool("codem").get_task_template("fit", "fit").create_task()

    with pytest.raises(
        InvalidDefinition, match=r"'fit' is of the tool 'codem', the workflow 'v1' of the tool 'health'"
    ):
        workflow.add_task(other)

    assert (workflow.tasks, workflow.arrays, other.workflow) == ([], {}, None)


def test_two_objects_of_one_name_are_the_same_tool(tool):
    template = Tool("health").get_task_template("fit", "fit")
    workflow = tool.create_workflow()

    task = workflow.add_task(template.create_task())

    assert task.workflow is workflow


@pytest.mark.parametrize("stranger", ["run US", None, ["a task"]])
def test_what_is_no_task_is_refused(tool, stranger):
    workflow = tool.create_workflow()

    with pytest.raises(InvalidDefinition, match="it is no task"):
        workflow.add_task(stranger)

    assert workflow.tasks == []


def test_tasks_may_depend_on_tasks_that_are_added_later(tool, template):
    workflow = tool.create_workflow()
    first, *middle, last = [task_at(template, place) for place in range(JOIN_FROM + 2)]
    last.add_upstreams(middle)
    first.add_downstreams(middle)

    workflow.add_task(last)
    workflow.add_tasks(reversed(middle))
    workflow.add_task(first)

    assert workflow.validate() == []


# --- what is said of it -----------------------------------------------------------------------------------


def test_a_workflow_without_args_is_another_one_each_time(tool):
    args = {tool.create_workflow(workflow_args=args).workflow_args for args in ("", "", None)}

    assert len(args) == 3
    assert "None" not in args


def test_workflow_args_are_text(tool):
    assert tool.create_workflow(2024).workflow_args == "2024"
    assert tool.create_workflow(0).workflow_args == "0"
    assert tool.create_workflow("é" * 100_000).workflow_args == "é" * 100_000


@pytest.mark.parametrize("args", ["a\0b", "\udcff"])
def test_workflow_args_that_no_database_can_hold_are_refused(tool, args):
    with pytest.raises(InvalidValue, match="workflow_args"):
        tool.create_workflow(args)


def test_a_workflow_needs_nothing_said(tool):
    workflow = tool.create_workflow()

    assert (workflow.name, workflow.description, workflow.workflow_attributes) == ("", "", {})
    assert workflow.max_concurrently_running == UNLIMITED
    assert workflow.default_cluster_name == ""
    assert workflow.default_max_attempts is None


def test_a_workflow_says_who_it_is(tool):
    named, unnamed = tool.create_workflow("v1", name="nightly run"), tool.create_workflow("v2")

    assert (str(named), repr(named)) == ("workflow 'nightly run'", "<Workflow 'nightly run' of 0 tasks>")
    assert (str(unnamed), repr(unnamed)) == ("workflow 'v2'", "<Workflow 'v2' of 0 tasks>")


@pytest.mark.parametrize("name", [" a", "a\0", "x" * 256, 7])
def test_a_workflow_is_not_called_like_this(tool, name):
    with pytest.raises(InvalidName, match="workflow"):
        tool.create_workflow(name=name)


def test_attributes_are_facts_that_are_replaced_by_name(tool):
    workflow = tool.create_workflow(workflow_attributes=["test", "release"])

    workflow.add_attributes({"release": 9})
    workflow.add_attributes(["done"])
    workflow.workflow_attributes.clear()

    assert workflow.workflow_attributes == {"test": None, "release": "9", "done": None}
    with pytest.raises(InvalidDefinition, match="as the text 'test'"):
        workflow.add_attributes("test")
    with pytest.raises(InvalidValue, match="256 characters"):
        tool.create_workflow(workflow_attributes={"long": "x" * 256})


def test_attributes_can_be_set_in_place_of_those_that_there_were(tool):
    workflow = tool.create_workflow(workflow_attributes={"release": 9})

    workflow.workflow_attributes = {"draws": 1000}
    assert workflow.workflow_attributes == {"draws": "1000"}
    workflow.workflow_attributes = []
    assert workflow.workflow_attributes == {}


@pytest.mark.parametrize("limit", [-1, 1.5, "2", True, None, 2**31])
def test_a_limit_that_means_nothing_is_refused(tool, limit):
    workflow = tool.create_workflow(max_concurrently_running=7)

    with pytest.raises(InvalidDefinition, match="max_concurrently_running"):
        workflow.set_max_concurrently_running(limit)
    with pytest.raises(InvalidDefinition):
        tool.create_workflow(max_concurrently_running=limit)

    assert workflow.max_concurrently_running == 7


def test_no_task_at_all_may_run_for_a_while(tool):
    workflow = tool.create_workflow()

    workflow.set_max_concurrently_running(0)

    assert workflow.max_concurrently_running == 0


# --- the database -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["workflow_id", "dag_id", "task_hash"])
def test_what_only_the_database_knows_is_not_known_before(tool, number):
    workflow = tool.create_workflow("v1")

    assert not workflow.is_bound
    with pytest.raises(InvalidDefinition, match="workflow 'v1' is not bound") as refused:
        getattr(workflow, number)
    assert "workflow.bind()" in refused.value.remedy


def test_a_bound_workflow_and_its_tasks_have_ids(tool, template):
    workflow = tool.create_workflow("v1")
    workflow.add_tasks([task_at(template, "US"), task_at(template, "FR")])

    assert workflow.bind() is workflow

    assert workflow.is_bound
    assert workflow.workflow_id
    assert workflow.dag_id
    assert len(workflow.task_hash) == 32
    assert len({task.task_id for task in workflow.tasks}) == 2
    assert [task.initial_status for task in workflow.tasks] == ["G", "G"]
    assert workflow.arrays["run"].array_id


def test_another_task_makes_it_another_workflow(tool, template):
    workflow = tool.create_workflow("v1")
    workflow.add_task(task_at(template, "US"))
    first = workflow.bind().workflow_id

    workflow.add_task(task_at(template, "FR"))

    assert not workflow.is_bound
    assert workflow.bind().workflow_id != first


def test_a_workflow_that_cannot_be_run_is_not_written(tool):
    workflow = tool.create_workflow("v1")

    with pytest.raises(RuntimeError, match="No nodes were found in the dag"):
        workflow.bind()

    assert not workflow.is_bound
    assert "database" not in vars(tool)


def test_a_new_edge_makes_a_bound_workflow_another_one():
    tool = Tool("kitchen")
    tool.set_default_cluster_name("sequential")
    boil = tool.get_task_template("boil", "boil {what}", node_args=["what"])
    workflow = tool.create_workflow(workflow_args="breakfast")
    workflow.add_tasks(water_and_tea := [boil.create_task(what=what) for what in ("water", "tea")])
    first = workflow.bind().workflow_id

    water_and_tea[1].add_upstream(water_and_tea[0])

    assert not workflow.is_bound
    workflow.bind()
    water_and_tea[1].add_upstream(water_and_tea[0])  # which it is already
    assert workflow.is_bound
    assert workflow.bind().workflow_id != first


def test_a_single_task_where_a_list_belongs_is_refused_with_the_list_to_write():
    boil = Tool("kitchen").get_task_template("boil", "boil {what}", node_args=["what"])
    water = boil.create_task(what="water")

    with pytest.raises(InvalidDefinition, match=r"Pass a list, even of one: \[<Task boil_what-water>\]"):
        boil.create_task(what="tea", upstream_tasks=water)
    with pytest.raises(InvalidDefinition, match="Pass a list, even of one"):
        Tool("kitchen").create_workflow().add_tasks(water)
