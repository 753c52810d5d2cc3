"""One workflow: how far it is, template by template, who ran it, what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.engine import standing
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskBucket, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import airflow_tasks, attributes, workflow_runs, workflows
from jobmon_airflow.view import counting, origins, spent
from jobmon_airflow.view.eta import Eta
from jobmon_airflow.view.origins import Origin
from jobmon_airflow.view.spent import Spent
from jobmon_airflow.view.texts import shortened
from jobmon_airflow.view.workflows import is_active, rows_of

RUNS: Final = 100  #: that are shown, the last ones
LONGEST_TEXT: Final = 10_000  #: characters of workflow args or a description
_ON_AIRFLOW: Final = 20  # tasks of Airflow's that are shown of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTemplate:
    """A template in a workflow."""

    name: str
    tasks: int
    counts: dict[TaskBucket, int]
    limit: int | None  #: how many of its tasks may run at a time; 0 is a pause, None no limit
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowTask:
    """A task instance of Airflow that acted for a run."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """A start, or a resume, of a workflow."""

    id: int
    user: str
    status: str  #: in a word, such as STOPPED
    created_date: datetime
    status_date: datetime
    heartbeat_date: datetime | None  #: when it will be heard of again
    controller: str | None  #: the machine and the process that act for it
    version: str  #: of Jobmon
    airflow: Sequence[AirflowTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow as it is now."""

    id: int
    tool: str
    name: str
    args: str
    description: str
    owner: str | None  #: who ran it last; None if nobody did
    status: str  #: in a word, such as FAILED
    status_description: str
    status_date: datetime
    created_date: datetime | None
    is_active: bool  #: somebody runs it now
    is_complete: bool  #: there is nothing left to run
    may_act: bool  #: whoever asks may change it
    dag_id: str  #: what Airflow calls its family
    limit: int | None  #: how many of its tasks may run at a time; 0 is a pause, None no limit
    tasks: int
    counts: dict[TaskBucket, int]
    templates: Sequence[WorkflowTemplate]
    runs: Sequence[WorkflowRun]  #: the last one first
    attributes: dict[str, str | None]
    eta: Eta | None
    spent: Spent
    last_error: str | None
    resume_command: str  #: to type


def of(
    connection: Connection,
    workflow_id: int,
    now: datetime,
    *,
    may_act: Callable[[Origin, str | None], bool],
    dag_id_of: Callable[[str, str], str],
) -> Workflow:
    """One workflow; an error if there is none of this id."""
    counts = counting.of_workflow(connection, workflow_id)
    found = standing.of_workflow(connection, workflow_id, counts)
    [summary] = rows_of(connection, [workflow_id], now, counts)
    its = workflows.row(connection, workflow_id)
    assert its is not None
    return Workflow(
        id=workflow_id,
        tool=found.tool,
        name=found.name,
        args=shortened(found.workflow_args, LONGEST_TEXT),
        description=shortened(its.description, LONGEST_TEXT),
        owner=summary.owner,
        status=summary.status,
        status_description=found.status.description,
        status_date=found.since,
        created_date=found.created,
        is_active=summary.is_active,
        is_complete=found.status == WorkflowStatus.DONE,
        may_act=may_act(origins.of_workflow(connection, workflow_id), summary.owner),
        dag_id=dag_id_of(found.tool, found.name),
        limit=limit_or_none(its.max_concurrently_running),
        tasks=summary.tasks,
        counts=summary.counts,
        templates=_templates(connection, found),
        runs=_runs(connection, workflow_id),
        attributes=attributes.read(connection, "workflow", workflow_id),
        eta=summary.eta,
        spent=summary.spent,
        last_error=summary.last_error,
        resume_command=standing.resume_command(workflow_id),
    )


def arrays_in_order(connection: Connection, workflow_id: int) -> dict[int, str]:
    """A workflow's arrays, by id the names of their templates: those that wait for others behind them."""
    its = workflows.row(connection, workflow_id)
    assert its is not None  # somebody may read it
    places = standing.places(connection, workflow_id, its.dag_id)
    names = workflows.array_names(connection, workflow_id)
    return dict(sorted(names.items(), key=lambda it: (places[it[1]], it[0])))


def is_run_now(connection: Connection, workflow_id: int, now: datetime) -> bool:
    """Whether somebody runs a workflow."""
    run = workflow_runs.alive(connection, workflow_id)
    return run is not None and is_active(run, now)


def limit_or_none(limit: int) -> int | None:
    """How many tasks may run at a time; None if there is no limit."""
    return limit if limit < UNLIMITED else None


def _templates(connection: Connection, found: standing.Standing) -> list[WorkflowTemplate]:
    _, limits = workflows.limits(connection, found.workflow_id)
    names = workflows.array_names(connection, found.workflow_id)
    costs = spent.of_templates(connection, found.workflow_id, names)
    return [
        WorkflowTemplate(
            name=each.name,
            tasks=each.total,
            counts=dict(each.counts),
            # Versions of one template have a limit each; the least of them is where it begins to wait.
            limit=limit_or_none(min(limit for number, limit in limits.items() if names[number] == each.name)),
            spent=costs.get(each.name, spent.NOTHING),
        )
        for each in found.templates
    ]


def _runs(connection: Connection, workflow_id: int) -> list[WorkflowRun]:
    rows = workflow_runs.latest_of(connection, workflow_id, RUNS)
    acted = airflow_tasks.of_workflow_runs(connection, [row.id for row in rows], _ON_AIRFLOW)
    return [
        WorkflowRun(
            id=row.id,
            user=row.user,
            status=WorkflowRunStatus.of(row.status).label,
            created_date=row.created_date,
            status_date=row.status_date,
            heartbeat_date=row.heartbeat_date,
            controller=row.controller,
            version=row.jobmon_version,
            airflow=[_airflow_task(each) for each in acted.get(row.id, ())],
        )
        for row in rows
    ]


def _airflow_task(row: Row[Any]) -> AirflowTask:
    return AirflowTask(
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
    )
