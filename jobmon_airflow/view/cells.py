"""Every task of a workflow as a letter: half a million of them are half a megabyte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import cells, samples, workflows
from jobmon_airflow.view import counting
from jobmon_airflow.view.texts import shortened
from jobmon_airflow.view.workflow import arrays_in_order, is_run_now

CHUNK: Final = 10_000  #: ids of a chunk of node args
LONGEST_VALUE: Final = 200  #: characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsOfTemplate:
    """The tasks of a template, or of one of its versions, in the order of their ids."""

    template: str
    ids: Sequence[tuple[int, int]]  #: as ranges, from and to
    statuses: str  #: a letter for each id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Every task of a workflow."""

    templates: Sequence[CellsOfTemplate]
    chunk: int  #: node args come for so many ids at a time, from the begin of a range on
    letters: dict[str, str]  #: what they stand for, in a word
    is_active: bool  #: somebody runs it now


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A node arg of some tasks: the values that there are, and for each task the place of its value among them."""

    values: Sequence[str]
    codes: Sequence[int]  #: -1 for those that have no such arg


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsArgs:
    """The node args of some tasks of a template, in the order of their ids."""

    ids: Sequence[tuple[int, int]]  #: as ranges, from and to
    args: dict[str, Coded]


def of_workflow(connection: Connection, workflow_id: int, now: datetime) -> Cells:
    """Every task of a workflow."""
    counts = counting.of_workflow(connection, workflow_id)
    names = arrays_in_order(connection, workflow_id)
    found = {
        number: cells.of_array(connection, workflow_id, number, counts.get((workflow_id, number), {}))
        for number in names
    }
    return Cells(
        templates=[
            CellsOfTemplate(template=names[number], ids=its.ids, statuses=its.letters)
            for number, its in found.items()
        ],
        chunk=CHUNK,
        letters={status.value: status.label for status in TaskStatus},
        is_active=is_run_now(connection, workflow_id, now),
    )


def is_settled(connection: Connection, workflow_id: int) -> bool:
    """Whether all tasks are there, so that nothing that is said of their args will change."""
    return workflows.is_bound(connection, workflow_id)


def args(connection: Connection, workflow_id: int, template: str, first: int) -> CellsArgs:
    """The node args of a template's tasks in a chunk of ids; of long values their begin."""
    last = first + CHUNK - 1
    arrays = frozenset(samples.arrays_of(connection, workflow_id, template))
    ids = cells.ids_between(connection, arrays, first, last)
    place = {number: position for position, number in enumerate(ids)}
    codes: dict[str, list[int]] = {}
    values: dict[str, dict[str, int]] = {}
    for number, name, value in cells.node_args(connection, arrays, first, last):
        if name not in codes:
            codes[name], values[name] = [-1] * len(ids), {}
        codes[name][place[number]] = values[name].setdefault(value, len(values[name]))
    return CellsArgs(
        ids=cells.ranges(ids),
        args={
            name: Coded(values=[shortened(each, LONGEST_VALUE) for each in values[name]], codes=codes[name])
            for name in sorted(codes)
        },
    )
