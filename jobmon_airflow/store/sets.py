"""Many rows in few statements, on every database.

A set of values travels as one parameter and is opened by the server, so that a statement's text does not
depend on how many there are: an array on PostgreSQL, a JSON document on MySQL and MariaDB (both unpack it
into a table), repeated execution of one prepared statement on SQLite, which runs in this process.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    Text,
    bindparam,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from jobmon_airflow.store.database import dialect_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, Connection, Select, Table
    from sqlalchemy.sql.compiler import SQLCompiler

Row = tuple[Any, ...]
Item = TypeVar("Item")

# Enough to make a statement's own cost small, few enough that rows of 100 kB still fit into memory.
ROWS_AT_A_TIME: Final = 2_000
# MariaDB takes no statement over 16 MB; rows of more than this go in smaller parts, and a larger row alone.
_PACKET: Final = 4_000_000


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
    constants = constants or {}
    names = (*columns, *constants)
    targets = [table.c[name] for name in names]
    fixed = _as_sent(connection, targets[len(columns) :], constants.values())
    for part in slices(rows):
        _INSERTS[dialect_name(connection)](connection, table, targets, part, fixed, keep_existing)


def update(
    connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Set columns of many rows; each given row holds the key first, then the columns' new values."""
    targets = [table.c[name] for name in (key, *columns)]
    for part in slices(rows):
        _UPDATES[dialect_name(connection)](connection, table, targets, part)


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """``column IN (values)`` for any number of values, as one parameter and one cached statement."""
    return cast("ColumnElement[bool]", _Among(column, bindparam(None, json.dumps(list(values)), Text)))


def stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """The rows of a long answer, without holding all of them."""
    options = {"yield_per": ROWS_AT_A_TIME}
    for part in connection.execute(query, execution_options=options).partitions():
        yield from part


def slices(rows: Iterable[Item], size: int = ROWS_AT_A_TIME) -> Iterator[list[Item]]:
    """Cut a stream into lists."""
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part


def _as_sent(connection: Connection, columns: Sequence[Column[Any]], values: Iterable[Any]) -> Row:
    """Values as SQLAlchemy would hand them to the driver."""
    dialect = connection.dialect
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    return tuple(
        processor(value) if processor else value for processor, value in zip(processors, values, strict=True)
    )


# --- SQLite: one prepared statement, executed for each row ------------------------------------------------


def _insert_sqlite(
    connection: Connection,
    table: Table,
    targets: Sequence[Column[Any]],
    rows: list[Row],
    fixed: Row,
    keep_existing: bool,
) -> None:
    marks = ", ".join("?" * len(targets))
    ending = " ON CONFLICT DO NOTHING" if keep_existing else ""
    into = f"{_quoted(connection, table.name)} ({_names(connection, targets)})"
    statement = f"INSERT INTO {into} VALUES ({marks}){ending}"
    connection.exec_driver_sql(statement, [row + fixed for row in rows] if fixed else rows)


def _update_sqlite(
    connection: Connection, table: Table, targets: Sequence[Column[Any]], rows: list[Row]
) -> None:
    key, *others = (_quoted(connection, column.name) for column in targets)
    assignments = ", ".join(f"{name} = ?" for name in others)
    statement = f"UPDATE {_quoted(connection, table.name)} SET {assignments} WHERE {key} = ?"
    connection.exec_driver_sql(statement, [(*row[1:], row[0]) for row in rows])


# --- PostgreSQL: one array a column -----------------------------------------------------------------------


def _insert_postgresql(
    connection: Connection,
    table: Table,
    targets: Sequence[Column[Any]],
    rows: list[Row],
    fixed: Row,
    keep_existing: bool,
) -> None:
    arrays, parameters = _arrays(targets[: len(targets) - len(fixed)], rows)
    constants = [
        f"CAST(:k{i} AS {_server_type(c)})" for i, c in enumerate(targets[len(targets) - len(fixed) :])
    ]
    parameters |= {f"k{i}": value for i, value in enumerate(fixed)}
    selected = ", ".join(("new.*", *constants))
    ending = " ON CONFLICT DO NOTHING" if keep_existing else ""
    connection.execute(
        text(
            f"INSERT INTO {_quoted(connection, table.name)} ({_names(connection, targets)}) "
            f"SELECT {selected} FROM unnest({arrays}) AS new{ending}"
        ),
        parameters,
    )


def _update_postgresql(
    connection: Connection, table: Table, targets: Sequence[Column[Any]], rows: list[Row]
) -> None:
    arrays, parameters = _arrays(targets, rows)
    key, *others = (_quoted(connection, column.name) for column in targets)
    assignments = ", ".join(f"{name} = new.c{i}" for i, name in enumerate(others, start=1))
    columns = ", ".join(f"c{i}" for i in range(len(targets)))
    name = _quoted(connection, table.name)
    connection.execute(
        text(
            f"UPDATE {name} SET {assignments} FROM unnest({arrays}) AS new({columns}) WHERE {name}.{key} = new.c0"
        ),
        parameters,
    )


def _arrays(columns: Sequence[Column[Any]], rows: list[Row]) -> tuple[str, dict[str, list[Any]]]:
    arrays = ", ".join(f"CAST(:a{i} AS {_server_type(column)}[])" for i, column in enumerate(columns))
    return arrays, {f"a{i}": list(values) for i, values in enumerate(zip(*rows, strict=True))}


def _server_type(column: Column[Any]) -> str:
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


# --- MySQL and MariaDB: one JSON document -----------------------------------------------------------------


def _insert_mysql(
    connection: Connection,
    table: Table,
    targets: Sequence[Column[Any]],
    rows: list[Row],
    fixed: Row,
    keep_existing: bool,
) -> None:
    varying = targets[: len(targets) - len(fixed)]
    selected = ", ".join((*(f"new.c{i}" for i in range(len(varying))), *("%s",) * len(fixed)))
    # Not INSERT IGNORE: that would also swallow broken references and values that do not fit.
    first = _quoted(connection, next(iter(table.primary_key)).name)
    name = _quoted(connection, table.name)
    ending = f" ON DUPLICATE KEY UPDATE {first} = {name}.{first}" if keep_existing else ""
    connection.exec_driver_sql(
        f"INSERT INTO {name} ({_names(connection, targets)}) SELECT {selected} FROM {_json_table(varying)}{ending}",
        (*fixed, json.dumps(rows)),
    )


def _update_mysql(
    connection: Connection, table: Table, targets: Sequence[Column[Any]], rows: list[Row]
) -> None:
    key, *others = (_quoted(connection, column.name) for column in targets)
    name = _quoted(connection, table.name)
    assignments = ", ".join(f"{name}.{column} = new.c{i}" for i, column in enumerate(others, start=1))
    connection.exec_driver_sql(
        f"UPDATE {name} JOIN {_json_table(targets)} ON {name}.{key} = new.c0 SET {assignments}",
        (json.dumps(rows),),
    )


def _json_table(columns: Sequence[Column[Any]]) -> str:
    fields = ", ".join(f"c{i} {_json_type(column)} PATH '$[{i}]'" for i, column in enumerate(columns))
    return f"JSON_TABLE(%s, '$[*]' COLUMNS ({fields})) AS new"


def _json_type(column: Column[Any]) -> str:
    match column.type:
        case Integer() | BigInteger():
            return "BIGINT"
        case Float():
            return "DOUBLE"
        case CHAR(length=length):
            return f"CHAR({length})"
        case kind if isinstance(getattr(kind, "impl_instance", kind), DateTime):
            return "DATETIME(6)"
        case _:
            return "LONGTEXT CHARACTER SET utf8mb4"


_INSERTS: Final = {"sqlite": _insert_sqlite, "postgresql": _insert_postgresql, "mysql": _insert_mysql}
_UPDATES: Final = {"sqlite": _update_sqlite, "postgresql": _update_postgresql, "mysql": _update_mysql}


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True
    type = Boolean()


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    first, _ = element.clauses
    column, values = (compiler.process(part, **options) for part in element.clauses)
    kind = _server_type(cast("Column[Any]", first))
    return f"{column} = ANY (ARRAY(SELECT CAST(value AS {kind}) FROM json_array_elements_text(CAST({values} AS json))))"


@compiles(_Among, "mysql")
@compiles(_Among, "mariadb")
def _among_mysql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    first, _ = element.clauses
    column, values = (compiler.process(part, **options) for part in element.clauses)
    kind = _json_type(cast("Column[Any]", first))
    return f"{column} IN (SELECT value FROM JSON_TABLE({values}, '$[*]' COLUMNS (value {kind} PATH '$')) AS given)"


def _names(connection: Connection, columns: Iterable[Column[Any]]) -> str:
    return ", ".join(_quoted(connection, column.name) for column in columns)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
