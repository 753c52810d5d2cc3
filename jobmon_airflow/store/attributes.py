"""Free facts about workflows and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from jobmon_airflow.store import schema, sets
from jobmon_airflow.store.words import ids_of_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

Facts = dict[str, str | None]

_TABLES: Final = {
    "workflow": (schema.workflow_attribute_type, schema.workflow_attribute),
    "task": (schema.task_attribute_type, schema.task_attribute),
}


def write(connection: Connection, of: str, facts: Mapping[int, Facts]) -> None:
    """Note facts about workflows or tasks (``of``), by their ids; earlier ones of the same names go."""
    kinds, values = _TABLES[of]
    ids = ids_of_names(connection, kinds, {name for noted in facts.values() for name in noted})
    rows = (
        (owner_id, ids[name], value) for owner_id, noted in facts.items() for name, value in noted.items()
    )
    sets.replace(connection, values, (f"{of}_id", f"{of}_attribute_type_id", "value"), rows)


def read(connection: Connection, of: str, owner_id: int) -> Facts:
    """The facts about one workflow or task."""
    kinds, values = _TABLES[of]
    query = (
        select(kinds.c.name, values.c.value)
        .join(kinds, kinds.c.id == values.c[f"{of}_attribute_type_id"])
        .where(values.c[f"{of}_id"] == owner_id)
        .order_by(kinds.c.name)
    )
    return sets.mapping(connection, query)
