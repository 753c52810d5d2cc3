"""Letting tasks run again although they are done, and with them all that was made of their results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from jobmon_airflow.states import TASK, WORKFLOW, TaskInstanceStatus
from jobmon_airflow.store import dags, sets, task_instances, tasks, workflows
from jobmon_airflow.store.schema import array, task, workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection


def templates(connection: Connection, workflow_id: int, names: Collection[str], at: datetime) -> set[int]:
    """Set back all tasks of these templates and every task that depends on one; return those that will run again.

    The caller holds the workflow, so that no run is going on.
    """
    query = (
        select(task.c.node_id)
        .join(array, array.c.id == task.c.array_id)
        .where(task.c.workflow_id == workflow_id, array.c.name.in_(names))
    )
    first = connection.execute(query).scalars().all()
    return _set_back(connection, workflow_id, _with_downstreams(connection, workflow_id, first), at)


def _set_back(connection: Connection, workflow_id: int, nodes: set[int], at: datetime) -> set[int]:
    ids = sets.mapping(connection, select(task.c.node_id, task.c.id).where(task.c.workflow_id == workflow_id))
    again = {ids[node] for node in nodes}
    moved = tasks.order(connection, again, TASK.orders["set back"], at, num_attempts=0)
    if moved:
        workflows.order(connection, [workflow_id], WORKFLOW.orders["set back"], at)
        _stop(connection, workflow_id, again, at)
    return moved


def _stop(connection: Connection, workflow_id: int, task_ids: set[int], at: datetime) -> None:
    """Let the next run end what an earlier one has left of them: it makes its results of what is made anew."""
    attempts = task_instances.open_of_workflow(connection, workflow_id)
    ids = [attempt.id for attempt in attempts if attempt.task_id in task_ids]
    task_instances.advance(connection, ids, TaskInstanceStatus.KILL_SELF, at)


def _with_downstreams(connection: Connection, workflow_id: int, first: Iterable[int]) -> set[int]:
    dag_id = connection.execute(select(workflow.c.dag_id).where(workflow.c.id == workflow_id)).scalar_one()
    behind = {node: downstreams for node, _, downstreams in dags.edges_of(connection, dag_id)}
    behind |= {-join: downstreams for join, _, downstreams in dags.joins_of(connection, dag_id)}
    found = set(first)
    pending = list(found)
    while pending:
        new = [number for number in json.loads(behind[pending.pop()]) if number not in found]
        found.update(new)
        pending += new
    return {number for number in found if number > 0}
