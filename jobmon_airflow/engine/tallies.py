"""How far a workflow is, by what the database says of its tasks: for those who watch a run that others conduct."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from jobmon_airflow.engine.progress import Snapshot, TemplateCounts
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import workflows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    Counts = Mapping[tuple[int, int], Mapping[str, int]]

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
    """How far each template of a workflow is."""
    by_template = statuses_of(connection, [workflow_id])[workflow_id]
    return {name: _counts(name, by_status) for name, by_status in by_template.items()}


def statuses_of(
    connection: Connection, ids: Collection[int], counts: Counts | None = None
) -> dict[int, dict[str, Counter[str]]]:
    """How many tasks of each template of workflows have which status; versions of one template count together.

    Whoever has counted them already, by workflow and array, says so.
    """
    by_array = workflows.counts_by_status(connection, ids) if counts is None else counts
    found: dict[int, dict[str, Counter[str]]] = {}
    for workflow_id in ids:
        by_template = found[workflow_id] = {}
        for array, name in workflows.array_names(connection, workflow_id).items():
            by_template.setdefault(name, Counter()).update(by_array.get((workflow_id, array), {}))
    return found


def _counts(name: str, by_status: Counter[str]) -> TemplateCounts:
    return TemplateCounts(
        name=name,
        total=by_status.total(),
        done=by_status[TaskStatus.DONE],
        active=sum(by_status[status] for status in _ACTIVE),
        failed=by_status[TaskStatus.ERROR_FATAL],
    )
