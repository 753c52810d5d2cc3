"""The kinds of errors: words that all attempts share which failed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.store.schema import NAME_LENGTH, error_kind
from jobmon_airflow.store.texts import storable
from jobmon_airflow.store.words import ids_of_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


def ids_of(connection: Connection, kinds: Collection[str]) -> dict[str | None, int]:
    """The ids of kinds by their words; those that were not there are there now."""
    if not kinds:
        return {}
    names = {kind: _name(kind) for kind in kinds}
    ids = ids_of_names(connection, error_kind, set(names.values()))
    return {kind: ids[name] for kind, name in names.items()}


def _name(kind: str) -> str:
    """The words as the table takes them; MariaDB tells no two names apart by the spaces at their ends."""
    return storable(kind)[:NAME_LENGTH].rstrip()
