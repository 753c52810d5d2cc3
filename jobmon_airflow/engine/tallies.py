"""How far a workflow is, by what the database says of its tasks: for those who watch a run that others conduct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobmon_airflow.engine.progress import Snapshot, TemplateCounts
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import workflows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_ACTIVE: Final = (TaskStatus.QUEUED, TaskStatus.INSTANTIATING, TaskStatus.LAUNCHED, TaskStatus.RUNNING)


def snapshot_of(connection: Connection, workflow_id: int, run_id: int, elapsed: float = 0.0) -> Snapshot:
    """How far a workflow is."""
    counts = counts_of(connection, workflow_id)
    return Snapshot(
        workflow_id=workflow_id,
        workflow_run_id=run_id,
        templates=list(counts.values()),
        done_before=0,
        elapsed=elapsed,
    )


def counts_of(connection: Connection, workflow_id: int) -> dict[str, TemplateCounts]:
    """How far each template of a workflow is; versions of one template count together."""
    by_array = workflows.counts_by_status(connection, [workflow_id])
    found: dict[str, TemplateCounts] = {}
    for array, name in workflows.array_names(connection, workflow_id).items():
        counts = _counts(name, by_array.get((workflow_id, array), {}))
        found[name] = _sum(found[name], counts) if name in found else counts
    return found


def _counts(name: str, by_status: Mapping[str, int]) -> TemplateCounts:
    return TemplateCounts(
        name=name,
        total=sum(by_status.values()),
        done=by_status.get(TaskStatus.DONE, 0),
        active=sum(by_status.get(status, 0) for status in _ACTIVE),
        failed=by_status.get(TaskStatus.ERROR_FATAL, 0),
    )


def _sum(one: TemplateCounts, other: TemplateCounts) -> TemplateCounts:
    return TemplateCounts(
        name=one.name,
        total=one.total + other.total,
        done=one.done + other.done,
        active=one.active + other.active,
        failed=one.failed + other.failed,
    )
