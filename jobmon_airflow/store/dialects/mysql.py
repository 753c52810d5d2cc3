"""MySQL and MariaDB: one JSON document, which the server opens into a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import CHAR, BigInteger, DateTime, Float, Integer

from jobmon_airflow.store.dialects import Existing, Row, Target, names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column, Connection

# MariaDB takes no statement over 16 MB, and the driver's escapes can double a document. Rows of more than this
# go in smaller parts, a larger row alone.
DOCUMENT: Final = 4_000_000


def insert(connection: Connection, target: Target, rows: list[Row], existing: Existing) -> None:
    """Insert the rows."""
    into = f"{quoted(connection, target.table.name)} ({names(connection, target.columns)})"
    selected = ", ".join((*(f"new.c{i}" for i in range(len(target.varying))), *("%s",) * len(target.fixed)))
    ending = _on_duplicate(connection, target, existing)
    statement = f"INSERT INTO {into} SELECT {selected} FROM {_json_table(target.varying)}{ending}"
    for document in documents(rows):
        connection.exec_driver_sql(statement, (*target.constants, document))


def update(connection: Connection, target: Target, rows: list[Row]) -> None:
    """Set the columns of rows that are there."""
    name = quoted(connection, target.table.name)
    key, *others = (f"{name}.{quoted(connection, column.name)}" for column in target.columns)
    values = (*(f"new.c{i}" for i in range(1, len(target.varying))), *("%s",) * len(target.fixed))
    assignments = ", ".join(f"{column} = {value}" for column, value in zip(others, values, strict=True))
    statement = f"UPDATE {name} JOIN {_json_table(target.varying)} ON {key} = new.c0 SET {assignments}"
    for document in documents(rows):
        connection.exec_driver_sql(statement, (document, *target.constants))


def documents(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as JSON, halved until each part fits into a statement."""
    document = json.dumps(rows)  # only ASCII, so that its length is its size
    if len(document) <= DOCUMENT or len(rows) == 1:
        yield document
        return
    middle = len(rows) // 2
    yield from documents(rows[:middle])
    yield from documents(rows[middle:])


def type_name(column: Column[Any]) -> str:
    """The type of values for a column, before the column's own limits are applied."""
    match column.type:
        case Integer() | BigInteger():
            return "BIGINT"
        case Float():
            return "DOUBLE"
        case CHAR(length=length):
            return f"CHAR({length}) CHARACTER SET utf8mb4"
        case kind if isinstance(getattr(kind, "impl_instance", kind), DateTime):
            return "DATETIME(6)"
        case _:
            return "LONGTEXT CHARACTER SET utf8mb4"


def _json_table(columns: Sequence[Column[Any]]) -> str:
    fields = ", ".join(f"c{i} {type_name(column)} PATH '$[{i}]'" for i, column in enumerate(columns))
    return f"JSON_TABLE(%s, '$[*]' COLUMNS ({fields})) AS new"


def _on_duplicate(connection: Connection, target: Target, existing: Existing) -> str:
    name = quoted(connection, target.table.name)
    match existing:
        case Existing.REFUSED:
            return ""
        case Existing.KEPT:
            # Not INSERT IGNORE: that would also swallow broken references and values that do not fit.
            first = quoted(connection, next(iter(target.table.primary_key)).name)
            return f" ON DUPLICATE KEY UPDATE {first} = {name}.{first}"
        case Existing.REPLACED:
            others = [quoted(connection, column.name) for column in target.columns if not column.primary_key]
            new = ", ".join(f"{column} = VALUES({column})" for column in others)
            return f" ON DUPLICATE KEY UPDATE {new}"
