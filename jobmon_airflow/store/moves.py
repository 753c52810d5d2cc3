"""Moving rows from status to status.

The state machine is the WHERE clause: a row whose status may not precede the target stays as it is, so two
processes that race cannot both win. Rows are locked before they are moved, so that what is said of them (an audit,
an answer to the caller) is what the update then does; and in the order of their ids, so that two who want the same
wait for each other instead of deadlocking.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jobmon_airflow.store import sets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select, Table

    from jobmon_airflow.states import Status


def lock(connection: Connection, table: Table, row_id: int) -> bool:
    """Let nobody else change the row until this transaction ends; False if there is no such row."""
    query = select(table.c.id).where(table.c.id == row_id).with_for_update()
    return connection.execute(query).first() is not None


def movable(
    connection: Connection, table: Table, ids: Iterable[int], sources: Collection[Status]
) -> Iterator[list[int]]:
    """Those of the rows that may go, locked, some thousand at a time."""
    query = _going(table, frozenset(sources))
    for part in sets.slices(sorted(ids)):
        found = connection.execute(query, sets.given(part))
        if going := list(found.scalars().all()):  # all(): row by row takes twice as long
            yield going


def put(
    connection: Connection, table: Table, ids: Collection[int], target: Status, at: datetime, **values: Any
) -> None:
    """Give rows this status, and other values with it."""
    changes = {"status": target, "status_date": at, **values}
    sets.update(connection, table, "id", (), [(number,) for number in ids], constants=changes)


def move(
    connection: Connection,
    table: Table,
    ids: Iterable[int],
    sources: Collection[Status],
    target: Status,
    at: datetime,
    **values: Any,
) -> set[int]:
    """Move the rows that may go, and return which did."""
    moved: set[int] = set()
    for going in movable(connection, table, ids, sources):
        put(connection, table, going, target, at, **values)
        moved.update(going)
    return moved


@cache
def _going(table: Table, sources: frozenset[Status]) -> Select[Any]:
    return (
        select(table.c.id)
        .where(sets.among_given(table.c.id), table.c.status.in_(sorted(sources)))
        .order_by(table.c.id)
        .with_for_update()
    )
