"""What attempts used of memory and time. Who asks about a template is led to its own attempts by its arrays."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, select

from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import arg, array, node_arg, task, task_instance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Select

# Jobmon's choice, less what never ran: attempts that succeeded, and those that a larger request may have saved.
ENDED: Final = (
    TaskInstanceStatus.DONE,
    TaskInstanceStatus.RESOURCE_ERROR,
    TaskInstanceStatus.UNKNOWN_ERROR,
    TaskInstanceStatus.ERROR_FATAL,
    TaskInstanceStatus.ERROR,
)
_ENOUGH: Final = 100  # attempts that say what is typical
_ENOUGH_ARRAYS: Final = 10
_MEASURED: Final = (task_instance.c.task_id, task_instance.c.maxrss, task_instance.c.wallclock)


class Used(NamedTuple):
    """What the attempt that succeeded used: bytes and seconds; None if not measured, or if there is none."""

    memory: int | None
    nodename: str | None
    num_attempts: int
    runtime: float | None
    cpu: float | None


def of_task(connection: Connection, task_id: int) -> Used:
    """What the latest successful attempt at a task used; the task must be there."""
    its = task_instance.c
    done = and_(its.task_id == task.c.id, its.status == TaskInstanceStatus.DONE)
    query = (
        select(its.maxrss, its.nodename, task.c.num_attempts, its.wallclock, its.cpu)
        .select_from(task.outerjoin(task_instance, done))
        .where(task.c.id == task_id)
        .order_by(its.id.desc())
    )
    return Used(*connection.execute(query.limit(1)).one())


def arrays_of_version(connection: Connection, version_id: int) -> dict[int, int]:
    """The arrays of a template version, by the workflows that they are in."""
    query = (
        select(array.c.workflow_id, array.c.id)
        .where(array.c.task_template_version_id == version_id)
        .order_by(array.c.workflow_id)
    )
    return sets.mapping(connection, query)


def typical_runtime(connection: Connection, array_id: int) -> float | None:
    """Seconds that a task takes, by the latest of the array's template version that succeeded; None if none did."""
    version = select(array.c.task_template_version_id).where(array.c.id == array_id).scalar_subquery()
    arrays = select(array.c.id).where(array.c.task_template_version_id == version)
    its = task_instance.c
    found: list[float] = []
    # One array after the other, the latest first, as in `of_arrays`.
    for number in connection.execute(arrays.order_by(array.c.id.desc()).limit(_ENOUGH_ARRAYS)).scalars():
        query = select(its.wallclock).where(
            its.array_id == number, its.status == TaskInstanceStatus.DONE, its.wallclock.is_not(None)
        )
        found += connection.execute(query.order_by(its.id.desc()).limit(_ENOUGH)).scalars()
        if len(found) >= _ENOUGH:
            break
    return median(found) if found else None


def of_arrays(
    connection: Connection, array_ids: Collection[int], node_args: Mapping[str, Collection[str]]
) -> Iterator[Any]:
    """Task id, maxrss and wallclock of the arrays' attempts that ended, in no order.

    Of those only whose tasks have one of the given values in each of the node args.
    """
    # One array after the other: asked for several at once, PostgreSQL reads everybody's attempts.
    for array_id in array_ids:
        query = select(*_MEASURED).where(
            task_instance.c.array_id == array_id, task_instance.c.status.in_(ENDED)
        )
        yield from sets.stream(connection, _having(query, node_args))


class Together(NamedTuple):
    """What attempts used together that had asked for the same: bytes and seconds, None where nothing was measured."""

    task_resources_id: int | None
    attempts: int
    measured_memory: int  #: of so many it is known
    min_memory: float | None
    sum_memory: float | None
    max_memory: float | None
    measured_runtime: int
    min_runtime: float | None
    sum_runtime: float | None
    max_runtime: float | None


def by_request(connection: Connection, array_id: int) -> list[Together]:
    """What an array's attempts used that ended, by what they had asked for."""
    memory = func.nullif(task_instance.c.maxrss, 0)
    runtime = func.nullif(task_instance.c.wallclock, 0)
    query = (
        select(
            task_instance.c.task_resources_id,
            func.count(),
            *(of(each) for each in (memory, runtime) for of in (func.count, func.min, func.sum, func.max)),
        )
        .where(task_instance.c.array_id == array_id, task_instance.c.status.in_(ENDED))
        .group_by(task_instance.c.task_resources_id)
    )
    return [Together(*row) for row in connection.execute(query)]


def _having(query: Select[Any], node_args: Mapping[str, Collection[str]]) -> Select[Any]:
    if node_args:
        query = query.join(task, task.c.id == task_instance.c.task_id)
    return query.where(*(sets.among(_value_of(name), values) for name, values in node_args.items()))


def _value_of(name: str) -> ColumnElement[str]:
    """A task's node arg. Looked up for each task: no index leads from values to nodes, as a join would want."""
    arg_id = select(arg.c.id).where(arg.c.name == name).scalar_subquery()
    return (
        select(node_arg.c.val)
        .where(node_arg.c.node_id == task.c.node_id, node_arg.c.arg_id == arg_id)
        .scalar_subquery()
    )
