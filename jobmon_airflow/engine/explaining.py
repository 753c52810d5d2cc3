"""Why a workflow is where it is: whether somebody runs it, what its tasks wait for, what failed.

A limit of the workflow or of a template is ours; why a cluster lets jobs wait, it says in a word of its own, which is
put into plain ones with what may be done about it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.slurm.reasons import explained
from jobmon_airflow.engine import claims, standing, why_asked
from jobmon_airflow.resources import Resources, with_unit
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import clusters, task_instances, tasks, waiting, workflow_runs, workflows
from jobmon_airflow.units import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from jobmon_airflow.engine.standing import Standing
    from jobmon_airflow.engine.tallies import Counts
    from jobmon_airflow.store.waiting import Waiting

_SOME: Final = 20  # of the tasks before one


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """So many tasks of a template that wait for the same."""

    template: str
    tasks: int
    why: str  #: in plain words
    remedy: str = ""
    reason: str | None = None  #: the cluster's own word, if it is the cluster that lets them wait
    since: datetime | None = None

    def __str__(self) -> str:
        word = f" [{self.reason}]" if self.reason else ""
        since = f", since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"{self.tasks:,} {'waits' if self.tasks == 1 else 'wait'}: {self.why}{word}{since}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a workflow is where it is."""

    standing: Standing
    who: str  #: runs it, or that nobody does
    is_run: bool
    waits: Sequence[Wait]
    running: Mapping[str, int]  #: by template

    def as_dict(self) -> dict[str, Any]:
        """The same, in words and numbers that JSON can carry."""
        return {
            **standing.described(self.standing),
            "is_run": self.is_run,
            "who": self.who,
            "running": dict(self.running),
            "waits": [
                {
                    "template": wait.template,
                    "tasks": wait.tasks,
                    "why": wait.why,
                    "reason": wait.reason,
                    "since": wait.since.isoformat() if wait.since else None,
                    "remedy": wait.remedy,
                }
                for wait in self.waits
            ],
        }


def of_workflow(
    connection: Connection, workflow_id: int, at: datetime, counts: Counts | None = None
) -> Explanation:
    """Why a workflow is where it is; an error if there is none of this id."""
    found = standing.of_workflow(connection, workflow_id, counts)
    run = workflow_runs.alive(connection, workflow_id)
    is_run = run is not None and claims.has_controller(run, at)
    limit, _ = workflows.limits(connection, workflow_id)
    every = waiting.of_workflow(
        connection, workflow_id, run.id if run is not None and is_run else None, counts
    )
    places = {each.name: place for place, each in enumerate(found.templates)}
    every.sort(key=lambda it: places[it.template])
    return Explanation(
        standing=found,
        who=_who(found, run, workflow_id, is_run=is_run),
        is_run=is_run,
        waits=[] if found.status == WorkflowStatus.DONE else list(_waits(every, limit, is_run=is_run)),
        running={each.template: each.running for each in every if each.running},
    )


# --- who ----------------------------------------------------------------------------------------------------


def _who(found: Standing, run: Row[Any] | None, workflow_id: int, *, is_run: bool) -> str:
    if is_run and run is not None:
        status = WorkflowRunStatus.of(run.status).label
        return f"Run {run.id} of {run.user} is at work ({status}), as {run.controller or 'nobody knows which process'}."
    resume = f"Go on: {standing.resume_command(workflow_id)}"
    if found.status == WorkflowStatus.DONE:
        return "All of it is done."
    if run is not None:
        return f"Nobody runs it: run {run.id} has lost its controller ({run.controller}). {resume}"
    if found.run_status is None:
        return f"It was never run. {resume}"
    return (
        f"Nobody runs it: its last run, {found.workflow_run_id}, ended as {found.run_status.label}. {resume}"
    )


# --- what tasks wait for --------------------------------------------------------------------------------------


def _waits(every: Sequence[Waiting], limit: int, *, is_run: bool) -> Iterator[Wait]:
    active = sum(each.active for each in every)
    for each in every:
        yield from _of_cluster(each)
        if each.for_room:
            yield _of_room(each, limit, active, is_run=is_run)
        if waiting_for_others := each.for_upstreams - each.for_failed:
            yield Wait(template=each.template, tasks=waiting_for_others, why="tasks before them are not done")
        if each.for_failed:
            yield Wait(
                template=each.template,
                tasks=each.for_failed,
                why="tasks before them have failed for good",
                remedy="Mend what failed, then resume: what is done stays done.",
            )


def _of_cluster(each: Waiting) -> Iterator[Wait]:
    for reason in each.reasons:
        known = explained(reason.reason)
        yield Wait(
            template=each.template,
            tasks=reason.count,
            why=f"in the cluster's queue, because {known.meaning}",
            remedy=known.remedy,
            reason=reason.reason,
            since=reason.since,
        )
    if rest := max(0, each.with_cluster - sum(reason.count for reason in each.reasons)):
        yield Wait(template=each.template, tasks=rest, why="handed to the cluster, which has not begun them")


def _of_room(each: Waiting, limit: int, active: int, *, is_run: bool) -> Wait:
    whole = each.for_room
    change = (
        "It is changed by `jobmon workflow limit`, JobmonHook().set_limit(…), or max_concurrently_running in the table "
        "{table}, and heeded at once."
    )
    if not is_run:
        return Wait(template=each.template, tasks=whole, why="nobody runs the workflow")
    if limit <= 0 or each.is_paused:
        what = "the workflow is paused" if limit <= 0 else "the template is paused"
        table = "workflow" if limit <= 0 else "array"
        return Wait(
            template=each.template,
            tasks=whole,
            why=f"{what}: its max_concurrently_running is 0",
            remedy=change.format(table=table),
        )
    if each.is_at_its_limit:
        why = (
            f"{each.limit:,} tasks of the template are active, and no more may be (max_concurrently_running)"
        )
        return Wait(template=each.template, tasks=whole, why=why, remedy=change.format(table="array"))
    if limit < UNLIMITED and active >= limit:
        why = f"{active:,} tasks of the workflow are active, and {limit:,} may be (max_concurrently_running)"
        return Wait(template=each.template, tasks=whole, why=why, remedy=change.format(table="workflow"))
    return Wait(
        template=each.template,
        tasks=whole,
        why="their turn comes: as many are with the cluster as it holds, or they are about to be handed over",
    )


# --- a task ---------------------------------------------------------------------------------------------------


def of_task(connection: Connection, task_id: int) -> dict[str, Any]:
    """All that is known of a task: its status, what it waits for, and each attempt with what it rests on."""
    row = claims.known_task(connection, task_id)
    attempts = task_instances.of_tasks(connection, [task_id])
    asked = clusters.requests(
        connection,
        {each.task_resources_id for each in attempts if each.task_resources_id is not None}
        | {row.task_resources_id},
    )
    accounts = task_instances.accounts(connection, [each.id for each in attempts])
    run = workflow_runs.alive(connection, row.workflow_id)
    names = workflows.array_names(connection, row.workflow_id)
    found = waiting.reasons(connection, run.id).get(row.array_id, []) if run is not None else []
    status = TaskStatus.of(row.status)
    is_waiting = status in {TaskStatus.INSTANTIATING, TaskStatus.LAUNCHED}
    return {
        "task_id": task_id,
        "name": row.name,
        "template": names[row.array_id],
        "workflow_id": row.workflow_id,
        "status": status.label,
        "meaning": status.description,
        "since": row.status_date.isoformat(),
        "command": row.command,
        "num_attempts": row.num_attempts,
        "max_attempts": row.max_attempts,
        "requested": _asked(asked.get(row.task_resources_id)),
        "why_requested": list(
            why_asked.reasons(
                row, attempts, {each.id: _asked(asked.get(each.task_resources_id)) for each in attempts}
            )
        ),
        "upstreams_not_done": _upstreams(connection, task_id),
        "reasons_of_its_template": [
            {"reason": each.reason, "tasks": each.count, "why": explained(each.reason).meaning}
            for each in found
        ]
        if is_waiting
        else [],
        "attempts": [
            _attempt(each, asked.get(each.task_resources_id), accounts.get(each.id)) for each in attempts
        ],
    }


def _upstreams(connection: Connection, task_id: int) -> dict[str, Any]:
    """Those before the task that are not done: how many, and some of them."""
    before, _ = tasks.dependencies(connection, task_id)
    left = tasks.not_done(connection, before)
    return {
        "count": len(left),
        "some": [
            {"task_id": each.id, "name": each.name, "status": TaskStatus.of(each.status).label}
            for each in left[:_SOME]
        ],
    }


def _attempt(row: Row[Any], asked: Row[Any] | None, account: str | None) -> dict[str, Any]:
    return {
        "task_instance_id": row.id,
        "status": TaskInstanceStatus.of(row.status).label,
        "job": row.distributor_id,
        "node": row.nodename,
        "submitted": row.submitted_date.isoformat() if row.submitted_date else None,
        "since": row.status_date.isoformat(),
        "verdict": row.verdict,
        "exit_code": row.exit_code,
        "evidence": json.loads(row.evidence) if row.evidence else None,
        "requested": _asked(asked),
        "used": _used(row),
        "stdout": row.stdout,
        "stderr": row.stderr,
        "said": row.stderr_log or account,
    }


def _asked(row: Row[Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    request = Resources.from_json(row.requested_resources).as_dict()
    words = {name: with_unit(each) for name, each in request.items()}
    return {"cluster": row.cluster_name, **words, "queue": row.queue_name}


def _used(row: Row[Any]) -> dict[str, str]:
    known = {
        "memory": None if row.maxrss is None else str(Memory.of_bytes(row.maxrss)),
        "runtime": None if row.wallclock is None else f"{row.wallclock:.1f} s",
        "cpu": None if row.cpu is None else f"{row.cpu:.1f} s",
    }
    return {name: value for name, value in known.items() if value is not None}
