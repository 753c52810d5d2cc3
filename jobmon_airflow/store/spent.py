"""What workflows have used, by what they had asked for: sums of `usage_by_hour`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import array, task_resources, usage_by_hour, workflow_run
from jobmon_airflow.store.usage_by_hour import SUMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

DONE: Final = "done"  #: the verdict of attempts that succeeded
_ENOUGH_ARRAYS: Final = 10
_its: Final = usage_by_hour.c


class Used(NamedTuple):
    """What attempts of a workflow, or of one of its arrays, used together that had asked for the same."""

    of: int  #: the workflow or the array
    verdict: str
    attempts: int
    wallclock: float
    cpu: float
    cpu_wallclock: float
    memory_time: float
    memory_wallclock: float
    requested_resources: str


def of_workflows(connection: Connection, ids: Collection[int]) -> list[Used]:
    """What workflows used."""
    return list(_used(connection, workflow_run.c.workflow_id, ids))


def of_arrays(connection: Connection, workflow_ids: Collection[int]) -> list[Used]:
    """What the arrays of workflows used."""
    return list(_used(connection, _its.array_id, workflow_ids))


def seconds_of_version(connection: Connection, version_id: int) -> float | None:
    """How long the tasks of a template version took in its latest workflows, those that succeeded; None if none did."""
    latest = (
        select(array.c.id, array.c.workflow_id)
        .where(array.c.task_template_version_id == version_id)
        .order_by(array.c.id.desc())
        .limit(_ENOUGH_ARRAYS)
        .subquery()
    )
    query = (
        select(func.sum(_its.wallclock), func.sum(_its.attempts))
        .select_from(latest)
        .join(workflow_run, workflow_run.c.workflow_id == latest.c.workflow_id)
        .join(usage_by_hour, and_(_its.workflow_run_id == workflow_run.c.id, _its.array_id == latest.c.id))
        .where(_its.verdict == DONE)
    )
    seconds, attempts = connection.execute(query).one()
    return seconds / int(attempts) if attempts else None


def _used(connection: Connection, of: Any, workflow_ids: Collection[int]) -> Iterable[Used]:
    sums = (
        select(
            of.label("its"),
            _its.verdict,
            _its.task_resources_id,
            *(func.sum(_its[name]).label(name) for name in SUMS),
        )
        .join_from(workflow_run, usage_by_hour, _its.workflow_run_id == workflow_run.c.id)
        .where(sets.among(workflow_run.c.workflow_id, sorted(workflow_ids)))
        .group_by(of, _its.verdict, _its.task_resources_id)
        .subquery()
    )
    query = select(
        sums.c.its, sums.c.verdict, *(sums.c[name] for name in SUMS), task_resources.c.requested_resources
    ).join(task_resources, task_resources.c.id == sums.c.task_resources_id)
    rows: Iterable[Any] = connection.execute(query)
    # MariaDB adds whole numbers up to decimal ones.
    yield from (Used(of, verdict, int(attempts), *rest) for of, verdict, attempts, *rest in rows)
