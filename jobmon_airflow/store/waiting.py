"""What tasks wait for: for tasks before them, for room below a limit, or for the cluster that has taken them.

Only the cluster knows the last, so whoever runs a workflow writes down what it says; the rest is seen in the tasks.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, select

from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import dags, sets, workflows
from jobmon_airflow.store.schema import (
    NAME_LENGTH,
    edge,
    task,
    task_status_audit,
    waiting_reason,
    waiting_tasks,
    workflow,
    workflow_run,
)
from jobmon_airflow.store.texts import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

_NOT_BEGUN: Final = TaskStatus.REGISTERING
_READY: Final = (TaskStatus.QUEUED, TaskStatus.ERROR_RECOVERABLE, TaskStatus.ADJUSTING_RESOURCES)
_WITH_CLUSTER: Final = (TaskStatus.INSTANTIATING, TaskStatus.LAUNCHED)
_ACTIVE: Final = (*_WITH_CLUSTER, TaskStatus.RUNNING)
_COLUMNS: Final = ("array_id", "reason", "tasks")


@dataclass(frozen=True, slots=True)
class Reason:
    """What a cluster says of so many tasks that have not begun."""

    reason: str  #: its own word
    count: int
    since: datetime
    said: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The tasks of an array that wait, by what they wait for."""

    array_id: int
    template: str
    limit: int  #: how many of them may run at a time; 0 is a pause
    active: int  #: how many of them a cluster has
    running: int
    for_upstreams: int = 0  #: tasks before them are not done
    for_failed: int = 0  #: of these, those that never begin unless what has failed before them is mended
    for_room: int = 0  #: they could run, if a limit allowed it
    with_cluster: int = 0  #: it has them, and has not begun
    reasons: Sequence[Reason] = field(default_factory=tuple)

    @property
    def is_paused(self) -> bool:
        """Whether somebody lets none of them begin."""
        return self.limit <= 0

    @property
    def is_at_its_limit(self) -> bool:
        """Whether as many run as may."""
        return self.limit < UNLIMITED and self.active >= self.limit


# --- writing ------------------------------------------------------------------------------------------------


def replace(
    connection: Connection,
    workflow_run_id: int,
    reasons: Mapping[tuple[int, str], int],
    at: datetime | None = None,
) -> None:
    """Note why so many tasks of each array wait, in place of what was known of the run; no reasons forget all of it.

    Since when a reason holds is kept, as long as it does.
    """
    at = at or datetime.now(UTC)
    wanted: dict[tuple[int, str], int] = {}
    for (array_id, reason), count in reasons.items():
        if count > 0:
            key = (array_id, storable(reason)[:NAME_LENGTH])
            wanted[key] = wanted.get(key, 0) + count
    known = {(row.array_id, row.reason): row.since_date for row in _rows(connection, workflow_run_id)}
    connection.execute(delete(waiting_reason).where(waiting_reason.c.workflow_run_id == workflow_run_id))
    for since in sorted({known.get(key, at) for key in wanted}):
        rows = [(*key, count) for key, count in sorted(wanted.items()) if known.get(key, at) == since]
        constants = {"workflow_run_id": workflow_run_id, "since_date": since, "status_date": at}
        sets.insert(connection, waiting_reason, _COLUMNS, rows, constants=constants)


def note(
    connection: Connection, workflow_run_id: int, waiting: Mapping[int, tuple[int, int]], at: datetime
) -> None:
    """Note of each array how many of a run's tasks wait for room alone, and how many for what has failed for good."""
    rows = [(array_id, *counts) for array_id, counts in sorted(waiting.items())]
    constants = {"workflow_run_id": workflow_run_id, "status_date": at}
    columns = ("array_id", "for_room", "for_failed")
    sets.replace(connection, waiting_tasks, columns, rows, constants=constants)


# --- reading ------------------------------------------------------------------------------------------------


def reasons(connection: Connection, workflow_run_id: int) -> dict[int, list[Reason]]:
    """Why tasks of a run wait, by array: what most wait for comes first."""
    found: dict[int, list[Reason]] = {}
    for row in _rows(connection, workflow_run_id):
        reason = Reason(row.reason, row.tasks, row.since_date, row.status_date)
        found.setdefault(row.array_id, []).append(reason)
    return {array: sorted(each, key=lambda it: (-it.count, it.reason)) for array, each in found.items()}


def of_workflow(
    connection: Connection,
    workflow_id: int,
    workflow_run_id: int | None,
    counts: Mapping[tuple[int, int], Mapping[str, int]] | None = None,
) -> list[Waiting]:
    """What the tasks of each array wait for, in the order of the arrays; the run is the one that may be alive."""
    _, limits = workflows.limits(connection, workflow_id)
    if counts is None:
        counts = workflows.counts_by_status(connection, [workflow_id])
    said = reasons(connection, workflow_run_id) if workflow_run_id is not None else {}
    ready, blocked = (
        _noted(connection, workflow_id)
        or _at_first(connection, workflow_id, counts)
        or _ready_and_blocked(connection, workflow_id)
    )
    found = []
    for array_id, name in workflows.array_names(connection, workflow_id).items():
        count = counts.get((workflow_id, array_id), {})
        not_begun = count.get(_NOT_BEGUN, 0)
        # The note may be some seconds older than the tasks.
        stuck = min(blocked[array_id], not_begun)
        room = min(ready[array_id], not_begun - stuck)
        found.append(
            Waiting(
                array_id=array_id,
                template=name,
                limit=limits[array_id],
                active=sum(count.get(status, 0) for status in _ACTIVE),
                running=count.get(TaskStatus.RUNNING, 0),
                for_upstreams=not_begun - room,
                for_failed=stuck,
                for_room=room + sum(count.get(status, 0) for status in _READY),
                with_cluster=sum(count.get(status, 0) for status in _WITH_CLUSTER),
                reasons=said.get(array_id, []),
            )
        )
    return found


def blocked(connection: Connection, workflow_id: int) -> Counter[int]:
    """How many tasks of each array never begin because of what has failed before them, if its last run noted that."""
    noted = _noted(connection, workflow_id)
    return Counter() if noted is None else noted[1]


def _rows(connection: Connection, workflow_run_id: int) -> Sequence[Row[Any]]:
    query = select(waiting_reason).where(waiting_reason.c.workflow_run_id == workflow_run_id)
    return connection.execute(query).all()


def _noted(connection: Connection, workflow_id: int) -> tuple[Counter[int], Counter[int]] | None:
    """The same as its last run has noted it; None if it did not, or if tasks were moved since the run was over."""
    runs = select(workflow_run.c.id, workflow_run.c.status).where(workflow_run.c.workflow_id == workflow_id)
    run = connection.execute(runs.order_by(workflow_run.c.id.desc()).limit(1)).first()
    if run is None:
        return None
    rows = connection.execute(select(waiting_tasks).where(waiting_tasks.c.workflow_run_id == run.id)).all()
    if not rows:
        return None
    if (
        WorkflowRunStatus.of(run.status).is_final
        and _last_change(connection, workflow_id) > rows[0].status_date
    ):
        return None
    return (
        Counter({row.array_id: row.for_room for row in rows}),
        Counter({row.array_id: row.for_failed for row in rows}),
    )


def _at_first(
    connection: Connection, workflow_id: int, counts: Mapping[tuple[int, int], Mapping[str, int]]
) -> tuple[Counter[int], Counter[int]] | None:
    """The same of a workflow of which nothing has begun: what waits for nobody is ready. None of another one."""
    if any(status != _NOT_BEGUN for by_status in counts.values() for status in by_status):
        return None
    roots = (
        select(task.c.array_id, func.count())
        .join_from(workflow, edge, edge.c.dag_id == workflow.c.dag_id)
        .join(task, and_(task.c.node_id == edge.c.node_id, task.c.workflow_id == workflow.c.id))
        .where(workflow.c.id == workflow_id, edge.c.upstream_node_ids == "[]")
        .group_by(task.c.array_id)
    )
    return Counter(sets.mapping(connection, roots)), Counter()


def _last_change(connection: Connection, workflow_id: int) -> datetime:
    """When one of its tasks was moved last."""
    audit = task_status_audit.c
    query = (
        select(audit.entered_at).where(audit.workflow_id == workflow_id).order_by(audit.id.desc()).limit(1)
    )
    return connection.execute(query).scalar() or datetime.min.replace(tzinfo=UTC)


def _ready_and_blocked(connection: Connection, workflow_id: int) -> tuple[Counter[int], Counter[int]]:
    """Of the tasks that have not begun, by array: those that wait for nobody, and those below what failed."""
    query = select(task.c.node_id, task.c.array_id, task.c.status).where(task.c.workflow_id == workflow_id)
    waiting: dict[int, int] = {}
    done, failed = set(), []
    for node_id, array_id, status in sets.stream(connection, query):
        if status == _NOT_BEGUN:
            waiting[node_id] = array_id
        elif status == TaskStatus.DONE:
            done.add(node_id)
        elif status == TaskStatus.ERROR_FATAL:
            failed.append(node_id)
    if not waiting:
        return Counter(), Counter()
    dag_id = connection.execute(select(workflow.c.dag_id).where(workflow.c.id == workflow_id)).scalar_one()
    upstreams, downstreams = _graph(connection, dag_id)
    is_done = {
        number: done.issuperset(each)
        for number, each in upstreams.items()
        if number < 0  # of a join
    }
    ready = (
        node_id
        for node_id in waiting
        if all(is_done[each] if each < 0 else each in done for each in upstreams.get(node_id, ()))
    )
    below = _below(failed, downstreams)
    return (
        Counter(waiting[node_id] for node_id in ready),
        Counter(array_id for node_id, array_id in waiting.items() if node_id in below),
    )


def _graph(connection: Connection, dag_id: int) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Who waits for whom, and the other way round; joins have numbers below zero."""
    upstreams, downstreams = {}, {}
    for number, before, after in dags.edges_of(connection, dag_id):
        upstreams[number], downstreams[number] = json.loads(before), json.loads(after)
    for number, before, after in dags.joins_of(connection, dag_id):
        upstreams[-number], downstreams[-number] = json.loads(before), json.loads(after)
    return upstreams, downstreams


def _below(nodes: Iterable[int], downstreams: Mapping[int, Iterable[int]]) -> set[int]:
    """All that waits for these nodes, or for what waits for them."""
    found: set[int] = set()
    left = list(nodes)
    while left:
        following = set(downstreams.get(left.pop(), ())) - found
        found |= following
        left.extend(following)
    return found
