"""Attempts at a template's tasks as points: what each used, when it was which attempt, how it ended.

Of many attempts some stand for all; of those that failed there are more among them than their share, since it is these
that people look for. Both are counted, so that nobody takes the one for the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from jobmon_airflow.store import samples, sets
from jobmon_airflow.store.samples import Measured
from jobmon_airflow.view.requested import Requested
from jobmon_airflow.view.template import arrays_of, requests_of
from jobmon_airflow.view.texts import shortened

MOST: Final = 6_000  #: points of attempts that did not fail
MOST_FAILED: Final = 2_000
_AT_A_TIME: Final = 5_000
_LONGEST: Final = 200  #: characters of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFilter:
    """Which points are wanted; what is empty asks for nothing in particular."""

    verdict: Collection[str] = ()
    attempt: Collection[int] = ()  #: the first attempt at a task is 1
    args: Mapping[str, Collection[str]] = field(default_factory=dict)  #: by the node arg's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column of words: the words, and which of them each point has."""

    words: Sequence[str]
    at: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPoints:
    """Points, column by column."""

    attempts: int  #: that there are
    sampled: int  #: that were read; the filters were applied to these
    failed: int  #: that there are
    failed_sampled: int
    attempt_id: Sequence[int]
    task_id: Sequence[int]
    number: Sequence[int]  #: which attempt at its task it was, counting those before it that failed
    verdict: Coded
    memory: Sequence[int | None]  #: bytes
    runtime: Sequence[float | None]  #: seconds
    cpu: Sequence[float | None]  #: seconds
    requests: Sequence[Requested]
    request: Sequence[int]  #: the place of each one's request among these, or -1
    args: Mapping[str, Coded]  #: the node args that were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptUse:
    """An attempt, as a line of a file."""

    attempt_id: int
    task_id: int
    number: int
    verdict: str
    memory: int | None
    runtime: float | None
    cpu: float | None
    asked_memory: int | None
    asked_runtime: float | None
    asked_cores: int | None
    queue: str | None
    node: str | None
    submitted: datetime | None
    ended: datetime
    node_args: dict[str, str]


def of_template(
    connection: Connection, workflow_id: int, name: str, wanted: PointFilter, args: Sequence[str] = ()
) -> AttemptPoints:
    """The points of a template, with the values of some node args."""
    arrays = arrays_of(connection, workflow_id, name)
    usual = samples.of_arrays(connection, arrays, MOST)
    failed = samples.failed_of_arrays(connection, arrays, MOST_FAILED)
    rows = list({row[0]: row for row in (*usual.rows, *failed.rows)}.values())
    return AttemptPoints(
        attempts=usual.total,
        sampled=len(rows),
        failed=failed.total,
        failed_sampled=len(failed.rows),
        **_columns(connection, arrays, _chosen(connection, rows, wanted), wanted, args),
    )


def lines(connection: Connection, workflow_id: int, name: str, wanted: PointFilter) -> Iterator[AttemptUse]:
    """All attempts at a template's tasks that are wanted, as lines of a file."""
    arrays = arrays_of(connection, workflow_id, name)
    names = samples.names_of_node_args(connection, arrays)
    ids = samples.ids_of(connection, arrays)
    return (
        line
        for part in sets.slices(ids, _AT_A_TIME)
        for line in _lines(connection, arrays, part, names, wanted)
    )


def _lines(
    connection: Connection,
    arrays: Sequence[int],
    ids: Sequence[int],
    names: Sequence[str],
    wanted: PointFilter,
) -> Iterator[AttemptUse]:
    rows = _chosen(connection, samples.measured(connection, ids), wanted)
    asked = requests_of(connection, rows)
    numbers = samples.numbers(connection, arrays, rows)
    placed = {row.id: row for row in samples.rows_of(connection, [row[0] for row in rows], samples.PLACED)}
    args = {arg: samples.node_args(connection, [row[1] for row in rows], arg) for arg in names}
    for number, task_id, request_id, _, verdict, memory, runtime, cpu in rows:
        if wanted.attempt and numbers[number] not in wanted.attempt:
            continue
        request = asked.get(request_id) if request_id is not None else None
        where = placed[number]
        yield AttemptUse(
            attempt_id=number,
            task_id=task_id,
            number=numbers[number],
            verdict=verdict or "",
            memory=memory,
            runtime=runtime,
            cpu=cpu,
            asked_memory=request.memory if request else None,
            asked_runtime=request.runtime if request else None,
            asked_cores=request.cores if request else None,
            queue=request.queue if request else None,
            node=where.nodename,
            submitted=where.submitted_date,
            ended=where.status_date,
            node_args={arg: values[task_id] for arg, values in args.items() if task_id in values},
        )


def _chosen(connection: Connection, rows: Sequence[Measured], wanted: PointFilter) -> list[Measured]:
    """Those that are over and have the wanted verdicts and node args."""
    found = [row for row in rows if row[4] and (not wanted.verdict or row[4] in wanted.verdict)]
    for name, values in wanted.args.items():
        known = samples.node_args(connection, [row[1] for row in found], name)
        found = [row for row in found if known.get(row[1]) in values]
    return found


def _columns(
    connection: Connection,
    arrays: Sequence[int],
    rows: list[Measured],
    wanted: PointFilter,
    args: Sequence[str],
) -> dict[str, Any]:
    numbers = samples.numbers(connection, arrays, rows)
    if wanted.attempt:
        rows = [row for row in rows if numbers[row[0]] in wanted.attempt]
    asked = requests_of(connection, rows)
    place = {number: at for at, number in enumerate(asked)}
    tasks = [row[1] for row in rows]
    return {
        "attempt_id": [row[0] for row in rows],
        "task_id": tasks,
        "number": [numbers[row[0]] for row in rows],
        "verdict": _coded([row[4] or "" for row in rows]),
        "memory": [row[5] for row in rows],
        "runtime": [_shortened(row[6]) for row in rows],
        "cpu": [_shortened(row[7]) for row in rows],
        "requests": list(asked.values()),
        "request": [-1 if row[2] is None else place.get(row[2], -1) for row in rows],
        "args": {name: _arg(connection, tasks, name) for name in args},
    }


def _shortened(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _arg(connection: Connection, task_ids: Sequence[int], name: str) -> Coded:
    known = samples.node_args(connection, task_ids, name)
    return _coded([shortened(known.get(task_id, ""), _LONGEST) for task_id in task_ids])


def _coded(values: Sequence[str]) -> Coded:
    places: dict[str, int] = {}
    at = [places.setdefault(value, len(places)) for value in values]
    return Coded(words=list(places), at=at)
