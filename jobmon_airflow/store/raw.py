"""Any table as it is, page by page in the order of its key.

Nothing is counted, and no page costs more for standing far behind: its keys are found first, from an index where there
is one, and then their rows. Texts are cut by the database, so that a column full of megabytes is never loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, or_, select

from jobmon_airflow.store.types import LongText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table

#: Added to the columns of a row: how long a text is of which only the begin is there.
LENGTH_OF: Final = "length_of_"


def page(
    connection: Connection,
    table: Table,
    conditions: Iterable[ColumnElement[bool]],
    *,
    after: Sequence[Any] | None,
    limit: int,
    newest_first: bool,
    longest: int,
) -> Sequence[Row[Any]]:
    """So many rows of those that meet the conditions, from the one after a key on."""
    key = table.primary_key.columns
    keys = select(*key).where(*conditions).order_by(*_ordered(key, newest_first)).limit(limit)
    if after is not None:
        keys = keys.where(_beyond(list(key), after, newest_first))
    found = keys.subquery("found")
    rows = _cut(table, longest).join(found, and_(*(column == found.c[column.name] for column in key)))
    return connection.execute(rows.order_by(*_ordered(key, newest_first))).all()


def row(
    connection: Connection,
    table: Table,
    conditions: Iterable[ColumnElement[bool]],
    key: Sequence[Any],
    *,
    longest: int,
) -> Row[Any] | None:
    """The row of a key, if it meets the conditions."""
    is_it = [column == part for column, part in zip(table.primary_key.columns, key, strict=True)]
    return connection.execute(_cut(table, longest).where(*conditions, *is_it)).one_or_none()


def is_long(column: Column[Any]) -> bool:
    """Whether there is no bound to its texts."""
    return column.type is LongText


def _cut(table: Table, longest: int) -> Select[Any]:
    columns: list[ColumnElement[Any]] = []
    for column in table.columns:
        if is_long(column):
            columns.append(func.substr(column, 1, longest).label(column.name))
            columns.append(func.length(column).label(LENGTH_OF + column.name))
        else:
            columns.append(column)
    return select(*columns)


def _ordered(key: Iterable[Column[Any]], newest_first: bool) -> list[ColumnElement[Any]]:
    return [column.desc() if newest_first else column.asc() for column in key]


def _beyond(key: list[Column[Any]], after: Sequence[Any], newest_first: bool) -> ColumnElement[bool]:
    """Whether a row comes after a key. MariaDB finds no index for ``(a, b) < (1, 2)``; the first bound gives it one."""
    steps: list[ColumnElement[bool]] = []
    for place, column in enumerate(key):
        same = [earlier == part for earlier, part in zip(key[:place], after, strict=False)]
        steps.append(and_(*same, column < after[place] if newest_first else column > after[place]))
    first = key[0] <= after[0] if newest_first else key[0] >= after[0]
    return and_(first, or_(*steps))
