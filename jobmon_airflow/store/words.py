"""Rows that are found by what they say: written once, shared by everybody, never changed."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import HASH_LENGTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection, Table

HASH_BYTES: Final = HASH_LENGTH // 2


def ids_of_names(connection: Connection, table: Table, names: Collection[str]) -> dict[str, int]:
    """The ids of all names in a table of names; those that were not there are there now."""
    found = _ids(connection, table, names)
    if missing := sorted(set(names) - found.keys()):
        sets.insert(connection, table, ("name",), [(name,) for name in missing], keep_existing=True)
        found |= _ids(connection, table, missing)
    return found


def digest(*parts: str) -> str:
    """The hash of some texts. None of them holds a NUL, so that they cannot run into each other."""
    return blake2b("\0".join(parts).encode(), digest_size=HASH_BYTES).hexdigest()


def _ids(connection: Connection, table: Table, names: Iterable[str]) -> dict[str, int]:
    query = select(table.c.name, table.c.id).where(sets.among(table.c.name, list(names)))
    return sets.mapping(connection, query)
