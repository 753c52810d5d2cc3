"""What workflows asked for and used over time, and where least of it was needed.

Counted are attempts that have ended, by the time when they did. Who asked for memory or cores and was not measured
counts as asked for, and not in the shares that went unused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from jobmon_airflow.engine.verdict import DONE
from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.store import usage_by_hour
from jobmon_airflow.store.usage_by_hour import Sum
from jobmon_airflow.view import origins
from jobmon_airflow.view.origins import MayRead
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.view.requested import Requested
from jobmon_airflow.view.spent import unused
from jobmon_airflow.view.template import requests_by_id

Key = TypeVar("Key")

GROUPS: Final = 20  #: that are shown by name
DAYS: Final = 30  #: if nobody says since when
_HOURLY: Final = timedelta(days=3)  # a longer time is shown by days
_DAILY: Final = timedelta(days=200)  # and a longer one by weeks
_LONGEST: Final = timedelta(days=3660)
_GIB: Final = 1024**3
_HOUR: Final = 3600.0


class UsageBy(StrEnum):
    """What usage is put together by."""

    TOOL = "tool"
    USER = "user"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What attempts asked for and used: hours of cores, and of GiB of memory."""

    attempts: int
    core_hours_asked: float
    core_hours_used: float
    cores_unused: float | None  #: the share; None if nothing was measured
    memory_hours_asked: float
    memory_hours_used: float
    memory_unused: float | None
    failed_core_hours: float  #: asked for by attempts that did not succeed


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup:
    """What one tool, user or template used, in each step of time."""

    name: str
    total: Amounts
    attempts: Sequence[int]
    core_hours_asked: Sequence[float]
    core_hours_used: Sequence[float]
    memory_hours_asked: Sequence[float]
    memory_hours_used: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was asked for and used over time."""

    since: datetime
    until: datetime
    by: UsageBy
    step_hours: int
    steps: Sequence[datetime]  #: the beginning of each
    total: Amounts
    groups: Sequence[UsageGroup]  #: those that asked for most come first; the last may be all others
    others: int  #: groups that are in the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a user's tasks of a template did not use of what they asked for."""

    tool: str
    template: str
    user: str
    workflow_id: int  #: the latest
    memory_hours_unused: float
    core_hours_unused: float
    amounts: Amounts


class _Span(NamedTuple):
    since: datetime
    until: datetime
    step: timedelta


def over_time(
    connection: Connection, may_read: MayRead, by: UsageBy, since: datetime | None, until: datetime | None
) -> Usage:
    """What was asked for and used by the workflows that somebody may see."""
    span = _span(since, until)
    rows, asked = _read(connection, may_read, span)
    steps = list(_steps(span))
    named = _grouped(rows, lambda row: str(getattr(row, by.value)))
    largest = sorted(named, key=lambda name: -_weight(named[name], asked))
    shown = {name: named[name] for name in largest[:GROUPS]}
    if rest := largest[GROUPS:]:
        shown["all others"] = [row for name in rest for row in named[name]]
    return Usage(
        since=span.since,
        until=span.until,
        by=by,
        step_hours=round(span.step.total_seconds() / _HOUR),
        steps=steps,
        total=_amounts(rows, asked),
        groups=[_group(name, those, asked, span, len(steps)) for name, those in shown.items()],
        others=len(rest),
    )


def savings(
    connection: Connection,
    may_read: MayRead,
    since: datetime | None,
    until: datetime | None,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[Saving]:
    """Who could save most: templates by user, those with most memory unused first."""
    span = _span(since, until)
    rows, asked = _read(connection, may_read, span)
    named = _grouped(rows, lambda row: (row.tool, row.template, row.user))
    found = sorted(
        (_saving(key, those, asked) for key, those in named.items()),
        key=lambda it: (-it.memory_hours_unused, -it.core_hours_unused, it.tool, it.template, it.user),
    )
    (begin,) = (0,) if after is None else key_of(after, int)
    end = max(0, begin) + limit
    return Page(items=found[max(0, begin) : end], next=cursor(end) if end < len(found) else None)


# --- reading ----------------------------------------------------------------------------------------------------


def _span(since: datetime | None, until: datetime | None) -> _Span:
    """The asked time in whole steps."""
    end = _in_utc(until) or _next_hour(datetime.now(UTC))
    begin = _in_utc(since) or end - timedelta(days=DAYS)
    if begin >= end:
        raise InvalidQuestion(
            "The time ends before it begins.", remedy="Let `from` be earlier than `to`, or leave them out."
        )
    if end - begin > _LONGEST:
        raise InvalidQuestion("The time is too long.", remedy="Ask for ten years at most.")
    step = _step(end - begin)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = begin.replace(minute=0, second=0, microsecond=0)
    return _Span(hour if step < timedelta(days=1) else midnight, end, step)


def _next_hour(moment: datetime) -> datetime:
    """The same answer for all who ask within an hour in which nothing ends."""
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _step(length: timedelta) -> timedelta:
    if length <= _HOURLY:
        return timedelta(hours=1)
    return timedelta(days=1) if length <= _DAILY else timedelta(days=7)


_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def _in_utc(moment: datetime | None) -> datetime | None:
    """The moment; one without a time zone is in UTC. Nothing ended outside of some centuries."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware, _EARLIEST), _LATEST).astimezone(UTC)


def _steps(span: _Span) -> Iterator[datetime]:
    at = span.since
    while at < span.until:
        yield at
        at += span.step


def _read(connection: Connection, may_read: MayRead, span: _Span) -> tuple[list[Sum], dict[int, Requested]]:
    """What was used, and what the requests were."""
    step = "hour" if span.step < timedelta(days=1) else "day"
    readable = _readable(connection, may_read, span)
    rows = usage_by_hour.sums(connection, span.since, span.until, step, readable)
    return rows, requests_by_id(connection, {row.task_resources_id for row in rows})


def _readable(connection: Connection, may_read: MayRead, span: _Span) -> list[int] | None:
    """The workflows that somebody may see; None if these are all."""
    ids = usage_by_hour.workflows_of(connection, span.since, span.until)
    found = origins.of_workflows(connection, ids)
    readable = [number for number in ids if number in found and may_read(found[number])]
    return None if len(readable) == len(ids) else readable


# --- adding up ----------------------------------------------------------------------------------------------------


def _grouped(rows: Iterable[Sum], key: Callable[[Sum], Key]) -> dict[Key, list[Sum]]:
    found: dict[Key, list[Sum]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _weight(rows: Sequence[Sum], asked: Mapping[int, Requested]) -> float:
    amounts = _amounts(rows, asked)
    return amounts.core_hours_asked + amounts.memory_hours_asked / _GIB_BY_CORE


_GIB_BY_CORE: Final = 4.0  # what comes with a core on most clusters, so that neither counts for nothing


def _amounts(rows: Sequence[Sum], asked: Mapping[int, Requested]) -> Amounts:
    core_hours, memory_hours = _asked_hours(rows, asked)
    measured_cores = sum(_cores(row, asked) * row.cpu_wallclock for row in rows) / _HOUR
    measured_memory = sum(_gib(row, asked) * row.memory_wallclock for row in rows) / _HOUR
    used_cores, used_memory = _used_hours(rows)
    return Amounts(
        attempts=sum(row.attempts for row in rows),
        core_hours_asked=core_hours,
        core_hours_used=used_cores,
        cores_unused=unused(_used_by(rows, asked, _cores)[0], measured_cores),
        memory_hours_asked=memory_hours,
        memory_hours_used=used_memory,
        memory_unused=unused(_used_by(rows, asked, _gib)[1], measured_memory),
        failed_core_hours=_asked_hours([row for row in rows if row.verdict != DONE.words], asked)[0],
    )


def _cores(row: Sum, asked: Mapping[int, Requested]) -> float:
    return float(asked[row.task_resources_id].cores or 0)


def _gib(row: Sum, asked: Mapping[int, Requested]) -> float:
    return (asked[row.task_resources_id].memory or 0) / _GIB


def _asked_hours(rows: Sequence[Sum], asked: Mapping[int, Requested]) -> tuple[float, float]:
    """Hours of cores and of GiB."""
    cores = sum(_cores(row, asked) * row.wallclock for row in rows)
    memory = sum(_gib(row, asked) * row.wallclock for row in rows)
    return cores / _HOUR, memory / _HOUR


def _used_hours(rows: Sequence[Sum]) -> tuple[float, float]:
    """The same, of what was used."""
    return sum(row.cpu for row in rows) / _HOUR, sum(row.memory_time for row in rows) / _GIB / _HOUR


def _used_by(
    rows: Sequence[Sum],
    asked: Mapping[int, Requested],
    amount: Callable[[Sum, Mapping[int, Requested]], float],
) -> tuple[float, float]:
    """What those used who had asked for some amount."""
    return _used_hours([row for row in rows if amount(row, asked)])


def _group(
    name: str, rows: Sequence[Sum], asked: Mapping[int, Requested], span: _Span, count: int
) -> UsageGroup:
    by_step: list[list[Sum]] = [[] for _ in range(count)]
    for row in rows:
        by_step[int((row.step - span.since) / span.step)].append(row)
    hours = [(_asked_hours(those, asked), _used_hours(those)) for those in by_step]
    return UsageGroup(
        name=name,
        total=_amounts(rows, asked),
        attempts=[sum(row.attempts for row in those) for those in by_step],
        core_hours_asked=[round(wanted[0], 4) for wanted, _ in hours],
        core_hours_used=[round(used[0], 4) for _, used in hours],
        memory_hours_asked=[round(wanted[1], 4) for wanted, _ in hours],
        memory_hours_used=[round(used[1], 4) for _, used in hours],
    )


def _saving(key: tuple[str, str, str], rows: Sequence[Sum], asked: Mapping[int, Requested]) -> Saving:
    amounts = _amounts(rows, asked)
    tool, template, user = key
    return Saving(
        tool=tool,
        template=template,
        user=user,
        workflow_id=max(row.workflow_id for row in rows),
        memory_hours_unused=amounts.memory_hours_asked * (amounts.memory_unused or 0.0),
        core_hours_unused=amounts.core_hours_asked * (amounts.cores_unused or 0.0),
        amounts=amounts,
    )
