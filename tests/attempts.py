"""Attempts at tasks that are in the database, as if they had been run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import task_instances, tasks, workflow_runs
from jobmon_airflow.store.schema import task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

AT: Final = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


def attempt(
    database: Database,
    task_id: int,
    *statuses: TaskInstanceStatus,
    says: Sequence[str] = (),
    at: datetime = AT,
    **used: Any,
) -> int:
    """An attempt that went through these statuses, said something and used something; its id."""

    def go(connection: Connection) -> int:
        row = connection.execute(select(task).where(task.c.id == task_id)).one()
        runs = workflow_runs.of_workflow(connection, row.workflow_id)
        run = runs[0].id if runs else workflow_runs.register(connection, row.workflow_id, "ada", "1.0", AT)
        batch = task_instances.last_batch(connection, row.array_id) + 1
        asked = {task_id: row.task_resources_id}
        number = task_instances.queue(connection, run, row.array_id, batch, asked, AT)[task_id]
        for status in (TaskInstanceStatus.INSTANTIATED, TaskInstanceStatus.RUNNING, *statuses):
            assert task_instances.advance(connection, [number], status, at, **used)
        for text in says:
            task_instances.log_errors(connection, {number: text}, at)
        return number

    return database.write(go)


def end(database: Database, task_ids: Sequence[int], status: TaskStatus) -> None:
    """Bring tasks to their end."""

    def go(connection: Connection) -> None:
        for target in (TaskStatus.QUEUED, TaskStatus.ERROR_RECOVERABLE, status):
            tasks.advance(connection, task_ids, target, AT)

    database.write(go)
