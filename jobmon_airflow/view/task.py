"""One task: what it is, how it stands, what it waits for and what became of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.distributors.slurm.reasons import explained
from jobmon_airflow.engine import claims
from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import attributes, clusters, origins, task_pages, tasks, waiting, workflow_runs
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.store.task_words import args_of, template_of
from jobmon_airflow.view.neighbours import Neighbours, beside
from jobmon_airflow.view.origins import unknown
from jobmon_airflow.view.requested import Requested, requested
from jobmon_airflow.view.texts import shortened

COMMAND: Final = 200_000  #: characters of a command
_VALUE: Final = 10_000
_CHANGES: Final = 200  #: the latest of a task's story
_WAITING: Final = frozenset({TaskStatus.INSTANTIATING, TaskStatus.LAUNCHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A task's status as it was changed."""

    previous: str
    new: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReason:
    """Why tasks of the same template wait in their cluster's queue."""

    reason: str  #: the cluster's own word
    tasks: int
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHeader:
    """A task."""

    id: int
    name: str
    template: str
    command_template: str
    workflow_id: int
    workflow: str  #: its name
    tool: str
    status: str
    bucket: TaskBucket
    meaning: str  #: of the status
    status_date: datetime
    attempts: int
    max_attempts: int
    command: str
    node_args: dict[str, str]
    task_args: dict[str, str]
    attributes: dict[str, str | None]
    requested: Requested | None
    resource_function: str | None  #: the function in its script that says what it asks for, if one does
    upstream: Neighbours  #: the first of them
    downstream: Neighbours
    waiting: Sequence[WaitingReason]  #: if it is in its cluster's queue
    story: Sequence[Change]  #: the latest changes, oldest first
    is_active: bool  #: somebody runs the workflow, so that this may change at any time
    may_act: bool


def header(connection: Connection, task_id: int, *, may_act: bool, at: datetime | None = None) -> TaskHeader:
    """All that is known of a task, but for its attempts."""
    row = tasks.row(connection, task_id)
    if row is None:
        raise unknown("task", task_id)
    [family] = origins.families_of(connection, [row.workflow_id])
    template, command_template = template_of(connection, row.array_id)
    asked = clusters.requests(connection, {row.task_resources_id} - {None})
    run = workflow_runs.alive(connection, row.workflow_id)
    status = TaskStatus.of(row.status)
    node_args = task_pages.node_args_of(connection, [row.node_id])[row.node_id]
    return TaskHeader(
        id=task_id,
        name=row.name,
        template=template,
        command_template=shortened(command_template, COMMAND),
        workflow_id=row.workflow_id,
        workflow=family.name,
        tool=family.tool,
        status=status.label,
        bucket=status.bucket,
        meaning=status.description,
        status_date=row.status_date,
        attempts=row.num_attempts,
        max_attempts=row.max_attempts,
        command=shortened(row.command, COMMAND),
        node_args=_short(node_args),
        task_args=_short(args_of(connection, task_id)),
        attributes=dict(attributes.read(connection, "task", task_id)),
        requested=requested(asked[row.task_resources_id]) if asked else None,
        resource_function=row.compute_resources_callable,
        upstream=beside(connection, task_id, Side.UPSTREAM),
        downstream=beside(connection, task_id, Side.DOWNSTREAM),
        waiting=_waiting(connection, run.id, row.array_id) if run is not None and status in _WAITING else [],
        story=[
            Change(previous=each.previous.label, new=each.new.label, at=each.at)
            for each in tasks.story(connection, task_id, _CHANGES)
        ],
        is_active=run is not None and claims.has_controller(run, at or datetime.now(UTC)),
        may_act=may_act,
    )


def _waiting(connection: Connection, run_id: int, array_id: int) -> list[WaitingReason]:
    return [
        WaitingReason(reason=each.reason, tasks=each.count, why=known.meaning, remedy=known.remedy)
        for each in waiting.reasons(connection, run_id).get(array_id, [])
        for known in [explained(each.reason)]
    ]


def _short(args: dict[str, str]) -> dict[str, str]:
    return {name: shortened(value, _VALUE) for name, value in args.items()}
