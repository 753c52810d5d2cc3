"""The pages: one empty document for all of them, which the front end fills, and the files that it is made of.

The server says in the document where it is, since Airflow may live below a path of its own, and asks for each page
whether its reader may see what it is about.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from jobmon_airflow.view import runs, workflows
from jobmon_airflow.web import refusals
from jobmon_airflow.web.access import MayRead, TaskToRead, User, WorkflowToRead, require_dag
from jobmon_airflow.web.database import Tables
from jobmon_airflow.web.families import of_this_dag, templates_by_task_id

if TYPE_CHECKING:
    from collections.abc import Mapping

STATIC: Final = Path(__file__).with_name("static")
MANIFEST: Final = "manifest.json"
ENTRY: Final = "src/main.tsx"
ASSETS: Final = "assets"

_IMMUTABLE: Final = "private, max-age=31536000, immutable"  # a file's name changes with its content
_DOCUMENT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><base href="{base}"><title>{title} - Jobmon</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta name="jobmon-base" content="{base}">
{styles}<script type="module" src="{script}"></script></head>
<body><div id="app"></div><noscript>This page needs JavaScript.</noscript></body></html>
"""
_NOT_BUILT: Final = (
    "The front end is not there: it comes with the wheel, and is built in a checkout.\n"
    "Build it, then load this page again: make frontend"
)

router = APIRouter(include_in_schema=False)


@router.get("/")
def of_workflows(request: Request) -> HTMLResponse:
    """All that the reader may see; what that is, the API asks."""
    return _document(request, "Workflows")


@router.get("/usage")
def of_usage(request: Request) -> HTMLResponse:
    """What was used by all of them."""
    return _document(request, "Usage")


@router.get("/workflow/{workflow_id}")
@router.get("/workflow/{workflow_id}/errors")
@router.get("/workflow/{workflow_id}/tasks")
@router.get("/workflow/{workflow_id}/timeline")
@router.get("/workflow/{workflow_id}/template/{template:path}")
def of_workflow(request: Request, workflow_id: WorkflowToRead) -> HTMLResponse:
    """Pages about one workflow."""
    return _document(request, f"Workflow {workflow_id}")


@router.get("/task/{task_id}")
def of_task(request: Request, task_id: TaskToRead) -> HTMLResponse:
    """The page about one task."""
    return _document(request, f"Task {task_id}")


@router.get("/run")
def of_run(
    tables: Tables, user: User, dag_id: str, run_id: str, task_id: str | None = None, map_index: str = "-1"
) -> RedirectResponse:
    """To the workflow of a DAG run, or of one of its task instances."""
    require_dag(user, dag_id)
    # Of a task that is not mapped, Airflow's tab leaves its placeholder as it is.
    index = int(map_index) if re.fullmatch("[0-9]{1,9}", map_index) else -1
    return RedirectResponse(f"workflow/{runs.workflow_of(tables, dag_id, run_id, task_id, index)}")


@router.get("/dag")
def of_dag(
    tables: Tables,
    user: User,
    may_read: MayRead,
    dag_id: Annotated[str, Query(max_length=250)],
    task_id: Annotated[str | None, Query(max_length=250)] = None,
) -> RedirectResponse:
    """To the workflows of a DAG; or to the template that one of its tasks mirrors, in the newest of them."""
    require_dag(user, dag_id)
    dag = of_this_dag(tables, dag_id)
    newest = workflows.newest(tables, may_read, dag) if task_id else None
    template = templates_by_task_id(tables, newest).get(task_id or "") if newest else None
    if template is None:
        return RedirectResponse(f"./?dag_id={quote(dag_id, safe='')}")
    return RedirectResponse(f"workflow/{newest}/template/{quote(template, safe='')}")


@router.get(f"/{ASSETS}/{{path:path}}")
async def asset(path: str, request: Request) -> Response:
    """A file of the front end."""
    if not (STATIC / ASSETS).is_dir():
        raise HTTPException(404, _NOT_BUILT)
    answer = await StaticFiles(directory=STATIC / ASSETS).get_response(path, request.scope)
    answer.headers["Cache-Control"] = _IMMUTABLE
    return answer


@router.get("/{path:path}")
def nothing(path: str) -> Response:
    """Whatever else is asked for, which only those learn who may see anything."""
    raise HTTPException(404, f"There is no page '{path[:200]}'.")


def _document(request: Request, title: str) -> HTMLResponse:
    entry = _entry()
    if entry is None:
        return refusals.page("Not built", _NOT_BUILT, 503)
    base = html.escape(f"{request.scope.get('root_path', '')}/")
    styles = (f'<link rel="stylesheet" href="{html.escape(base + file)}">\n' for file in entry.get("css", ()))
    return HTMLResponse(
        _DOCUMENT.format(
            base=base,
            title=html.escape(title),
            styles="".join(styles),
            script=html.escape(base + entry["file"]),
        )
    )


def _entry() -> Mapping[str, Any] | None:
    """What the build says of the script to begin with; None if nothing was built."""
    try:
        manifest = json.loads((STATIC / MANIFEST).read_text())
    except FileNotFoundError:
        return None
    entry: Mapping[str, Any] = manifest[ENTRY]
    return entry
