"""Answers when something does not work: JSON for the API, and a plain page for people."""

from __future__ import annotations

import html
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from jobmon_airflow.errors import InvalidDefinition, InvalidQuestion, JobmonError, RunError, UnknownName
from jobmon_airflow.web.access import login_address

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_TITLES: Final[Mapping[int, str]] = {
    401: "Log in",
    403: "Not allowed",
    404: "Not found",
    503: "Not available",
}
# The first that an error is one of says how it is answered.
_STATUSES: Final[Mapping[type[JobmonError], int]] = {
    UnknownName: 404,
    InvalidQuestion: 422,
    InvalidDefinition: 422,
    RunError: 409,
    JobmonError: 503,
}

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - Jobmon</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>
<body><h1>{title}</h1><pre>{text}</pre>{more}</body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What did not work, and what to do about it."""

    problem: str
    remedy: str | None = None

    @property
    def text(self) -> str:
        """Both, for people."""
        return "\n".join(filter(None, (self.problem, self.remedy)))


def answer_errors(app: FastAPI) -> None:
    """Let the application say what did not work."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(JobmonError, _failed)
    app.add_exception_handler(SQLAlchemyError, _unanswered)
    app.add_exception_handler(RequestValidationError, _senseless)


def title_of(status: int) -> str:
    """What a page says at its head."""
    return _TITLES.get(status, "It did not work")


def status_of(error: JobmonError) -> int:
    """How an error of ours is answered."""
    return next(status for kind, status in _STATUSES.items() if isinstance(error, kind))


def of_silence(error: Exception) -> Refusal:
    """What is said when the database refuses an answer. Why may name hosts, and is only for the log."""
    log.error("tables.unanswered", exc_info=error)
    return Refusal(problem="The Jobmon tables do not answer.", remedy="The API server's log says why.")


def page(title: str, text: str, status: int, *, more: str = "") -> HTMLResponse:
    """A page that says why there is nothing else; ``more`` is markup."""
    return HTMLResponse(_PAGE.format(title=html.escape(title), text=html.escape(text), more=more), status)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, Refusal(problem=str(error.detail)), dict(error.headers or {}))


def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, JobmonError)
    return _answer(request, status_of(error), Refusal(problem=error.problem, remedy=error.remedy))


def _unanswered(request: Request, error: Exception) -> Response:
    return _answer(request, 503, of_silence(error))


def _senseless(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return _answer(request, 422, Refusal(problem="\n".join(said)))


def _answer(
    request: Request, status: int, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    if _is_for_programs(request):
        return JSONResponse(asdict(refusal), status, headers=headers)
    more = ""
    if status == 401:
        address = html.escape(login_address(str(request.url)))
        more = f'<p><a href="{address}" target="_top">Log in</a></p>'
    return page(title_of(status), refusal.text, status, more=more)


def _is_for_programs(request: Request) -> bool:
    own_path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return str(own_path).startswith("/api/")
