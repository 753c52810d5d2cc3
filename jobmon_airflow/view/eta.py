"""When workflows that run will be over, as far as what they have done lately says.

What is left is counted in seconds of commands: so many tasks of each template, each as long as that template's tasks
took so far. How many of these seconds go by in one second was different in each of the last stretches of time; the
slow and the fast ones of them give the range. Nothing ends before the longest chain of templates that is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import dags, moves_by_minute, spent, waiting, workflows
from jobmon_airflow.view.counting import Counts

STRETCHES: Final = 12  #: of time that are compared
LOOKS_BACK: Final = timedelta(hours=2)
ENOUGH: Final = 10  #: tasks that were done, to say how fast they are

_IN_A_STRETCH: Final = 5  # tasks, at least on average
_FASTER, _SLOWER = 0.75, 1.5  # than usual, of tasks that wait for each other
_MINUTE: Final = timedelta(minutes=1)
_OVER: Final = (TaskStatus.DONE, TaskStatus.ERROR_FATAL)
_MOST: Final = timedelta(days=3650)  # what takes longer, nobody can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """When it will be over: as likely earlier as later than the median, and mostly between low and high."""

    low: datetime
    median: datetime
    high: datetime | None  #: None where it may as well stand still


def of_workflows(
    connection: Connection, started: Mapping[int, datetime], counts: Counts, now: datetime
) -> dict[int, Eta]:
    """When workflows will be over, given when their runs began; without those of which nobody can say it."""
    if not started:
        return {}
    used = _seconds(spent.of_arrays(connection, list(started)))
    done = _done(connection, [array_id for number, array_id in counts if number in started], now)
    found = {}
    for workflow_id, begun in started.items():
        arrays = {array_id: each for (of, array_id), each in counts.items() if of == workflow_id}
        left = _Left(connection, workflow_id, arrays, used)
        eta = estimate(left.work, left.longest, _rates(done, left, begun, now), now)
        if eta is not None:
            found[workflow_id] = eta
    return found


def estimate(work: float, longest: float, rates: Sequence[float], now: datetime) -> Eta | None:
    """When so many seconds of commands will be over, at rates of seconds of commands per second.

    >>> from datetime import UTC
    >>> found = estimate(3600, 60, [1.0, 2.0, 4.0], datetime(2024, 2, 29, tzinfo=UTC))
    >>> found.low.minute, found.median.minute, found.high.minute
    (16, 30, 50)
    """
    if not rates or not work:
        return None
    slow, usual, fast = (_quantile(sorted(rates), share) for share in (0.1, 0.5, 0.9))
    usual = usual or sum(rates) / len(rates)
    if not usual:
        return None
    low = _after(work, longest * _FASTER, fast, now)
    median = _after(work, longest, usual, now)
    high = _after(work, longest * _SLOWER, slow, now)
    return None if low is None or median is None else Eta(low=low, median=median, high=high)


def _after(work: float, longest: float, rate: float, now: datetime) -> datetime | None:
    seconds = max(longest, work / rate) if rate > 0 else _MOST.total_seconds()
    return now + timedelta(seconds=seconds) if seconds < _MOST.total_seconds() else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    before, part = int(place), place - int(place)
    behind = min(before + 1, len(ordered) - 1)
    return ordered[before] * (1 - part) + ordered[behind] * part


# --- what is left -----------------------------------------------------------------------------------------------


class _Left:
    """What is left of a workflow."""

    def __init__(
        self,
        connection: Connection,
        workflow_id: int,
        arrays: Mapping[int, Mapping[str, int]],
        used: Mapping[int, float],
    ) -> None:
        self.arrays = arrays
        self.running = sum(counts.get(TaskStatus.RUNNING, 0) for counts in arrays.values())
        self._connection = connection
        self._workflow_id = workflow_id
        self._used = used
        blocked = waiting.blocked(connection, workflow_id)
        self._tasks = {number: _left(counts, blocked[number]) for number, counts in arrays.items()}

    @property
    def _dag_id(self) -> int:
        row = workflows.row(self._connection, self._workflow_id)
        assert row is not None  # its tasks were counted
        return int(row.dag_id)

    @cached_property
    def _versions(self) -> dict[int, int]:
        """The arrays by template version."""
        return workflows.array_ids(self._connection, self._workflow_id)

    @cached_property
    def seconds(self) -> dict[int, float]:
        """How long a task of each array takes; of those of which nothing is known, as long as the others."""
        known = {number: self._used[number] for number in self.arrays if number in self._used}
        for version, number in self._versions.items():
            if number not in known and self._tasks.get(number):
                earlier = spent.seconds_of_version(self._connection, version)
                known |= {} if earlier is None else {number: earlier}
        usual = sum(known.values()) / len(known) if known else 0.0
        return {number: known.get(number, usual) for number in self.arrays}

    @property
    def work(self) -> float:
        """Seconds of commands."""
        return sum(count * self.seconds[number] for number, count in self._tasks.items())

    @property
    def longest(self) -> float:
        """Seconds that one task of each template takes, where these wait for each other."""
        versions = self._versions
        upstreams: dict[int, set[int]] = {number: set() for number in versions.values()}
        for upstream, downstream in dags.template_edges(self._connection, self._dag_id):
            if upstream != downstream:
                upstreams[versions[downstream]].add(versions[upstream])
        try:
            order = list(TopologicalSorter(upstreams).static_order())
        except CycleError:
            return 0.0
        ends: dict[int, float] = {}
        for number in order:
            own = self.seconds.get(number, 0.0) if self._tasks.get(number) else 0.0
            ends[number] = own + max((ends[each] for each in upstreams[number]), default=0.0)
        return max(ends.values(), default=0.0)


def _left(counts: Mapping[str, int], blocked: int) -> float:
    """Tasks that are not over and may be some day; one that runs is half done."""
    not_over = sum(count for status, count in counts.items() if status not in _OVER)
    return max(0.0, not_over - blocked - counts.get(TaskStatus.RUNNING, 0) / 2)


# --- how fast ---------------------------------------------------------------------------------------------------


def _seconds(used: Collection[spent.Used]) -> dict[int, float]:
    """How long a task of each array took on average, of those that succeeded."""
    seconds: Counter[int] = Counter()
    attempts: Counter[int] = Counter()
    for each in used:
        if each.verdict == spent.DONE:
            seconds[each.of] += each.wallclock  # type: ignore[assignment]
            attempts[each.of] += each.attempts
    return {number: seconds[number] / count for number, count in attempts.items() if count}


def _done(
    connection: Connection, arrays: Collection[int], now: datetime
) -> dict[int, list[tuple[datetime, int]]]:
    """By array, how many tasks were done in which minute lately."""
    found: dict[int, list[tuple[datetime, int]]] = {}
    for array_id, minute, count in moves_by_minute.done_since(connection, arrays, now - LOOKS_BACK - _MINUTE):
        found.setdefault(array_id, []).append((minute, count))
    return found


def _rates(
    done: Mapping[int, list[tuple[datetime, int]]], left: _Left, begun: datetime, now: datetime
) -> list[float]:
    """Seconds of commands per second, in each of the last stretches of time, since the run began."""
    first = max(begun, now - LOOKS_BACK).replace(second=0, microsecond=0)
    lately = [
        ((minute - first) / (now - first), tasks, tasks * left.seconds[number])
        for number in left.arrays
        for minute, tasks in done.get(number, ())
        if first <= minute < now
    ]
    count = sum(tasks for _, tasks, _ in lately)
    if count < ENOUGH:
        return _varied(float(left.running))
    stretches = max(1, min(STRETCHES, int((now - first) / _MINUTE), count // _IN_A_STRETCH))
    work = [0.0] * stretches
    for place, _, seconds in lately:
        work[int(place * stretches)] += seconds
    rates = [each / ((now - first).total_seconds() / stretches) for each in work]
    return rates if stretches > 2 else _varied(sum(rates) / stretches)


def _varied(rate: float) -> list[float]:
    """Where nothing is seen of how it varies: it may be half of that, or twice as much."""
    return [rate / 2, rate, rate * 2] if rate > 0 else []
