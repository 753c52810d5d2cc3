"""Templates of a workflow: what their tasks used, and what to ask for."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query, Request, Response
from pydantic import TypeAdapter

from jobmon_airflow.view import points, template
from jobmon_airflow.view.points import AttemptPoints, PointFilter
from jobmon_airflow.view.template import TemplateUse
from jobmon_airflow.web.access import WorkflowToRead
from jobmon_airflow.web.api.questions import CSV, Format, args_in, file, listed
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("templates")

_MOST_ARGS: Final = 10
_POINTS: Final = TypeAdapter(AttemptPoints)
Name = Annotated[str, Path(min_length=1, max_length=255, description="Of a template.")]


# Names of templates may have slashes in them, so that the longer path is looked for first.
@router.get(
    "/workflows/{workflow_id}/templates/{name:path}/attempts", responses=CSV, response_model=AttemptPoints
)
def attempts_of_template(
    workflow_id: WorkflowToRead,
    name: Name,
    tables: Tables,
    request: Request,
    verdict: Annotated[list[str], Query(description="How attempts ended: one of these.")] = [],  # noqa: B006
    attempt: Annotated[
        list[Annotated[int, Query(ge=1, le=10_000)]], Query(max_length=100, description="1 is the first.")
    ] = [],  # noqa: B006
    arg: Annotated[
        list[str], Query(max_length=_MOST_ARGS, description="Node args whose values are wanted, too.")
    ] = [],  # noqa: B006
    format: Format = "json",  # noqa: A002
) -> Response:
    """Attempts at a template's tasks as points, column by column; of many, some that stand for all.

    Node args are asked for as `arg.<name>=value`. As CSV, all attempts come, one a line.
    """
    wanted = PointFilter(verdict=listed(verdict), attempt=attempt, args=args_in(request))
    if format == "csv":
        found = points.lines(tables, workflow_id, name, wanted)
        return file(found, f"workflow-{workflow_id}-attempts")
    shown = points.of_template(tables, workflow_id, name, wanted, arg)
    # Half a million numbers, which need not be copied and looked at before they are written.
    return Response(_POINTS.dump_json(shown), media_type="application/json")


@router.get("/workflows/{workflow_id}/templates/{name:path}")
def template_of_workflow(workflow_id: WorkflowToRead, name: Name, tables: Tables) -> TemplateUse:
    """What a template's tasks use, how that fits what they ask for, what to ask for, and what became of failures."""
    return template.of_workflow(tables, workflow_id, name)
