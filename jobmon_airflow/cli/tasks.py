"""``workflow tasks``, ``task status``, ``task dependencies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.engine.kinds import telling_line
from jobmon_airflow.errors import InvalidQuestion, UnknownName
from jobmon_airflow.states import TaskBucket, TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import neighbours, task_instances, task_pages, tasks, workflows
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.store.task_pages import Wanted
from jobmon_airflow.units import Memory, Runtime
from jobmon_airflow.view.tasks import statuses_named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

_TASKS: Final = ["TASK_ID", "TASK_NAME", "TEMPLATE", "STATUS", "RETRIES"]
_ATTEMPTS: Final = [
    *("TASK_ID", "TASK_STATUS", "TASK_INSTANCE_ID", "DISTRIBUTOR_ID", "STATUS", "RESOURCE_USAGE"),
    *("STDOUT", "STDERR", "ERROR_TRACE"),
]
_BESIDE: Final = ["SIDE", "TASK_ID", "TASK_NAME", "TEMPLATE", "STATUS"]

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


# --- of a workflow ----------------------------------------------------------------------------------------------


def of_workflow(
    workflow_id: int,
    *,
    statuses: Sequence[str] | None = None,
    template: str | None = None,
    limit: int = 5,
    database: str | None = None,
) -> Answer:
    """The tasks of a workflow, those first that were entered last; of some statuses or a template, if named."""
    wanted = statuses_named(statuses) if statuses else set(TaskStatus)
    with registry.database(database).read() as connection:
        claims.known(connection, workflow_id)
        names = workflows.array_names(connection, workflow_id)
        chosen = arrays_named(names, workflow_id, template)
        asked = Wanted(array_ids=chosen, statuses=sorted(wanted))
        rows = task_pages.newest(connection, workflow_id, asked, limit)
        counts = workflows.counts_by_status(connection, [workflow_id])
    total = sum(
        count
        for (_, array_id), by_status in counts.items()
        for letter, count in by_status.items()
        if array_id in chosen and letter in wanted
    )
    more = f"{len(rows):,} of {total:,} tasks; -l {total} shows all." if total > len(rows) else ""
    return Answer([Table(_TASKS, [_task(row, names) for row in rows]), more])


def arrays_named(names: Mapping[int, str], workflow_id: int, template: str | None) -> list[int]:
    """The arrays of a template, or all; an error if the workflow has none of it."""
    chosen = [number for number, name in names.items() if template in (None, name)]
    if chosen or template is None:
        return chosen
    raise UnknownName(
        f"Workflow {workflow_id} has no template '{template}'.",
        remedy=f"Choose one of {', '.join(sorted(set(names.values())))}." if names else "It has none.",
    )


def _task(row: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "TASK_ID": row.id,
        "TASK_NAME": row.name,
        "TEMPLATE": names[row.array_id],
        "STATUS": TaskStatus.of(row.status).bucket.value,
        "RETRIES": max(0, row.num_attempts - 1),
    }


# --- attempts ---------------------------------------------------------------------------------------------------


def status(
    task_ids: Collection[int], *, statuses: Sequence[str] | None = None, database: str | None = None
) -> Answer:
    """The attempts at tasks, oldest first; of some statuses, if they are named. A task without any has a row too."""
    wanted = _attempts_named(statuses) if statuses else set(TaskInstanceStatus)
    with registry.database(database).read() as connection:
        found = {number: _known(connection, number) for number in dict.fromkeys(task_ids)}
        attempts = task_instances.of_tasks(connection, list(found))
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
    return Answer(Table(_ATTEMPTS, shown), data=rows)


def _known(connection: Connection, task_id: int) -> Row[Any]:
    row = tasks.row(connection, task_id)
    if row is None:
        raise UnknownName(
            f"There is no task {task_id} in this database.",
            remedy="jobmon workflow tasks -w WORKFLOW_ID lists those of a workflow.",
        )
    return row


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
    return {**dict.fromkeys(_ATTEMPTS), "TASK_ID": task_id, "TASK_STATUS": of_task.label}


def _used(row: Row[Any]) -> Iterator[str]:
    if row.maxrss is not None:
        yield f"memory {Memory.of_bytes(row.maxrss)}"
    if row.wallclock is not None:
        yield f"runtime {row.wallclock:.1f}s" if row.wallclock < 60 else f"runtime {Runtime(row.wallclock)}"
    if row.cpu is not None:
        yield f"cpu {row.cpu:.1f}s"


# --- neighbours -------------------------------------------------------------------------------------------------


def dependencies(task_id: int, *, database: str | None = None) -> Answer:
    """The tasks that a task waits for, and those that wait for it, with how they stand."""
    with registry.database(database).read() as connection:
        workflow_id = _known(connection, task_id).workflow_id
        names = workflows.array_names(connection, workflow_id)
        rows = [
            _neighbour(side, row, names)
            for side in Side
            for row in _beside(connection, workflow_id, task_id, side)
        ]
    if not rows:
        return Answer(f"Task {task_id} waits for no task, and no task waits for it.", data=[])
    return Answer(Table(_BESIDE, rows))


def _beside(connection: Connection, workflow_id: int, task_id: int, side: Side) -> list[Row[Any]]:
    nodes = neighbours.nodes_beside(connection, task_id, side)
    return sorted(neighbours.at_nodes(connection, workflow_id, nodes), key=lambda row: row.id)


def _neighbour(side: Side, row: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "SIDE": side.value,
        "TASK_ID": row.id,
        "TASK_NAME": row.name,
        "TEMPLATE": names[row.array_id],
        "STATUS": TaskStatus.of(row.status).label,
    }
