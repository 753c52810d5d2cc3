"""What people order from outside, whoever runs the workflow: limits, an end, tasks that are done or run again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client.defaults import checked_limit
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import RunError, UnknownName
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import set_back, tasks, workflow_runs, workflows

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

_NAMED: Final = 10  # of tasks that a workflow does not have


class Stop(StrEnum):
    """How a run is to end."""

    DRAIN = "drain"  #: nothing more begins, and what runs is waited for
    KILL = "kill"  #: what runs is ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """A run that was told to end."""

    workflow_run_id: int
    is_over: bool  #: it had no controller any more that could have heard it


def set_limit(connection: Connection, workflow_id: int, limit: int, template: str | None = None) -> None:
    """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses. Heeded at once."""
    claims.known(connection, workflow_id)
    checked_limit(limit)
    if template is None:
        workflows.set_limit(connection, workflow_id, limit)
        return
    names = workflows.array_names(connection, workflow_id)
    chosen = claims.arrays_named(names, workflow_id, template)
    workflows.set_array_limits(connection, dict.fromkeys(chosen, limit))


def stop(connection: Connection, workflow_id: int, how: Stop, at: datetime) -> Stopping:
    """Tell the run that holds a workflow to end; it hears it within seconds. An error if nobody runs it."""
    claims.known(connection, workflow_id)
    run = workflow_runs.alive(connection, workflow_id)
    if run is None:
        raise RunError(
            f"Nobody runs workflow {workflow_id}, so that there is nothing to stop.",
            remedy="What it left on a cluster is ended by: airflow jobmon reap, or by a cold resume.",
        )
    if how is Stop.KILL:
        claims.ask_to_leave(connection, workflow_id, True, at)
    elif not claims.end_if_silent(connection, run.id, at):
        workflow_runs.ask_to_drain(connection, run.id, at)
    status = workflow_runs.status(connection, run.id)
    return Stopping(workflow_run_id=run.id, is_over=status.is_final)


def mark_done(
    connection: Connection,
    workflow_id: int,
    task_ids: Collection[int],
    at: datetime,
    *,
    upstream: bool = False,
    at_most: int | None = None,
) -> set[int]:
    """Let tasks count as done without having run, and all that they depend on if so wished; those that were not."""
    _hold(connection, workflow_id, at)
    require_tasks(connection, workflow_id, task_ids)
    chosen = set_back.with_upstreams(connection, workflow_id, task_ids) if upstream else set(task_ids)
    _refuse_many(chosen, at_most)
    return set_back.mark_done(connection, workflow_id, chosen, at)


def run_again(
    connection: Connection,
    workflow_id: int,
    task_ids: Collection[int],
    at: datetime,
    *,
    downstream: bool,
    at_most: int | None = None,
) -> set[int]:
    """Let tasks run again when the workflow is resumed, and all that was made of their results; those that will."""
    _hold(connection, workflow_id, at)
    require_tasks(connection, workflow_id, task_ids)
    chosen = set_back.with_downstreams(connection, workflow_id, task_ids) if downstream else set(task_ids)
    _refuse_many(chosen, at_most)
    return set_back.tasks_alone(connection, workflow_id, chosen, at)


def reset(connection: Connection, workflow_id: int, at: datetime, *, but_done: bool) -> set[int]:
    """Let all tasks of a workflow begin again when it is resumed, or all that are not done; those that moved."""
    _hold(connection, workflow_id, at)
    return set_back.everything(connection, workflow_id, at, but_done=but_done)


def require_tasks(connection: Connection, workflow_id: int, task_ids: Collection[int]) -> None:
    """Refuse tasks that the workflow does not have."""
    known = tasks.nodes_of(connection, workflow_id, task_ids)
    if others := sorted(set(task_ids) - known.keys()):
        more = f", and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        raise UnknownName(
            f"Workflow {workflow_id} has no task {', '.join(map(str, others[:_NAMED]))}{more}.",
            remedy="Nothing was changed. Name tasks of one workflow; `jobmon workflow tasks` lists them.",
        )


def _refuse_many(task_ids: Collection[int], at_most: int | None) -> None:
    if at_most is not None and len(task_ids) > at_most:
        raise RunError(
            f"That would change {len(task_ids):,} tasks, which are more than {at_most:,}.",
            remedy="Nothing was changed. Name fewer tasks, or say that you mean it: --force.",
        )


def _hold(connection: Connection, workflow_id: int, at: datetime) -> None:
    """Let nobody begin to run the workflow until this transaction ends; an error if somebody runs it."""
    workflows.lock(connection, workflow_id)
    run = workflow_runs.alive(connection, workflow_id)
    if run is None or claims.end_if_silent(connection, run.id, at):
        return
    raise RunError(
        f"Workflow {workflow_id} is being run ({WorkflowRunStatus.of(run.status).label}), and who runs it keeps its "
        "own count of what is done.",
        remedy="Stop it first; then change its tasks, and resume it.",
    )
