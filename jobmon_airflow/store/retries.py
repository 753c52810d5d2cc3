"""Attempts at tasks that have failed, and at those that were tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import task, task_instance

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


class Attempt(NamedTuple):
    """An attempt at a task, and where the task is now."""

    task_id: int
    attempt_id: int
    status: str
    verdict: str | None
    has_failed: bool
    task_status: str


def attempts_at(connection: Connection, task_ids: Collection[int]) -> list[Attempt]:
    """All attempts at some tasks, those of a task together and in their order."""
    its = task_instance.c
    columns = (its.task_id, its.id, its.status, its.verdict, its.error_kind_id.is_not(None), task.c.status)
    query = select(*columns).join(task, task.c.id == its.task_id).order_by(its.task_id, its.id)
    return [
        Attempt(*row)
        for part in sets.slices(sorted(task_ids), 20_000)
        for row in connection.execute(query.where(sets.among(its.task_id, part))).all()
    ]
