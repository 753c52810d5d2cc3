"""What became of a run of a workflow, in figures: for metrics and traces, which are told once, at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import func, select

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import sets, workflows
from jobmon_airflow.store.schema import task, task_instance, tool, tool_version, workflow, workflow_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

_FINAL: Final = [status for status in TaskInstanceStatus if status.is_final]
_FAILED: Final = [status for status in TaskInstanceStatus if status.is_error]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, and whose it is."""

    id: int
    workflow_id: int
    tool: str
    workflow: str
    status: WorkflowRunStatus
    begun: datetime
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The tasks of one array, as far as the run has dealt with them."""

    template: str
    done: int
    failed: int  #: for good
    verdicts: Mapping[str, int]  #: on the attempts that have ended
    retries: Mapping[str, int]  #: attempts that were made again, by the verdict on the one before
    begun: datetime  #: the first attempt
    ended: datetime


class Timed(NamedTuple):
    """Times of an attempt that succeeded, in seconds."""

    template: str
    waited: float  #: from its submission to its start
    ran: float


def run(connection: Connection, run_id: int) -> Run:
    """A run, and whose it is."""
    query = (
        select(
            workflow_run.c.id,
            workflow_run.c.workflow_id,
            tool.c.name.label("tool"),
            workflow.c.name.label("workflow"),
            workflow_run.c.status,
            workflow_run.c.created_date.label("begun"),
            workflow_run.c.status_date.label("ended"),
        )
        .join(workflow, workflow.c.id == workflow_run.c.workflow_id)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(workflow_run.c.id == run_id)
    )
    values = connection.execute(query).one()._asdict()
    return Run(**{**values, "status": WorkflowRunStatus.of(values["status"])})


def parts(connection: Connection, of: Run) -> list[Part]:
    """The arrays whose tasks the run has dealt with."""
    names = workflows.array_names(connection, of.workflow_id)
    failed, retries = _failed_for_good(connection, of), _retries(connection, of)
    ended: dict[int, list[_Ended]] = {}
    for row in _ended(connection, of.id):
        ended.setdefault(row.array_id, []).append(row)
    return [
        Part(
            template=names[array_id],
            done=sum(row.attempts for row in rows if row.status == TaskInstanceStatus.DONE),
            failed=failed.get(array_id, 0),
            verdicts={row.verdict: row.attempts for row in rows if row.verdict is not None},
            retries=retries.get(array_id, {}),
            begun=min(row.begun for row in rows),
            ended=max(row.ended for row in rows),
        )
        for array_id, rows in sorted(ended.items())
    ]


def sample(connection: Connection, of: Run, most: int) -> list[Timed]:
    """Times of some attempts that succeeded, spread evenly over the run; of all, if they are no more than ``most``."""
    ids = select(func.min(task_instance.c.id), func.max(task_instance.c.id))
    first, last = connection.execute(ids.where(task_instance.c.workflow_run_id == of.id)).one()
    if first is None:
        return []
    names = workflows.array_names(connection, of.workflow_id)
    chosen = range(first, last + 1, -(-(last + 1 - first) // most))
    its = task_instance.c
    query = select(its.array_id, its.submitted_date, its.status_date, its.wallclock).where(
        sets.among(its.id, chosen),
        its.workflow_run_id == of.id,
        its.status == TaskInstanceStatus.DONE,
        its.wallclock.is_not(None),
    )
    return [
        Timed(names[array_id], max(0.0, (ended - submitted).total_seconds() - ran), ran)
        for array_id, submitted, ended, ran in connection.execute(query)
        if submitted is not None
    ]


class _Ended(NamedTuple):
    """Attempts at tasks of an array that ended alike."""

    array_id: int
    status: str
    verdict: str | None
    attempts: int
    begun: datetime
    ended: datetime


def _ended(connection: Connection, run_id: int) -> Iterator[_Ended]:
    its = task_instance.c
    query = (
        select(
            its.array_id,
            its.status,
            its.verdict,
            func.count(),
            func.min(func.coalesce(its.submitted_date, its.status_date)),
            func.max(its.status_date),
        )
        .where(its.workflow_run_id == run_id, its.status.in_(_FINAL))
        .group_by(its.array_id, its.status, its.verdict)
    )
    return (_Ended(*row) for row in connection.execute(query))


def _failed_for_good(connection: Connection, of: Run) -> dict[int, int]:
    """How many of each array's tasks failed for good in this run."""
    query = (
        select(task_instance.c.array_id, func.count(func.distinct(task_instance.c.task_id)))
        .join(task, task.c.id == task_instance.c.task_id)
        .where(
            task_instance.c.workflow_run_id == of.id,
            task_instance.c.status.in_(_FAILED),
            task.c.status == TaskStatus.ERROR_FATAL,
        )
        .group_by(task_instance.c.array_id)
    )
    return sets.mapping(connection, query)


def _retries(connection: Connection, of: Run) -> dict[int, dict[str, int]]:
    """How many attempts of the workflow that failed were followed by one of this run: by array and verdict."""
    failed, later = task_instance, task_instance.alias()
    # The very next one, whose run may be a resume of the one that the failed attempt belongs to.
    following = (
        select(later.c.workflow_run_id)
        .where(later.c.task_id == failed.c.task_id, later.c.id > failed.c.id)
        .order_by(later.c.id)
        .limit(1)
        .correlate(failed)
        .scalar_subquery()
    )
    query = (
        select(failed.c.array_id, failed.c.verdict, func.count())
        .join(workflow_run, workflow_run.c.id == failed.c.workflow_run_id)
        .where(
            workflow_run.c.workflow_id == of.workflow_id,
            failed.c.status.in_(_FAILED),
            failed.c.verdict.is_not(None),
            following == of.id,
        )
        .group_by(failed.c.array_id, failed.c.verdict)
    )
    found: dict[int, dict[str, int]] = {}
    for array_id, verdict, count in connection.execute(query):
        found.setdefault(array_id, {})[verdict] = count
    return found
