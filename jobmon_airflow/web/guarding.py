"""What is refused at the door: changes that other sites let browsers send, and texts that no database takes."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from jobmon_airflow.web.access import served_at

OUR_HEADER: Final = (
    "X-Jobmon-Request"  #: no form can send it, and no script of another site without asking first
)
_CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites(request: Request) -> None:
    """Refuse what would change something and does not come from our own pages, or from a program that means it."""
    if request.method in _CHANGES_NOTHING:
        return
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, "Changes are sent as JSON, with 'Content-Type: application/json'.")
    if request.headers.get(OUR_HEADER) != "1":
        raise HTTPException(403, f"Changes are sent with the header '{OUR_HEADER}: 1'.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise HTTPException(403, "Another site cannot change anything here.")
    if not _is_ours(request.headers.get("Origin"), request):
        raise HTTPException(403, "Another site cannot change anything here.")


def refuse_unstorable(request: Request) -> None:
    """Refuse questions with NUL, which PostgreSQL would refuse with an error."""
    values = (
        *request.path_params.values(),
        *(part for pair in request.query_params.multi_items() for part in pair),
    )
    if any("\0" in value for value in values if isinstance(value, str)):
        raise HTTPException(422, "A question cannot contain the character NUL.")


def _is_ours(origin: str | None, request: Request) -> bool:
    """Whether a request comes from our own pages, whose host is the request's, or the one Airflow is known by."""
    if origin is None:  # no browser, or one so old that our header must do
        return True
    return urlsplit(origin).netloc in {request.headers.get("Host"), served_at()} - {"", None}
