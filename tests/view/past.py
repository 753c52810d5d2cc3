"""Attempts of the past, as engines leave them: with what they used, how they ended, and what that adds up to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jobmon_airflow.engine.verdict import DONE, MEMORY, Verdict
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import error_kinds, tasks, usage_by_hour
from tests.attempts import AT, attempt, end

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database

GIB = 2**30


def ended(
    database: Database,
    task_id: int,
    verdict: Verdict = DONE,
    *,
    kind: str | None = None,
    after: float = 100.0,
    gib: float | None = None,
    **known: Any,
) -> int:
    """An attempt that ended so many seconds after it was submitted; its id."""
    if kind is not None:
        known["error_kind_id"] = database.write(lambda it: error_kinds.ids_of(it, {kind}))[kind]
    if gib is not None:
        known["maxrss"] = round(gib * GIB)
    at = AT + timedelta(seconds=after)
    number = attempt(database, task_id, verdict.status, at=at, verdict=verdict.words, **known)
    database.write(lambda it: usage_by_hour.add(it, [number]))
    return number


def out_of_memory(database: Database, task_id: int, **known: Any) -> int:
    """An attempt that had too little memory."""
    return ended(database, task_id, MEMORY, kind=MEMORY.words, **known)


def done(database: Database, task_ids: list[int]) -> None:
    """Tasks that are done."""
    for status in (TaskStatus.QUEUED, TaskStatus.DONE):
        assert database.write(lambda it, status=status: tasks.advance(it, task_ids, status, AT)) == set(
            task_ids
        )


def failed(database: Database, task_ids: list[int]) -> None:
    """Tasks that failed for good."""
    end(database, task_ids, TaskStatus.ERROR_FATAL)
