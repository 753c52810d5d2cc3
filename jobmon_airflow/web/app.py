"""The web application. Each of its routes asks Airflow who is there."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request

from jobmon_airflow import __version__
from jobmon_airflow.web import pages
from jobmon_airflow.web.access import require_any_dag
from jobmon_airflow.web.api import (
    actions,
    errors,
    logs,
    runs,
    tasks,
    templates,
    timeline,
    topics,
    usage,
    workflows,
)
from jobmon_airflow.web.guarding import refuse_other_sites, refuse_unstorable
from jobmon_airflow.web.headers import WithHeaders
from jobmon_airflow.web.placing import WithWholePath
from jobmon_airflow.web.refusals import answer_errors
from jobmon_airflow.web.tables import mount

TOPICS = (workflows, runs, templates, errors, timeline, usage, tasks, logs, actions)


def create_app() -> FastAPI:
    """Make the application. FastAPI's own pages of documentation would ask nobody who they are."""
    app = FastAPI(
        title="Jobmon",
        version=__version__,
        summary="Workflows, their tasks and what became of them.",
        openapi_url=None,
        dependencies=[Depends(require_any_dag), Depends(refuse_unstorable), Depends(refuse_other_sites)],
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(WithHeaders)
    app.add_middleware(WithWholePath)
    answer_errors(app)
    app.include_router(_api(), prefix=topics.PREFIX)
    app.include_router(mount.router)  # before the pages, which answer all that nobody else does
    app.include_router(pages.router)
    return app


def _api() -> APIRouter:
    api = APIRouter()
    for each in TOPICS:
        api.include_router(each.router)
    api.get("/openapi.json", include_in_schema=False)(openapi)
    return api


def openapi(request: Request) -> dict[str, Any]:
    """The API, described."""
    return {**request.app.openapi(), "servers": [{"url": request.scope.get("root_path", "")}]}
