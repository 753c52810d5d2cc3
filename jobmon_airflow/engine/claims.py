"""Who may run a workflow: taking it, making another run give way, and ending runs that have no controller."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow import __version__
from jobmon_airflow.errors import (
    UnknownName,
    WorkflowAlreadyComplete,
    WorkflowAlreadyExists,
    WorkflowNotResumable,
)
from jobmon_airflow.settings import user_name
from jobmon_airflow.states import WORKFLOW, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import tasks, workflow_runs, workflows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row

    from jobmon_airflow.engine.archive import Archive
    from jobmon_airflow.engine.clock import Clock

_HOST_PROCESSES: Final = "pid:[4026531836]"  #: what Linux calls the first namespace of processes
_LOOK: Final = 0.5  #: seconds between two looks whether a run has given way


def take(
    connection: Connection,
    workflow_id: int,
    at: datetime,
    *,
    resume: bool,
    lease: timedelta,
    tries: list[tuple[int, datetime]] | None = None,
) -> int:
    """A new run, which holds the workflow from now on; an error if it may not have it.

    Whoever may have to call it again keeps its ``tries``: a run whose commit was not answered may be there.
    """
    tries = [] if tries is None else tries
    workflows.lock(connection, workflow_id)
    if (ours := _ours(connection, workflow_id, tries)) is not None:
        workflow_runs.beat(connection, ours, at + lease)
        return ours
    workflow = known(connection, workflow_id)
    _refuse_incomplete(workflow)
    refuse_complete(workflow)
    _refuse_held(connection, workflow, resume)
    if workflow.status != WorkflowStatus.REGISTERING:
        _refuse_begun(workflow, resume)
        workflows.order(connection, [workflow_id], WORKFLOW.orders["resume"], at)
    run_id = workflow_runs.register(
        connection, workflow_id, user_name(), __version__, at, controller=here(), until=at + lease
    )
    workflow_runs.go(connection, run_id, WorkflowRunStatus.LINKING, at)
    tries.append((run_id, at))
    return run_id


def known(connection: Connection, workflow_id: int) -> Row[Any]:
    """The workflow of this id, or an error."""
    workflow = workflows.row(connection, workflow_id)
    if workflow is None:
        raise UnknownName(
            f"There is no workflow {workflow_id} in this database.",
            remedy="Ask `jobmon db address` which database is meant.",
        )
    return workflow


def known_task(connection: Connection, task_id: int) -> Row[Any]:
    """The task of this id, or an error."""
    row = tasks.row(connection, task_id)
    if row is None:
        raise UnknownName(
            f"There is no task {task_id} in this database.",
            remedy="jobmon workflow tasks -w WORKFLOW_ID lists those of a workflow, and the table `task` has all.",
        )
    return row


def arrays_named(names: Mapping[int, str], workflow_id: int, template: str | None) -> list[int]:
    """Those of a workflow's arrays that are a template's, in all its versions, or all; an error if there is none."""
    chosen = [number for number, name in names.items() if template in (None, name)]
    if chosen or template is None:
        return chosen
    raise UnknownName(
        f"Workflow {workflow_id} has no template '{template}'.",
        remedy=f"Choose one of {', '.join(sorted(set(names.values())))}."
        if names
        else "It has none: is its name right?",
    )


def refuse_complete(workflow: Row[Any]) -> None:
    """Refuse a workflow that is done."""
    if workflow.status == WorkflowStatus.DONE:
        raise WorkflowAlreadyComplete(
            f"Workflow {workflow.id} is done since {workflow.status_date:%Y-%m-%d %H:%M:%S} UTC; nothing is left "
            "to run.",
            remedy="To run it once more, give it other workflow_args, or set tasks back to be run again.",
        )


def _refuse_incomplete(workflow: Row[Any]) -> None:
    if workflow.created_date is None:
        raise WorkflowNotResumable(
            f"Workflow {workflow.id} is not here as a whole yet: its import has not come to its end.",
            remedy="Wait for it; or, if it was interrupted, type the same 'jobmon import' again, which goes on.",
        )


async def make_way(archive: Archive, clock: Clock, workflow_id: int, *, cold: bool, patience: float) -> bool:
    """Wait until nobody else holds the workflow; whoever does is asked to stop first. Say whether anybody did.

    A ``cold`` resume wants its jobs ended; otherwise those of clusters that outlive their controller go on.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    somebody_did = False
    while run := await archive.change(lambda it: ask_to_leave(it, workflow_id, cold, clock.now())):
        somebody_did = True
        if WorkflowRunStatus.of(run.status).is_final:
            continue
        if loop.time() - begun >= patience:
            raise WorkflowNotResumable(
                f"Workflow {workflow_id} is being run by {_who(run)}, and did not give way within "
                f"{patience:g} seconds.",
                remedy="Wait for it to end its tasks and try again, or give it more time: run(resume=True, "
                "resume_timeout=…).",
            )
        await asyncio.sleep(_LOOK)
    return somebody_did


def ask_to_leave(connection: Connection, workflow_id: int, cold: bool, at: datetime) -> Row[Any] | None:
    """The run that holds the workflow, asked to leave, or ended if it has no controller; None if there is none."""
    run = workflow_runs.alive(connection, workflow_id)
    if run is None:
        return None
    if not end_if_silent(connection, run.id, at):
        wish = WorkflowRunStatus.COLD_RESUME if cold else WorkflowRunStatus.HOT_RESUME
        workflow_runs.advance(connection, [run.id], wish, at)
    return workflow_runs.row(connection, run.id)


def end_if_silent(connection: Connection, run_id: int, at: datetime) -> bool:
    """End a run that was not heard of in time; looked at again now that nobody can write for it."""
    workflow_runs.lock(connection, run_id)
    run = workflow_runs.row(connection, run_id)
    if run.status not in workflow_runs.ALIVE or has_controller(run, at):
        return False
    match WorkflowRunStatus.of(run.status):
        case WorkflowRunStatus.LINKING:
            target = WorkflowRunStatus.ABORTED
        case WorkflowRunStatus.COLD_RESUME | WorkflowRunStatus.HOT_RESUME:
            target = WorkflowRunStatus.TERMINATED
        case _:
            target = WorkflowRunStatus.ERROR
    workflow_runs.go(connection, run_id, target, at)
    return True


def has_controller(run: Row[Any], at: datetime) -> bool:
    """Whether somebody acts for a run: it was heard of in time, and is not a process of this machine that is gone."""
    in_time = run.heartbeat_date is not None and run.heartbeat_date >= at
    return in_time and not is_gone(run.controller)


def here() -> str:
    """The machine and the process that act, in words that `is_gone` understands."""
    return f"{_machine()}, process {os.getpid()}"


def is_gone(process: str | None) -> bool:
    """Whether a process that once said `here` was one of this machine's, and is no more."""
    number = number_here(process)
    return number is not None and not _lives(number)


def number_here(process: str | None) -> int | None:
    """The number of a process that once said `here` on this machine; None of one that did so elsewhere."""
    machine, _, number = (process or "").rpartition(", process ")
    return int(number) if machine == _machine() and number.isdigit() else None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is another user's, whose processes the machine may hide from /proc
    return not _has_ended(process)


def _has_ended(process: int) -> bool:
    """Whether it is listed only because nobody has asked yet how it ended."""
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] in {"Z", "X"}


def _machine() -> str:
    """The host's name; in a container, whose processes are counted on their own, also which one."""
    try:
        counted_in = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        counted_in = _HOST_PROCESSES
    container = "" if counted_in == _HOST_PROCESSES else f" {counted_in}"
    return f"{socket.gethostname()}{container}"


def _ours(connection: Connection, workflow_id: int, tries: list[tuple[int, datetime]]) -> int | None:
    """The run that an earlier try has written after all."""
    run = workflow_runs.alive(connection, workflow_id)
    if run is None or run.controller != here():
        return None  # an id whose commit was lost may be another's by now
    return run.id if (run.id, run.created_date) in tries else None


def _refuse_held(connection: Connection, workflow: Row[Any], resume: bool) -> None:
    run = workflow_runs.alive(connection, workflow.id)
    if run is None:
        return
    error = WorkflowNotResumable if resume else WorkflowAlreadyExists
    raise error(
        f"Workflow {workflow.id} is being run by {_who(run)}.",
        remedy="Let it run. Or take it over, which stops that run first: workflow.run(resume=True). For a new "
        "workflow, give it other workflow_args.",
    )


def _refuse_begun(workflow: Row[Any], resume: bool) -> None:
    if not resume:
        raise WorkflowAlreadyExists(
            f"Workflow {workflow.id} with these workflow_args and these tasks was begun before; it is "
            f"{WorkflowStatus.of(workflow.status).label} since {workflow.status_date:%Y-%m-%d %H:%M:%S} UTC.",
            remedy="To go on where it ended: workflow.run(resume=True). For a new workflow, give it other "
            "workflow_args.",
        )


def _who(run: Row[Any]) -> str:
    where = f" at {run.controller}" if run.controller else ""
    return f"run {run.id} of {run.user}{where} ({WorkflowRunStatus.of(run.status).label})"
