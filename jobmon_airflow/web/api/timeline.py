"""When the tasks of a workflow waited and ran."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from jobmon_airflow.view import critical_path, timeline
from jobmon_airflow.view.critical_path import CriticalPath
from jobmon_airflow.view.timeline import By, Timeline
from jobmon_airflow.web.access import WorkflowToRead
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("timeline")


@router.get("/workflows/{workflow_id}/timeline")
def timeline_of_workflow(
    workflow_id: WorkflowToRead,
    tables: Tables,
    by: Annotated[By, Query(description="What a row stands for.")] = By.TEMPLATE,
) -> Timeline:
    """When attempts waited and ran: each as a bar while there are few, else how many at a time."""
    return timeline.of_workflow(tables, workflow_id, by)


@router.get("/workflows/{workflow_id}/critical-path")
def critical_path_of_workflow(workflow_id: WorkflowToRead, tables: Tables) -> CriticalPath:
    """The task that ended last, the one that it waited for last, and so on; and what their time went into."""
    return critical_path.of_workflow(tables, workflow_id)
