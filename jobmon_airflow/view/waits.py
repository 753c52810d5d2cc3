"""Why a workflow is where it is: who runs it, and what its tasks wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from jobmon_airflow.engine import explaining
from jobmon_airflow.view import counting


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTasks:
    """So many tasks of a template wait for the same."""

    template: str
    tasks: int
    why: str  #: in plain words
    remedy: str | None
    reason: str | None  #: the cluster's own word, if it is the cluster that lets them wait
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Who runs a workflow, and what its tasks wait for."""

    who: str
    is_active: bool  #: somebody runs it now
    running: dict[str, int]  #: tasks, by template
    waiting: Sequence[WaitingTasks]


def of_workflow(connection: Connection, workflow_id: int, now: datetime) -> Waits:
    """Why a workflow is where it is; an error if there is none of this id."""
    found = explaining.of_workflow(
        connection, workflow_id, now, counting.of_workflow(connection, workflow_id)
    )
    return Waits(
        who=found.who,
        is_active=found.is_run,
        running=dict(found.running),
        waiting=[
            WaitingTasks(
                template=each.template,
                tasks=each.tasks,
                why=each.why,
                remedy=each.remedy or None,
                reason=each.reason,
                since=each.since,
            )
            for each in found.waits
        ],
    )
