"""The attempts at a task: what each asked for and used, how it ended and what that rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import clusters, task_instances
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.view.requested import Requested, requested
from jobmon_airflow.view.texts import last_part, plain

LONGEST: Final = 20_000  #: characters of what an attempt said when it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What an attempt used, as far as it is known."""

    memory: int | None  #: bytes, at its peak
    runtime: float | None  #: seconds
    cpu: float | None  #: seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the verdict rests on."""

    exit_code: int | None
    signal: int | None
    cause: str | None  #: who ended it, if it was not the command itself
    detail: str | None  #: in the words of whoever knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a task: a task instance."""

    id: int
    number: int  #: among the attempts at its task, from 1
    workflow_run_id: int
    status: str
    meaning: str
    is_active: bool
    verdict: str | None
    evidence: Evidence
    error: str | None  #: what was told of it when it failed
    job: str | None  #: the cluster's name for it
    node: str | None
    process_group: int | None
    submitted_date: datetime | None
    begin_date: datetime | None  #: worked out from its end and its runtime
    status_date: datetime  #: of its end, if it has ended
    requested: Requested | None
    used: Used
    stdout: str | None  #: the file, if it is known
    stderr: str | None


def of_task(
    connection: Connection, task_id: int, *, after: str | None = None, limit: int = 100
) -> Page[Attempt]:
    """The next attempts at a task, oldest first."""
    behind = key_of(after, int)[0] if after else 0
    every = task_instances.of_tasks(connection, [task_id])
    chosen = [(number, row) for number, row in enumerate(every, start=1) if row.id > behind]
    shown = chosen[:limit]
    asked = clusters.requests(
        connection, {row.task_resources_id for _, row in shown if row.task_resources_id}
    )
    accounts = task_instances.accounts(connection, [row.id for _, row in shown])
    return Page(
        items=[
            _attempt(row, number, asked.get(row.task_resources_id), accounts.get(row.id))
            for number, row in shown
        ],
        next=cursor(shown[-1][1].id) if len(chosen) > limit else None,
    )


def _attempt(row: Row[Any], number: int, asked: Row[Any] | None, account: str | None) -> Attempt:
    status = TaskInstanceStatus.of(row.status)
    return Attempt(
        id=row.id,
        number=number,
        workflow_run_id=row.workflow_run_id,
        status=status.label,
        meaning=status.description,
        is_active=status.is_active,
        verdict=row.verdict,
        evidence=_evidence(row),
        error=None if account is None else last_part(plain(account), LONGEST),
        job=row.distributor_id,
        node=row.nodename,
        process_group=row.process_group_id,
        submitted_date=row.submitted_date,
        begin_date=_begin(row, status),
        status_date=row.status_date,
        requested=None if asked is None else requested(asked),
        used=Used(memory=row.maxrss, runtime=row.wallclock, cpu=row.cpu),
        stdout=row.stdout,
        stderr=row.stderr,
    )


def _begin(row: Row[Any], status: TaskInstanceStatus) -> datetime | None:
    """When the command began: an attempt that runs has begun when it got this status."""
    if status is TaskInstanceStatus.RUNNING:
        began: datetime = row.status_date
        return began
    if not status.is_final or row.wallclock is None:
        return None
    ended: datetime = row.status_date
    return ended - timedelta(seconds=row.wallclock)


def _evidence(row: Row[Any]) -> Evidence:
    known: Mapping[str, Any] = json.loads(row.evidence) if row.evidence else {}
    detail = known.get("detail")
    return Evidence(
        exit_code=row.exit_code if row.exit_code is not None else known.get("exit_code"),
        signal=known.get("signal"),
        cause=known.get("cause"),
        detail=None if detail is None else last_part(plain(str(detail)), LONGEST),
    )
