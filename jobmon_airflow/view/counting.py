"""How many tasks have which status, without counting half a million of them each time somebody looks.

How many tasks a workflow has never changes once it is bound, and how many changed their status is summed up while they
do. What was changed behind the back of the sums, by hand, is found out when a workflow is first looked at; its tasks
are counted each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import moves_by_minute, workflows

FEW: Final = 20_000  #: tasks that are counted in no time
REMEMBERED: Final = 10_000  #: workflows

Counts = dict[tuple[int, int], dict[str, int]]  #: by workflow and array

_Totals = Mapping[int, int] | None  # tasks by array; None of a workflow that is to be counted

_totals: OrderedDict[tuple[str, int], _Totals] = OrderedDict()
_lock: Final = Lock()


def of_workflows(connection: Connection, ids: Collection[int]) -> Counts:
    """How many tasks of each workflow and array have each status."""
    known = {number: _known(connection, number) for number in ids}
    summed = {number: totals for number, totals in known.items() if totals is not None}
    found = workflows.counts_by_status(connection, [number for number in ids if number not in summed])
    for number in ids:
        if number not in summed:
            _learn(connection, number, {of: each for of, each in found.items() if of[0] == number})
    return found | _summed(connection, summed)


def of_workflow(connection: Connection, workflow_id: int) -> Counts:
    """How many tasks of each array of a workflow have each status."""
    return of_workflows(connection, [workflow_id])


def _summed(connection: Connection, totals: Mapping[int, Mapping[int, int]]) -> Counts:
    """Counts that follow from how many tasks there are and how they have moved."""
    owners = {array: number for number, arrays in totals.items() for array in arrays}
    found = {
        (number, array): {str(TaskStatus.REGISTERING.value): count}
        for number, arrays in totals.items()
        for array, count in arrays.items()
    }
    for array, before, after, tasks in moves_by_minute.together(connection, list(owners)):
        counts = found[owners[array], array]
        counts[before] = counts.get(before, 0) - tasks
        counts[after] = counts.get(after, 0) + tasks
    return {of: {status: count for status, count in counts.items() if count} for of, counts in found.items()}


def _learn(connection: Connection, workflow_id: int, counted: Counts) -> None:
    """Remember a large workflow's totals, if what was counted follows from them."""
    totals = {array: sum(counts.values()) for (_, array), counts in counted.items()}
    key = _key(connection, workflow_id)
    if sum(totals.values()) <= FEW or key in _totals or not workflows.is_bound(connection, workflow_id):
        return
    is_right = _summed(connection, {workflow_id: totals}) == counted
    with _lock:
        _totals[key] = totals if is_right else None
        while len(_totals) > REMEMBERED:
            _totals.popitem(last=False)


def _known(connection: Connection, workflow_id: int) -> _Totals:
    return _totals.get(_key(connection, workflow_id))


def _key(connection: Connection, workflow_id: int) -> tuple[str, int]:
    return str(connection.engine.url), workflow_id
