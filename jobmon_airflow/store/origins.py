"""Where workflows, tasks and attempts come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import task, task_instance, tool, tool_version, workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection


def families_of(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """The id, tool and name of the workflows that are there."""
    query = (
        select(workflow.c.id, tool.c.name.label("tool"), workflow.c.name)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(sets.among(workflow.c.id, sorted(ids)))
    )
    return connection.execute(query).all()


def workflow_of_task(connection: Connection, task_id: int) -> int | None:
    """The workflow of a task, if there is such a task."""
    return connection.execute(select(task.c.workflow_id).where(task.c.id == task_id)).scalar()


def workflow_of_attempt(connection: Connection, attempt_id: int) -> int | None:
    """The workflow of an attempt, if there is such an attempt."""
    query = (
        select(task.c.workflow_id)
        .join(task_instance, task_instance.c.task_id == task.c.id)
        .where(task_instance.c.id == attempt_id)
    )
    return connection.execute(query).scalar()
