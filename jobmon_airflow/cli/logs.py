"""``workflow logs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import task_instances, workflows

if TYPE_CHECKING:
    from sqlalchemy import Row

_COLUMNS: Final = ["TASK_ID", "TASK_NAME", "TASK_INSTANCE_ID", "STATUS", "OUTPUT_PATH", "ERROR_PATH"]


def paths(
    workflow_id: int,
    *,
    template: str | None = None,
    task_name: str | None = None,
    limit: int = 5,
    database: str | None = None,
) -> Answer:
    """The files that attempts at a workflow's tasks wrote to, the latest first; of a template or a task, if named."""
    with registry.database(database).read() as connection:
        claims.known(connection, workflow_id)
        names = workflows.array_names(connection, workflow_id)
        arrays = claims.arrays_named(names, workflow_id, template)
        rows = task_instances.newest(connection, workflow_id, arrays, limit, task_name=task_name)
    if not rows:
        return Answer("No task of these has been tried yet.", data=[])
    has_none = all(row.stdout is None and row.stderr is None for row in rows)
    kept = "These attempts have no files: their last words are in the tables. jobmon task explain tells them."
    return Answer([Table(_COLUMNS, [_attempt(row) for row in rows]), kept if has_none else ""])


def _attempt(row: Row[Any]) -> dict[str, Any]:
    return {
        "TASK_ID": row.task_id,
        "TASK_NAME": row.name,
        "TASK_INSTANCE_ID": row.id,
        "STATUS": TaskInstanceStatus.of(row.status).label,
        "OUTPUT_PATH": row.stdout,
        "ERROR_PATH": row.stderr,
    }
