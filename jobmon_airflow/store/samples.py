"""Attempts that stand for all of an array: what many of them say is read from some thousand.

Those of a sample are chosen by their ids, a few neighbours at a time, which lie together on the disk. It is the same
sample whoever asks, until there are more attempts; arrays that are small enough are read whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from jobmon_airflow.store import error_groups, sets, usage_by_hour
from jobmon_airflow.store.schema import (
    arg,
    array,
    node_arg,
    task,
    task_instance,
    template_arg_map,
)
from jobmon_airflow.store.texts import storable
from jobmon_airflow.store.vocabulary import NODE_ARG

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

_its: Final = task_instance.c
_NEIGHBOURS: Final = 8
_AT_A_TIME: Final = 20_000
_FEW_FAILED: Final = 20_000  # attempts, which are quickly read in their index
# Multiples of the golden ratio spread evenly, whatever part of them is taken.
_STEP: Final = 40_503
_CIRCLE: Final = 65_536

#: Of an attempt: its id, its task's and its request's, status, verdict, bytes, seconds, CPU seconds.
Measured = tuple[int, int, int | None, str, str | None, int | None, float | None, float | None]
MEASURED: Final = (
    _its.id,
    _its.task_id,
    _its.task_resources_id,
    _its.status,
    _its.verdict,
    _its.maxrss,
    _its.wallclock,
    _its.cpu,
)
#: When and where they were.
PLACED: Final = (_its.id, _its.nodename, _its.submitted_date, _its.status_date)
TIMED: Final = (
    _its.id,
    _its.task_id,
    _its.status,
    _its.verdict,
    _its.wallclock,
    _its.nodename,
    _its.submitted_date,
    _its.status_date,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some of the attempts at an array's tasks, or all."""

    rows: Sequence[Measured]  #: in the order of their ids
    total: int  #: of how many that are over these are a sample


def arrays_of(connection: Connection, workflow_id: int, template: str) -> list[int]:
    """The arrays of a template in a workflow: one for each of its versions."""
    query = select(array.c.id).where(array.c.workflow_id == workflow_id, array.c.name == template)
    return list(connection.execute(query.order_by(array.c.id)).scalars())


def of_arrays(connection: Connection, array_ids: Collection[int], most: int) -> Sample:
    """About so many attempts of some arrays; those that are not over are not counted."""
    total = usage_by_hour.attempts(connection, array_ids)
    return Sample(rows=measured(connection, chosen(connection, array_ids, most, total)), total=total)


def chosen(connection: Connection, array_ids: Collection[int], most: int, total: int) -> list[int]:
    """The ids of about so many of this total of attempts."""
    ids: list[int] = []
    for number in array_ids:  # one after the other: each is then read in its index alone
        query = select(_its.id).where(_its.array_id == number)
        if total > most:
            query = query.where(_is_chosen(_its.id // _NEIGHBOURS, most, total))
        ids += connection.execute(query).scalars().all()
    return ids


def failed_of_arrays(connection: Connection, array_ids: Collection[int], most: int) -> Sample:
    """About so many of the attempts that failed; of a task either all of them or none."""
    ids, total = _failed(connection, _its.id, array_ids, most)
    return Sample(rows=measured(connection, ids), total=total)


def tasks_that_failed(
    connection: Connection, array_ids: Collection[int], most: int
) -> tuple[frozenset[int], int]:
    """The tasks of about so many of the attempts that failed, and how many attempts there are of all tasks'."""
    task_ids, total = _failed(connection, _its.task_id, array_ids, most)
    return frozenset(task_ids), total


def _failed(
    connection: Connection, column: ColumnElement[int], array_ids: Collection[int], most: int
) -> tuple[Sequence[int], int]:
    failed = error_groups.failed(array_ids)
    total = connection.execute(select(func.count()).select_from(task_instance).where(*failed)).scalar_one()
    query = select(column).where(*failed)
    if total > most:
        query = query.where(_is_chosen(_its.task_id, most, total))
    return connection.execute(query).scalars().all(), total


def measured(connection: Connection, ids: Collection[int]) -> list[Measured]:
    """What some attempts asked for and used, in the order of their ids."""
    found: list[Measured] = []
    for part in sets.slices(sorted(ids), _AT_A_TIME):
        found += _plain(connection, select(*MEASURED).where(sets.among(_its.id, part)).order_by(_its.id))
    return found


def rows_of(
    connection: Connection, ids: Collection[int], columns: Sequence[ColumnElement[Any]]
) -> list[Row[Any]]:
    """What is known of some attempts, in the order of their ids."""
    found: list[Row[Any]] = []
    for part in sets.slices(sorted(ids), _AT_A_TIME):
        found += connection.execute(select(*columns).where(sets.among(_its.id, part)).order_by(_its.id)).all()
    return found


def ids_of(connection: Connection, array_ids: Collection[int]) -> list[int]:
    """All attempts at the tasks of some arrays."""
    found: list[int] = []
    for number in array_ids:
        found += connection.execute(select(_its.id).where(_its.array_id == number)).scalars().all()
    return sorted(found)


def numbers(connection: Connection, array_ids: Collection[int], rows: Sequence[Measured]) -> dict[int, int]:
    """Which attempt at its task each of these is, counting those before it that failed; the first is 1."""
    failed = error_groups.failed(array_ids)
    found = _plain(connection, select(_its.task_id, _its.id).where(*failed).limit(_FEW_FAILED + 1))
    if len(found) > _FEW_FAILED:
        return places(connection, [row[0] for row in rows])
    before: dict[int, list[int]] = {}
    for task_id, number in found:
        before.setdefault(task_id, []).append(number)
    return {
        number: 1 + sum(other < number for other in before.get(task_id, ())) for number, task_id, *_ in rows
    }


def places(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Which attempt at its task each of these is, counting all; the first is 1."""
    earlier = task_instance.alias()
    place = (
        select(func.count())
        .where(earlier.c.task_id == _its.task_id, earlier.c.id <= _its.id)
        .correlate(task_instance)
        .scalar_subquery()
    )
    found: dict[int, int] = {}
    for part in sets.slices(sorted(ids), _AT_A_TIME):
        found.update(_plain(connection, select(_its.id, place).where(sets.among(_its.id, part))))
    return found


def names_of_node_args(connection: Connection, array_ids: Collection[int]) -> list[str]:
    """The node args of the templates of some arrays."""
    mapping = template_arg_map.c
    query = (
        select(arg.c.name)
        .join(template_arg_map, mapping.arg_id == arg.c.id)
        .join(array, array.c.task_template_version_id == mapping.task_template_version_id)
        .where(array.c.id.in_(array_ids), mapping.arg_type_id == NODE_ARG)
        .group_by(arg.c.id, arg.c.name)
        .order_by(arg.c.id)
    )
    return list(connection.execute(query).scalars())


def node_args(connection: Connection, task_ids: Collection[int], name: str) -> dict[int, str]:
    """The value of a node arg of each of some tasks; nothing for those that have no such arg."""
    arg_id = select(arg.c.id).where(arg.c.name == storable(name)).scalar_subquery()
    found: dict[int, str] = {}
    for part in sets.slices(sorted(set(task_ids)), _AT_A_TIME):
        query = (
            select(task.c.id, node_arg.c.val)
            .join(node_arg, node_arg.c.node_id == task.c.node_id)
            .where(sets.among(task.c.id, part), node_arg.c.arg_id == arg_id)
        )
        found.update(_plain(connection, query))
    return found


def _plain(connection: Connection, query: Select[Any]) -> list[Any]:
    """Numbers and texts as the driver gives them: in half the time, and no work for the garbage collector."""
    result = connection.execute(query)
    assert result.cursor is not None
    rows = result.cursor.fetchall()
    result.close()
    return list(rows)


def _is_chosen(number: ColumnElement[int], most: int, total: int) -> ColumnElement[bool]:
    """Whether a number is one of those that ``most`` of ``total`` are chosen by."""
    return (number * _STEP) % _CIRCLE < _CIRCLE * most // total
