"""Workflows, and how each stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.view import activity, cells, graph, waits, workflow, workflows
from jobmon_airflow.view.activity import Activity
from jobmon_airflow.view.cells import Cells, CellsArgs
from jobmon_airflow.view.graph import Graph
from jobmon_airflow.view.paging import Page
from jobmon_airflow.view.waits import Waits
from jobmon_airflow.view.workflow import Workflow
from jobmon_airflow.view.workflows import WorkflowFilter, WorkflowRow
from jobmon_airflow.web.access import MayAct, MayRead, WorkflowToRead
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, ids, listed, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables
from jobmon_airflow.web.families import of_this_dag

router = topic("workflows")

Several = Annotated[list[str], Query(max_length=100)]


def _but(name: str, meaning: str) -> Any:
    return Query(alias=f"{name}!", max_length=100, description=f"None of these: {meaning}")


def _of(meaning: str) -> Any:
    return Query(max_length=100, description=f"One of these, with commas between: {meaning}")


USER, TOOL, NAME = "who ran it at some time.", "its tool.", "its name contains it."
ARGS, ATTRIBUTE = "its workflow args contain it.", "it has this attribute, a name or name=value."
STATUS, ID = "its status, in a word or its letter.", "its id."


@router.get("/workflows", responses=CSV)
def list_workflows(
    tables: Tables,
    may_read: MayRead,
    user: Annotated[list[str], _of(USER)] = [],  # noqa: B006 - FastAPI copies it
    not_user: Annotated[list[str], _but("user", USER)] = [],  # noqa: B006
    tool: Annotated[list[str], _of(TOOL)] = [],  # noqa: B006
    not_tool: Annotated[list[str], _but("tool", TOOL)] = [],  # noqa: B006
    name: Annotated[list[str], _of(NAME)] = [],  # noqa: B006
    not_name: Annotated[list[str], _but("name", NAME)] = [],  # noqa: B006
    args: Annotated[list[str], _of(ARGS)] = [],  # noqa: B006
    not_args: Annotated[list[str], _but("args", ARGS)] = [],  # noqa: B006
    attribute: Annotated[list[str], _of(ATTRIBUTE)] = [],  # noqa: B006
    not_attribute: Annotated[list[str], _but("attribute", ATTRIBUTE)] = [],  # noqa: B006
    status: Annotated[list[str], _of(STATUS)] = [],  # noqa: B006
    not_status: Annotated[list[str], _but("status", STATUS)] = [],  # noqa: B006
    id: Annotated[list[str], _of(ID)] = [],  # noqa: A002, B006
    not_id: Annotated[list[str], _but("id", ID)] = [],  # noqa: B006
    since: Annotated[datetime | None, Query(alias="from", description="Bound then or later.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Bound before.")] = None,
    dag_id: Annotated[str | None, Query(max_length=250, description="A DAG of Airflow's.")] = None,
    limit: Limit = 100,
    after: After = None,
    format: Format = "json",  # noqa: A002
) -> Page[WorkflowRow]:
    """The workflows that you may see, newest first."""
    wanted = _filter(user, tool, name, args, attribute, status, id)
    unwanted = _filter(not_user, not_tool, not_name, not_args, not_attribute, not_status, not_id)
    dag = of_this_dag(tables, dag_id) if dag_id is not None else None
    now = datetime.now(UTC)

    def page(after: str | None, limit: int) -> Page[WorkflowRow]:
        return workflows.table(
            tables,
            may_read,
            now,
            wanted=wanted,
            unwanted=unwanted,
            since=_moment(since),
            until=_moment(until),
            dag=dag,
            after=after,
            limit=limit,
        )

    return table(page, after=after, limit=limit, form=format, name="workflows")


@router.get("/workflows/{workflow_id}")
def get_workflow(workflow_id: WorkflowToRead, tables: Tables, may_act: MayAct) -> Workflow:
    """One workflow: its templates, its runs, its attributes, and what you may do."""
    return workflow.of(tables, workflow_id, datetime.now(UTC), may_act=may_act, dag_id_of=dag_id_of)


@router.get("/workflows/{workflow_id}/graph")
def get_graph(workflow_id: WorkflowToRead, tables: Tables) -> Graph:
    """The templates of a workflow, and which of them wait for which."""
    return graph.of_workflow(tables, workflow_id, datetime.now(UTC))


@router.get("/workflows/{workflow_id}/activity")
def get_activity(
    workflow_id: WorkflowToRead,
    tables: Tables,
    since: Annotated[datetime | None, Query(alias="from")] = None,
    until: Annotated[datetime | None, Query(alias="to")] = None,
) -> Activity:
    """How many tasks were done, and how many waited and ran, over time, by template."""
    now = datetime.now(UTC)
    return activity.of_workflow(tables, workflow_id, now, since=_moment(since), until=_moment(until))


@router.get("/workflows/{workflow_id}/waiting")
def get_waiting(workflow_id: WorkflowToRead, tables: Tables) -> Waits:
    """Who runs a workflow, and what its tasks wait for."""
    return waits.of_workflow(tables, workflow_id, datetime.now(UTC))


@router.get("/workflows/{workflow_id}/cells")
def get_cells(workflow_id: WorkflowToRead, tables: Tables) -> Cells:
    """The status of every task, in one letter each."""
    return cells.of_workflow(tables, workflow_id, datetime.now(UTC))


@router.get("/workflows/{workflow_id}/cells/args")
def get_cells_args(
    workflow_id: WorkflowToRead,
    tables: Tables,
    response: Response,
    template: Annotated[str, Query(max_length=255)],
    first: Annotated[int, Query(ge=1, le=2**63 - 1, description="The id that a chunk begins with.")],
) -> CellsArgs:
    """The node args of a chunk of a template's tasks; they never change."""
    if cells.is_settled(tables, workflow_id):
        response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return cells.args(tables, workflow_id, template, first)


def _filter(
    user: list[str],
    tool: list[str],
    name: list[str],
    args: list[str],
    attribute: list[str],
    status: list[str],
    id: list[str],  # noqa: A002
) -> WorkflowFilter:
    return WorkflowFilter(
        user=listed(user),
        tool=listed(tool),
        name=listed(name),
        args=listed(args),
        attribute=listed(attribute),
        status=listed(status),
        id=ids(id, "workflow"),
    )


def _moment(given: datetime | None) -> datetime | None:
    """A moment without a time zone is one in UTC, like all that are answered."""
    return given.replace(tzinfo=UTC) if given is not None and given.tzinfo is None else given
