"""Errors of a workflow, in groups."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from jobmon_airflow.view import errors
from jobmon_airflow.view.errors import ErrorGroups, FailedAttempt
from jobmon_airflow.view.paging import Page
from jobmon_airflow.web.access import WorkflowToRead
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("errors")

Group = Annotated[int, Path(ge=1, le=2**63 - 1, description="The id of a group.")]


@router.get("/workflows/{workflow_id}/errors", responses=CSV)
def errors_of_workflow(
    workflow_id: WorkflowToRead,
    tables: Tables,
    after: After = None,
    limit: Limit = 50,
    format: Format = "json",  # noqa: A002
) -> ErrorGroups:
    """What went wrong: attempts that failed alike, put together, with what one of them said."""
    if format == "json":
        return errors.of_workflow(tables, workflow_id, after=after, limit=limit)
    return table(  # type: ignore[return-value]  # a file
        lambda behind, most: errors.groups(tables, workflow_id, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"workflow-{workflow_id}-errors",
    )


@router.get("/workflows/{workflow_id}/errors/{group}/tasks", responses=CSV)
def tasks_of_error(
    workflow_id: WorkflowToRead,
    group: Group,
    tables: Tables,
    after: After = None,
    limit: Limit = 100,
    format: Format = "json",  # noqa: A002
) -> Page[FailedAttempt]:
    """The attempts of a group, in the order of their tasks."""
    return table(
        lambda behind, most: errors.attempts(tables, workflow_id, group, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"workflow-{workflow_id}-error-{group}",
    )
