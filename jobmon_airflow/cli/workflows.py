"""``workflow errors``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.client import failures, registry
from jobmon_airflow.engine import claims

if TYPE_CHECKING:
    from collections.abc import Mapping


def errors(workflow_id: int, *, limit: int = 10, database: str | None = None) -> Answer:
    """What so many of a workflow's tasks said when they last failed; those that failed last come first."""
    store = registry.database(database)
    with store.read() as connection:
        claims.known(connection, workflow_id)
    found = failures.of_workflow_id(store, workflow_id, limit)
    says = [_told(task_id, error) for task_id, error in found.items()]
    return Answer(says or f"No task of workflow {workflow_id} has failed.", data=found)


def _told(task_id: int, error: Mapping[str, Any]) -> str:
    said = [
        f"task {task_id}, attempt {error['task_instance_id']}, {each['error_time']:%Y-%m-%d %H:%M:%S} UTC\n"
        + "\n".join(f"  {line}" for line in each["description"].splitlines())
        for each in error["error_log"]
    ]
    return "\n".join(said)
