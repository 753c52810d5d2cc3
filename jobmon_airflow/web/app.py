"""The web application. Each of its routes asks Airflow who is there, and changes nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as AnyHTTPException

from jobmon_airflow.client import registry
from jobmon_airflow.errors import JobmonError, UnknownName
from jobmon_airflow.web import pages, service
from jobmon_airflow.web.access import User, may_read, require_any_dag, require_one_of

if TYPE_CHECKING:
    from fastapi import Request

log = logging.getLogger(__name__)

_TITLES: Final = {401: "Log in", 403: "Not allowed", 404: "Not found", 503: "Not available"}


def create_app() -> FastAPI:
    """Make the application. It has no pages of documentation, because these would ask nobody who they are."""
    app = FastAPI(
        title="Jobmon",
        openapi_url=None,
        dependencies=[Depends(require_any_dag)],
    )
    app.exception_handler(AnyHTTPException)(_refused)
    app.exception_handler(JobmonError)(_failed)
    app.exception_handler(SQLAlchemyError)(_unanswered)
    app.exception_handler(RequestValidationError)(_senseless)
    app.get("/")(workflows)
    app.get("/workflow/{workflow_id}")(workflow)
    app.get("/run")(run)
    return app


def workflows(user: User) -> HTMLResponse:
    """The latest workflows that the user may see."""
    found = service.latest(registry.database(None))
    return _page(pages.workflows([shown for shown in found if may_read(user, shown.dag_ids)]))


def workflow(workflow_id: int, user: User) -> HTMLResponse:
    """One workflow."""
    shown = service.workflow(registry.database(None), workflow_id)
    require_one_of(user, shown.dag_ids)
    return _page(pages.workflow(shown))


def run(
    dag_id: str, run_id: str, user: User, task_id: str | None = None, map_index: str = "-1"
) -> RedirectResponse:
    """To the workflow of a DAG run, or of one of its task instances."""
    require_one_of(user, [dag_id])
    # Of a task that is not mapped, Airflow's tab leaves its placeholder as it is.
    index = int(map_index) if map_index.lstrip("-").isdecimal() else -1
    found = service.find(registry.database(None), dag_id, run_id, task_id, index)
    if found is None:
        raise HTTPException(404, "This run has no Jobmon workflow, or not yet.")
    return RedirectResponse(f"workflow/{found}", headers=dict(pages.HEADERS))


def _page(content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(content, status, headers=dict(pages.HEADERS))


def _refused(_: Request, error: AnyHTTPException) -> HTMLResponse:
    title = _TITLES.get(error.status_code, "It did not work")
    return _page(pages.message(title, str(error.detail)), error.status_code)


def _failed(_: Request, error: JobmonError) -> HTMLResponse:
    status = 404 if isinstance(error, UnknownName) else 503
    return _page(pages.message(_TITLES[status], str(error)), status)


def _unanswered(_: Request, error: SQLAlchemyError) -> HTMLResponse:
    log.error("pages.unanswered", exc_info=error)  # which may name hosts, and is not for everybody
    return _page(pages.message(_TITLES[503], "The Jobmon tables do not answer. The log says why."), 503)


def _senseless(_: Request, error: RequestValidationError) -> HTMLResponse:
    said = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return _page(pages.message("It did not work", "\n".join(said)), 422)
