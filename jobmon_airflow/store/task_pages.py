"""The tasks of a workflow, page by page in the order of their ids, however many there are.

Of each template and status the index knows the tasks in this order, so that a page is merged from what follows in
each. What no index knows (names, node args) is looked for among so many tasks at a time: a page may then hold fewer
rows than it could, and the next one goes on behind what was looked at.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, bindparam, false, func, or_, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import sets, stretches
from jobmon_airflow.store.schema import arg, node_arg, task, task_instance
from jobmon_airflow.store.stretches import THERE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from jobmon_airflow.store.stretches import Stretch

LOOKED_AT: Final = 60_000  #: ids that one page looks at, where no index helps
_STEP: Final = 20_000
_SOME: Final = 2_000

_FOLLOWING: Final = (
    select(task.c.id)
    .where(*THERE, task.c.id > bindparam("after"))
    .order_by(task.c.id)
    .limit(bindparam("most", type_=Integer))
)
_NEWEST: Final = (
    select(task.c.id).where(*THERE).order_by(task.c.id.desc()).limit(bindparam("most", type_=Integer))
)
_FAILED_SO: Final = (
    select(task_instance.c.task_id)
    .where(
        task_instance.c.array_id == bindparam("array"),
        task_instance.c.error_kind_id == bindparam("kind"),
        task_instance.c.task_id > bindparam("after"),
    )
    .distinct()
    .order_by(task_instance.c.task_id)
    .limit(bindparam("most", type_=Integer))
)
_COLUMNS: Final = (
    task.c.id,
    task.c.name,
    task.c.array_id,
    task.c.node_id,
    task.c.status,
    task.c.status_date,
    task.c.num_attempts,
    task.c.max_attempts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tasks of a workflow are asked for; what is empty asks for nothing in particular."""

    array_ids: Collection[int] = ()
    statuses: Collection[TaskStatus] = tuple(TaskStatus)
    ids: Collection[int] = ()
    error_kind: int | None = None  #: an attempt of the task failed so
    names: Collection[str] = ()  #: the name contains one of these, in large or small letters
    not_names: Collection[str] = ()  #: and none of these
    args: Mapping[int, Collection[str]] = field(default_factory=dict)  #: by the arg's id: one of these values
    not_args: Mapping[int, Collection[str]] = field(default_factory=dict)  #: and none of these

    @property
    def needs_a_look(self) -> bool:
        """Whether more is asked than the index of templates and statuses knows."""
        return bool(self.names or self.not_names or self.args or self.not_args)


def page(
    connection: Connection, workflow_id: int, wanted: Wanted, *, after: int = 0, limit: int
) -> tuple[list[Row[Any]], int | None]:
    """The next tasks behind the id ``after``, and behind which id to go on; None at the end."""
    if wanted.ids or wanted.error_kind is not None:
        return _among_some(connection, workflow_id, wanted, after, limit)
    if wanted.needs_a_look:
        return _searched(connection, workflow_id, wanted, after, limit)
    ids = _following(connection, workflow_id, wanted, after, limit + 1)
    return _rows(connection, ids[:limit]), ids[limit - 1] if len(ids) > limit else None


def newest(connection: Connection, workflow_id: int, wanted: Wanted, limit: int) -> list[Row[Any]]:
    """So many of the tasks of some arrays and statuses, those first that were entered last."""
    streams: list[Iterable[int]] = [
        connection.execute(_NEWEST, {**each.place, "most": limit}).scalars().all()
        for each in _stretches(connection, workflow_id, wanted)
    ]
    return _rows(connection, list(islice(heapq.merge(*streams, reverse=True), limit)))[::-1]


def args_named(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """The ids of args; nothing for those that no template has."""
    return sets.mapping(connection, select(arg.c.name, arg.c.id).where(sets.among(arg.c.name, sorted(names))))


def node_args_of(connection: Connection, node_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The node args of some nodes, by name."""
    query = (
        select(node_arg.c.node_id, arg.c.name, node_arg.c.val)
        .join(arg, arg.c.id == node_arg.c.arg_id)
        .where(sets.among(node_arg.c.node_id, sorted(set(node_ids))))
        .order_by(node_arg.c.node_id, arg.c.name)
    )
    found: dict[int, dict[str, str]] = {number: {} for number in node_ids}
    for node_id, name, value in connection.execute(query):
        found[node_id][name] = value
    return found


def _following(connection: Connection, workflow_id: int, wanted: Wanted, after: int, most: int) -> list[int]:
    """The ids that come next, of the templates and statuses that are wanted."""
    common = {"after": after, "most": most}
    streams: list[Iterable[int]] = [
        connection.execute(_FOLLOWING, {**each.place, **common}).scalars().all()
        for each in _stretches(connection, workflow_id, wanted, after)
    ]
    return list(islice(heapq.merge(*streams), most))


def _stretches(connection: Connection, workflow_id: int, wanted: Wanted, after: int = 0) -> list[Stretch]:
    return [
        each
        for each in stretches.of_workflow(connection, workflow_id, after=after)
        if each.array_id in wanted.array_ids and each.status in wanted.statuses
    ]


def _among_some(
    connection: Connection, workflow_id: int, wanted: Wanted, after: int, limit: int
) -> tuple[list[Row[Any]], int | None]:
    """Of tasks that are named, or that failed in one way, those that fit."""
    found: list[int] = []
    while len(found) < limit:
        some = _named(connection, wanted, after)
        if not some:
            return _rows(connection, found), None
        found += _fitting(connection, workflow_id, wanted, [sets.among(task.c.id, some)], limit - len(found))
        after = found[-1] if len(found) == limit else some[-1]
    return _rows(connection, found), after


def _named(connection: Connection, wanted: Wanted, after: int) -> list[int]:
    """The next of those tasks, whether they fit or not."""
    asked = sorted(number for number in wanted.ids if number > after)
    if wanted.error_kind is None:
        return asked[:_SOME]
    common = {"kind": wanted.error_kind, "after": after, "most": _SOME}
    streams: list[Iterable[int]] = [
        connection.execute(_FAILED_SO, {**common, "array": array_id}).scalars().all()
        for array_id in wanted.array_ids
    ]
    failed = list(islice(heapq.merge(*streams), _SOME))
    if not wanted.ids:
        return failed
    return [number for number in failed if number in wanted.ids] or failed[-1:]


def _searched(
    connection: Connection, workflow_id: int, wanted: Wanted, after: int, limit: int
) -> tuple[list[Row[Any]], int | None]:
    found: list[int] = []
    looked_at = 0
    while looked_at < LOOKED_AT and len(found) < limit:
        # Leaps over other workflows' tasks, and over those of other templates and statuses.
        first = min((each.first for each in _stretches(connection, workflow_id, wanted, after)), default=None)
        if first is None:
            return _rows(connection, found), None
        end = first + _STEP
        between = [task.c.id >= first, task.c.id < end]
        found += _fitting(connection, workflow_id, wanted, between, limit - len(found))
        after = found[-1] if len(found) == limit else end - 1
        looked_at += _STEP
    return _rows(connection, found), after


def _fitting(
    connection: Connection,
    workflow_id: int,
    wanted: Wanted,
    where: Sequence[ColumnElement[bool]],
    limit: int,
) -> list[int]:
    query = (
        select(task.c.id)
        .where(
            *where,
            task.c.workflow_id == workflow_id,
            task.c.array_id.in_(sorted(wanted.array_ids)),
            task.c.status.in_(sorted(wanted.statuses)),
            *_conditions(wanted),
        )
        .order_by(task.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _conditions(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.ids:
        yield sets.among(task.c.id, sorted(wanted.ids))
    if wanted.names:
        yield or_(*(task.c.name.icontains(text, autoescape=True) for text in wanted.names))
    for text in wanted.not_names:
        yield ~task.c.name.icontains(text, autoescape=True)
    for arg_id, values in wanted.args.items():
        yield _has_arg(arg_id, values)
    for arg_id, values in wanted.not_args.items():
        yield ~_has_arg(arg_id, values)


def _has_arg(arg_id: int, values: Collection[str]) -> ColumnElement[bool]:
    # Asked of each task that is looked at. Of EXISTS, PostgreSQL makes a search through the args of all workflows.
    value = select(node_arg.c.val).where(node_arg.c.node_id == task.c.node_id, node_arg.c.arg_id == arg_id)
    return func.coalesce(value.scalar_subquery().in_(sorted(values)), false())


def _rows(connection: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    query = select(*_COLUMNS).where(sets.among(task.c.id, ids)).order_by(task.c.id)
    return list(connection.execute(query))
