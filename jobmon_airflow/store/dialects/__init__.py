"""How each database takes many rows in one statement.

One module per dialect, each with the two functions of `Dialect`; ``sets`` chooses among them. Names of tables
and columns come from the schema, values are always bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, Connection, Table

Row = tuple[Any, ...]


class Existing(Enum):
    """What becomes of a row whose key is taken."""

    REFUSED = auto()  #: an error, and nothing is inserted
    KEPT = auto()  #: the row that is there stays as it is
    REPLACED = auto()  #: what is not part of the primary key becomes what the new row says


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where rows go, and what all of them have in common."""

    table: Table
    varying: Sequence[Column[Any]]  #: the columns that rows give values for; in an update the key comes first
    fixed: Sequence[Column[Any]]
    constants: Row  #: the values of the fixed columns, as drivers take them

    @property
    def columns(self) -> Sequence[Column[Any]]:
        return (*self.varying, *self.fixed)


class Dialect(Protocol):
    """What a dialect's module offers."""

    def insert(self, connection: Connection, target: Target, rows: list[Row], existing: Existing) -> None:
        """Insert the rows, not too many for one statement."""

    def update(self, connection: Connection, target: Target, rows: list[Row]) -> None:
        """Set the columns of rows that are there, each found by its key."""


def names(connection: Connection, columns: Iterable[Column[Any]]) -> str:
    """Columns, as a statement lists them."""
    return ", ".join(quoted(connection, column.name) for column in columns)


def quoted(connection: Connection, name: str) -> str:
    """A name, in the dialect's quotes if it needs them."""
    return connection.dialect.identifier_preparer.quote(name)


def on_conflict(connection: Connection, target: Target, existing: Existing) -> str:
    """The ending of an INSERT, where SQLite and PostgreSQL have the same words for it."""
    match existing:
        case Existing.REFUSED:
            return ""
        case Existing.KEPT:
            return " ON CONFLICT DO NOTHING"
        case Existing.REPLACED:
            others = [quoted(connection, column.name) for column in target.columns if not column.primary_key]
            new = ", ".join(f"{name} = excluded.{name}" for name in others)
            return f" ON CONFLICT ({names(connection, target.table.primary_key)}) DO UPDATE SET {new}"
