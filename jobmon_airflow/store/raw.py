"""Any table as it is, page by page in the order of its key.

Nothing is counted, and no page costs more for standing far behind: its keys are found first, and then their rows. Most
conditions are met by many rows or by few. So keys are looked for among the next thousand rows, then among the next
thirty thousand, which are read in their order; who is not there is rare, and an index finds it. Texts are cut by the
database, so that a column full of megabytes is never loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, and_, func, or_, select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.util import ClauseAdapter

from jobmon_airflow.store.types import LongText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

#: Added to the columns of a row: how long a text is of which only the begin is there.
LENGTH_OF: Final = "length_of_"
_LOOKED_AT_FIRST: Final = (1_000, 30_000)


def page(
    connection: Connection,
    table: Table,
    conditions: Iterable[ColumnElement[bool]],
    *,
    after: Sequence[Any] | None,
    limit: int,
    newest_first: bool,
    longest: int,
    one_by_one: Iterable[ColumnElement[bool]] | None = None,
) -> Sequence[Row[Any]]:
    """So many rows of those that meet the conditions, from the one after a key on.

    ``one_by_one`` are the same conditions, as they are quickly answered for single rows.
    """
    where = list(conditions)
    each = where if one_by_one is None else list(one_by_one)
    key = _keys(connection, table, where, each, after=after, limit=limit, newest_first=newest_first)
    found = key.subquery("found")
    columns = table.primary_key.columns
    rows = _cut(table, longest).join(found, and_(*(column == found.c[column.name] for column in columns)))
    return connection.execute(rows.order_by(*_ordered(columns, newest_first))).all()


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


def _keys(
    connection: Connection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    one_by_one: Sequence[ColumnElement[bool]],
    *,
    after: Sequence[Any] | None,
    limit: int,
    newest_first: bool,
) -> Select[Any]:
    """The keys of a page: where looking at the next rows fills it, among these alone."""
    key = table.primary_key.columns
    rest = select(*key).order_by(*_ordered(key, newest_first))
    if after is not None:
        rest = rest.where(_beyond(list(key), after, newest_first))
    everywhere = rest.where(*conditions).limit(limit)
    if not conditions:
        return everywhere
    for many in _LOOKED_AT_FIRST:
        among = _among_next(rest.limit(many), table, one_by_one)
        among = among.order_by(*_ordered(among.selected_columns, newest_first)).limit(limit)
        if len(connection.execute(among).all()) == limit:
            return among
    return everywhere


def _among_next(
    following: Select[Any], table: Table, conditions: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """The keys of those among the following rows that meet the conditions."""
    parts = (part for condition in conditions for part in visitors.iterate(condition))
    asked = [part for part in parts if isinstance(part, Column) and part.table is table]
    columns = dict.fromkeys([*table.primary_key.columns, *asked])
    rows = following.with_only_columns(*columns).subquery("following")
    met = map(ClauseAdapter(rows).traverse, conditions)
    return select(*(rows.c[column.name] for column in table.primary_key.columns)).where(*met)


def _cut(table: Table, longest: int) -> Select[Any]:
    columns: list[ColumnElement[Any]] = []
    for column in table.columns:
        if is_long(column):
            columns.append(func.substr(column, 1, longest).label(column.name))
            columns.append(func.char_length(column).label(LENGTH_OF + column.name))
        else:
            columns.append(column)
    return select(*columns)


def _ordered(key: Iterable[ColumnElement[Any]], newest_first: bool) -> list[ColumnElement[Any]]:
    return [column.desc() if newest_first else column.asc() for column in key]


def _beyond(key: list[Column[Any]], after: Sequence[Any], newest_first: bool) -> ColumnElement[bool]:
    """Whether a row comes after a key. MariaDB finds no index for ``(a, b) < (1, 2)``; the first bound gives it one."""
    steps: list[ColumnElement[bool]] = []
    for place, column in enumerate(key):
        same = [earlier == part for earlier, part in zip(key[:place], after, strict=False)]
        steps.append(and_(*same, column < after[place] if newest_first else column > after[place]))
    first = key[0] <= after[0] if newest_first else key[0] >= after[0]
    return and_(first, or_(*steps))
