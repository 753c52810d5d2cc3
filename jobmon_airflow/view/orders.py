"""What people order in pages and terminals. Who ordered what is kept with it, in the tables and in the log.

Pages ask Airflow who may, beforehand; a terminal gives a permit that is asked in the transaction of the order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from jobmon_airflow.engine import ordering
from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.engine.ownership import Permit, anybody
from jobmon_airflow.engine.pace import tasks_in_words
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.store import action_log, workflows
from jobmon_airflow.store.database import Database
from jobmon_airflow.view import origins
from jobmon_airflow.view.paging import Page, cursor, key_of

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_RESUME: Final = "Resume the workflow to run it."
_LISTED: Final = 100  # of tasks that were changed together


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What came of an order, in words for whoever gave it."""

    workflow_id: int
    message: str
    tasks: int = 0  #: that changed
    is_heard_later: bool = False  #: somebody who runs the workflow hears it within seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that was ordered."""

    id: int
    workflow_run_id: int | None
    task_id: int | None
    user: str
    action: str
    detail: str
    action_date: datetime


def history(
    connection: Connection, workflow_id: int, *, after: str | None = None, limit: int = 100
) -> Page[Action]:
    """What people ordered for a workflow and its tasks, newest first."""
    before = key_of(after, int)[0] if after else None
    rows = action_log.of_workflow(connection, workflow_id, before=before, limit=limit + 1)
    items = [
        Action(
            id=row.id,
            workflow_run_id=row.workflow_run_id,
            task_id=row.task_id,
            user=row.user,
            action=row.action,
            detail=row.detail,
            action_date=row.action_date,
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=cursor(items[-1].id) if len(rows) > limit else None)


def set_limit(
    database: Database,
    workflow_id: int,
    limit: int,
    template: str | None,
    user: str,
    *,
    permit: Permit = anybody,
) -> Ordered:
    """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses."""
    whose = "the workflow" if template is None else f"template '{template}'"
    what = _limit_in_words(limit, whose)

    def order(connection: Connection, at: datetime) -> Ordered:
        permit(connection, workflow_id)
        ordering.set_limit(connection, workflow_id, limit, template)
        action_log.note(connection, workflow_id, user, "limit", what, at)
        is_run = workflows.is_being_run(connection, workflow_id)
        return Ordered(workflow_id=workflow_id, message=what, is_heard_later=is_run)

    return _done(database, order, user, "limit", workflow_id=workflow_id, limit=limit, template=template)


def stop(database: Database, workflow_id: int, how: Stop, user: str, *, permit: Permit = anybody) -> Ordered:
    """Let the run of a workflow end: when what runs is over, or at once."""

    def order(connection: Connection, at: datetime) -> Ordered:
        permit(connection, workflow_id)
        stopping = ordering.stop(connection, workflow_id, how, at)
        run_id = stopping.workflow_run_id
        message = _stop_in_words(run_id, how, is_over=stopping.is_over)
        action_log.note(connection, workflow_id, user, f"stop: {how}", message, at, workflow_run_id=run_id)
        return Ordered(workflow_id=workflow_id, message=message, is_heard_later=not stopping.is_over)

    return _done(database, order, user, "stop", workflow_id=workflow_id, how=how.value)


def mark_done(database: Database, task_id: int, user: str, *, permit: Permit = anybody) -> Ordered:
    """Let a task count as done without having run."""

    def order(connection: Connection, at: datetime) -> Ordered:
        workflow_id = origins.workflow_of_task(connection, task_id)
        permit(connection, workflow_id)
        is_new = bool(ordering.mark_done(connection, workflow_id, [task_id], at))
        message = f"Task {task_id} counts as done." if is_new else f"Task {task_id} is done already."
        if is_new:
            action_log.note(connection, workflow_id, user, "mark done", message, at, task_id=task_id)
        return Ordered(workflow_id=workflow_id, message=message, tasks=int(is_new))

    return _done(database, order, user, "mark done", task_id=task_id)


def run_again(
    database: Database, task_id: int, user: str, *, downstream: bool, permit: Permit = anybody
) -> Ordered:
    """Let a task run again when the workflow is resumed, with all that was made of its result if that is wanted."""

    def order(connection: Connection, at: datetime) -> Ordered:
        workflow_id = origins.workflow_of_task(connection, task_id)
        permit(connection, workflow_id)
        again = ordering.run_again(connection, workflow_id, [task_id], at, downstream=downstream)
        message = (
            f"{tasks_in_words(len(again))} will run again. {_RESUME}"
            if again
            else f"It waits to be run. {_RESUME}"
        )
        if again:
            action = "run again, with downstreams" if downstream else "run again"
            action_log.note(connection, workflow_id, user, action, message, at, task_id=task_id)
        return Ordered(workflow_id=workflow_id, message=message, tasks=len(again))

    return _done(database, order, user, "run again", task_id=task_id, downstream=downstream)


def mark_tasks_done(
    database: Database,
    workflow_id: int,
    task_ids: Collection[int],
    user: str,
    *,
    upstream: bool = False,
    at_most: int | None = None,
    permit: Permit = anybody,
) -> Ordered:
    """Let tasks of a workflow count as done without having run, with all that they depend on if that is wanted."""

    def order(connection: Connection, at: datetime) -> Ordered:
        permit(connection, workflow_id)
        new = ordering.mark_done(connection, workflow_id, task_ids, at, upstream=upstream, at_most=at_most)
        message = f"{tasks_in_words(len(new))} {'counts' if len(new) == 1 else 'count'} as done."
        if new:
            action_log.note(connection, workflow_id, user, "mark done", _of(message, new), at)
        return Ordered(
            workflow_id=workflow_id,
            message=message if new else "All of them are done already.",
            tasks=len(new),
        )

    return _done(database, order, user, "mark done", workflow_id=workflow_id, upstream=upstream)


def run_tasks_again(
    database: Database,
    workflow_id: int,
    task_ids: Collection[int],
    user: str,
    *,
    at_most: int | None = None,
    permit: Permit = anybody,
) -> Ordered:
    """Let tasks of a workflow run again when it is resumed, and all that was made of their results."""

    def order(connection: Connection, at: datetime) -> Ordered:
        permit(connection, workflow_id)
        again = ordering.run_again(connection, workflow_id, task_ids, at, downstream=True, at_most=at_most)
        message = f"{tasks_in_words(len(again))} will run again. {_RESUME}"
        if again:
            action = "run again, with downstreams"
            action_log.note(connection, workflow_id, user, action, _of(message, again), at)
        return Ordered(
            workflow_id=workflow_id,
            message=message if again else f"All of them wait to be run. {_RESUME}",
            tasks=len(again),
        )

    return _done(database, order, user, "run again", workflow_id=workflow_id, downstream=True)


def reset(
    database: Database, workflow_id: int, user: str, *, but_done: bool, permit: Permit = anybody
) -> Ordered:
    """Let a workflow begin from its beginning when it is resumed, or leave what is done."""

    def order(connection: Connection, at: datetime) -> Ordered:
        permit(connection, workflow_id)
        again = ordering.reset(connection, workflow_id, at, but_done=but_done)
        kept = ", and what is done stays done" if but_done else ""
        message = f"{tasks_in_words(len(again))} will run again{kept}. {_RESUME}"
        if again:
            action_log.note(connection, workflow_id, user, "reset", message, at)
        return Ordered(
            workflow_id=workflow_id,
            message=message if again else f"All that is not done waits to be run. {_RESUME}",
            tasks=len(again),
        )

    return _done(database, order, user, "reset", workflow_id=workflow_id, but_done=but_done)


def note_resume(database: Database, workflow_id: int, user: str, detail: str) -> None:
    """Keep that somebody let a workflow go on."""
    at = datetime.now(UTC)
    database.write(lambda it: action_log.note(it, workflow_id, user, "resume", detail, at))
    log.info("workflow.ordered", extra={"action": "resume", "user": user, "workflow_id": workflow_id})


def _done(
    database: Database,
    order: Callable[[Connection, datetime], Result],
    user: str,
    action: str,
    **facts: object,
) -> Result:
    at = datetime.now(UTC)
    result = database.write(lambda connection: order(connection, at))
    log.info("workflow.ordered", extra={"action": action, "user": user, **facts})
    return result


def _limit_in_words(limit: int, whose: str) -> str:
    if limit == 0:
        return f"Paused: of {whose} nothing more begins."
    if limit >= UNLIMITED:
        return f"No limit: of {whose} as many tasks run at a time as its clusters take."
    return f"Of {whose} at most {tasks_in_words(limit)} run at a time."


def _stop_in_words(run_id: int, how: Stop, *, is_over: bool) -> str:
    if is_over:
        return (
            f"Run {run_id} had lost its controller, and is over now. What it left on a cluster is ended by a cold "
            "resume, or by: airflow jobmon reap"
        )
    if how is Stop.DRAIN:
        return f"Run {run_id} begins nothing more, and ends when what runs is over."
    return f"Run {run_id} ends what it runs, and then itself."


def _of(message: str, task_ids: Collection[int]) -> str:
    """What was done, and to which tasks, of which the first are named."""
    named = ", ".join(map(str, sorted(task_ids)[:_LISTED]))
    return f"{message} [{named}{', …' if len(task_ids) > _LISTED else ''}]"
