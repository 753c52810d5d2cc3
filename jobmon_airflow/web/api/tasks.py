"""Tasks of a workflow, their attempts and neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.view import attempts, neighbours, origins, task, tasks
from jobmon_airflow.view.attempts import Attempt
from jobmon_airflow.view.neighbours import Neighbours
from jobmon_airflow.view.paging import Page
from jobmon_airflow.view.task import TaskHeader
from jobmon_airflow.view.tasks import TaskFilter, TaskRow
from jobmon_airflow.web.access import TaskToRead, User, WorkflowToRead, may_act
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, args_in, listed, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("tasks")

_DIGITS: Final = 18  #: of an id
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
        id=_ids(listed(id)),
        error=error,
        name=listed(name),
        not_name=listed(not_name),
        args=args_in(request),
        not_args=args_in(request, "!"),
    )
    found: Page[TaskRow] | StreamingResponse = table(
        lambda behind, most: tasks.table(tables, workflow_id, wanted, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"workflow-{workflow_id}-tasks",
    )
    return found  # type: ignore[return-value]


@router.get("/tasks/{task_id}")
def task_header(task_id: TaskToRead, tables: Tables, user: User) -> TaskHeader:
    """A task: what it is, how it stands, what it waits for, and the first of its neighbours."""
    workflow_id = origins.workflow_of_task(tables, task_id)
    origin, owner = origins.of_workflow(tables, workflow_id), origins.owner_of(tables, workflow_id)
    return task.header(tables, task_id, may_act=may_act(user, origin, owner))


@router.get("/tasks/{task_id}/attempts", responses=CSV)
def attempts_at_task(
    task_id: TaskToRead,
    tables: Tables,
    after: After = None,
    limit: Limit = 100,
    format: Format = "json",  # noqa: A002
) -> Page[Attempt]:
    """The attempts at a task, oldest first."""
    found: Page[Attempt] | StreamingResponse = table(
        lambda behind, most: attempts.of_task(tables, task_id, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"task-{task_id}-attempts",
    )
    return found  # type: ignore[return-value]


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


def _ids(values: Iterable[str]) -> list[int]:
    for value in values:
        if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            raise InvalidQuestion(
                f"'{value[:80]}' is no id of a task.", remedy="Write numbers, such as id=12,13."
            )
    return [int(value) for value in values]
