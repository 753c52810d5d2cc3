"""Families: the workflows of a tool that share a name. In Airflow each of them is a DAG.

What a family looks like is what its newest workflow looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from jobmon_airflow.store import dags, sets
from jobmon_airflow.store.schema import array, tool, tool_version, workflow

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Family(NamedTuple):
    """A family, and its newest workflow."""

    tool: str
    name: str  #: empty for workflows that nobody named
    workflow_id: int
    dag_id: int  #: of that workflow's graph


def all_of_them(connection: Connection, *, after: int = 0) -> list[Family]:
    """All families; or those with workflows whose ids come after one, which costs as little as these are few."""
    newest = (
        select(func.max(workflow.c.id).label("id"))
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .where(workflow.c.created_date.is_not(None), workflow.c.id > after)
        .group_by(tool_version.c.tool_id, workflow.c.name)
        .subquery()
    )
    query = (
        select(tool.c.name, workflow.c.name, workflow.c.id, workflow.c.dag_id)
        .join(newest, newest.c.id == workflow.c.id)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .order_by(workflow.c.id)
    )
    return [Family(*row) for row in connection.execute(query)]


def newest(connection: Connection, tool_name: str, name: str) -> int | None:
    """The newest workflow of a family, if there is any."""
    query = (
        select(workflow.c.id)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(tool.c.name == tool_name, workflow.c.name == name, workflow.c.created_date.is_not(None))
        .order_by(workflow.c.id.desc())
    )
    return connection.execute(query.limit(1)).scalar()


def shape(connection: Connection, workflow_id: int, dag_id: int) -> tuple[list[str], set[tuple[str, str]]]:
    """A workflow's templates by name, oldest first, and which of them wait for which: the same for one graph."""
    query = select(array.c.task_template_version_id, array.c.name).where(array.c.workflow_id == workflow_id)
    names = sets.mapping(connection, query.order_by(array.c.task_template_version_id))
    edges = dags.template_edges(connection, dag_id)
    return list(dict.fromkeys(names.values())), {(names[first], names[second]) for first, second in edges}
