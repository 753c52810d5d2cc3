"""Many rows in few statements, on every database.

A set of values travels as one parameter and is opened by the server, so that a statement's text does not
depend on how many there are. How each database does that is in ``dialects``.

Rows hold numbers, texts and None; moments, which JSON does not know, go as constants, or as texts: see `moment`.
"""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jobmon_airflow.store.among import among, among_given, given
from jobmon_airflow.store.database import dialect_name
from jobmon_airflow.store.dialects import Dialect, Existing, Row, Target, mysql, postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, Connection, Select, Table

__all__ = [
    "among",
    "among_given",
    "given",
    "insert",
    "mapping",
    "moment",
    "replace",
    "slices",
    "stream",
    "update",
]

Item = TypeVar("Item")

# Enough to make a statement's own cost small, few enough that rows of 100 kB still fit into memory.
ROWS_AT_A_TIME: Final = 2_000

_DIALECTS: Final[Mapping[str, Dialect]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
    "mysql": mysql,
}


def insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    constants: Mapping[str, Any] | None = None,
    keep_existing: bool = False,
) -> None:
    """Insert rows; every one of them also gets the constants.

    With ``keep_existing``, a row whose unique key is taken stays as it is: what makes binding repeatable.
    """
    target = _target(connection, table, columns, constants)
    existing = Existing.KEPT if keep_existing else Existing.REFUSED
    for part in slices(rows):
        _DIALECTS[dialect_name(connection)].insert(connection, target, part, existing)


def replace(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """Insert rows, each in place of the one with the same primary key, if there is one; no key comes twice.

    Every one of them also gets the constants.
    """
    target = _target(connection, table, columns, constants)
    for part in slices(rows):
        _DIALECTS[dialect_name(connection)].insert(connection, target, part, Existing.REPLACED)


def update(
    connection: Connection,
    table: Table,
    key: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """Set columns of many rows; each given row holds the key first, then the columns' new values.

    Every one of them also gets the constants.
    """
    target = _target(connection, table, (key, *columns), constants)
    for part in slices(rows):
        _DIALECTS[dialect_name(connection)].update(connection, target, part)


def stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """The rows of a long answer, without holding all of them."""
    options = {"yield_per": ROWS_AT_A_TIME}
    for part in connection.execute(query, execution_options=options).partitions():
        yield from part


def mapping(connection: Connection, query: Select[Any]) -> dict[Any, Any]:
    """An answer of two columns, the second by the first."""
    rows: Any = connection.execute(query).all()
    return dict(rows)


def slices(rows: Iterable[Item], size: int = ROWS_AT_A_TIME) -> Iterator[list[Item]]:
    """Cut a stream into lists."""
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part


def moment(connection: Connection, at: datetime | None) -> str | None:
    """A moment as a row may hold it, where each row has its own."""
    if at is None:
        return None
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    text = at.isoformat(" ", "microseconds")
    return text if dialect_name(connection) == "postgresql" else text.removesuffix("+00:00")


def _target(
    connection: Connection, table: Table, columns: Sequence[str], constants: Mapping[str, Any] | None = None
) -> Target:
    constants = constants or {}
    fixed = [table.c[name] for name in constants]
    return Target(
        table=table,
        varying=[table.c[name] for name in columns],
        fixed=fixed,
        constants=_as_sent(connection, fixed, constants.values()),
    )


def _as_sent(connection: Connection, columns: Sequence[Column[Any]], values: Iterable[Any]) -> Row:
    """Values as SQLAlchemy would hand them to the driver."""
    dialect = connection.dialect
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    return tuple(
        processor(value) if processor else value for processor, value in zip(processors, values, strict=True)
    )
