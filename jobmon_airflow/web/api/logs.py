"""What attempts at tasks have said."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from jobmon_airflow.view import logs
from jobmon_airflow.view.logs import MOST, PART, LogPart, Stream
from jobmon_airflow.web.access import AttemptToRead
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("logs")

_LAST = 2**63 - 1


@router.get("/attempts/{attempt_id}/log/{stream}")
def log_of_attempt(
    attempt_id: AttemptToRead,
    stream: Stream,
    tables: Tables,
    offset: Annotated[
        int | None, Query(ge=0, le=_LAST, description="In bytes. Without it, the end is read.")
    ] = None,
    limit: Annotated[int, Query(ge=1024, le=MOST, description="So many bytes at most.")] = PART,
    find: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Places where this stands, in place of a text."),
    ] = None,
) -> LogPart:
    """A part of what an attempt has printed, or complained of.

    To read along, ask again and again from `end` on, as long as `is_growing`. What is looked for is found from
    `offset` on; as long as `end` is less than `size`, more may be found from there on.
    """
    return logs.part(tables, attempt_id, stream, offset=offset, limit=limit, find=find)
