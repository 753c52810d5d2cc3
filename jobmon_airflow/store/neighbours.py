"""The tasks beside a task: those it waits for, and those that wait for it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import dag_join, edge, task, workflow

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
    numbers: list[int] = json.loads(row[0])
    plain = {number for number in numbers if number > 0}
    joins = [-number for number in numbers if number < 0]
    query_joins = select(dag_join.c[name]).where(
        dag_join.c.dag_id == row.dag_id, sets.among(dag_join.c.number, joins)
    )
    opened = map(json.loads, connection.execute(query_joins).scalars()) if joins else ()
    return sorted(plain.union(*opened))


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
