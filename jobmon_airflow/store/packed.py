"""Many numbers as one text: a row each would take a database's driver longer than all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, literal_column, select, text

from jobmon_airflow.store.database import dialect_name

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select


def numbers(connection: Connection, query: Select[Any]) -> list[int]:
    """The whole numbers that a query of one column finds, in no order."""
    [column] = query.subquery().c
    comma: ColumnElement[str] = literal_column("','")
    match dialect_name(connection):
        case "postgresql":
            joined = func.string_agg(cast(column, String), comma)
        case "mysql":
            # The default ends the text after a megabyte, without a word.
            connection.execute(text("SET SESSION group_concat_max_len = 1073741824"))
            joined = func.group_concat(column)
        case _:
            joined = func.group_concat(column, comma)
    found = connection.execute(select(joined)).scalar()
    if not found:
        return []
    return list(map(int, (found if isinstance(found, str) else found.decode()).split(",")))
