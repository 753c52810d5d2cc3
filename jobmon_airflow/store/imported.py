"""Which rows of an original Jobmon's database are which of ours.

Whoever brings rows notes them in the same transaction, and looks here first: nothing comes twice, however often and
by how many processes it is brought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from jobmon_airflow.store import moves, sets
from jobmon_airflow.store.schema import NAME_LENGTH, imported, origin
from jobmon_airflow.store.words import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

_SPARSE: Final = 8  # ids of others for each one that is wanted


def origin_id(connection: Connection, name: str, at: datetime) -> int:
    """The origin of this name; there is one now."""
    name = _fitting(name)
    sets.insert(connection, origin, ("name",), [(name,)], constants={"created_date": at}, keep_existing=True)
    query = select(origin.c.id).where(origin.c.name == name)
    return int(connection.execute(query).scalar_one())


def lock(connection: Connection, origin_id: int) -> None:
    """Let nobody else bring anything from there until this transaction ends."""
    moves.lock(connection, origin, origin_id)


def ids(connection: Connection, origin_id: int, kind: str, original_ids: Collection[int]) -> dict[int, int]:
    """Our ids of those of an original's rows that were brought."""
    found: dict[int, int] = {}
    for part in sets.slices(sorted(original_ids)):
        first, last = part[0], part[-1]
        query = select(imported.c.original_id, imported.c.id).where(
            imported.c.origin_id == origin_id,
            imported.c.kind == kind,
            imported.c.original_id.between(first, last),
        )
        # Rows that come together mostly have ids in a row, and PostgreSQL reads a range faster than a list.
        if last - first > _SPARSE * len(part):
            query = query.where(sets.among(imported.c.original_id, part))
        wanted = set(part)
        found.update(row for row in sets.mapping(connection, query).items() if row[0] in wanted)
    return found


def all_ids(connection: Connection, origin_id: int, kind: str) -> dict[int, int]:
    """Our ids of all rows of a kind that were brought; for kinds of which there are thousands, not millions."""
    query = select(imported.c.original_id, imported.c.id).where(
        imported.c.origin_id == origin_id, imported.c.kind == kind
    )
    return sets.mapping(connection, query)


def note(connection: Connection, origin_id: int, kind: str, ids: Mapping[int, int]) -> None:
    """Note our ids of an original's rows; what is noted already stays."""
    constants = {"origin_id": origin_id, "kind": kind}
    sets.insert(
        connection, imported, ("original_id", "id"), ids.items(), constants=constants, keep_existing=True
    )


def counts(connection: Connection, origin_id: int) -> dict[str, int]:
    """How many rows of each kind were brought from there."""
    query = (
        select(imported.c.kind, func.count())
        .where(imported.c.origin_id == origin_id)
        .group_by(imported.c.kind)
    )
    return sets.mapping(connection, query)


def _fitting(name: str) -> str:
    """The name; of one that is too long, the end, and what tells it from others that end so."""
    return name if len(name) <= NAME_LENGTH else f"{digest(name)}…{name[33 - NAME_LENGTH :]}"
