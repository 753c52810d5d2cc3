"""Tools and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from jobmon_airflow.store import moves
from jobmon_airflow.store.schema import tool, tool_version
from jobmon_airflow.store.words import ids_of_names

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def tool_id(connection: Connection, name: str) -> int:
    """The tool of this name; there is one now."""
    return ids_of_names(connection, tool, [name])[name]


def version_ids(connection: Connection, tool_id: int) -> list[int]:
    """The tool's versions, oldest first; those of which nobody knows when they were made came from elsewhere."""
    oldest_first = (tool_version.c.created_date.is_not(None), tool_version.c.id)
    query = select(tool_version.c.id).where(tool_version.c.tool_id == tool_id).order_by(*oldest_first)
    return list(connection.execute(query).scalars())


def add_version(connection: Connection, tool_id: int, at: datetime) -> int:
    """A new version."""
    result = connection.execute(insert(tool_version).values(tool_id=tool_id, created_date=at))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def latest_version(connection: Connection, tool_id: int, at: datetime) -> int:
    """The latest version; the first, if there was none."""
    # Two processes that meet a tool for the first time agree on one first version: the second waits here.
    moves.lock(connection, tool, tool_id)
    found = version_ids(connection, tool_id)
    return found[-1] if found else add_version(connection, tool_id, at)
