"""When attempts waited and ran: each as a bar while there are few, and how many at a time where there are many.

Of many attempts of a template some stand for all, each for as many as its template has of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from jobmon_airflow.client.statistics import percentile
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import samples, usage_by_hour, workflows

BARS: Final = 2_000  #: attempts that are drawn one by one
SLOTS: Final = 150
ROWS: Final = 40  #: nodes, those with most of the time
_READ: Final = 6_000  #: attempts of all templates together
_READ_AT_LEAST: Final = 300  #: of a template

_WAITS: Final = frozenset(
    {
        TaskInstanceStatus.QUEUED,
        TaskInstanceStatus.INSTANTIATED,
        TaskInstanceStatus.LAUNCHED,
        TaskInstanceStatus.NO_HEARTBEAT,
    }
)


class By(StrEnum):
    """What a row of a timeline stands for."""

    TEMPLATE = "template"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long attempts took; seconds."""

    median: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """The attempts of a template, or on a node."""

    name: str
    attempts: float  #: as far as the ones that were read tell
    begin: datetime
    end: datetime
    waited: Spread | None  #: at the cluster
    ran: Spread | None
    waiting: Sequence[float]  #: how many waited, on average, in each slot
    running: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBars:
    """Attempts one by one, column by column; moments in seconds since 1970."""

    attempt_id: Sequence[int]
    task_id: Sequence[int]
    row: Sequence[int]
    begin: Sequence[float]  #: handed to the cluster
    started: Sequence[float]
    end: Sequence[float]  #: now, if it is not over
    verdicts: Sequence[str]
    verdict: Sequence[int]  #: the place of each one's verdict among these


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When attempts waited and ran."""

    workflow_id: int
    is_active: bool
    by: By
    attempts: int  #: that there are
    sampled: int  #: that were read
    begin: datetime | None  #: None if nothing was attempted yet
    end: datetime | None
    slot: float  #: seconds
    rows: Sequence[TimelineRow]
    more_rows: int  #: nodes that are left out
    bars: AttemptBars | None  #: if there are few enough


class _Bar(NamedTuple):
    """An attempt in time; seconds since 1970."""

    attempt_id: int
    task_id: int
    template: str
    node: str | None
    verdict: str
    begin: float
    started: float
    end: float
    is_over: bool
    weight: float  #: so many attempts are like this one


def of_workflow(
    connection: Connection, workflow_id: int, by: By = By.TEMPLATE, now: datetime | None = None
) -> Timeline:
    """When the attempts of a workflow waited and ran."""
    is_active = workflows.is_being_run(connection, workflow_id)
    # Of a workflow that nobody runs, nobody knows how attempts fare that had not ended.
    until = (now or datetime.now(UTC)).timestamp() if is_active else 0.0
    bars, total = _read(connection, workflow_id, until)
    drawn = bars if by is By.TEMPLATE else [bar for bar in bars if bar.node]
    grouped, more = _grouped(drawn, _template if by is By.TEMPLATE else _node)
    begin = min((bar.begin for bar in drawn), default=0.0)
    end = max((bar.end for bar in drawn), default=0.0)
    slot = max(1.0, (end - begin) / SLOTS)
    return Timeline(
        workflow_id=workflow_id,
        is_active=is_active,
        by=by,
        attempts=total,
        sampled=len(bars),
        begin=_moment(begin) if drawn else None,
        end=_moment(end) if drawn else None,
        slot=slot,
        rows=[_row(name, those, begin, slot) for name, those in grouped.items()],
        more_rows=more,
        bars=_bars(grouped) if len(bars) == total <= BARS else None,
    )


def _template(bar: _Bar) -> str:
    return bar.template


def _node(bar: _Bar) -> str:
    return bar.node or ""


# --- reading ----------------------------------------------------------------------------------------------------


def _read(connection: Connection, workflow_id: int, now: float) -> tuple[list[_Bar], int]:
    """The attempts that stand for all, and how many there are."""
    arrays = workflows.array_names(connection, workflow_id)
    totals = {number: usage_by_hour.attempts(connection, [number]) for number in arrays}
    all_of_them = sum(totals.values())
    found: list[_Bar] = []
    count = 0
    for number, template in arrays.items():
        most = max(_READ_AT_LEAST, _READ * totals[number] // max(1, all_of_them))
        ids = samples.chosen(connection, [number], most, totals[number])
        rows = samples.rows_of(connection, ids, samples.TIMED)
        over = sum(TaskInstanceStatus.of(row.status).is_final for row in rows)
        is_whole = totals[number] <= most
        weight = 1.0 if is_whole else totals[number] / max(1, over)
        count += len(rows) if is_whole else round(weight * len(rows))
        found += [_bar(row, template, weight, now) for row in rows]
    return found, count


def _bar(row: Any, template: str, weight: float, now: float) -> _Bar:
    number, task_id, status, verdict, wallclock, node, submitted, since = row
    changed = since.timestamp()
    begin = changed if submitted is None else min(changed, submitted.timestamp())
    is_over = TaskInstanceStatus.of(status).is_final
    if is_over:
        # What was ended while it waited has run for no time that anybody knows.
        started, end = changed if wallclock is None else max(begin, changed - wallclock), changed
    else:
        end = max(now, changed)
        started = end if status in _WAITS else changed
    return _Bar(number, task_id, template, node, verdict or "", begin, started, end, is_over, weight)


# --- drawing ----------------------------------------------------------------------------------------------------


def _grouped(bars: Iterable[_Bar], name: Callable[[_Bar], str]) -> tuple[dict[str, list[_Bar]], int]:
    """The rows' bars, in the order in which rows begin; and how many rows are left out."""
    found: dict[str, list[_Bar]] = {}
    for bar in bars:
        found.setdefault(name(bar), []).append(bar)
    busy = Counter(
        {name: sum(bar.weight * (bar.end - bar.begin) for bar in those) for name, those in found.items()}
    )
    kept = [name for name, _ in busy.most_common(ROWS)]
    kept.sort(key=lambda name: min(bar.begin for bar in found[name]))
    return {name: found[name] for name in kept}, len(found) - len(kept)


def _row(name: str, bars: Sequence[_Bar], begin: float, slot: float) -> TimelineRow:
    over = [bar for bar in bars if bar.is_over]
    return TimelineRow(
        name=name,
        attempts=sum(bar.weight for bar in bars),
        begin=_moment(min(bar.begin for bar in bars)),
        end=_moment(max(bar.end for bar in bars)),
        waited=_spread([bar.started - bar.begin for bar in over]),
        ran=_spread([bar.end - bar.started for bar in over]),
        waiting=_at_a_time([(bar.begin, bar.started, bar.weight) for bar in bars], begin, slot),
        running=_at_a_time([(bar.started, bar.end, bar.weight) for bar in bars], begin, slot),
    )


def _at_a_time(spans: Iterable[tuple[float, float, float]], begin: float, slot: float) -> list[float]:
    """How many spans there are at a time, on average, in each slot."""
    part = [0.0] * (SLOTS + 1)  # of spans that fill a part of a slot
    change = [0.0] * (SLOTS + 2)  # of those that fill whole ones
    for first, last, weight in spans:
        low, high = (first - begin) / slot, (last - begin) / slot
        left, right = int(low), int(high)
        if left == right:
            part[left] += (high - low) * weight
        else:
            part[left] += (left + 1 - low) * weight
            part[right] += (high - right) * weight
            change[left + 1] += weight
            change[right] -= weight
    whole, found = 0.0, []
    for at in range(SLOTS):
        whole += change[at]
        found.append(round(part[at] + whole, 3))
    return found


def _spread(seconds: Sequence[float]) -> Spread | None:
    ordered = sorted(seconds)
    if not ordered:
        return None
    return Spread(median=percentile(ordered, 50), p95=percentile(ordered, 95), max=ordered[-1])


def _bars(grouped: Mapping[str, Sequence[_Bar]]) -> AttemptBars:
    placed = [(at, bar) for at, those in enumerate(grouped.values()) for bar in those]
    verdicts: dict[str, int] = {}
    return AttemptBars(
        attempt_id=[bar.attempt_id for _, bar in placed],
        task_id=[bar.task_id for _, bar in placed],
        row=[at for at, _ in placed],
        begin=[bar.begin for _, bar in placed],
        started=[bar.started for _, bar in placed],
        end=[bar.end for _, bar in placed],
        verdict=[verdicts.setdefault(bar.verdict, len(verdicts)) for _, bar in placed],
        verdicts=list(verdicts),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
