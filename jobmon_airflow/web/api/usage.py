"""What workflows asked for and used, over time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query

from jobmon_airflow.view import usage
from jobmon_airflow.view.paging import Page
from jobmon_airflow.view.usage import Saving, Usage, UsageBy
from jobmon_airflow.web.access import MayRead
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("usage")

Since = Annotated[
    datetime | None, Query(alias="from", description="In UTC, if it has no time zone; else 30 days ago.")
]
Until = Annotated[datetime | None, Query(alias="to", description="Now, if it is left out.")]


@router.get("/usage")
def usage_over_time(
    tables: Tables,
    may_read: MayRead,
    since: Since = None,
    until: Until = None,
    by: Annotated[UsageBy, Query(description="What usage is put together by.")] = UsageBy.TOOL,
) -> Usage:
    """Hours of cores and memory that were asked for and used, by the time when attempts ended."""
    return usage.over_time(tables, may_read, by, since, until)


@router.get("/usage/savings", responses=CSV)
def savings(
    tables: Tables,
    may_read: MayRead,
    since: Since = None,
    until: Until = None,
    after: After = None,
    limit: Limit = 50,
    format: Format = "json",  # noqa: A002
) -> Page[Saving]:
    """Who could save most: templates by user, those with most memory unused first."""
    return table(
        lambda behind, most: usage.savings(tables, may_read, since, until, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name="savings",
    )
