"""What tasks said when they last failed: of each, the texts of the most recent attempt that left any.

All answers have the rows of `Told`, and are one statement each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, select

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store.schema import array, task, task_instance, task_instance_error_log, workflow_run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select

_log: Final = task_instance_error_log
# Few attempts fail; without this, all attempts of a workflow would be asked what they said.
_FAILED: Final = task_instance.c.status.in_(
    [status for status in TaskInstanceStatus if status is not TaskInstanceStatus.DONE]
)


class Told(NamedTuple):
    """One text of a task's failed attempt; a task that failed without a word has None in its place."""

    task_id: int
    task_name: str
    task_instance_id: int | None
    id: int | None
    error_time: datetime | None
    description: str | None


def of_task(connection: Connection, task_id: int) -> list[Told]:
    """What the task said, oldest text first."""
    last = (
        _last()
        .select_from(task)
        .join(task_instance, task_instance.c.task_id == task.c.id)
        .join(_log, _log.c.task_instance_id == task_instance.c.id)
        .where(task.c.id == task_id, _FAILED)
    )
    return _told(connection, last)


def of_workflow(connection: Connection, workflow_id: int, limit: int | None) -> list[Told]:
    """What so many of the workflow's tasks said: those that failed last, these first."""
    last = (
        _last()
        .select_from(workflow_run)
        .join(task_instance, task_instance.c.workflow_run_id == workflow_run.c.id)
        .join(_log, _log.c.task_instance_id == task_instance.c.id)
        .join(task, task.c.id == task_instance.c.task_id)
        .where(workflow_run.c.workflow_id == workflow_id, _FAILED)
        .order_by(func.max(_log.c.error_time).desc(), func.max(_log.c.id).desc())
    )
    return _told(connection, last.limit(limit))


def of_fatal_tasks(connection: Connection, workflow_id: int) -> list[Told]:
    """What the workflow's tasks said that failed for good; those that failed last come first, silent ones last."""
    # By way of the arrays, to where the index has the tasks of a status together.
    tasks = array.join(task, and_(task.c.workflow_id == array.c.workflow_id, task.c.array_id == array.c.id))
    attempts = tasks.outerjoin(task_instance, and_(task_instance.c.task_id == task.c.id, _FAILED))
    last = (
        _last()
        .select_from(attempts.outerjoin(_log, _log.c.task_instance_id == task_instance.c.id))
        .where(array.c.workflow_id == workflow_id, task.c.status == TaskStatus.ERROR_FATAL)
    )
    return _told(connection, last)


def _last() -> Select[Any]:
    """Tasks, and of each the attempt and the moment of its latest error."""
    return select(
        task.c.id.label("task_id"),
        task.c.name,
        func.max(_log.c.task_instance_id).label("attempt"),
        func.max(_log.c.error_time).label("error_time"),
        func.max(_log.c.id).label("log_id"),
    ).group_by(task.c.id, task.c.name)


def _told(connection: Connection, last: Select[Any]) -> list[Told]:
    failed = last.subquery("failed")
    query = (
        select(
            failed.c.task_id,
            failed.c.name,
            _log.c.task_instance_id,
            _log.c.id,
            _log.c.error_time,
            _log.c.description,
        )
        .select_from(failed.outerjoin(_log, _log.c.task_instance_id == failed.c.attempt))
        # Databases do not agree on where NULL stands.
        .order_by(failed.c.log_id.is_(None), failed.c.error_time.desc(), failed.c.log_id.desc())
        .order_by(failed.c.task_id, _log.c.id)
    )
    return [Told(*row) for row in connection.execute(query)]
