"""``workflow tasks``, ``task dependencies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.states import TaskStatus, WorkflowStatus
from jobmon_airflow.store import neighbours, task_pages, workflows
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.store.task_pages import Wanted
from jobmon_airflow.view.tasks import statuses_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

_TASKS: Final = ["TASK_ID", "TASK_NAME", "TEMPLATE", "STATUS", "RETRIES"]
_BESIDE: Final = ["SIDE", "TASK_ID", "TASK_NAME", "TEMPLATE", "STATUS"]


# --- of a workflow ----------------------------------------------------------------------------------------------


def of_workflow(
    workflow_id: int,
    *,
    statuses: Sequence[str] | None = None,
    template: str | None = None,
    limit: int = 5,
    database: str | None = None,
) -> Answer:
    """The tasks of a workflow, those first that were entered last; of some statuses or a template, if named."""
    wanted = statuses_named(statuses) if statuses else set(TaskStatus)
    with registry.database(database).read() as connection:
        is_last = WorkflowStatus.of(claims.known(connection, workflow_id).status).is_final
        names = workflows.array_names(connection, workflow_id)
        chosen = claims.arrays_named(names, workflow_id, template)
        asked = Wanted(array_ids=chosen, statuses=sorted(wanted))
        rows = task_pages.newest(connection, workflow_id, asked, limit)
        counts = workflows.counts_by_status(connection, [workflow_id])
    total = sum(
        count
        for (_, array_id), by_status in counts.items()
        for letter, count in by_status.items()
        if array_id in chosen and letter in wanted
    )
    more = f"{len(rows):,} of {total:,} tasks; -l {total} shows all." if total > len(rows) else ""
    return Answer([Table(_TASKS, [_task(row, names) for row in rows]), more], is_last=is_last)


def _task(row: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "TASK_ID": row.id,
        "TASK_NAME": row.name,
        "TEMPLATE": names[row.array_id],
        "STATUS": TaskStatus.of(row.status).bucket.value,
        "RETRIES": max(0, row.num_attempts - 1),
    }


# --- neighbours -------------------------------------------------------------------------------------------------


def dependencies(task_id: int, *, database: str | None = None) -> Answer:
    """The tasks that a task waits for, and those that wait for it, with how they stand."""
    with registry.database(database).read() as connection:
        workflow_id = claims.known_task(connection, task_id).workflow_id
        names = workflows.array_names(connection, workflow_id)
        rows = [
            _neighbour(side, row, names)
            for side in Side
            for row in _beside(connection, workflow_id, task_id, side)
        ]
    if not rows:
        return Answer(f"Task {task_id} waits for no task, and no task waits for it.", data=[])
    return Answer(Table(_BESIDE, rows))


def _beside(connection: Connection, workflow_id: int, task_id: int, side: Side) -> list[Row[Any]]:
    nodes = neighbours.nodes_beside(connection, task_id, side)
    return sorted(neighbours.at_nodes(connection, workflow_id, nodes), key=lambda row: row.id)


def _neighbour(side: Side, row: Row[Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "SIDE": side.value,
        "TASK_ID": row.id,
        "TASK_NAME": row.name,
        "TEMPLATE": names[row.array_id],
        "STATUS": TaskStatus.of(row.status).label,
    }
