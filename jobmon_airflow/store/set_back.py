"""Letting tasks run again although they are done, and with them all that was made of their results."""

from __future__ import annotations

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


def task_alone(connection: Connection, workflow_id: int, task_id: int, at: datetime) -> set[int]:
    """Set back one task, and nothing that was made of its result; return it if it will run again.

    The caller holds the workflow, so that no run is going on.
    """
    return _set_back_tasks(connection, workflow_id, {task_id}, at)


def task_with_downstreams(connection: Connection, workflow_id: int, task_id: int, at: datetime) -> set[int]:
    """Set back a task and every task that depends on it; return those that will run again.

    The caller holds the workflow, so that no run is going on.
    """
    first = connection.execute(select(task.c.node_id).where(task.c.id == task_id)).scalars().all()
    return _set_back(connection, workflow_id, _with_downstreams(connection, workflow_id, first), at)


def mark_done(connection: Connection, workflow_id: int, task_id: int, at: datetime) -> bool:
    """Let a task count as done, and the workflow with it if it was the last; whether that changed anything.

    The caller holds the workflow, so that no run is going on.
    """
    if not tasks.order(connection, [task_id], TASK.orders["mark done"], at):
        return False
    _stop(connection, workflow_id, {task_id}, at)
    if not tasks.is_any_left(connection, workflow_id):
        workflows.order(connection, [workflow_id], WORKFLOW.orders["mark done"], at)
    return True


def _set_back(connection: Connection, workflow_id: int, nodes: set[int], at: datetime) -> set[int]:
    again: set[int] = set()
    for part in sets.slices(sorted(nodes)):
        at_nodes = (task.c.workflow_id == workflow_id, sets.among(task.c.node_id, part))
        again.update(connection.execute(select(task.c.id).where(*at_nodes)).scalars())
    return _set_back_tasks(connection, workflow_id, again, at)


def _set_back_tasks(connection: Connection, workflow_id: int, again: set[int], at: datetime) -> set[int]:
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
    return dags.with_downstreams(connection, dag_id, first)
