"""What came after attempts that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import task, task_instance

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


class Later(NamedTuple):
    """An attempt at a task."""

    task_id: int
    attempt_id: int
    status: str


def attempts_at(connection: Connection, task_ids: Collection[int]) -> list[Later]:
    """All attempts at some tasks, those of a task together and in their order."""
    its = task_instance.c
    found: list[Later] = []
    for part in sets.slices(sorted(task_ids), 20_000):
        query = select(its.task_id, its.id, its.status).where(sets.among(its.task_id, part))
        found += map(Later._make, connection.execute(query.order_by(its.task_id, its.id)).all())
    return found


def statuses_of(connection: Connection, task_ids: Collection[int]) -> dict[int, TaskStatus]:
    """Where some tasks are now."""
    found: dict[int, TaskStatus] = {}
    for part in sets.slices(sorted(task_ids), 20_000):
        query = select(task.c.id, task.c.status).where(sets.among(task.c.id, part))
        found |= {number: TaskStatus.of(status) for number, status in connection.execute(query).all()}
    return found
