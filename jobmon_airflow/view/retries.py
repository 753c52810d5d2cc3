"""What became of tasks after attempts that failed, by why these did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import retries
from jobmon_airflow.store.retries import Attempt


class Next(StrEnum):
    """What came after an attempt that failed."""

    DONE = "the next attempt succeeded"
    FAILED = "the next attempt failed, too"
    GIVEN_UP = "there was no other attempt, and the task failed for good"
    OPEN = "the next attempt is to come, or not over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Attempts that ended alike, and what came after them."""

    verdict: str
    attempts: int  #: all there were
    followed: Mapping[Next, int]  #: of those that were looked at


def after(connection: Connection, task_ids: Collection[int], counts: Mapping[str, int]) -> list[Retries]:
    """What came after the failed attempts at some tasks, of which all have so many of each verdict; the usual first."""
    found: dict[str, Counter[Next]] = {verdict: Counter() for verdict in counts}
    attempts = retries.attempts_at(connection, task_ids)
    for attempt, following in zip(attempts, [*attempts[1:], None], strict=False):
        if attempt.has_failed:
            found.setdefault(attempt.verdict or "", Counter())[_next(attempt, following)] += 1
    return [
        Retries(
            verdict=verdict,
            attempts=max(counts.get(verdict, 0), followed.total()),
            followed={each: followed[each] for each in Next},
        )
        for verdict, followed in sorted(found.items(), key=lambda it: (-counts.get(it[0], 0), it[0]))
    ]


def _next(attempt: Attempt, following: Attempt | None) -> Next:
    """What came of a task after an attempt that failed, which is followed by another one, maybe at another task."""
    if following is None or following.task_id != attempt.task_id:
        return Next.GIVEN_UP if attempt.task_status == TaskStatus.ERROR_FATAL else Next.OPEN
    status = TaskInstanceStatus.of(following.status)
    if status.is_error:
        return Next.FAILED
    return Next.DONE if status is TaskInstanceStatus.DONE else Next.OPEN
