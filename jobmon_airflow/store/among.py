"""``column IN (values)``, for any number of values, as one parameter and one cached statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Self, cast

from sqlalchemy import Boolean, ColumnElement, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from jobmon_airflow.store.dialects import mysql, postgresql

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Column
    from sqlalchemy.sql.compiler import SQLCompiler


_GIVEN: Final = "given_values"


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column has one of these values. For SELECT only: see `sets.update` for changes.

    MariaDB would look at every row of the table, were this in the WHERE clause of an UPDATE or DELETE.
    """
    return cast("ColumnElement[bool]", _Among(column, bindparam(None, json.dumps(list(values)), Text)))


def among_given(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """`among` for a statement that is built once and often executed, each time with other values, `given`.

    Building a statement takes longer than a small set takes in SQLite.
    """
    return cast("ColumnElement[bool]", _Among(column, bindparam(_GIVEN, type_=Text, required=True)))


def given(values: Collection[Any]) -> dict[str, str]:
    """The parameter of a statement with `among_given`."""
    return {_GIVEN: json.dumps(list(values))}


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: object = None) -> Self:  # noqa: ARG002
        # Databases without booleans are otherwise asked whether "column IN (...) = 1", which no index answers.
        return self


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    _, name, values = _parts(element, compiler, options)
    return f"{name} IN (SELECT value FROM json_each({values}))"


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, name, values = _parts(element, compiler, options)
    value = f"CAST(value AS {postgresql.type_name(column)})"
    return f"{name} = ANY (ARRAY(SELECT {value} FROM json_array_elements_text(CAST({values} AS json))))"


@compiles(_Among, "mysql")
@compiles(_Among, "mariadb")
def _on_mysql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, name, values = _parts(element, compiler, options)
    fields = f"value {mysql.type_name(column)} PATH '$'"
    return f"{name} IN (SELECT value FROM JSON_TABLE({values}, '$[*]' COLUMNS ({fields})) AS given)"


def _parts(element: _Among, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[Column[Any], str, str]:
    column, values = element.clauses
    return (
        cast("Column[Any]", column),
        compiler.process(column, **options),
        compiler.process(values, **options),
    )
