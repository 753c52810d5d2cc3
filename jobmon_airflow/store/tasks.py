"""Tasks: entering them, moving them from status to status, and asking about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, insert, select, update

from jobmon_airflow.states import TASK, TaskStatus
from jobmon_airflow.store import dags, moves, moves_by_minute, sets
from jobmon_airflow.store.schema import node, task, task_arg, task_status_audit, workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from jobmon_airflow.states import Order

# What a new definition may change of a task that is there.
MUTABLE: Final = (
    "name",
    "command",
    "max_attempts",
    "task_resources_id",
    "resource_scales",
    "fallback_queues",
    "compute_resources_callable",
)
# The order of ix_task_progress. By id alone, SQLite and MariaDB would walk through the tasks of all workflows.
_AS_INDEXED: Final = (task.c.status, task.c.id)
_STATUSES: Final = {status.value: status for status in TaskStatus}

# Every turn of every run executes these.
_COMMANDS: Final = select(task.c.id, task.c.name, task.c.command).where(sets.among_given(task.c.id))
_AUDIT: Final = insert(task_status_audit).from_select(
    ["task_id", "workflow_id", "previous_status", "new_status", "entered_at"],
    select(
        task.c.id,
        task.c.workflow_id,
        task.c.status,
        bindparam("target", type_=task_status_audit.c.new_status.type),
        bindparam("moment", type_=task_status_audit.c.entered_at.type),
    ).where(sets.among_given(task.c.id)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A task's status as it was changed."""

    id: int  #: of the change; later ones have larger ids
    task_id: int
    previous: TaskStatus
    new: TaskStatus
    at: datetime


# --- entering -----------------------------------------------------------------------------------------------


def enter(
    connection: Connection, workflow_id: int, array_id: int, rows: Iterable[tuple[Any, ...]], at: datetime
) -> None:
    """Enter an array's tasks, each given as node id, hash of task args and the `MUTABLE` columns."""
    sets.insert(
        connection,
        task,
        ("node_id", "task_args_hash", *MUTABLE),
        rows,
        constants={
            "workflow_id": workflow_id,
            "array_id": array_id,
            "status": TaskStatus.REGISTERING,
            "status_date": at,
            "num_attempts": 0,
        },
    )


def enter_args(connection: Connection, rows: Iterable[tuple[int, int, str]]) -> None:
    """Enter task args: task id, arg id, value."""
    sets.insert(connection, task_arg, ("task_id", "arg_id", "val"), rows)


def of_array(connection: Connection, workflow_id: int, array_id: int) -> Iterator[Row[tuple[int, int]]]:
    """The array's tasks as id and node id; those of a status in the order in which they were entered."""
    query = (
        select(task.c.id, task.c.node_id)
        .where(task.c.workflow_id == workflow_id, task.c.array_id == array_id)
        .order_by(*_AS_INDEXED)
    )
    return sets.stream(connection, query)


def of_array_with_hashes(
    connection: Connection, workflow_id: int, array_id: int
) -> Iterator[Row[tuple[int, int, str, str]]]:
    """The array's tasks as id, node id, status and hash of their node args."""
    query = (
        select(task.c.id, task.c.node_id, task.c.status, node.c.node_args_hash)
        .join(node, node.c.id == task.c.node_id)
        .where(task.c.workflow_id == workflow_id, task.c.array_id == array_id)
        .order_by(*_AS_INDEXED)
    )
    return sets.stream(connection, query)


def definitions(connection: Connection, workflow_id: int, array_id: int) -> Iterator[Row[Any]]:
    """Id and `MUTABLE` columns of the array's tasks that are not done."""
    query = select(task.c.id, *(task.c[name] for name in MUTABLE)).where(
        task.c.workflow_id == workflow_id, task.c.array_id == array_id, task.c.status != TaskStatus.DONE
    )
    return sets.stream(connection, query)


def redefine(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Give tasks other `MUTABLE` columns; each row begins with the task's id."""
    sets.update(connection, task, "id", MUTABLE, rows)


# --- moving -------------------------------------------------------------------------------------------------


def advance(
    connection: Connection, ids: Iterable[int], target: TaskStatus, at: datetime, **values: Any
) -> set[int]:
    """Move tasks to ``target``, with other values if any; return those that went.

    Those that may not go there stay as they are.
    """
    return _move(connection, ids, TASK.sources_of(target), target, at, **values)


def order(
    connection: Connection, ids: Iterable[int], order: Order[TaskStatus], at: datetime, **values: Any
) -> set[int]:
    """Move tasks as a person or a resume orders it, with other values if any; return those that went."""
    return _move(connection, ids, order.sources, order.target, at, **values)


def begin_again(connection: Connection, workflow_id: int, how: Order[TaskStatus], at: datetime) -> set[int]:
    """Let a workflow's tasks begin again as a resume or a person orders it, with all their attempts.

    Return those that went.
    """
    mine = task.c.workflow_id == workflow_id
    waiting = select(task.c.id).where(mine, task.c.status.in_(sorted(how.sources)))
    moved = order(connection, connection.execute(waiting).scalars().all(), how, at, num_attempts=0)
    # A run that was stopped sent its tasks back, and left their attempts counted.
    connection.execute(
        update(task)
        .where(mine, task.c.status == TaskStatus.REGISTERING, task.c.num_attempts > 0)
        .values(num_attempts=0)
    )
    return moved


def request(connection: Connection, requests: Iterable[tuple[int, int]]) -> None:
    """Let tasks ask for other resources: task id and task_resources id."""
    sets.update(connection, task, "id", ("task_resources_id",), requests)


def _move(
    connection: Connection,
    ids: Iterable[int],
    sources: Collection[TaskStatus],
    target: TaskStatus,
    at: datetime,
    **values: Any,
) -> set[int]:
    moved: set[int] = set()
    for going in moves.movable(connection, task, ids, sources):
        _audit(connection, going, target, at)
        moves.put(connection, task, going, target, at, **values)
        moved.update(going)
    return moved


def _audit(connection: Connection, ids: list[int], target: TaskStatus, at: datetime) -> None:
    connection.execute(_AUDIT, {"target": target, "moment": at, **sets.given(ids)})
    moves_by_minute.add(connection, ids, target, at)


def lock(connection: Connection, task_id: int) -> bool:
    """Let nobody else change the task until this transaction ends; False if there is no such task."""
    return moves.lock(connection, task, task_id)


# --- running ----------------------------------------------------------------------------------------------


def to_run(connection: Connection, workflow_id: int) -> Iterator[Row[Any]]:
    """All tasks of a workflow with what a run must know of them, array by array."""
    columns = ("id", "node_id", "array_id", "status", "max_attempts", "num_attempts", "task_resources_id")
    words = ("resource_scales", "fallback_queues", "compute_resources_callable")
    query = (
        select(*(task.c[name] for name in (*columns, *words)))
        .where(task.c.workflow_id == workflow_id)
        .order_by(task.c.array_id, *_AS_INDEXED)
    )
    return sets.stream(connection, query)


def commands(connection: Connection, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name and command of tasks."""
    found: dict[int, tuple[str, str]] = {}
    for part in sets.slices(ids):
        rows = connection.execute(_COMMANDS, sets.given(part)).all()
        found.update((number, (name, command)) for number, name, command in rows)
    return found


def running(connection: Connection, workflow_id: int) -> set[int]:
    """The tasks of a workflow that seem to be on a cluster."""
    on_cluster = [TaskStatus.LAUNCHED, TaskStatus.RUNNING]
    query = select(task.c.id).where(task.c.workflow_id == workflow_id, task.c.status.in_(on_cluster))
    return set(connection.execute(query).scalars())


def statuses(connection: Connection, workflow_id: int) -> dict[int, str]:
    """The status of each task of a workflow."""
    query = select(task.c.id, task.c.status).where(task.c.workflow_id == workflow_id)
    return sets.mapping(connection, query)


# --- asking -------------------------------------------------------------------------------------------------


def page(
    connection: Connection,
    workflow_id: int,
    *,
    array_ids: Collection[int] = (),
    statuses: Collection[TaskStatus] = (),
    after: int = 0,
    limit: int = 100,
) -> list[Row[Any]]:
    """The next tasks of a workflow behind the id ``after``, of these arrays and statuses if any are named."""
    query = select(task).where(task.c.workflow_id == workflow_id, task.c.id > after)
    if array_ids:
        query = query.where(sets.among(task.c.array_id, array_ids))
    if statuses:
        query = query.where(task.c.status.in_(statuses))
    return list(connection.execute(query.order_by(task.c.id).limit(limit)))


def row(connection: Connection, task_id: int) -> Row[Any] | None:
    """The task, if there is one of this id."""
    return connection.execute(select(task).where(task.c.id == task_id)).first()


def nodes_of(connection: Connection, workflow_id: int, ids: Collection[int]) -> dict[int, int]:
    """The nodes of tasks, by their ids; nothing for those that the workflow does not have."""
    found: dict[int, int] = {}
    for part in sets.slices(sorted(ids)):
        mine = (task.c.workflow_id == workflow_id, sets.among(task.c.id, part))
        found |= sets.mapping(connection, select(task.c.id, task.c.node_id).where(*mine))
    return found


def not_done(connection: Connection, ids: Collection[int]) -> list[Row[Any]]:
    """Those of the tasks that are not done, what has failed first."""
    query = select(task.c.id, task.c.name, task.c.status).where(
        sets.among(task.c.id, sorted(ids)), task.c.status != TaskStatus.DONE
    )
    found: list[Row[Any]] = list(connection.execute(query.order_by(task.c.id)))
    return sorted(found, key=lambda it: it.status != TaskStatus.ERROR_FATAL)


def is_any_left(connection: Connection, workflow_id: int) -> bool:
    """Whether a task of the workflow is not done."""
    open_statuses = [status for status in TaskStatus if status is not TaskStatus.DONE]
    query = select(task.c.id).where(task.c.workflow_id == workflow_id, task.c.status.in_(open_statuses))
    return connection.execute(query.limit(1)).first() is not None


def dependencies(connection: Connection, task_id: int) -> tuple[set[int], set[int]]:
    """The ids of a task's upstream and downstream tasks."""
    query = (
        select(task.c.workflow_id, task.c.node_id, workflow.c.dag_id)
        .join(workflow, workflow.c.id == task.c.workflow_id)
        .where(task.c.id == task_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return set(), set()
    workflow_id, node_id, dag_id = row
    upstreams, downstreams = dags.neighbours(connection, dag_id, [node_id])[node_id]
    ids = _at_nodes(connection, workflow_id, upstreams | downstreams)
    return {ids[number] for number in upstreams}, {ids[number] for number in downstreams}


def changes(connection: Connection, workflow_id: int, after: int = 0, limit: int = 10_000) -> list[Change]:
    """What happened to a workflow's tasks behind the change ``after``, oldest first."""
    audit = task_status_audit
    query = select(audit).where(audit.c.workflow_id == workflow_id, audit.c.id > after)
    return _changes(connection, query.order_by(audit.c.id).limit(limit))


def story(connection: Connection, task_id: int, latest: int | None = None) -> list[Change]:
    """All that happened to a task, or the latest of it, oldest first."""
    audit = task_status_audit
    query = select(audit).where(audit.c.task_id == task_id).order_by(audit.c.id.desc()).limit(latest)
    return _changes(connection, query)[::-1]


def _at_nodes(connection: Connection, workflow_id: int, node_ids: Collection[int]) -> dict[int, int]:
    query = select(task.c.node_id, task.c.id).where(
        task.c.workflow_id == workflow_id, sets.among(task.c.node_id, node_ids)
    )
    return sets.mapping(connection, query)


def _changes(connection: Connection, query: Any) -> list[Change]:
    return [
        Change(
            id=row.id,
            task_id=row.task_id,
            previous=_STATUSES[row.previous_status],
            new=_STATUSES[row.new_status],
            at=row.entered_at,
        )
        for row in connection.execute(query)
    ]
