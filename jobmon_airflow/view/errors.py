"""Errors of a workflow in groups: attempts that failed alike, how many, when, where, and what one of them said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.engine.kinds import telling_line
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import error_groups, task_instances, workflows
from jobmon_airflow.store.error_groups import Counted, Seen
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.view.texts import last_part, plain

NODES: Final = 5  #: that are named, those with most of the attempts
LONGEST: Final = 10_000  #: characters of what an attempt said
_READ: Final = 20_000  #: attempts whose nodes are looked up; of more, some stand for all
_FATAL: Final = 20_000  #: tasks that failed for good, of which it is looked up how


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorNode:
    """A node, and the share of a group's attempts that failed there."""

    name: str
    attempts: int  #: of those that were looked at
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSample:
    """What one attempt said, as text."""

    attempt_id: int
    task_id: int
    task_name: str
    template: str
    node: str | None
    at: datetime
    verdict: str | None
    exit_code: int | None
    text: str
    telling: str  #: the line that says what went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Attempts that failed alike."""

    id: int
    text: str  #: what all of them say
    attempts: int
    tasks: int
    fatal_tasks: (
        int | None
    )  #: of these tasks, those that failed for good; None if there are too many to look up
    templates: Mapping[str, int]  #: attempts by template
    first_seen: datetime
    last_seen: datetime
    first_run_id: int
    is_new: bool  #: earlier runs had no such error
    nodes: Sequence[ErrorNode]
    node_count: int  #: on how many nodes, of the attempts that were looked at
    looked_at: int  #: attempts whose nodes and times were read
    sample: ErrorSample  #: the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroups:
    """The groups of a workflow, the largest first."""

    items: Sequence[ErrorGroup]
    next: str | None
    workflow_id: int
    is_active: bool
    attempts: int  #: that failed, in all groups
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """An attempt of a group, and how its task stands now."""

    attempt_id: int
    task_id: int
    task_name: str
    template: str
    task_status: TaskBucket
    node: str | None
    verdict: str | None
    exit_code: int | None
    at: datetime
    workflow_run_id: int


def of_workflow(
    connection: Connection, workflow_id: int, *, after: str | None = None, limit: int = 50
) -> ErrorGroups:
    """The next groups of a workflow's errors."""
    shown = groups(connection, workflow_id, after=after, limit=limit)
    attempts, kinds = error_groups.totals(connection, workflows.array_names(connection, workflow_id))
    return ErrorGroups(
        items=shown.items,
        next=shown.next,
        workflow_id=workflow_id,
        is_active=workflows.is_being_run(connection, workflow_id),
        attempts=attempts,
        groups=kinds,
    )


def groups(
    connection: Connection, workflow_id: int, *, after: str | None = None, limit: int = 50
) -> Page[ErrorGroup]:
    """The same without what is said of all of them."""
    arrays = workflows.array_names(connection, workflow_id)
    behind = None if after is None else key_of(after, int, int)
    found = error_groups.page(connection, arrays, behind, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=_groups(connection, workflow_id, arrays, [kind for kind, _ in found[:limit]]),
        next=None if last is None else cursor(last[1], last[0]),
    )


def attempts(
    connection: Connection, workflow_id: int, group: int, *, after: str | None = None, limit: int = 100
) -> Page[FailedAttempt]:
    """The next attempts of a group, in the order of their tasks."""
    arrays = workflows.array_names(connection, workflow_id)
    if not error_groups.names(connection, [group]):
        raise UnknownName(
            f"There is no group {group} of errors.", remedy=f"Look at all: workflows/{workflow_id}/errors"
        )
    behind = (0, 0) if after is None else key_of(after, int, int)
    rows = error_groups.attempts_of(connection, arrays, group, behind, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[_attempt(row, arrays) for row in rows[:limit]],
        next=None if last is None else cursor(last.task_id, last.id),
    )


def _attempt(row: Row[Any], arrays: Mapping[int, str]) -> FailedAttempt:
    return FailedAttempt(
        attempt_id=row.id,
        task_id=row.task_id,
        task_name=row.name,
        template=arrays[row.array_id],
        task_status=TaskStatus.of(row.task_status).bucket,
        node=row.nodename,
        verdict=row.verdict,
        exit_code=row.exit_code,
        at=row.status_date,
        workflow_run_id=row.workflow_run_id,
    )


def _groups(
    connection: Connection, workflow_id: int, arrays: Mapping[int, str], kinds: Sequence[int]
) -> list[ErrorGroup]:
    if not kinds:
        return []
    counts: dict[int, list[Counted]] = {kind: [] for kind in kinds}
    for counted in error_groups.counts(connection, arrays, kinds):
        counts[counted.kind_id].append(counted)
    ends = {
        kind: (min(each.first_id for each in those), max(each.last_id for each in those))
        for kind, those in counts.items()
    }
    rows = error_groups.samples(connection, {number for pair in ends.values() for number in pair})
    silent = [rows[last].id for _, last in ends.values() if not rows[last].stderr_log]
    found = _Found(
        arrays=arrays,
        names=error_groups.names(connection, kinds),
        fatal=error_groups.failed_for_good(connection, workflow_id, arrays, kinds, _FATAL),
        seen=_seen(connection, arrays, counts),
        accounts=task_instances.accounts(connection, silent),
        runs=error_groups.runs(connection, workflow_id),
    )
    return [_group(kind, counts[kind], rows[ends[kind][0]], rows[ends[kind][1]], found) for kind in kinds]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read for the groups of a page."""

    arrays: Mapping[int, str]
    names: Mapping[int, str]
    fatal: Mapping[int, int] | None
    seen: Mapping[int, Sequence[Seen]]
    accounts: Mapping[int, str]
    runs: Sequence[int]


def _seen(
    connection: Connection, arrays: Mapping[int, str], counts: Mapping[int, Sequence[Counted]]
) -> dict[int, list[Seen]]:
    total = sum(each.attempts for those in counts.values() for each in those)
    found: dict[int, list[Seen]] = {kind: [] for kind in counts}
    for each in error_groups.seen(connection, arrays, counts, 1 + total // _READ):
        found[each.kind_id].append(each)
    return found


def _group(
    kind: int, counts: Sequence[Counted], first: Row[Any], last: Row[Any], found: _Found
) -> ErrorGroup:
    templates: Counter[str] = Counter()
    for each in counts:
        templates[found.arrays[each.array_id]] += each.attempts
    seen = found.seen[kind]
    looked_at = sum(each.attempts for each in seen)
    nodes: Counter[str] = Counter()
    for part in seen:
        if part.node:
            nodes[part.node] += part.attempts
    return ErrorGroup(
        id=kind,
        text=plain(found.names[kind]),
        attempts=templates.total(),
        tasks=sum(each.tasks for each in counts),
        fatal_tasks=None if found.fatal is None else found.fatal.get(kind, 0),
        templates=dict(templates.most_common()),
        first_seen=min([first.status_date, *(each.first for each in seen)]),
        last_seen=max([last.status_date, *(each.last for each in seen)]),
        first_run_id=first.workflow_run_id,
        is_new=len(found.runs) > 1 and first.workflow_run_id == found.runs[-1],
        nodes=[
            ErrorNode(name=plain(name), attempts=count, share=count / looked_at)
            for name, count in nodes.most_common(NODES)
        ],
        node_count=len(nodes),
        looked_at=looked_at,
        sample=_sample(last, found),
    )


def _sample(row: Row[Any], found: _Found) -> ErrorSample:
    said = row.stderr_log or found.accounts.get(row.id, "")
    text = plain(last_part(said, LONGEST))
    return ErrorSample(
        attempt_id=row.id,
        task_id=row.task_id,
        task_name=row.name,
        template=found.arrays[row.array_id],
        node=row.nodename,
        at=row.status_date,
        verdict=row.verdict,
        exit_code=row.exit_code,
        text=text,
        telling=telling_line(text),
    )
