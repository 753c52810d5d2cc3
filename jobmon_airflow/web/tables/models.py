"""Mapped classes of the tables, one for each, made from the schema: nothing is typed twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import registry

from jobmon_airflow.store.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Column, Table

_registry: Final = registry(metadata=metadata)


def _mapped(table: Table) -> type:
    model = type(table.name, (), {"__table__": table, "__doc__": table.comment})
    _registry.map_imperatively(model, table)
    return model


#: By the name of the table, in the order in which they refer to each other.
MODELS: Final[Mapping[str, Any]] = {table.name: _mapped(table) for table in metadata.sorted_tables}


def referred(column: Column[Any]) -> Table | None:
    """The table whose rows a column names, if it names any."""
    return next((key.column.table for key in column.foreign_keys), None)


def referring(table: Table) -> Iterator[Column[Any]]:
    """The columns of other tables that name rows of this one."""
    for other in metadata.sorted_tables:
        yield from (column for column in other.columns if referred(column) is table)
