"""What a scientist asks about errors after a run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from tests.attempts import AT, attempt, end
from tests.workflows import three_phases

if TYPE_CHECKING:
    from jobmon_airflow import Task, Workflow

ERROR = TaskInstanceStatus.ERROR


@pytest.fixture
def workflow(lite: str) -> Workflow:
    return three_phases(lite).bind()


def fail(task: Task, *says: str, after: int = 0) -> int:
    """Fail so many minutes after the others."""
    assert task.workflow
    assert task.task_id
    at = AT + timedelta(minutes=after)
    return attempt(task.workflow.tool.database, task.task_id, ERROR, says=says, at=at)


def give_up(workflow: Workflow, *tasks: Task) -> None:
    end(workflow.tool.database, [task.task_id for task in tasks if task.task_id], TaskStatus.ERROR_FATAL)


def texts(errors: dict[str, Any] | None) -> list[str]:
    return [entry["description"] for entry in errors["error_log"]] if errors else []


def test_a_task_tells_what_its_last_failed_attempt_said(workflow: Workflow) -> None:
    task = workflow.tasks[0]
    fail(task, "No such file")
    latest = fail(task, "Killed", "Out of memory", after=1)

    errors = task.get_errors()

    assert errors is not None
    numbers = [entry.pop("task_instance_err_id") for entry in errors["error_log"]]
    assert numbers == sorted(set(numbers))
    at = AT + timedelta(minutes=1)
    assert errors == {
        "task_instance_id": latest,
        "error_log": [
            {"error_time": at, "description": "Killed"},
            {"error_time": at, "description": "Out of memory"},
        ],
    }


def test_a_task_that_did_not_fail_has_no_errors(workflow: Workflow) -> None:
    assert workflow.tasks[0].get_errors() is None


def test_a_workflows_errors_come_by_task_those_that_failed_last_first(workflow: Workflow) -> None:
    first, second, third, *_ = workflow.tasks
    fail(second, "second", after=1)
    fail(first, "first", after=2)
    fail(third, "third", after=3)

    errors = workflow.get_errors()

    assert list(errors) == [third.task_id, first.task_id, second.task_id]
    assert errors == {task.task_id: task.get_errors() for task in (first, second, third)}


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_a_workflow_tells_of_exactly_as_many_tasks_as_asked(workflow: Workflow, limit: int) -> None:
    for number, task in enumerate(workflow.tasks[:4]):
        fail(task, "one", "two", after=number)

    errors = workflow.get_errors(limit=limit)

    assert list(errors) == [task.task_id for task in workflow.tasks[:4]][::-1][:limit]
    assert all(texts(told) == ["one", "two"] for told in errors.values())
    assert len(workflow.get_errors(limit=None)) == 4


@pytest.mark.parametrize("limit", [-1, 1.5, "all", True])
def test_what_is_no_number_of_tasks_is_refused(workflow: Workflow, limit: Any) -> None:
    with pytest.raises(InvalidDefinition, match=r"(?s)cannot be read.*limit=None"):
        workflow.get_errors(limit=limit)


def test_a_workflow_that_is_not_bound_says_what_to_do(lite: str) -> None:
    workflow = three_phases(lite)

    for ask in (workflow.get_errors, lambda: workflow.task_errors, workflow.tasks[0].get_errors):
        with pytest.raises(InvalidDefinition, match=r"workflow\.bind\(\)"):
            ask()


def test_task_errors_are_those_of_tasks_that_failed_for_good(workflow: Workflow) -> None:
    fatal, silent, recovering, *_ = workflow.tasks
    fail(fatal, "earlier")
    fail(fatal, "It is late", after=1)
    fail(recovering, "It may still work")
    give_up(workflow, fatal, silent)

    assert workflow.task_errors == {fatal.name: fatal.get_errors(), silent.name: None}
    assert texts(workflow.task_errors[fatal.name]) == ["It is late"]


def test_tasks_of_one_name_are_told_apart_by_their_ids(lite: str) -> None:
    tool = Tool("health", database=lite)
    tool.set_default_cluster_name("sequential")
    template = tool.get_task_template("t", "t {n}", node_args=["n"])
    workflow = tool.create_workflow()
    workflow.add_tasks(template.create_tasks(n=range(3), name=lambda n: "same"))
    by_id = {task.task_id: task for task in workflow.bind().tasks}
    for number, task in by_id.items():
        fail(task, f"task {number}")
    give_up(workflow, *by_id.values())

    first, second, third = sorted(number for number in by_id if number)

    assert {name: texts(told) for name, told in workflow.task_errors.items()} == {
        "same": [f"task {first}"],
        f"same (task {second})": [f"task {second}"],
        f"same (task {third})": [f"task {third}"],
    }
