"""Changes of tasks' statuses, summed up by the minute: some thousand rows where there are millions of changes.

Whoever moves tasks adds to them in the same transaction: nothing is counted twice or left out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, cast, func, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets, totals
from jobmon_airflow.store.database import dialect_name
from jobmon_airflow.store.schema import moves_by_minute, task, task_status_audit

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Insert


def add(connection: Connection, ids: Collection[int], target: TaskStatus, at: datetime) -> None:
    """Add that these tasks, not too many for one statement, go to ``target`` now; they have not gone yet."""
    values = {"target": target, "minute": at.replace(second=0, microsecond=0), **sets.given(ids)}
    connection.execute(_addition(dialect_name(connection)), values)


def done_since(
    connection: Connection, array_ids: Collection[int], since: datetime
) -> list[tuple[int, datetime, int]]:
    """How many tasks of arrays were done in each minute since then: array, minute, count."""
    its = moves_by_minute.c
    query = (
        select(its.array_id, its.minute, func.sum(its.tasks))
        .where(
            sets.among(its.array_id, sorted(array_ids)),
            its.minute >= since,
            its.new_status == TaskStatus.DONE,
        )
        .group_by(its.array_id, its.minute)
    )
    return [(array_id, minute, int(count)) for array_id, minute, count in connection.execute(query)]


def of_arrays(connection: Connection, array_ids: Collection[int]) -> list[Any]:
    """All changes in arrays, summed up: array, minute, status before and after, how many tasks; in their order."""
    its = moves_by_minute.c
    query = select(*its).where(sets.among(its.array_id, sorted(array_ids))).order_by(its.array_id, its.minute)
    return list(connection.execute(query).all())


def together(connection: Connection, array_ids: Collection[int]) -> list[Any]:
    """All changes in arrays together: array, status before and after, how many tasks."""
    its = moves_by_minute.c
    query = (
        select(its.array_id, its.previous_status, its.new_status, cast(func.sum(its.tasks), BigInteger))
        .where(sets.among(its.array_id, sorted(array_ids)))
        .group_by(its.array_id, its.previous_status, its.new_status)
    )
    return list(connection.execute(query).all())


def in_full(connection: Connection, workflow_id: int) -> list[Any]:
    """All changes in a workflow, each by itself: array, moment, status before and after."""
    audit = task_status_audit.c
    query = (
        select(task.c.array_id, audit.entered_at, audit.previous_status, audit.new_status)
        .join_from(task_status_audit, task, task.c.id == audit.task_id)
        .where(audit.workflow_id == workflow_id)
        .order_by(audit.id)
    )
    return list(connection.execute(query).all())


def rebuild(connection: Connection) -> None:
    """Sum up all changes there are, in place of what was known."""
    audit = task_status_audit.c
    minute = totals.begin_of(dialect_name(connection), "minute", audit.entered_at).label("minute")
    query = (
        select(task.c.array_id, minute, audit.previous_status, audit.new_status, func.count())
        .join_from(task_status_audit, task, task.c.id == audit.task_id)
        .group_by(task.c.array_id, minute, audit.previous_status, audit.new_status)
    )
    totals.replace(connection, moves_by_minute, query)


@cache
def _addition(dialect: str) -> Insert:
    """The statement that adds given tasks; every turn of every run executes it."""
    its = moves_by_minute.c
    minute, target = (
        bindparam("minute", type_=its.minute.type),
        bindparam("target", type_=its.new_status.type),
    )
    query = (
        select(task.c.array_id, minute.label("minute"), task.c.status, target.label("target"), func.count())
        .where(sets.among_given(task.c.id))
        .group_by(task.c.array_id, task.c.status)
    )
    return totals.addition(dialect, moves_by_minute, query)
