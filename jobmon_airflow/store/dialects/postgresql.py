"""PostgreSQL: one array a column, opened by the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, BigInteger, Boolean, DateTime, Float, Integer, text

from jobmon_airflow.store.dialects import Existing, Row, Target, names, on_conflict, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, Connection


def insert(connection: Connection, target: Target, rows: list[Row], existing: Existing) -> None:
    """Insert the rows."""
    arrays, parameters = _arrays(target.varying, rows)
    selected = ", ".join(("new.*", *_constants(target)))
    connection.execute(
        text(
            f"INSERT INTO {quoted(connection, target.table.name)} ({names(connection, target.columns)}) "
            f"SELECT {selected} FROM unnest({arrays}) AS new{on_conflict(connection, target, existing)}"
        ),
        parameters | _named_constants(target),
    )


def update(connection: Connection, target: Target, rows: list[Row]) -> None:
    """Set the columns of rows that are there."""
    arrays, parameters = _arrays(target.varying, rows)
    key, *others = (quoted(connection, column.name) for column in target.columns)
    columns = [f"c{i}" for i in range(len(target.varying))]
    values = (*(f"new.{column}" for column in columns[1:]), *_constants(target))
    assignments = ", ".join(f"{name} = {value}" for name, value in zip(others, values, strict=True))
    name = quoted(connection, target.table.name)
    connection.execute(
        text(
            f"UPDATE {name} SET {assignments} FROM unnest({arrays}) AS new({', '.join(columns)}) "
            f"WHERE {name}.{key} = new.c0"
        ),
        parameters | _named_constants(target),
    )


def type_name(column: Column[Any]) -> str:
    """The type of values for a column, before the column's own limits are applied."""
    match column.type:
        case Boolean():
            return "boolean"
        case Integer() | BigInteger():
            return "bigint"
        case Float():
            return "double precision"
        case CHAR():
            return "bpchar"
        case kind if isinstance(getattr(kind, "impl_instance", kind), DateTime):
            return "timestamptz"
        case _:
            return "text"


def _arrays(columns: Sequence[Column[Any]], rows: list[Row]) -> tuple[str, dict[str, Any]]:
    arrays = ", ".join(f"CAST(:a{i} AS {type_name(column)}[])" for i, column in enumerate(columns))
    values = zip(columns, zip(*rows, strict=True), strict=True)
    return arrays, {f"a{i}": _array(column, given) for i, (column, given) in enumerate(values)}


def _array(column: Column[Any], values: Iterable[Any]) -> list[Any]:
    if isinstance(column.type, Float):  # the driver takes no list of whole numbers and fractions
        return [None if value is None else float(value) for value in values]
    return list(values)


def _constants(target: Target) -> list[str]:
    return [f"CAST(:k{i} AS {type_name(column)})" for i, column in enumerate(target.fixed)]


def _named_constants(target: Target) -> dict[str, Any]:
    return {f"k{i}": value for i, value in enumerate(target.constants)}
