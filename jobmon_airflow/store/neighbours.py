"""The tasks beside a task: those it waits for, and those that wait for it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import dags, sets
from jobmon_airflow.store.schema import edge, task, workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row, Select

_COLUMNS: Final = (task.c.id, task.c.name, task.c.array_id, task.c.node_id, task.c.status)


class Side(StrEnum):
    """Before a task, or behind it."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


def nodes_beside(connection: Connection, task_id: int, side: Side) -> list[int]:
    """The nodes on one side of a task in their order; joins are opened."""
    name = f"{side.value}_node_ids"
    query = (
        select(edge.c[name], edge.c.dag_id)
        .join(workflow, workflow.c.dag_id == edge.c.dag_id)
        .join(task, (task.c.workflow_id == workflow.c.id) & (task.c.node_id == edge.c.node_id))
        .where(task.c.id == task_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return []
    return sorted(dags.opened(connection, row.dag_id, row[0], name))


def at_nodes(connection: Connection, workflow_id: int, node_ids: Collection[int]) -> Sequence[Row[Any]]:
    """A workflow's tasks at some nodes, in the order of these."""
    query: Select[Any] = select(*_COLUMNS).where(
        task.c.workflow_id == workflow_id, sets.among(task.c.node_id, sorted(node_ids))
    )
    return connection.execute(query.order_by(task.c.node_id)).all()


def counts_at(connection: Connection, workflow_id: int, node_ids: Collection[int]) -> dict[TaskStatus, int]:
    """How many tasks at some nodes have each status."""
    query = (
        select(task.c.status, func.count())
        .where(task.c.workflow_id == workflow_id, sets.among(task.c.node_id, sorted(node_ids)))
        .group_by(task.c.status)
    )
    return {TaskStatus.of(letter): count for letter, count in connection.execute(query)}
