"""From a task to the one that it waited for last: what a workflow's length came from is found step by step.

Of many tasks before one, the last to be done is found in the order in which tasks changed, from where this one began
backwards: a task begins as soon as the last of those before it is done, unless a limit or a pause held it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import dags, sets
from jobmon_airflow.store.schema import edge, task, task_instance, task_status_audit, workflow_run

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

_FEW: Final = 5_000  # tasks that are looked at one by one
_PART: Final = 4_000  # changes that are read at a time
_PARTS: Final = 10
_ENDS: Final = (TaskStatus.DONE, TaskStatus.ERROR_FATAL)
_BEGINS: Final = (TaskStatus.QUEUED, TaskStatus.INSTANTIATING)
_audit: Final = task_status_audit.c


class Done(NamedTuple):
    """A task that has ended."""

    task_id: int
    node_id: int
    ended: datetime


def last_ended(connection: Connection, workflow_id: int) -> Done | None:
    """The task of a workflow that ended last, if one has ended."""
    change = (
        select(_audit.task_id)
        .where(_audit.workflow_id == workflow_id, _audit.new_status.in_(_ENDS))
        .order_by(_audit.id.desc())
        .limit(1)
    )
    number = connection.execute(change).scalar()
    query = select(task.c.id, task.c.node_id, task.c.status_date).where(
        task.c.id == number, task.c.status.in_(_ENDS)
    )
    row = connection.execute(query).first() if number is not None else None
    return Done(*row) if row else None


def begun(connection: Connection, workflow_id: int) -> datetime | None:
    """When a workflow's first run began."""
    query = select(func.min(workflow_run.c.created_date)).where(workflow_run.c.workflow_id == workflow_id)
    return connection.execute(query).scalar()


def before(connection: Connection, workflow_id: int, dag_id: int, it: Done) -> Done | None:
    """The task that this one waited for last; None if it waits for none, or if those have been set back."""
    nodes = _upstreams(connection, dag_id, it.node_id)
    if not nodes:
        return None
    if len(nodes) <= _FEW:
        return _latest(connection, workflow_id, nodes)
    return _latest_before(connection, workflow_id, nodes, it.task_id) or _latest(
        connection, workflow_id, nodes
    )


def tasks_on(connection: Connection, task_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Name, array and status of some tasks."""
    query = select(task.c.id, task.c.name, task.c.array_id, task.c.status, task.c.status_date)
    rows: Any = connection.execute(query.where(sets.among(task.c.id, sorted(task_ids))))
    return {row.id: row for row in rows}


def attempts_on(connection: Connection, task_ids: Collection[int]) -> dict[int, list[Row[Any]]]:
    """The attempts at some tasks, oldest first."""
    names = ("id", "task_id", "status", "wallclock", "submitted_date", "status_date", "nodename")
    its = task_instance.c
    query = select(*(its[name] for name in names)).where(sets.among(its.task_id, sorted(task_ids)))
    found: dict[int, list[Row[Any]]] = {number: [] for number in task_ids}
    for row in connection.execute(query.order_by(its.task_id, its.id)):
        found[row.task_id].append(row)
    return found


def _upstreams(connection: Connection, dag_id: int, node_id: int) -> set[int]:
    """The nodes before one; joins are opened."""
    query = select(edge.c.upstream_node_ids).where(edge.c.dag_id == dag_id, edge.c.node_id == node_id)
    listed = connection.execute(query).scalar() or "[]"
    return dags.opened(connection, dag_id, listed, edge.c.upstream_node_ids.name)


def _latest(connection: Connection, workflow_id: int, nodes: Collection[int]) -> Done | None:
    """The task at some nodes that was done last."""
    found: Done | None = None
    for part in sets.slices(sorted(nodes), 20_000):
        query = (
            select(task.c.id, task.c.node_id, task.c.status_date)
            .where(
                task.c.workflow_id == workflow_id,
                sets.among(task.c.node_id, part),
                task.c.status == TaskStatus.DONE,
            )
            .order_by(task.c.status_date.desc(), task.c.id.desc())
            .limit(1)
        )
        if (row := connection.execute(query).first()) and (found is None or row.status_date > found.ended):
            found = Done(*row)
    return found


def _latest_before(
    connection: Connection, workflow_id: int, nodes: Collection[int], task_id: int
) -> Done | None:
    """The same, among the changes that came shortly before a task began; None if it is not among them."""
    until = _begin_of(connection, task_id)
    for _ in range(_PARTS if until is not None else 0):
        rows = _done_before(connection, workflow_id, until)
        for _, number, node_id, at in rows:
            if node_id in nodes:
                return Done(number, node_id, at)
        if len(rows) < _PART:
            return None
        until = rows[-1][0]
    return None


def _done_before(connection: Connection, workflow_id: int, until: int | None) -> Sequence[Any]:
    query = (
        select(_audit.id, _audit.task_id, task.c.node_id, _audit.entered_at)
        .join(task, task.c.id == _audit.task_id)
        .where(_audit.workflow_id == workflow_id, _audit.id < until, _audit.new_status == TaskStatus.DONE)
        .order_by(_audit.id.desc())
        .limit(_PART)
    )
    return connection.execute(query).all()


def _begin_of(connection: Connection, task_id: int) -> int | None:
    """The change by which a task began, since it was last set back if somebody did that."""
    changes = select(_audit.id).where(_audit.task_id == task_id)
    set_back = connection.execute(
        select(func.max(_audit.id)).where(
            _audit.task_id == task_id,
            _audit.new_status == TaskStatus.REGISTERING,
            _audit.previous_status.in_(_ENDS),
        )
    ).scalar()
    query = changes.where(_audit.new_status.in_(_BEGINS), _audit.id > (set_back or 0))
    return connection.execute(query.order_by(_audit.id).limit(1)).scalar()
