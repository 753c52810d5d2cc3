"""What a workflow's length came from: the task that ended last, the one that it waited for last, and so on.

It is found from its end, step by step, so that half a million tasks take no longer than the path is. What is shown are
the last of very many steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.engine.claims import known
from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import paths, workflows
from jobmon_airflow.store.paths import Done

STEPS: Final = 100  #: that are followed


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """A task on the way, and what its time went into; seconds."""

    task_id: int
    task_name: str
    template: str
    status: TaskBucket
    node: str | None
    attempt_id: int | None  #: the last; None if it never ran
    attempts: int
    ready: datetime | None  #: when the task before it was done, or the first run began
    submitted: datetime | None  #: of the last attempt
    started: datetime | None
    ended: datetime
    waited_to_begin: (
        float  #: from when it could have begun to its first attempt: for a limit, a pause, another run
    )
    lost: float  #: in attempts that failed, until the last was submitted
    queued: float  #: at the cluster, by the last attempt
    ran: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTotal:
    """What all steps of a template took; seconds."""

    template: str
    steps: int
    waited_to_begin: float
    lost: float
    queued: float
    ran: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalPath:
    """The steps from the first task to the one that ended last."""

    workflow_id: int
    is_active: bool  #: others may end later
    is_cut: bool  #: there were earlier steps
    seconds: float
    steps: Sequence[PathStep]
    totals: Sequence[PathTotal]  #: those that took most come first


def of_workflow(connection: Connection, workflow_id: int) -> CriticalPath:
    """The critical path of a workflow, as far as it has come."""
    dag_id = known(connection, workflow_id).dag_id
    found, is_cut = _followed(connection, workflow_id, dag_id)
    steps = _steps(connection, workflow_id, found, None if is_cut else paths.begun(connection, workflow_id))
    return CriticalPath(
        workflow_id=workflow_id,
        is_active=workflows.is_being_run(connection, workflow_id),
        is_cut=is_cut,
        seconds=sum(_length(step) for step in steps),
        steps=steps,
        totals=_totals(steps),
    )


def _followed(connection: Connection, workflow_id: int, dag_id: int) -> tuple[list[Done], bool]:
    """The tasks from the first to the last, and whether there were more before them."""
    found: list[Done] = []
    it = paths.last_ended(connection, workflow_id)
    while it is not None and len(found) < STEPS:
        found.append(it)
        it = paths.before(connection, workflow_id, dag_id, it)
    return found[::-1], it is not None


def _steps(
    connection: Connection, workflow_id: int, found: Sequence[Done], begun: datetime | None
) -> list[PathStep]:
    ids = [it.task_id for it in found]
    tasks, attempts = paths.tasks_on(connection, ids), paths.attempts_on(connection, ids)
    names = workflows.array_names(connection, workflow_id)
    ready = [begun, *(it.ended for it in found)][: len(found)]
    return [
        _step(tasks[it.task_id], attempts[it.task_id], since, names)
        for it, since in zip(found, ready, strict=True)
    ]


def _step(
    row: Row[Any], attempts: Sequence[Row[Any]], ready: datetime | None, names: Mapping[int, str]
) -> PathStep:
    last = attempts[-1] if attempts else None
    first = attempts[0].submitted_date if attempts else None
    submitted = last.submitted_date if last else None
    started = _start(last) if last else None
    ended: datetime = row.status_date
    return PathStep(
        task_id=row.id,
        task_name=row.name,
        template=names[row.array_id],
        status=TaskStatus.of(row.status).bucket,
        node=last.nodename if last else None,
        attempt_id=last.id if last else None,
        attempts=len(attempts),
        ready=ready,
        submitted=submitted,
        started=started,
        ended=ended,
        waited_to_begin=_between(ready, first),
        lost=_between(first, submitted),
        queued=_between(submitted, started),
        ran=_between(started, ended),
    )


def _start(attempt: Row[Any]) -> datetime | None:
    """When a command began, by when it ended and how long it ran."""
    if attempt.wallclock is None or attempt.submitted_date is None:
        return None
    begin: datetime = attempt.status_date - timedelta(seconds=attempt.wallclock)
    submitted: datetime = attempt.submitted_date
    return max(begin, submitted)


def _between(one: datetime | None, other: datetime | None) -> float:
    return max(0.0, (other - one).total_seconds()) if one is not None and other is not None else 0.0


def _length(step: PathStep | PathTotal) -> float:
    return step.waited_to_begin + step.lost + step.queued + step.ran


def _totals(steps: Sequence[PathStep]) -> list[PathTotal]:
    templates = dict.fromkeys(step.template for step in steps)
    totals = [_total(name, [step for step in steps if step.template == name]) for name in templates]
    return sorted(totals, key=_length, reverse=True)


def _total(template: str, steps: Sequence[PathStep]) -> PathTotal:
    return PathTotal(
        template=template,
        steps=len(steps),
        waited_to_begin=sum(step.waited_to_begin for step in steps),
        lost=sum(step.lost for step in steps),
        queued=sum(step.queued for step in steps),
        ran=sum(step.ran for step in steps),
    )
