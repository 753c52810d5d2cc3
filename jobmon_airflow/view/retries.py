"""What became of tasks after attempts that failed, by why these did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import Connection

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import retries
from jobmon_airflow.store.samples import Measured


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


def after(connection: Connection, failed: Sequence[Measured], counts: Mapping[str, int]) -> list[Retries]:
    """What came after these attempts, of which there are so many of each verdict in all; the usual ones first."""
    task_ids = {task_id for _, task_id, *_ in failed}
    following = _following(retries.attempts_at(connection, task_ids))
    statuses = retries.statuses_of(connection, task_ids)
    found: dict[str, Counter[Next]] = {verdict: Counter() for verdict in counts}
    for number, task_id, _, _, verdict, *_ in failed:
        what = _next(following.get(number), statuses[task_id])
        found.setdefault(verdict or "", Counter())[what] += 1
    return [
        Retries(
            verdict=verdict,
            attempts=max(counts.get(verdict, 0), followed.total()),
            followed={each: followed[each] for each in Next},
        )
        for verdict, followed in sorted(found.items(), key=lambda it: (-counts.get(it[0], 0), it[0]))
    ]


def _following(attempts: Sequence[retries.Later]) -> dict[int, retries.Later]:
    """The attempt after each that is not a task's last."""
    return {one.attempt_id: other for one, other in pairwise(attempts) if one.task_id == other.task_id}


def _next(following: retries.Later | None, task: TaskStatus) -> Next:
    if following is None:
        return Next.GIVEN_UP if task is TaskStatus.ERROR_FATAL else Next.OPEN
    status = TaskInstanceStatus.of(following.status)
    if status.is_error:
        return Next.FAILED
    return Next.DONE if status is TaskInstanceStatus.DONE else Next.OPEN
