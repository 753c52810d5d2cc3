"""What people ordered, kept for whoever asks who did that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from jobmon_airflow.store.schema import NAME_LENGTH, action_log
from jobmon_airflow.store.texts import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row


def note(
    connection: Connection,
    workflow_id: int,
    user: str,
    action: str,
    detail: str,
    at: datetime,
    *,
    workflow_run_id: int | None = None,
    task_id: int | None = None,
) -> None:
    """Keep that somebody ordered this."""
    connection.execute(
        insert(action_log).values(
            workflow_id=workflow_id,
            workflow_run_id=workflow_run_id,
            task_id=task_id,
            user=storable(user)[:NAME_LENGTH],
            action=action,
            detail=storable(detail),
            action_date=at,
        )
    )


def of_workflow(
    connection: Connection, workflow_id: int, *, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """What was ordered last for a workflow and its tasks, newest first, from before an id on."""
    query = select(action_log).where(action_log.c.workflow_id == workflow_id)
    if before is not None:
        query = query.where(action_log.c.id < before)
    return connection.execute(query.order_by(action_log.c.id.desc()).limit(limit)).all()
