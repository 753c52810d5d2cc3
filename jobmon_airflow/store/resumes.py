"""What a resume would find: tasks by what they ask for, attempts that are open, and those that had too little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, select, union_all

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import stretches, task_instances
from jobmon_airflow.store.schema import (
    cluster,
    cluster_type,
    queue,
    task,
    task_instance,
    task_resources,
    workflow_run,
)
from jobmon_airflow.store.stretches import THERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row, Select

    from jobmon_airflow.store.stretches import Stretch

_OPEN: Final = [status for status in TaskInstanceStatus if status.is_active]
_NOT_DONE: Final = [status for status in TaskStatus if status is not TaskStatus.DONE]
COUNTED: Final = 10_000  #: tasks of an array; what more of them ask for is estimated
_POINTS: Final = 8
_AT_A_POINT: Final = 40
_KEYS: Final = (
    task.c.array_id,
    task.c.task_resources_id,
    task.c.resource_scales,
    task.c.compute_resources_callable,
)


def _from(point: int) -> Select[Any]:
    """Some tasks from one of the points on, as a query that others can be put behind."""
    some = (
        select(task.c.id, *_KEYS)
        .where(*THERE, task.c.id >= bindparam(f"at_{point}"))
        .order_by(task.c.id)
        .limit(_AT_A_POINT)
    )
    return select(some.subquery())


_SOME: Final = union_all(*map(_from, range(_POINTS)))


@dataclass(frozen=True, slots=True)
class Left:
    """So many tasks of an array that are not done, by what they ask for and by what else decides about that."""

    array_id: int
    task_resources_id: int | None
    resource_scales: str | None
    compute_resources_callable: str | None
    tasks: int


def requests_left(
    connection: Connection, workflow_id: int, counts: Mapping[int, Mapping[str, int]]
) -> tuple[list[Left], bool]:
    """What the tasks ask for that are not done, of which each array has so many, by status; and whether it is exact.

    Of arrays with very many of them, some are looked at, from the first to the last.
    """
    left = {
        array_id: {letter: count for letter, count in each.items() if letter in _NOT_DONE}
        for array_id, each in counts.items()
    }
    few = [array_id for array_id, each in left.items() if sum(each.values()) <= COUNTED]
    many = [array_id for array_id in left if array_id not in few]
    found = _counted(connection, workflow_id, few) if few else []
    there = stretches.of_workflow(connection, workflow_id) if many else ()
    for array_id in many:
        theirs = [each for each in there if each.array_id == array_id]
        found += _estimated(connection, theirs, left[array_id])
    return found, not many


def _counted(connection: Connection, workflow_id: int, array_ids: Sequence[int]) -> list[Left]:
    query = (
        select(*_KEYS, func.count())
        .where(
            task.c.workflow_id == workflow_id, task.c.array_id.in_(array_ids), task.c.status.in_(_NOT_DONE)
        )
        .group_by(*_KEYS)
    )
    return [_left(row[:-1], row[-1]) for row in connection.execute(query)]


def _estimated(connection: Connection, there: Sequence[Stretch], counts: Mapping[str, int]) -> list[Left]:
    """What the tasks of an array ask for, of which there are so many of each status that counts."""
    shares: dict[tuple[Any, ...], float] = {}
    for stretch in there:
        if count := counts.get(stretch.status):
            seen = _some(connection, stretch)
            for key in seen:
                shares[key] = shares.get(key, 0.0) + count / len(seen)
    return [_left(key, count) for key, count in _whole(shares, sum(counts.values()))]


def _left(key: Sequence[Any], count: int) -> Left:
    array_id, resources_id, scales, function = key
    return Left(array_id, resources_id, scales, function, count)


def _some(connection: Connection, stretch: Stretch) -> list[tuple[Any, ...]]:
    """What some tasks of an array and status ask for, at even distances."""
    length = stretch.last - stretch.first
    points = {f"at_{point}": stretch.first + length * point // _POINTS for point in range(_POINTS)}
    seen = {row[0]: tuple(row[1:]) for row in connection.execute(_SOME, stretch.place | points).all()}
    return list(seen.values())


def _whole(shares: Mapping[tuple[Any, ...], float], total: int) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Shares as whole numbers with this sum."""
    rest = total
    for number, (key, share) in enumerate(sorted(shares.items(), key=lambda it: it[1])):
        count = rest if number == len(shares) - 1 else min(rest, max(1, round(share)))
        rest -= count
        yield key, count


def open_attempts(connection: Connection, workflow_id: int) -> Sequence[Row[Any]]:
    """The attempts that may still run, counted: by array, by what their task asks for, by cluster and by status."""
    keys = (
        task_instance.c.array_id,
        task.c.task_resources_id,
        task_instance.c.status,
        cluster.c.name.label("cluster"),
        cluster_type.c.name.label("cluster_type"),
    )
    query = (
        select(*keys, func.count(func.distinct(task.c.id)).label("tasks"))
        .select_from(workflow_run)
        .join(task_instance, task_instance.c.workflow_run_id == workflow_run.c.id)
        .join(task, task.c.id == task_instance.c.task_id)
        .join(task_resources, task_resources.c.id == task_instance.c.task_resources_id)
        .join(queue, queue.c.id == task_resources.c.queue_id)
        .join(cluster, cluster.c.id == queue.c.cluster_id)
        .join(cluster_type, cluster_type.c.id == cluster.c.cluster_type_id)
        .where(
            workflow_run.c.workflow_id == workflow_id,
            task_instance.c.status.in_(_OPEN),
            task.c.status.in_(_NOT_DONE),
        )
        .group_by(*keys)
    )
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows


def exhausted(connection: Connection, workflow_id: int) -> Sequence[Row[Any]]:
    """The tasks that failed for good of a resource that was too small, counted: by all that decides what they get.

    ``task_resources_id`` is their last attempt's, ``asks`` their own; ``before`` says how many attempts ended so
    before the last one.
    """
    last = task_instances.exhausted_of(workflow_id).subquery()
    keys = (
        task.c.array_id,
        task.c.task_resources_id.label("asks"),
        task.c.resource_scales,
        task.c.fallback_queues,
        last.c.task_resources_id,
        last.c.verdict,
        last.c.before,
    )
    query = select(*keys, func.count().label("tasks")).join(last, last.c.task_id == task.c.id).group_by(*keys)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows
