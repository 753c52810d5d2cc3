"""Where attempts write what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jobmon_airflow.store.schema import task, task_instance, task_resources, workflow

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select


def of_attempt(connection: Connection, attempt_id: int) -> Row[Any] | None:
    """The files and last words of an attempt, with what says in which folders its files may be."""
    query: Select[Any] = (
        select(
            task_instance.c.id,
            task_instance.c.status,
            task_instance.c.stdout,
            task_instance.c.stderr,
            task_instance.c.stdout_log,
            task_instance.c.stderr_log,
            task_instance.c.array_id,
            task_instance.c.array_batch_num,
            task_resources.c.requested_resources,
            workflow.c.workflow_args_hash,
            workflow.c.task_hash,
            workflow.c.created_date,
        )
        .join(task, task.c.id == task_instance.c.task_id)
        .join(workflow, workflow.c.id == task.c.workflow_id)
        .outerjoin(task_resources, task_resources.c.id == task_instance.c.task_resources_id)
        .where(task_instance.c.id == attempt_id)
    )
    return connection.execute(query).first()
