"""The tables' place in our web application, where Airflow says who asks. AppBuilder is made at the first request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from jobmon_airflow.web.access import MayReadDag
from jobmon_airflow.web.tables.rights import MAY_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

PLACE: Final = "/tables"
_AT_A_TIME: Final = 4  # requests; others wait

router = APIRouter(include_in_schema=False)


@router.get(PLACE)
def without_slash() -> Response:
    """To the list of tables."""
    return RedirectResponse(f"{PLACE.removeprefix('/')}/")


@router.get(f"{PLACE}/{{path:path}}")
def below(path: str, may_read: MayReadDag) -> Response:
    """Whatever AppBuilder answers."""
    return _FromSite(path, may_read)


class _FromSite(Response):
    """An answer that AppBuilder writes itself."""

    def __init__(self, path: str, may_read: Callable[[str], bool]) -> None:
        super().__init__()
        self.path, self.may_read = path, may_read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = f"{scope.get('root_path', '')}{PLACE}"
        # The whole path, which some proxies have cut the beginning of.
        inner = {**scope, "root_path": root, "path": f"{root}/{self.path}", MAY_READ: self.may_read}
        await _site()(inner, receive, send)


@cache
def _site() -> ASGIApp:
    from a2wsgi import WSGIMiddleware

    from jobmon_airflow.web.tables.site import make_site

    site = make_site()

    def with_rights(environ: Any, start_response: Any) -> Iterable[bytes]:
        environ[MAY_READ] = environ["asgi.scope"][MAY_READ]
        return site(environ, start_response)

    return cast("ASGIApp", WSGIMiddleware(with_rights, workers=_AT_A_TIME))
