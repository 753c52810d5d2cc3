"""Runs of workflows that others began, as they leave the tables behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobmon_airflow.settings import user_name
from jobmon_airflow.states import TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import tasks, workflow_runs, workflows
from tests.attempts import AT

if TYPE_CHECKING:
    from collections.abc import Collection

    from jobmon_airflow import Workflow
    from jobmon_airflow.store.database import Database

_TO_RUNNING = (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING)


def going_on(database: Database, workflow: Workflow, *, user: str | None = None) -> int:
    """A run that goes on, whose controller is heard of for a minute; its id."""
    until = datetime.now(UTC) + timedelta(minutes=1)

    def go(connection):
        number = workflow_runs.register(
            connection, workflow.workflow_id, user or user_name(), "1.0", AT, controller="a", until=until
        )
        for status in _TO_RUNNING:
            workflow_runs.go(connection, number, status, AT)
        return number

    return database.write(go)


def over(
    database: Database,
    workflow: Workflow,
    *,
    user: str | None = None,
    failed: Collection[str] = (),
    waiting: Collection[str] = (),
) -> int:
    """A run that is over: all tasks are done, but those of these names, which failed, or were never begun; its id."""
    number = going_on(database, workflow, user=user)
    ids = {task.task_id: task.name for task in workflow.tasks if task.name not in waiting}
    lost = [task_id for task_id, name in ids.items() if name in failed]

    def go(connection):
        tasks.advance(connection, list(ids), TaskStatus.QUEUED, AT)
        tasks.advance(connection, sorted(ids.keys() - set(lost)), TaskStatus.DONE, AT)
        tasks.advance(connection, lost, TaskStatus.ERROR_FATAL, AT)
        end = WorkflowRunStatus.ERROR if failed or waiting else WorkflowRunStatus.DONE
        workflow_runs.go(connection, number, end, AT)

    database.write(go)
    return number


def statuses(database: Database, workflow: Workflow) -> dict[str, str]:
    """The status of each task, by its name."""
    with database.read() as connection:
        found = tasks.statuses(connection, workflow.workflow_id)
    return {task.name: found[task.task_id] for task in workflow.tasks}


def workflow_status(database: Database, workflow: Workflow) -> str:
    """The status of the workflow."""
    with database.read() as connection:
        row = workflows.row(connection, workflow.workflow_id)
        assert row is not None
        return row.status
