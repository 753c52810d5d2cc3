"""From Airflow's runs to workflows."""

from __future__ import annotations

from sqlalchemy import Connection

from jobmon_airflow.errors import UnknownName
from jobmon_airflow.store import airflow_tasks


def find(
    connection: Connection, dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1
) -> int | None:
    """The workflow that a task instance acts for; else the last one that its DAG run acts for."""
    rows = [row for row in airflow_tasks.of_run(connection, dag_id, run_id) if row.workflow_id]
    own = [row for row in rows if (row.task_id, row.map_index) == (task_id, map_index)]
    return max((row.workflow_id for row in own or rows), default=None)


def workflow_of(
    connection: Connection, dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1
) -> int:
    """The same, or an error if there is none."""
    found = find(connection, dag_id, run_id, task_id, map_index)
    if found is None:
        raise UnknownName(
            "This run has no Jobmon workflow, or not yet.",
            remedy="One is there as soon as the run's first task has bound it.",
        )
    return found
