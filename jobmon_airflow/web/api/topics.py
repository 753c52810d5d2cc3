"""What the routers of all topics have in common."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from jobmon_airflow.web.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

VERSION: Final = "v1"
PREFIX: Final = f"/api/{VERSION}"

#: The browser keeps an answer, and asks each time whether it is still the same.
_ASK_AGAIN: Final = "private, no-cache"
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Refusal, "description": "Nobody is logged in."},
    403: {"model": Refusal, "description": "The user may not see or do this."},
    404: {"model": Refusal, "description": "It is not there."},
    422: {"model": Refusal, "description": "The question means nothing."},
    503: {"model": Refusal, "description": "The Jobmon tables do not answer."},
}

#: What changes are answered with, besides.
_REFUSED_CHANGES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refusal, "description": "What was sent cannot be read."},
    409: {"model": Refusal, "description": "It cannot be done as things stand."},
    415: {"model": Refusal, "description": "What was sent is no JSON."},
}


class Tagged(APIRoute):
    """A route whose answers carry a tag of what they say, so that what is known already is not sent again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        answer = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answer(request)
            is_whole = request.method == "GET" and response.status_code == 200 and hasattr(response, "body")
            return _tagged(request, response) if is_whole else response

        return tagged


def topic(name: str, *, changes: bool = False) -> APIRouter:
    """A router for one topic, in which something is changed or only shown."""
    responses = _REFUSALS | (_REFUSED_CHANGES if changes else {})
    return APIRouter(tags=[name], route_class=Tagged, responses=responses)


def _tagged(request: Request, response: Response) -> Response:
    tag = f'W/"{blake2b(response.body, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = tag
    response.headers.setdefault("Cache-Control", _ASK_AGAIN)
    known = {each.strip() for each in request.headers.get("If-None-Match", "").split(",")}
    if tag not in known and "*" not in known:
        return response
    kept = {name: response.headers[name] for name in ("ETag", "Cache-Control")}
    return Response(status_code=304, headers=kept)
