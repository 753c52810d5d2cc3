"""``task status``: the attempts at tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.engine.kinds import telling_line
from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.states import TaskBucket, TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import task_instances
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Row

_COLUMNS: Final = [
    *("TASK_ID", "TASK_STATUS", "TASK_INSTANCE_ID", "DISTRIBUTOR_ID", "STATUS", "RESOURCE_USAGE"),
    *("STDOUT", "STDERR", "ERROR_TRACE"),
]

# The headings under which people look for attempts.
_BUCKETS: Final[Mapping[TaskInstanceStatus, TaskBucket]] = {
    TaskInstanceStatus.QUEUED: TaskBucket.PENDING,
    TaskInstanceStatus.INSTANTIATED: TaskBucket.PENDING,
    TaskInstanceStatus.LAUNCHED: TaskBucket.SCHEDULED,
    TaskInstanceStatus.NO_HEARTBEAT: TaskBucket.SCHEDULED,
    TaskInstanceStatus.RUNNING: TaskBucket.RUNNING,
    TaskInstanceStatus.TRIAGING: TaskBucket.RUNNING,
    TaskInstanceStatus.KILL_SELF: TaskBucket.RUNNING,
    TaskInstanceStatus.DONE: TaskBucket.DONE,
}


def status(
    task_ids: Collection[int],
    *,
    statuses: Sequence[str] | None = None,
    limit: int | None = None,
    database: str | None = None,
) -> Answer:
    """The attempts at tasks, oldest first, or the latest so many of each; of some statuses, if they are named.

    A task without any has a row too.
    """
    wanted = _attempts_named(statuses) if statuses else set(TaskInstanceStatus)
    with registry.database(database).read() as connection:
        found = {number: claims.known_task(connection, number) for number in dict.fromkeys(task_ids)}
        attempts = _latest(task_instances.of_tasks(connection, list(found)), limit)
        accounts = task_instances.accounts(connection, [row.id for row in attempts])
    tried = {row.task_id for row in attempts}
    untried = [] if statuses else [number for number in found if number not in tried]
    rows = [
        _attempt(row, TaskStatus.of(found[row.task_id].status), accounts.get(row.id))
        for row in attempts
        if TaskInstanceStatus.of(row.status) in wanted
    ]
    rows += [_nothing_of(number, TaskStatus.of(found[number].status)) for number in untried]
    rows.sort(key=lambda row: list(found).index(row["TASK_ID"]))
    shown = [{**row, "ERROR_TRACE": telling_line(row["ERROR_TRACE"] or "")} for row in rows]
    is_last = all(TaskStatus.of(row.status).is_final for row in found.values())
    return Answer(Table(_COLUMNS, shown), data=rows, is_last=is_last)


def _latest(attempts: Sequence[Row[Any]], limit: int | None) -> list[Row[Any]]:
    """So many of each task's attempts, which come task by task, oldest first."""
    by_task: dict[int, list[Row[Any]]] = {}
    for row in attempts:
        by_task.setdefault(row.task_id, []).append(row)
    return [row for rows in by_task.values() for row in (rows if limit is None else rows[-limit:])]


def _attempts_named(words: Collection[str]) -> set[TaskInstanceStatus]:
    """The statuses that some words name: labels, letters or buckets.

    >>> _attempts_named(["done", "Z"]) == {TaskInstanceStatus.DONE, TaskInstanceStatus.RESOURCE_ERROR}
    True
    """
    found: set[TaskInstanceStatus] = set()
    for word in words:
        named = {it for it in TaskInstanceStatus if word.upper() in {it.value, it.label, _bucket(it).value}}
        if not named:
            raise InvalidQuestion(
                f"'{word[:80]}' is no status of an attempt.",
                remedy=f"Choose among {', '.join(TaskBucket)}, or "
                f"{', '.join(it.label for it in TaskInstanceStatus)}.",
            )
        found |= named
    return found


def _bucket(status: TaskInstanceStatus) -> TaskBucket:
    return _BUCKETS.get(status, TaskBucket.FATAL)


def _attempt(row: Row[Any], of_task: TaskStatus, account: str | None) -> dict[str, Any]:
    return {
        "TASK_ID": row.task_id,
        "TASK_STATUS": of_task.label,
        "TASK_INSTANCE_ID": row.id,
        "DISTRIBUTOR_ID": row.distributor_id,
        "STATUS": TaskInstanceStatus.of(row.status).label,
        "RESOURCE_USAGE": ", ".join(_used(row)),
        "STDOUT": row.stdout,
        "STDERR": row.stderr,
        "ERROR_TRACE": account,
    }


def _nothing_of(task_id: int, of_task: TaskStatus) -> dict[str, Any]:
    return {**dict.fromkeys(_COLUMNS), "TASK_ID": task_id, "TASK_STATUS": of_task.label}


def _used(row: Row[Any]) -> Iterator[str]:
    if row.maxrss is not None:
        yield f"memory {Memory.of_bytes(row.maxrss)}"
    if row.wallclock is not None:
        yield f"runtime {row.wallclock:.1f}s" if row.wallclock < 60 else f"runtime {Runtime(row.wallclock)}"
    if row.cpu is not None:
        yield f"cpu {row.cpu:.1f}s"
