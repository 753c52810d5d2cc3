"""Tables of sums: adding to the sums that are there, and the steps of time that they are taken by."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, delete, func, literal_column, type_coerce

from jobmon_airflow.store.types import UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Insert, Select, Table

_BEGINS: Final = {"minute": "%H:%M:00", "hour": "%H:00:00", "day": "00:00:00"}


def addition(dialect: str, table: Table, query: Select[Any]) -> Insert:
    """The statement that adds what a query finds, in the order of the table's columns, to the sums of the same keys."""
    # A dialect takes a while to load, and a process speaks one.
    statement: Any = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    statement = statement.from_select(_names(table), query)
    new = statement.inserted if dialect == "mysql" else statement.excluded
    sums = {column.name: column + new[column.name] for column in table.c if not column.primary_key}
    keys = [column.name for column in table.primary_key]
    added: Insert = (
        statement.on_duplicate_key_update(sums)
        if dialect == "mysql"
        else statement.on_conflict_do_update(index_elements=keys, set_=sums)
    )
    return added


def replace(connection: Connection, table: Table, query: Select[Any]) -> None:
    """Let the table hold what a query finds, in the order of its columns, in place of what it held."""
    connection.execute(delete(table))
    connection.execute(table.insert().from_select(_names(table), query))


def begin_of(dialect: str, step: str, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """The beginning of the minute, hour or day of a moment, in UTC, as the database keeps moments."""
    time = _BEGINS[step]
    begin: ColumnElement[Any]
    match dialect:
        case "sqlite":
            begin = func.strftime(literal_column(f"'%Y-%m-%d {time}.000000'"), moment)
        case "postgresql":
            begin = func.date_trunc(literal_column(f"'{step}'"), moment, literal_column("'UTC'"))
        case _:
            from sqlalchemy.dialects.mysql import DATETIME

            text = func.date_format(moment, literal_column(f"'%Y-%m-%d {time.replace('%M', '%i')}'"))
            begin = cast(text, DATETIME(fsp=6))
    return type_coerce(begin, UtcDateTime)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.c]
