"""SQLite: one statement for some hundred rows.

It runs in this process, so nothing is saved on the way; but each statement costs as much as a few rows.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.store.dialects import Existing, Row, Target, names, on_conflict, quoted

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROWS: Final = 200  # twice as fast as one at a time; more gain nothing


def insert(connection: Connection, target: Target, rows: list[Row], existing: Existing) -> None:
    """Insert the rows."""
    into = f"{quoted(connection, target.table.name)} ({names(connection, target.columns)})"
    marks = f"({', '.join('?' * len(target.columns))})"
    ending = on_conflict(connection, target, existing)
    size = _rows_of_a_statement(connection, len(target.columns))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        values = chain.from_iterable([row + target.constants for row in part] if target.constants else part)
        connection.exec_driver_sql(
            f"INSERT INTO {into} VALUES {', '.join([marks] * len(part))}{ending}", tuple(values)
        )


def update(connection: Connection, target: Target, rows: list[Row]) -> None:
    """Set the columns of rows that are there."""
    key, *others = (quoted(connection, column.name) for column in target.columns)
    assignments = ", ".join(f"{name} = ?" for name in others)
    if len(target.varying) == 1:  # the key: all rows get the same, in one statement
        connection.exec_driver_sql(
            f"UPDATE {quoted(connection, target.table.name)} SET {assignments} "
            f"WHERE {key} IN (SELECT value FROM json_each(?))",
            (*target.constants, json.dumps([row[0] for row in rows])),
        )
        return
    connection.exec_driver_sql(
        f"UPDATE {quoted(connection, target.table.name)} SET {assignments} WHERE {key} = ?",
        [(*row[1:], *target.constants, row[0]) for row in rows],
    )


def _rows_of_a_statement(connection: Connection, columns: int) -> int:
    driver: Any = connection.connection.driver_connection
    most_values: int = driver.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    return max(1, min(_ROWS, most_values // columns))
