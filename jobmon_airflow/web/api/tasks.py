"""Tasks of a workflow, their attempts and neighbours."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.view import attempts, neighbours, origins, task, tasks
from jobmon_airflow.view.attempts import Attempt
from jobmon_airflow.view.neighbours import Neighbours
from jobmon_airflow.view.paging import Page
from jobmon_airflow.view.task import TaskHeader
from jobmon_airflow.view.tasks import TaskFilter, TaskRow
from jobmon_airflow.web.access import MayAct, TaskToRead, WorkflowToRead
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, args_in, ids, listed, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("tasks")

Words = Annotated[list[str], Query(description="One of these; several are separated by commas.")]
NoWords = Annotated[list[str], Query(description="None of these.")]


@router.get("/workflows/{workflow_id}/tasks", responses=CSV)
def tasks_of_workflow(
    workflow_id: WorkflowToRead,
    tables: Tables,
    request: Request,
    template: Words = [],  # noqa: B006 - FastAPI copies it
    not_template: Annotated[list[str], Query(alias="template!")] = [],  # noqa: B006
    status: Words = [],  # noqa: B006
    not_status: Annotated[list[str], Query(alias="status!")] = [],  # noqa: B006
    id: Words = [],  # noqa: A002, B006
    name: Words = [],  # noqa: B006
    not_name: Annotated[list[str], Query(alias="name!")] = [],  # noqa: B006
    error: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="A group of errors.")] = None,
    after: After = None,
    limit: Limit = 100,
    format: Format = "json",  # noqa: A002
) -> Page[TaskRow]:
    """The tasks of a workflow.

    Node args are asked for as `arg.<name>=value`, and excluded as `arg.<name>!=value`. Names are looked for in large
    or small letters, anywhere in them. A page may have fewer rows than its limit although others follow it.
    """
    wanted = TaskFilter(
        template=listed(template),
        not_template=listed(not_template),
        status=listed(status),
        not_status=listed(not_status),
        id=ids(id, "task"),
        error=error,
        name=listed(name),
        not_name=listed(not_name),
        args=args_in(request),
        not_args=args_in(request, "!"),
    )
    return table(
        lambda behind, most: tasks.table(tables, workflow_id, wanted, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"workflow-{workflow_id}-tasks",
    )


@router.get("/tasks/{task_id}")
def task_header(task_id: TaskToRead, tables: Tables, may_act: MayAct) -> TaskHeader:
    """A task: what it is, how it stands, what it waits for, and the first of its neighbours."""
    workflow_id = origins.workflow_of_task(tables, task_id)
    origin, owner = origins.of_workflow(tables, workflow_id), origins.owner_of(tables, workflow_id)
    return task.header(tables, task_id, may_act=may_act(origin, owner))


@router.get("/tasks/{task_id}/attempts", responses=CSV)
def attempts_at_task(
    task_id: TaskToRead,
    tables: Tables,
    after: After = None,
    limit: Limit = 100,
    format: Format = "json",  # noqa: A002
) -> Page[Attempt]:
    """The attempts at a task, oldest first."""
    return table(
        lambda behind, most: attempts.of_task(tables, task_id, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"task-{task_id}-attempts",
    )


@router.get("/tasks/{task_id}/neighbours")
def neighbours_of_task(
    task_id: TaskToRead,
    tables: Tables,
    side: Annotated[Side, Query(description="Those it waits for, or those that wait for it.")],
    after: After = None,
    limit: Limit = 15,
) -> Neighbours:
    """The tasks on one side of a task."""
    return neighbours.beside(tables, task_id, side, after=after, limit=limit)
