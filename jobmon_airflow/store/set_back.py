"""Letting tasks run again although they are done, and with them all that was made of their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from jobmon_airflow.states import TASK, WORKFLOW, TaskInstanceStatus
from jobmon_airflow.store import dags, sets, task_instances, tasks, workflows
from jobmon_airflow.store.schema import array, task, workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from collections.abc import Set as AbstractSet
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
    again = _at_nodes(connection, workflow_id, _with_downstreams(connection, workflow_id, first))
    return tasks_alone(connection, workflow_id, again, at)


def tasks_alone(
    connection: Connection, workflow_id: int, task_ids: Collection[int], at: datetime
) -> set[int]:
    """Set back some tasks, and nothing that was made of their results; return those that will run again.

    The caller holds the workflow, so that no run is going on.
    """
    moved = tasks.order(connection, task_ids, TASK.orders["set back"], at, num_attempts=0)
    if moved:
        workflows.order(connection, [workflow_id], WORKFLOW.orders["set back"], at)
        _stop(connection, workflow_id, frozenset(task_ids), at)
    return moved


def everything(connection: Connection, workflow_id: int, at: datetime, *, but_done: bool) -> set[int]:
    """Set back all tasks of a workflow, or all that are not done, with all their attempts; return those that moved.

    The caller holds the workflow, so that no run is going on.
    """
    how = TASK.orders["cold resume" if but_done else "set back"]
    moved = tasks.begin_again(connection, workflow_id, how, at)
    if moved:
        workflows.order(connection, [workflow_id], WORKFLOW.orders["set back"], at)
    _stop(connection, workflow_id, None, at)
    return moved


def mark_done(connection: Connection, workflow_id: int, task_ids: Collection[int], at: datetime) -> set[int]:
    """Let tasks count as done, and the workflow with them if they were the last; return those that were not.

    The caller holds the workflow, so that no run is going on.
    """
    moved = tasks.order(connection, task_ids, TASK.orders["mark done"], at)
    if moved:
        _stop(connection, workflow_id, moved, at)
        if not tasks.is_any_left(connection, workflow_id):
            workflows.order(connection, [workflow_id], WORKFLOW.orders["mark done"], at)
    return moved


def with_downstreams(connection: Connection, workflow_id: int, task_ids: Collection[int]) -> set[int]:
    """Some tasks of a workflow, and every task that depends on one of them."""
    first = tasks.nodes_of(connection, workflow_id, task_ids).values()
    return _at_nodes(connection, workflow_id, _with_downstreams(connection, workflow_id, first))


def with_upstreams(connection: Connection, workflow_id: int, task_ids: Collection[int]) -> set[int]:
    """Some tasks of a workflow, and every task that one of them depends on."""
    first = tasks.nodes_of(connection, workflow_id, task_ids).values()
    nodes = dags.with_upstreams(connection, _graph(connection, workflow_id), first)
    return _at_nodes(connection, workflow_id, nodes)


def _at_nodes(connection: Connection, workflow_id: int, nodes: set[int]) -> set[int]:
    found: set[int] = set()
    for part in sets.slices(sorted(nodes)):
        at_nodes = (task.c.workflow_id == workflow_id, sets.among(task.c.node_id, part))
        found.update(connection.execute(select(task.c.id).where(*at_nodes)).scalars())
    return found


def _stop(connection: Connection, workflow_id: int, task_ids: AbstractSet[int] | None, at: datetime) -> None:
    """Let the next run end what an earlier one has left of tasks, or of all: it is made of what is made anew."""
    attempts = task_instances.open_of_workflow(connection, workflow_id)
    ids = [attempt.id for attempt in attempts if task_ids is None or attempt.task_id in task_ids]
    task_instances.advance(connection, ids, TaskInstanceStatus.KILL_SELF, at)


def _with_downstreams(connection: Connection, workflow_id: int, first: Iterable[int]) -> set[int]:
    return dags.with_downstreams(connection, _graph(connection, workflow_id), first)


def _graph(connection: Connection, workflow_id: int) -> int:
    dag_id: int = connection.execute(
        select(workflow.c.dag_id).where(workflow.c.id == workflow_id)
    ).scalar_one()
    return dag_id
