"""What tables and indexes are told of single databases, kept aside until somebody makes tables.

SQLAlchemy loads the whole dialect of a database as soon as a table has an option for it. Three dialects take as long to
load as all else that a short command needs, and a process speaks one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Index, Table, event

if TYPE_CHECKING:
    from sqlalchemy import MetaData

Item = TypeVar("Item", Table, Index)

_noted: Final[list[tuple[Table | Index, dict[str, Any]]]] = []


def noted(item: Item, **options: Any) -> Item:
    """The table or index, which has these options when it is made, such as ``mysql_engine="InnoDB"``."""
    _noted.append((item, options))
    return item


def tell() -> None:
    """Let tables and indexes have their options."""
    while _noted:
        item, options = _noted.pop()
        for name, value in options.items():
            dialect, _, option = name.partition("_")
            item.dialect_options[dialect][option] = value


def tell_before_creation(metadata: MetaData) -> None:
    """Let them have them when tables are made of their description here, rather than by a migration."""

    @event.listens_for(metadata, "before_create")
    def before_create(*_: object, **__: object) -> None:
        tell()
