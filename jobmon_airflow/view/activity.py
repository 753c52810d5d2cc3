"""What went on in a workflow: how many tasks were done in each stretch of time, how many waited and ran at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import moves_by_minute
from jobmon_airflow.view import counting
from jobmon_airflow.view.workflow import arrays_in_order, is_run_now

STRETCHES: Final = 300  #: of time, at most
FEW_TASKS: Final = 5_000  #: whose changes are looked at one by one
SHORT: Final = timedelta(minutes=30)  #: a time in which minutes say too little

_MINUTE: Final = 60
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityOfTemplate:
    """What went on in a template, stretch by stretch."""

    template: str
    done: Sequence[int]  #: tasks that were done in it
    failed: Sequence[int]  #: tasks that failed for good in it
    levels: dict[TaskBucket, Sequence[int]]  #: tasks at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What went on in a workflow."""

    begin: datetime | None  #: of the first stretch; None if nothing has happened yet
    step: int  #: seconds of a stretch
    templates: Sequence[ActivityOfTemplate]
    is_active: bool  #: somebody runs it now


class Move(NamedTuple):
    """So many tasks of an array went from one status to another."""

    array_id: int
    at: datetime
    before: str
    after: str
    tasks: int


def of_workflow(
    connection: Connection,
    workflow_id: int,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Activity:
    """What went on in a workflow; all of it, or from a moment on or until one."""
    counts = counting.of_workflow(connection, workflow_id)
    names = arrays_in_order(connection, workflow_id)
    is_active = is_run_now(connection, workflow_id, now)
    moves, finest = _moves(connection, workflow_id, names, sum(map(_total, counts.values())))
    if not moves:
        return Activity(begin=None, step=finest, templates=[], is_active=is_active)
    first, last = min(move.at for move in moves), max(move.at for move in moves)
    begin, end = since or first, until or (now if is_active else last)
    step = _step(end - begin, finest)
    begin = _floor(begin, step)
    span = (end - begin).total_seconds() / step
    stretches = max(1, min(STRETCHES, ceil(span) if until else floor(span) + 1))
    totals: Counter[str] = Counter()
    for (_, array_id), by_status in counts.items():
        totals[names[array_id]] += _total(by_status)
    drawn = {name: _Drawn(totals[name], stretches) for name in names.values()}
    for move in moves:
        drawn[names[move.array_id]].add(move, int((move.at - begin).total_seconds() // step))
    return Activity(
        begin=begin,
        step=step,
        templates=[each.as_template(name) for name, each in drawn.items()],
        is_active=is_active,
    )


class _Drawn:
    """One template's tasks over time."""

    def __init__(self, total: int, stretches: int) -> None:
        self._stretches = stretches
        self._before = Counter({TaskBucket.PENDING: total})
        self._changes = {bucket: [0] * stretches for bucket in TaskBucket}
        self._done, self._failed = [0] * stretches, [0] * stretches

    def add(self, move: Move, stretch: int) -> None:
        """So many went from one status to another in a stretch, which may come before the first one, or too late."""
        before, after = TaskStatus.of(move.before).bucket, TaskStatus.of(move.after).bucket
        if stretch < 0:
            self._before[before] -= move.tasks
            self._before[after] += move.tasks
        elif stretch < self._stretches:
            self._changes[before][stretch] -= move.tasks
            self._changes[after][stretch] += move.tasks
            if move.after == TaskStatus.DONE:
                self._done[stretch] += move.tasks
            if move.after == TaskStatus.ERROR_FATAL:
                self._failed[stretch] += move.tasks

    def as_template(self, name: str) -> ActivityOfTemplate:
        return ActivityOfTemplate(
            template=name,
            done=self._done,
            failed=self._failed,
            levels={bucket: self._levels(bucket) for bucket in TaskBucket},
        )

    def _levels(self, bucket: TaskBucket) -> list[int]:
        level, levels = self._before[bucket], []
        for change in self._changes[bucket]:
            level += change
            levels.append(level)
        return levels


def _moves(
    connection: Connection, workflow_id: int, names: Iterable[int], tasks: int
) -> tuple[list[Move], int]:
    """All changes, and how many seconds may lie between what they tell apart."""
    rows: list[Any] = moves_by_minute.of_arrays(connection, list(names))
    by_minute = [Move(*row) for row in rows]
    if not by_minute or tasks > FEW_TASKS:
        return by_minute, _MINUTE
    if max(move.at for move in by_minute) - min(move.at for move in by_minute) > SHORT:
        return by_minute, _MINUTE
    rows = moves_by_minute.in_full(connection, workflow_id)
    return [Move(array_id, at, before, after, 1) for array_id, at, before, after in rows], 1


def _step(span: timedelta, finest: int) -> int:
    seconds = span.total_seconds()
    steps = [step for step in _STEPS if step >= finest]
    return next((step for step in steps if seconds / step <= STRETCHES - 1), ceil(seconds / STRETCHES))


def _floor(moment: datetime, step: int) -> datetime:
    return moment - timedelta(seconds=moment.timestamp() % step)


def _total(by_status: Mapping[str, Any]) -> int:
    return sum(by_status.values())
