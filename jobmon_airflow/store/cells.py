"""The statuses of all tasks of a workflow, and their node args, for those who show each task as a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from jobmon_airflow.store import packed
from jobmon_airflow.store.schema import arg, node_arg, task

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection


class Statuses(NamedTuple):
    """The statuses of an array's tasks, a letter each, in the order of their ids; these in ranges from and to."""

    ids: list[tuple[int, int]]
    letters: str


def of_array(connection: Connection, workflow_id: int, array_id: int, counts: Mapping[str, int]) -> Statuses:
    """The statuses of an array's tasks, of which so many have each status."""
    counts = {status: count for status, count in counts.items() if count}
    if not counts:
        return Statuses([], "")
    # Most tasks have the same status, mostly; only the others are looked up.
    most = max(counts, key=lambda status: counts[status])
    others = {status: _ids(connection, workflow_id, array_id, status) for status in counts if status != most}
    first, last = _ends(connection, workflow_id, array_id, list(counts))
    if last - first + 1 == sum(counts.values()):
        letters = bytearray(most.encode()) * (last - first + 1)
        for status, ids in others.items():
            letter = ord(status)
            for number in ids:
                letters[number - first] = letter
        return Statuses([(first, last)], letters.decode())
    every = [(number, most) for number in _ids(connection, workflow_id, array_id, most)]
    every += [(number, status) for status, ids in others.items() for number in ids]
    every.sort()
    return Statuses(ranges([number for number, _ in every]), "".join(status for _, status in every))


def ranges(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers that ascend, as ranges from and to.

    >>> ranges([1, 2, 3, 7, 9, 10])
    [(1, 3), (7, 7), (9, 10)]
    """
    begins = [number for number, before in zip(ids, (None, *ids), strict=False) if before != number - 1]
    ends = [number for number, behind in zip(ids, (*ids[1:], None), strict=False) if behind != number + 1]
    return list(zip(begins, ends, strict=True))


def node_args(
    connection: Connection, array_ids: Collection[int], first: int, last: int
) -> Sequence[tuple[int, str, str]]:
    """Task id, name of the arg and its value, of the tasks of some arrays whose ids are from and to."""
    # By their ids alone, in whose order they stand: the index of the workflow's tasks would be read as a whole.
    query = (
        select(task.c.id, arg.c.name, node_arg.c.val, task.c.array_id)
        .join(node_arg, node_arg.c.node_id == task.c.node_id)
        .join(arg, arg.c.id == node_arg.c.arg_id)
        .where(task.c.id.between(first, last))
    )
    return [
        (number, key, value) for number, key, value, of in connection.execute(query).all() if of in array_ids
    ]


def ids_between(connection: Connection, array_ids: Collection[int], first: int, last: int) -> list[int]:
    """The ids of some arrays' tasks that are from and to, in their order."""
    query = select(task.c.id, task.c.array_id).where(task.c.id.between(first, last)).order_by(task.c.id)
    return [number for number, of in connection.execute(query).all() if of in array_ids]


def _ids(connection: Connection, workflow_id: int, array_id: int, status: str) -> list[int]:
    query = select(task.c.id).where(
        task.c.workflow_id == workflow_id, task.c.array_id == array_id, task.c.status == status
    )
    return packed.numbers(connection, query)


def _ends(
    connection: Connection, workflow_id: int, array_id: int, statuses: Sequence[str]
) -> tuple[int, int]:
    """The first and the last id."""
    ends = []
    for end in (func.min, func.max):
        # One of each status by itself, and one end at a time, which an index knows at once.
        queries = (
            select(end(task.c.id)).where(
                task.c.workflow_id == workflow_id, task.c.array_id == array_id, task.c.status == status
            )
            for status in statuses
        )
        ends.append([connection.execute(query).scalar_one() for query in queries])
    return min(ends[0]), max(ends[1])
