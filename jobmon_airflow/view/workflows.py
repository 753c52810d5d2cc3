"""Workflows as a list: how each of them stands, what it costs, when it will be over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from jobmon_airflow.engine import claims, standing
from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.states import TaskBucket, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import overviews, workflow_pages
from jobmon_airflow.store.overviews import Run
from jobmon_airflow.store.texts import all_storable, storable
from jobmon_airflow.store.workflow_pages import Asked, Candidate
from jobmon_airflow.view import counting, eta, spent
from jobmon_airflow.view.counting import Counts
from jobmon_airflow.view.eta import Eta
from jobmon_airflow.view.origins import MayRead, Origin
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.view.spent import Spent
from jobmon_airflow.view.texts import plain, shortened

LONGEST_ARGS: Final = 500  #: characters of workflow args
LONGEST_ERROR: Final = 300
_LOOKED_AT: Final = 1_000  # workflows at a time, where most may not be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRow:
    """A workflow."""

    id: int
    tool: str
    name: str
    args: str
    owner: str | None  #: who ran it last; None if nobody did
    status: str  #: in a word, such as FAILED
    status_date: datetime
    created_date: datetime | None  #: None as long as it is being bound
    is_active: bool  #: somebody runs it now
    tasks: int
    counts: dict[TaskBucket, int]
    eta: Eta | None
    spent: Spent
    last_error: str | None  #: of its last run


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFilter:
    """Which workflows are wanted: of each thing that is asked for one of some values, or none of some."""

    id: Collection[int] = ()
    user: Collection[str] = ()  #: who ran it at some time
    tool: Collection[str] = ()
    name: Collection[str] = ()  #: the name contains one of these
    args: Collection[str] = ()  #: so do the workflow args
    attribute: Collection[str] = ()  #: a name, or name=value
    status: Collection[str] = ()  #: words or letters


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDag:
    """Workflows that a DAG of Airflow's ran, and those of families that are called like it."""

    dag_id: str
    families: Collection[tuple[str, str]] = field(default_factory=tuple)


def table(
    connection: Connection,
    may_read: MayRead,
    now: datetime,
    *,
    wanted: WorkflowFilter,
    unwanted: WorkflowFilter,
    since: datetime | None = None,
    until: datetime | None = None,
    dag: OfDag | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[WorkflowRow]:
    """The next workflows that may be seen, newest first."""
    asked = _asked(
        wanted,
        since=since,
        until=until,
        dag_id=dag.dag_id if dag else None,
        families=dag.families if dag else (),
    )
    before = key_of(after, int)[0] if after else None
    readable = _readable(connection, asked, _asked(unwanted), may_read, before, limit + 1)
    found = [number for number, _ in zip(readable, range(limit + 1), strict=False)]
    rows = rows_of(connection, found[:limit], now)
    return Page(items=rows, next=cursor(found[limit - 1]) if len(found) > limit else None)


def newest(connection: Connection, may_read: MayRead, dag: OfDag) -> int | None:
    """The newest workflow of a DAG that may be seen, if there is any."""
    asked = Asked(dag_id=dag.dag_id, families=dag.families)
    return next(_readable(connection, asked, Asked(), may_read, None, 10), None)


def rows_of(
    connection: Connection, ids: Sequence[int], now: datetime, counts: Counts | None = None
) -> list[WorkflowRow]:
    """Workflows of these ids, in their order; without those that are not there."""
    counts = counting.of_workflows(connection, ids) if counts is None else counts
    tasks = _by_workflow(ids, counts)
    overview = {each.id: each for each in overviews.of_workflows(connection, ids)}
    runs = overviews.last_runs(connection, ids)
    active = {number for number, run in runs.items() if is_active(run, now)}
    started = {number: runs[number].created_date for number in active}
    errors = workflow_pages.last_errors(connection, [run.id for run in runs.values()])
    etas = eta.of_workflows(connection, started, counts, now)
    costs = spent.of_workflows(connection, list(ids))
    return [
        WorkflowRow(
            id=number,
            tool=its.tool,
            name=its.name,
            args=shortened(its.workflow_args, LONGEST_ARGS),
            owner=runs[number].user if number in runs else None,
            status=WorkflowStatus.of(its.status).label,
            status_date=its.status_date,
            created_date=its.created_date,
            is_active=number in active,
            tasks=tasks[number].total(),
            counts=standing.in_buckets(tasks[number]),
            eta=etas.get(number),
            spent=costs.get(number, spent.NOTHING),
            last_error=_last_error(runs.get(number), errors),
        )
        for number in ids
        if (its := overview.get(number)) is not None
    ]


def is_active(run: Any, now: datetime) -> bool:
    """Whether somebody acts for a run: a row of its table, or as much of it as `Run` has."""
    return WorkflowRunStatus.of(run.status).is_alive and claims.has_controller(run, now)


def _by_workflow(ids: Sequence[int], counts: Counts) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {number: Counter() for number in ids}
    for (number, _), by_status in counts.items():
        found[number].update(by_status)
    return found


def _last_error(run: Run | None, errors: Mapping[int, str]) -> str | None:
    said = errors.get(run.id) if run else None
    return shortened(plain(said), LONGEST_ERROR) if said else None


def _readable(
    connection: Connection, asked: Asked, unwanted: Asked, may_read: MayRead, before: int | None, wanted: int
) -> Iterator[int]:
    """The ids of those that may be seen, newest first."""
    size = wanted
    while True:
        found = workflow_pages.candidates(connection, asked, unwanted, before=before, limit=size)
        yield from _those(connection, found, may_read)
        if len(found) < size:
            return
        before, size = found[-1].id, _LOOKED_AT


def _those(connection: Connection, found: Sequence[Candidate], may_read: MayRead) -> Iterator[int]:
    dags = overviews.airflow_dags(connection, [each.id for each in found])
    for each in found:
        if may_read(Origin(tool=each.tool, name=each.name, dag_ids=frozenset(dags[each.id]))):
            yield each.id


def _asked(wanted: WorkflowFilter, **more: Any) -> Asked:
    return Asked(
        ids=frozenset(wanted.id),
        users=all_storable(wanted.user),
        tools=all_storable(wanted.tool),
        statuses=_statuses(wanted.status),
        names=all_storable(wanted.name),
        args=all_storable(wanted.args),
        attributes=[_attribute(storable(each)) for each in wanted.attribute],
        **more,
    )


def _attribute(text: str) -> tuple[str, str | None]:
    name, is_given, value = text.partition("=")
    return name, value if is_given else None


def _statuses(words: Collection[str]) -> list[WorkflowStatus]:
    named = {word: [it for it in WorkflowStatus if word.upper() in {it.value, it.label}] for word in words}
    for word, found in named.items():
        if not found:
            raise InvalidQuestion(
                f"'{word[:80]}' is no status of a workflow.",
                remedy=f"Choose among {', '.join(it.label for it in WorkflowStatus)}.",
            )
    return sorted({status for found in named.values() for status in found})
