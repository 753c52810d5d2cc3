"""Entering what happened elsewhere: runs, tasks and attempts with the statuses and moments that they had there.

Nothing here is a move: what is entered is over, or has not begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, func, insert, literal_column, select, update

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets, totals, usage_by_hour
from jobmon_airflow.store.database import dialect_name
from jobmon_airflow.store.schema import (
    action_log,
    array,
    moves_by_minute,
    node,
    task,
    task_arg,
    task_instance,
    task_instance_error_log,
    task_status_audit,
    tool_version,
    workflow,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from jobmon_airflow.store.workflows import Identity

TASK: Final = (
    "workflow_id",
    "node_id",
    "array_id",
    "task_args_hash",
    "name",
    "command",
    "task_resources_id",
    "num_attempts",
    "max_attempts",
    "resource_scales",
    "fallback_queues",
    "status",
    "status_date",
)
# What may be another when a task is looked at again.
_STANDING: Final = TASK[4:]
ATTEMPT: Final = (
    "workflow_run_id",
    "array_id",
    "task_id",
    "distributor_id",
    "task_resources_id",
    "array_batch_num",
    "array_step_id",
    "nodename",
    "process_group_id",
    "usage_str",
    "wallclock",
    "maxrss",
    "maxpss",
    "cpu",
    "io",
    "stdout",
    "stderr",
    "stdout_log",
    "stderr_log",
    "verdict",
    "evidence",
    "error_kind_id",
    "status",
    "submitted_date",
    "status_date",
    "report_by_date",
)


# --- tools ----------------------------------------------------------------------------------------------------


def add_tool_version(connection: Connection, tool_id: int) -> int:
    """A version of a tool that is older than all that were made here: nobody knows when it was made."""
    result = connection.execute(insert(tool_version).values(tool_id=tool_id))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def versions_made_here(connection: Connection, tool_id: int) -> list[int]:
    """The versions of a tool that did not come from elsewhere, oldest first."""
    query = select(tool_version.c.id).where(
        tool_version.c.tool_id == tool_id, tool_version.c.created_date.is_not(None)
    )
    return list(connection.execute(query.order_by(tool_version.c.id)).scalars())


# --- workflows and runs ---------------------------------------------------------------------------------------


def incomplete(connection: Connection, workflow_ids: Collection[int]) -> set[int]:
    """Those of the workflows that are not there as a whole."""
    found: set[int] = set()
    for part in sets.slices(workflow_ids):
        query = select(workflow.c.id).where(
            sets.among(workflow.c.id, part), workflow.c.created_date.is_(None)
        )
        found.update(connection.execute(query).scalars())
    return found


def reopen(connection: Connection, hashes: Mapping[int, str]) -> None:
    """Let workflows not be there as a whole, until more of them has come; each gets a hash that no script computes."""
    for workflow_id, task_hash in hashes.items():
        connection.execute(
            update(workflow)
            .where(workflow.c.id == workflow_id, workflow.c.created_date.is_not(None))
            .values(task_hash=task_hash, created_date=None)
        )


def complete(
    connection: Connection,
    workflow_id: int,
    task_hash: str,
    *,
    status: str,
    created_date: datetime,
    status_date: datetime,
) -> None:
    """Let a workflow be there, as the one that it is, and stand as it stood; one that is there stays as it is."""
    connection.execute(
        update(workflow)
        .where(workflow.c.id == workflow_id, workflow.c.created_date.is_(None))
        .values(task_hash=task_hash, status=status, created_date=created_date, status_date=status_date)
    )


class Change(NamedTuple):
    """A task went from one status to another."""

    task_id: int
    before: TaskStatus
    after: TaskStatus
    at: datetime


def tell_changes(connection: Connection, workflow_id: int, known: Collection[Change] = ()) -> None:
    """Say how the tasks of a workflow came to stand as they do, in place of what was said of it before.

    Where nothing is ``known`` of a task but when it ended, it came there at once; and so did one that stands otherwise
    than the last that is known of it. Changes are told in the order of their moments.
    """
    its, moves = task_status_audit, moves_by_minute
    arrays = select(array.c.id).where(array.c.workflow_id == workflow_id)
    connection.execute(delete(its).where(its.c.workflow_id == workflow_id))
    connection.execute(delete(moves).where(moves.c.array_id.in_(arrays)))
    if known:
        _tell_known(connection, workflow_id, known)
    else:
        _tell_ends(connection, workflow_id)
    minute = totals.begin_of(dialect_name(connection), "minute", its.c.entered_at).label("minute")
    summed = (
        select(task.c.array_id, minute, its.c.previous_status, its.c.new_status, func.count())
        .join_from(its, task, task.c.id == its.c.task_id)
        .where(its.c.workflow_id == workflow_id)
        .group_by(task.c.array_id, minute, its.c.previous_status, its.c.new_status)
    )
    connection.execute(insert(moves).from_select([column.name for column in moves.c], summed))


_FIRST: Final = TaskStatus.REGISTERING
_CHANGE: Final = ("task_id", "workflow_id", "previous_status", "new_status", "entered_at")


def _tell_ends(connection: Connection, workflow_id: int) -> None:
    """The same as `_tell_known` where nothing is, by the database alone: most originals know nothing."""
    before: ColumnElement[str] = literal_column(f"'{_FIRST}'")
    ends = (
        select(task.c.id, task.c.workflow_id, before, task.c.status, task.c.status_date)
        .where(
            task.c.workflow_id == workflow_id,
            task.c.status.in_([TaskStatus.DONE, TaskStatus.ERROR_FATAL]),
        )
        .order_by(task.c.status_date, task.c.id)
    )
    connection.execute(insert(task_status_audit).from_select(list(_CHANGE), ends))


def _tell_known(connection: Connection, workflow_id: int, known: Collection[Change]) -> None:
    changes = sorted(known, key=lambda change: change.at)
    last = {change.task_id: change for change in changes}
    query = select(task.c.id, task.c.status, task.c.status_date).where(task.c.workflow_id == workflow_id)
    for task_id, letter, at in connection.execute(query.order_by(task.c.id)):
        before, since = (last[task_id].after, last[task_id].at) if task_id in last else (_FIRST, at)
        if letter != before:
            changes.append(Change(task_id, before, TaskStatus.of(letter), max(at, since)))
    changes.sort(key=lambda change: change.at)
    rows = (
        (change.task_id, workflow_id, change.before.value, change.after.value, moment)
        for change in changes
        if (moment := sets.moment(connection, change.at)) is not None
    )
    sets.insert(connection, task_status_audit, _CHANGE, rows)


def others(connection: Connection, identity: Identity, workflow_id: int) -> int | None:
    """Another workflow that is this one, if there is one."""
    query = select(workflow.c.id).where(
        workflow.c.tool_version_id == identity.tool_version_id,
        workflow.c.dag_id == identity.dag_id,
        workflow.c.workflow_args_hash == identity.workflow_args_hash,
        workflow.c.task_hash == identity.task_hash,
        workflow.c.id != workflow_id,
    )
    return connection.execute(query).scalar()


def enter_run(connection: Connection, **values: Any) -> int:
    """A run that is over."""
    result = connection.execute(insert(workflow_run).values(**values))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def touched(connection: Connection, workflow_ids: Collection[int], brought_runs: Collection[int]) -> set[int]:
    """Those of the workflows that have runs besides those that were brought, or that somebody ordered something of."""
    runs = select(workflow_run.c.workflow_id, workflow_run.c.id).where(
        sets.among(workflow_run.c.workflow_id, sorted(workflow_ids))
    )
    orders = select(action_log.c.workflow_id).where(
        sets.among(action_log.c.workflow_id, sorted(workflow_ids))
    )
    brought = set(brought_runs)
    begun = {workflow_id for workflow_id, run_id in connection.execute(runs) if run_id not in brought}
    return begun.union(connection.execute(orders).scalars())


# --- tasks ----------------------------------------------------------------------------------------------------


def enter_tasks(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Enter tasks, each given as the columns of `TASK`; those that are there stay as they are."""
    sets.insert(connection, task, TASK, map(tuple, rows), keep_existing=True)


def restate_tasks(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Let tasks stand otherwise; each row is the id, and what is `standing`."""
    sets.update(connection, task, "id", _STANDING, map(tuple, rows))


def standing(row: Sequence[Any]) -> Sequence[Any]:
    """What may be another of a task that is given as the columns of `TASK`."""
    return row[len(TASK) - len(_STANDING) :]


def tasks_at(
    connection: Connection, workflow_ids: Collection[int], node_ids: Collection[int]
) -> dict[tuple[int, int], int]:
    """The tasks of some workflows at some nodes, by workflow and node."""
    query = select(task.c.workflow_id, task.c.node_id, task.c.id).where(
        sets.among(task.c.workflow_id, sorted(workflow_ids)), sets.among(task.c.node_id, sorted(node_ids))
    )
    return {(workflow_id, node_id): number for workflow_id, node_id, number in connection.execute(query)}


def enter_task_args(connection: Connection, rows: Iterable[tuple[int, int, str]]) -> None:
    """Enter task args: task id, arg id, value; those that are there stay."""
    sets.insert(connection, task_arg, ("task_id", "arg_id", "val"), rows, keep_existing=True)


def arrays_of_tasks(connection: Connection, task_ids: Collection[int]) -> dict[int, int]:
    """The arrays that tasks are in."""
    query = select(task.c.id, task.c.array_id).where(sets.among(task.c.id, sorted(task_ids)))
    return sets.mapping(connection, query)


def identities_of_tasks(connection: Connection, workflow_id: int) -> Iterator[Any]:
    """What makes each task of a workflow the one it is: template version, hash of node args, hash of task args."""
    query = (
        select(array.c.task_template_version_id, node.c.node_args_hash, task.c.task_args_hash)
        .join_from(task, array, array.c.id == task.c.array_id)
        .join(node, node.c.id == task.c.node_id)
        .where(task.c.workflow_id == workflow_id)
    )
    return sets.stream(connection, query)


def nodes_by_id(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """Nodes: id, template version, hash of args."""
    query = select(node.c.id, node.c.task_template_version_id, node.c.node_args_hash).where(
        sets.among(node.c.id, ids)
    )
    return connection.execute(query).all()


# --- attempts -------------------------------------------------------------------------------------------------


def enter_attempts(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[int]:
    """Enter attempts that are over, each given as the columns of `ATTEMPT`; their ids, in the same order."""
    last = connection.execute(select(func.max(task_instance.c.id))).scalar() or 0
    sets.insert(connection, task_instance, ATTEMPT, map(tuple, rows))
    ids = _entered_behind(connection, last, {row[2] for row in rows}, {row[0] for row in rows})
    # Rows get their ids in the order in which they are given, so that a task's attempts keep theirs.
    numbers = [ids[row[0], row[2]].pop(0) for row in rows]
    usage_by_hour.add(connection, numbers)
    return numbers


def _entered_behind(
    connection: Connection, last: int, task_ids: Collection[int], run_ids: Collection[int]
) -> dict[tuple[int, int], list[int]]:
    """The attempts with ids beyond the last, by run and task, in their order."""
    found: dict[tuple[int, int], list[int]] = {}
    query = select(task_instance.c.workflow_run_id, task_instance.c.task_id, task_instance.c.id).where(
        task_instance.c.id > last, sets.among(task_instance.c.task_id, sorted(task_ids))
    )
    for run_id, task_id, number in connection.execute(query.order_by(task_instance.c.id)):
        if run_id in run_ids:
            found.setdefault((run_id, task_id), []).append(number)
    return found


def enter_error_logs(connection: Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Enter what attempts said: attempt id, moment as `sets.moment` has it, text."""
    sets.insert(connection, task_instance_error_log, ("task_instance_id", "error_time", "description"), rows)
