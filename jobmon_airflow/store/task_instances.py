"""Attempts at tasks: making them, moving them from status to status, and what they said when they failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from jobmon_airflow.states import TASK_INSTANCE, TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import moves, sets
from jobmon_airflow.store.schema import (
    array,
    task,
    task_instance,
    task_instance_error_log,
    task_resources,
    workflow_run,
)
from jobmon_airflow.store.texts import storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select, Subquery

_OPEN: Final = [status for status in TaskInstanceStatus if status.is_active]
_NOT_DONE: Final = [status for status in TaskInstanceStatus if status is not TaskInstanceStatus.DONE]


def queue(
    connection: Connection,
    workflow_run_id: int,
    array_id: int,
    batch: int,
    requests: Mapping[int, int | None],
    at: datetime,
    *,
    status: TaskInstanceStatus = TaskInstanceStatus.QUEUED,
) -> dict[int, int]:
    """New attempts at an array's tasks (id and task_resources id), one batch; their ids by task."""
    sets.insert(
        connection,
        task_instance,
        ("task_id", "task_resources_id", "array_step_id"),
        [(task_id, asked, step) for step, (task_id, asked) in enumerate(requests.items())],
        constants={
            "workflow_run_id": workflow_run_id,
            "array_id": array_id,
            "array_batch_num": batch,
            "status": status,
            "status_date": at,
            "submitted_date": at,
        },
    )
    return of_batch(connection, array_id, batch)


def of_batch(connection: Connection, array_id: int, batch: int) -> dict[int, int]:
    """The attempts of a batch, by task."""
    query = select(task_instance.c.task_id, task_instance.c.id).where(
        task_instance.c.array_id == array_id, task_instance.c.array_batch_num == batch
    )
    return sets.mapping(connection, query.order_by(task_instance.c.array_step_id))


def last_batches(connection: Connection, array_ids: Collection[int]) -> dict[int, int]:
    """The number of each array's last batch; 0 if there was none."""
    return {array_id: last_batch(connection, array_id) for array_id in array_ids}


def last_batch(connection: Connection, array_id: int) -> int:
    """The number of the array's last batch; 0 if there was none."""
    query = select(func.max(task_instance.c.array_batch_num)).where(task_instance.c.array_id == array_id)
    return connection.execute(query).scalar() or 0


def open_of_workflow(connection: Connection, workflow_id: int) -> list[Row[Any]]:
    """The attempts of all runs of a workflow that may still run, with the names of their tasks."""
    query = (
        select(task_instance, task.c.name)
        .join(workflow_run, workflow_run.c.id == task_instance.c.workflow_run_id)
        .join(task, task.c.id == task_instance.c.task_id)
        .where(workflow_run.c.workflow_id == workflow_id, task_instance.c.status.in_(_OPEN))
    )
    return list(connection.execute(query.order_by(task_instance.c.id)))


def hand_over(connection: Connection, ids: Collection[int], workflow_run_id: int) -> None:
    """Let attempts belong to another run."""
    sets.update(
        connection, task_instance, "id", ("workflow_run_id",), [(number, workflow_run_id) for number in ids]
    )


def exhausted(connection: Connection, workflow_id: int) -> list[Row[Any]]:
    """Tasks that failed for good, and last of a resource that was too small.

    Task id, that attempt's verdict and its task_resources id, and how many attempts ended so before it.
    """
    query = exhausted_of(workflow_id).order_by(task_instance.c.task_id)
    return list(connection.execute(query))


def exhausted_of(workflow_id: int) -> Select[Any]:
    """The question that `exhausted` asks, for others to count by."""
    last = _last_of_failed(workflow_id)
    earlier = task_instance.alias()
    before = (
        select(func.count())
        .where(
            earlier.c.task_id == task_instance.c.task_id,
            earlier.c.verdict == task_instance.c.verdict,
            earlier.c.id < task_instance.c.id,
        )
        .scalar_subquery()
        .label("before")
    )
    return (
        select(task_instance.c.task_id, task_instance.c.verdict, task_instance.c.task_resources_id, before)
        .join(last, last.c.id == task_instance.c.id)
        .where(task_instance.c.status == TaskInstanceStatus.RESOURCE_ERROR)
    )


def advance(
    connection: Connection, ids: Iterable[int], target: TaskInstanceStatus, at: datetime, **values: Any
) -> set[int]:
    """Move attempts to ``target``, with other values if any; return those that went.

    Attempts that may not go there, because they have ended or were told to stop, stay as they are.
    """
    return moves.move(connection, task_instance, ids, TASK_INSTANCE.sources_of(target), target, at, **values)


def of_run(
    connection: Connection, workflow_run_id: int, statuses: Collection[TaskInstanceStatus]
) -> list[Row[Any]]:
    """The run's attempts that have one of these statuses."""
    query = select(task_instance).where(
        task_instance.c.workflow_run_id == workflow_run_id, task_instance.c.status.in_(statuses)
    )
    return list(connection.execute(query.order_by(task_instance.c.id)))


def of_tasks(connection: Connection, task_ids: Collection[int]) -> list[Row[Any]]:
    """All attempts at some tasks, oldest first."""
    query = select(task_instance).where(sets.among(task_instance.c.task_id, task_ids))
    return list(connection.execute(query.order_by(task_instance.c.task_id, task_instance.c.id)))


def newest(
    connection: Connection,
    workflow_id: int,
    array_ids: Collection[int],
    limit: int,
    *,
    task_name: str | None = None,
) -> list[Row[Any]]:
    """So many attempts at tasks of some arrays of a workflow, the latest first, with the tasks' names.

    Those at tasks of one name alone, if it is given.
    """
    columns = (task_instance, task.c.name)
    found: list[Row[Any]] = []
    # One array after the other, each from its last batch on, as the index has them.
    for array_id in array_ids:
        query = select(*columns).join(task, task.c.id == task_instance.c.task_id)
        query = query.where(task_instance.c.array_id == array_id)
        if task_name is not None:
            mine = (task.c.workflow_id == workflow_id, task.c.array_id == array_id)
            query = query.where(*mine, task.c.name == task_name)
        its = task_instance.c
        newest_first = (its.array_batch_num.desc(), its.array_step_id.desc(), its.id.desc())
        found += connection.execute(query.order_by(*newest_first).limit(limit))
    return sorted(found, key=lambda it: it.id, reverse=True)[:limit]


def last_of_failed(connection: Connection, workflow_id: int, limit: int) -> list[Row[Any]]:
    """The last attempts at the workflow's tasks that failed for good, with what people ask about them first."""
    last = _last_of_failed(workflow_id)
    query = (
        select(
            task_instance,
            task.c.name,
            array.c.name.label("template"),
            task_resources.c.requested_resources,
        )
        .join(last, last.c.id == task_instance.c.id)
        .join(task, task.c.id == task_instance.c.task_id)
        .join(array, array.c.id == task_instance.c.array_id)
        .join(task_resources, task_resources.c.id == task_instance.c.task_resources_id)
        .order_by(task_instance.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def accounts(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """What was first said of attempts when they failed."""
    log = task_instance_error_log
    found: dict[int, str] = {}
    for part in sets.slices(ids):
        query = select(log.c.task_instance_id, log.c.description).where(
            sets.among(log.c.task_instance_id, part)
        )
        for number, text in connection.execute(query.order_by(log.c.id)):
            found.setdefault(number, text)
    return found


def log_errors(connection: Connection, errors: Mapping[int, str], at: datetime) -> None:
    """Keep what attempts (by id) said when they failed."""
    sets.insert(
        connection,
        task_instance_error_log,
        ("task_instance_id", "description"),
        [(number, storable(text)) for number, text in errors.items()],
        constants={"error_time": at},
    )


def errors_of_workflow(connection: Connection, workflow_id: int, limit: int = 1000) -> list[Row[Any]]:
    """The latest errors of a workflow's tasks, newest first: task id, name, attempt, time, text."""
    log, instance = task_instance_error_log, task_instance
    # From the runs' failed attempts, which are few, and not from all tasks or from everybody's errors: hence
    # the order by time, which nobody can answer by walking backwards through the log.
    query = (
        select(task.c.id, task.c.name, instance.c.id, log.c.error_time, log.c.description)
        .select_from(workflow_run)
        .join(instance, instance.c.workflow_run_id == workflow_run.c.id)
        .join(log, log.c.task_instance_id == instance.c.id)
        .join(task, task.c.id == instance.c.task_id)
        .where(workflow_run.c.workflow_id == workflow_id, instance.c.status.in_(_NOT_DONE))
        .order_by(log.c.error_time.desc(), log.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def _last_of_failed(workflow_id: int) -> Subquery:
    return (
        select(task_instance.c.task_id, func.max(task_instance.c.id).label("id"))
        .join(task, task.c.id == task_instance.c.task_id)
        .where(
            task.c.workflow_id == workflow_id,
            # Array by array, the index leads to those that failed; without arrays, to all tasks.
            task.c.array_id.in_(select(array.c.id).where(array.c.workflow_id == workflow_id)),
            task.c.status == TaskStatus.ERROR_FATAL,
        )
        .group_by(task_instance.c.task_id)
        .subquery()
    )
