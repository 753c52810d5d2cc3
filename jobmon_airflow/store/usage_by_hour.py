"""What attempts used, summed up by the hour: some hundred rows where there are millions of attempts.

A controller adds what its attempts used in the transaction that ends them: nothing is counted twice or left out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, case, func, literal_column, select

from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import sets, totals
from jobmon_airflow.store.database import dialect_name
from jobmon_airflow.store.schema import (
    array,
    task_instance,
    tool,
    tool_version,
    usage_by_hour,
    workflow,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Insert, Select

_its: Final = task_instance.c
_KEYS: Final = tuple(column.name for column in usage_by_hour.primary_key)
SUMS: Final = tuple(column.name for column in usage_by_hour.c if not column.primary_key)
_ENDED: Final = [status for status in TaskInstanceStatus if status.is_final]


def add(connection: Connection, attempt_ids: Collection[int]) -> None:
    """Add what attempts used that have just ended; whoever adds them twice counts them twice."""
    statement = _addition(dialect_name(connection))
    for part in sets.slices(sorted(attempt_ids)):
        connection.execute(statement, sets.given(part))


def rebuild(connection: Connection) -> None:
    """Sum up all attempts there are, in place of what was known."""
    totals.replace(connection, usage_by_hour, _summed(dialect_name(connection)))


@cache
def _addition(dialect: str) -> Insert:
    """The statement that adds given attempts; every turn of every run executes it."""
    query = _summed(dialect).where(sets.among_given(_its.id))
    return totals.addition(dialect, usage_by_hour, query)


def _summed(dialect: str) -> Select[Any]:
    """What ended attempts used together, in the order of the table's columns."""
    wallclock = func.coalesce(_its.wallclock, 0.0)
    keys = (
        _its.workflow_run_id,
        _its.array_id,
        _its.task_resources_id,
        func.coalesce(_its.verdict, literal_column("''")),
        totals.begin_of(dialect, "hour", _its.status_date),
    )
    sums = (
        func.count(),
        func.sum(wallclock),
        func.sum(func.coalesce(_its.cpu, 0.0)),
        func.sum(case((_its.cpu.is_not(None), wallclock), else_=0.0)),
        func.sum(func.coalesce(_its.maxrss, 0) * wallclock),
        func.sum(case((_its.maxrss.is_not(None), wallclock), else_=0.0)),
    )
    labelled = [each.label(name) for each, name in zip((*keys, *sums), (*_KEYS, *SUMS), strict=True)]
    # What asked for nothing was never handed to a cluster.
    return (
        select(*labelled)
        .where(_its.status.in_(_ENDED), _its.task_resources_id.is_not(None))
        .group_by(*labelled[: len(_KEYS)])
    )


# --- reading ----------------------------------------------------------------------------------------------------


def attempts(connection: Connection, array_ids: Collection[int]) -> int:
    """How many attempts at some arrays' tasks have ended."""
    return sum(attempts_by_verdict(connection, array_ids).values())


def attempts_by_verdict(connection: Connection, array_ids: Collection[int]) -> dict[str, int]:
    """How many attempts at some arrays' tasks ended how."""
    mine = usage_by_hour.c
    # By way of the runs, with whose ids the table's key begins.
    query = (
        select(mine.verdict, func.sum(mine.attempts))
        .select_from(array)
        .join(workflow_run, workflow_run.c.workflow_id == array.c.workflow_id)
        .join(usage_by_hour, and_(mine.workflow_run_id == workflow_run.c.id, mine.array_id == array.c.id))
        .where(array.c.id.in_(array_ids))
    )
    return {verdict: int(count) for verdict, count in connection.execute(query.group_by(mine.verdict))}


class Sum(NamedTuple):
    """What attempts used that ended in a step of time; seconds, and bytes times seconds."""

    step: datetime
    user: str
    tool: str
    template: str
    task_resources_id: int
    verdict: str
    workflow_id: int  #: the latest of them
    attempts: int
    wallclock: float
    cpu: float
    cpu_wallclock: float
    memory_time: float
    memory_wallclock: float


def sums(
    connection: Connection,
    since: datetime,
    until: datetime,
    step: str,
    workflow_ids: Collection[int] | None = None,
) -> list[Sum]:
    """What attempts used that ended in the hours of a time, by hour or day; of these workflows, if not of all."""
    mine = usage_by_hour.c
    begin = totals.begin_of(dialect_name(connection), step, mine.hour).label("step")
    keys = (
        begin,
        workflow_run.c.user,
        tool.c.name.label("tool"),
        array.c.name.label("template"),
        mine.task_resources_id,
        mine.verdict,
    )
    query = (
        select(*keys, func.max(array.c.workflow_id), *(func.sum(mine[name]) for name in SUMS))
        .join(array, array.c.id == mine.array_id)
        .join(workflow_run, workflow_run.c.id == mine.workflow_run_id)
        .join(workflow, workflow.c.id == array.c.workflow_id)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(mine.hour >= since, mine.hour < until)
        .group_by(*keys)
    )
    if workflow_ids is not None:
        query = query.where(sets.among(array.c.workflow_id, sorted(workflow_ids)))
    return [Sum(*row) for row in connection.execute(query).all()]


def workflows_of(connection: Connection, since: datetime, until: datetime) -> list[int]:
    """The workflows whose attempts ended in the hours of a time."""
    mine = usage_by_hour.c
    query = (
        select(array.c.workflow_id)
        .join(usage_by_hour, mine.array_id == array.c.id)
        .where(mine.hour >= since, mine.hour < until)
        .distinct()
    )
    return list(connection.execute(query).scalars())
