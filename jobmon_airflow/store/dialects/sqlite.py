"""SQLite: one prepared statement, executed for each row, since it runs in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.store.dialects import Existing, Row, Target, names, on_conflict, quoted

if TYPE_CHECKING:
    from sqlalchemy import Connection


def insert(connection: Connection, target: Target, rows: list[Row], existing: Existing) -> None:
    """Insert the rows."""
    into = f"{quoted(connection, target.table.name)} ({names(connection, target.columns)})"
    marks = ", ".join("?" * len(target.columns))
    ending = on_conflict(connection, target, existing)
    connection.exec_driver_sql(
        f"INSERT INTO {into} VALUES ({marks}){ending}",
        [row + target.constants for row in rows] if target.constants else rows,
    )


def update(connection: Connection, target: Target, rows: list[Row]) -> None:
    """Set the columns of rows that are there."""
    key, *others = (quoted(connection, column.name) for column in target.columns)
    assignments = ", ".join(f"{name} = ?" for name in others)
    connection.exec_driver_sql(
        f"UPDATE {quoted(connection, target.table.name)} SET {assignments} WHERE {key} = ?",
        [(*row[1:], *target.constants, row[0]) for row in rows],
    )
