"""Errors of a workflow, put together by their kinds, which are counted in the index of what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, or_, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import (
    error_kind,
    task,
    task_instance,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

_its: Final = task_instance.c
_attempts: Final = func.count().label("attempts")


class Counted(NamedTuple):
    """How many attempts at tasks of a template failed in one way."""

    array_id: int
    kind_id: int
    attempts: int
    tasks: int
    first_id: int  #: of these attempts
    last_id: int


class Seen(NamedTuple):
    """Attempts on a node that failed in one way."""

    kind_id: int
    node: str | None
    attempts: int
    first: datetime
    last: datetime


def failed(array_ids: Collection[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether an attempt is one at these arrays' tasks that failed; the index of what failed knows it."""
    return _its.array_id.in_(array_ids), _its.error_kind_id.is_not(None)


def totals(connection: Connection, array_ids: Collection[int]) -> tuple[int, int]:
    """How many attempts failed, and in how many ways."""
    query = select(func.count(), func.count(func.distinct(_its.error_kind_id))).where(*failed(array_ids))
    attempts, kinds = connection.execute(query).one()
    return attempts, kinds


def page(
    connection: Connection, array_ids: Collection[int], after: tuple[int, int] | None, limit: int
) -> list[tuple[int, int]]:
    """The next kinds and their numbers of attempts, the largest first, behind one of so many attempts and this id."""
    query = select(_its.error_kind_id, _attempts).where(*failed(array_ids)).group_by(_its.error_kind_id)
    if after is not None:
        attempts, kind_id = after
        fewer = func.count() < attempts
        query = query.having(or_(fewer, and_(func.count() == attempts, _its.error_kind_id > kind_id)))
    rows = connection.execute(query.order_by(_attempts.desc(), _its.error_kind_id).limit(limit))
    return [(number, count) for number, count in rows.all()]


def counts(connection: Connection, array_ids: Collection[int], kinds: Collection[int]) -> list[Counted]:
    """How many attempts at tasks of each template failed in each of these ways."""
    query = (
        select(
            _its.array_id,
            _its.error_kind_id,
            func.count(),
            func.count(func.distinct(_its.task_id)),
            func.min(_its.id),
            func.max(_its.id),
        )
        .where(*failed(array_ids), _its.error_kind_id.in_(kinds))
        .group_by(_its.array_id, _its.error_kind_id)
    )
    return [Counted(*row) for row in connection.execute(query)]


def names(connection: Connection, kinds: Collection[int]) -> dict[int, str]:
    """What kinds of errors say."""
    query = select(error_kind.c.id, error_kind.c.name).where(error_kind.c.id.in_(kinds))
    return sets.mapping(connection, query)


def seen(
    connection: Connection, array_ids: Collection[int], kinds: Collection[int], of_every: int = 1
) -> list[Seen]:
    """Where and when attempts failed in these ways; or every so manieth task's, which are fewer to read."""
    query = (
        select(
            _its.error_kind_id,
            _its.nodename,
            func.count(),
            func.min(_its.status_date),
            func.max(_its.status_date),
        )
        .where(*failed(array_ids), _its.error_kind_id.in_(kinds))
        .group_by(_its.error_kind_id, _its.nodename)
    )
    if of_every > 1:
        query = query.where(_its.task_id % of_every == 0)
    return [Seen(*row) for row in connection.execute(query)]


def failed_for_good(
    connection: Connection, workflow_id: int, array_ids: Collection[int], kinds: Collection[int], most: int
) -> dict[int, int] | None:
    """How many tasks failed for good of those with attempts that failed in these ways; None if there are too many."""
    fatal = (
        task.c.workflow_id == workflow_id,
        task.c.array_id.in_(array_ids),
        task.c.status == TaskStatus.ERROR_FATAL,
    )
    counted = select(func.count()).select_from(select(task.c.id).where(*fatal).limit(most + 1).subquery())
    if connection.execute(counted).scalar_one() > most:
        return None
    query = (
        select(_its.error_kind_id, func.count(func.distinct(_its.task_id)))
        .join(task, task.c.id == _its.task_id)
        .where(*fatal, _its.error_kind_id.in_(kinds))
        .group_by(_its.error_kind_id)
    )
    return sets.mapping(connection, query)


def samples(connection: Connection, attempt_ids: Collection[int]) -> dict[int, Row[Any]]:
    """What is shown of some failed attempts."""
    columns = (
        "id",
        "task_id",
        "array_id",
        "workflow_run_id",
        "nodename",
        "verdict",
        "exit_code",
        "status_date",
    )
    query = (
        select(*(_its[name] for name in columns), _its.stderr_log, task.c.name)
        .join(task, task.c.id == _its.task_id)
        .where(sets.among(_its.id, sorted(attempt_ids)))
    )
    rows: Any = connection.execute(query)
    return {row.id: row for row in rows}


def runs(connection: Connection, workflow_id: int) -> list[int]:
    """The runs of a workflow, oldest first."""
    query = select(workflow_run.c.id).where(workflow_run.c.workflow_id == workflow_id)
    return list(connection.execute(query.order_by(workflow_run.c.id)).scalars())


def attempts_of(
    connection: Connection, array_ids: Iterable[int], kind_id: int, after: tuple[int, int], limit: int
) -> list[Row[Any]]:
    """The next attempts that failed in one way, in the order of their tasks, behind this task and attempt."""
    task_id, attempt_id = after
    behind = or_(_its.task_id > task_id, and_(_its.task_id == task_id, _its.id > attempt_id))
    found: list[tuple[int, int]] = []
    for number in array_ids:  # one after the other: each is in this order in the index
        query = select(_its.task_id, _its.id).where(
            _its.array_id == number, _its.error_kind_id == kind_id, _its.task_id >= task_id, behind
        )
        found += connection.execute(query.order_by(_its.task_id, _its.id).limit(limit)).all()
    ids = [number for _, number in sorted(found)[:limit]]
    columns = (
        "id",
        "task_id",
        "array_id",
        "nodename",
        "verdict",
        "exit_code",
        "status_date",
        "workflow_run_id",
    )
    rows: Any = connection.execute(
        select(*(_its[name] for name in columns), task.c.name, task.c.status.label("task_status"))
        .join(task, task.c.id == _its.task_id)
        .where(sets.among(_its.id, ids))
        .order_by(_its.task_id, _its.id)
    )
    return list(rows)
