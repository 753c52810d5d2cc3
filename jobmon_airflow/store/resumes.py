"""What a resume would find: tasks by what they ask for, attempts that are open, and those that had too little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import task_instances
from jobmon_airflow.store.schema import (
    cluster,
    cluster_type,
    queue,
    task,
    task_instance,
    task_resources,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

_OPEN: Final = [status for status in TaskInstanceStatus if status.is_active]
_NOT_DONE: Final = [status for status in TaskStatus if status is not TaskStatus.DONE]


def requests_left(connection: Connection, workflow_id: int) -> Sequence[Row[Any]]:
    """The tasks that are not done, counted: by array, by what they ask for and by what else decides about that."""
    keys = (
        task.c.array_id,
        task.c.task_resources_id,
        task.c.resource_scales,
        task.c.compute_resources_callable,
    )
    query = (
        select(*keys, func.count().label("tasks"))
        .where(task.c.workflow_id == workflow_id, task.c.status.in_(_NOT_DONE))
        .group_by(*keys)
    )
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows


def open_attempts(connection: Connection, workflow_id: int) -> Sequence[Row[Any]]:
    """The attempts that may still run, counted: by array, by what their task asks for, by cluster and by status."""
    keys = (
        task_instance.c.array_id,
        task.c.task_resources_id,
        task_instance.c.status,
        cluster.c.name.label("cluster"),
        cluster_type.c.name.label("cluster_type"),
    )
    query = (
        select(*keys, func.count(func.distinct(task.c.id)).label("tasks"))
        .select_from(workflow_run)
        .join(task_instance, task_instance.c.workflow_run_id == workflow_run.c.id)
        .join(task, task.c.id == task_instance.c.task_id)
        .join(task_resources, task_resources.c.id == task_instance.c.task_resources_id)
        .join(queue, queue.c.id == task_resources.c.queue_id)
        .join(cluster, cluster.c.id == queue.c.cluster_id)
        .join(cluster_type, cluster_type.c.id == cluster.c.cluster_type_id)
        .where(
            workflow_run.c.workflow_id == workflow_id,
            task_instance.c.status.in_(_OPEN),
            task.c.status.in_(_NOT_DONE),
        )
        .group_by(*keys)
    )
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows


def exhausted(connection: Connection, workflow_id: int) -> Sequence[Row[Any]]:
    """The tasks that failed for good of a resource that was too small, counted: by all that decides what they get.

    ``task_resources_id`` is their last attempt's, ``asks`` their own; ``before`` says how many attempts ended so
    before the last one.
    """
    last = task_instances.exhausted_of(workflow_id).subquery()
    keys = (
        task.c.array_id,
        task.c.task_resources_id.label("asks"),
        task.c.resource_scales,
        task.c.fallback_queues,
        last.c.task_resources_id,
        last.c.verdict,
        last.c.before,
    )
    query = select(*keys, func.count().label("tasks")).join(last, last.c.task_id == task.c.id).group_by(*keys)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows
