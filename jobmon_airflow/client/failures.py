"""What tasks said when they failed, in the shape in which Jobmon's users read it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.store import error_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.store.error_logs import Told


def of_task(task: Task) -> dict[str, Any] | None:
    """What the task said when it last failed."""
    workflow, task_id = task._bound()
    with workflow.tool.database.read() as connection:
        told = error_logs.of_task(connection, task_id)
    return _shaped(told) if told else None


def of_workflow(workflow: Workflow, limit: int | None) -> dict[int, dict[str, Any]]:
    """What so many of the workflow's tasks said when they last failed, by id."""
    return of_workflow_id(workflow.tool.database, workflow.workflow_id, limit)


def of_workflow_id(database: Database, workflow_id: int, limit: int | None) -> dict[int, dict[str, Any]]:
    """The same of a workflow that only the database knows."""
    with database.read() as connection:
        told = error_logs.of_workflow(connection, workflow_id, _checked(limit))
    return {texts[0].task_id: _shaped(texts) for texts in _by_task(told)}


def of_fatal_tasks(workflow: Workflow) -> dict[str, dict[str, Any] | None]:
    """What the workflow's tasks said that failed for good, by name."""
    workflow_id = workflow.workflow_id
    with workflow.tool.database.read() as connection:
        told = error_logs.of_fatal_tasks(connection, workflow_id)
    errors: dict[str, dict[str, Any] | None] = {}
    for texts in sorted(_by_task(told), key=lambda texts: texts[0].task_id):
        task_id, name, attempt, *_ = texts[0]
        # Names of tasks have no spaces: no task is called like this.
        key = f"{name} (task {task_id})" if name in errors else name
        errors[key] = None if attempt is None else _shaped(texts)
    return errors


def _by_task(told: Iterable[Told]) -> Iterator[list[Told]]:
    for _, texts in groupby(told, key=lambda text: text.task_id):
        yield list(texts)


def _shaped(texts: list[Told]) -> dict[str, Any]:
    return {
        "task_instance_id": texts[0].task_instance_id,
        "error_log": [
            {
                "task_instance_err_id": text.id,
                "error_time": text.error_time,
                "description": text.description,
            }
            for text in texts
        ],
    }


def _checked(limit: int | None) -> int | None:
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0):
        return limit
    raise InvalidDefinition(
        f"Errors of {limit!r} tasks cannot be read.",
        remedy="Pass a number of tasks as limit, or limit=None for all.",
    )
