"""The tasks of a workflow as a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import task_pages, workflows
from jobmon_airflow.store.task_pages import Wanted
from jobmon_airflow.store.texts import all_storable, storable
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.view.texts import shortened

LONGEST_VALUE: Final = 1_000  #: characters of an arg's value


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task."""

    id: int
    name: str
    template: str
    status: str  #: in a word, such as ERROR_FATAL
    bucket: TaskBucket
    attempts: int
    max_attempts: int
    status_date: datetime
    node_args: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks are wanted: of each thing that is asked for one of some values, or none of some."""

    template: Collection[str] = ()
    not_template: Collection[str] = ()
    status: Collection[str] = ()  #: words or letters of a status, or words of a bucket
    not_status: Collection[str] = ()
    id: Collection[int] = ()
    error: int | None = None  #: an attempt failed like this: a group of errors
    name: Collection[str] = ()  #: the name contains one of these
    not_name: Collection[str] = ()
    args: Mapping[str, Collection[str]] = field(default_factory=dict)  #: by the node arg's name
    not_args: Mapping[str, Collection[str]] = field(default_factory=dict)


def table(
    connection: Connection,
    workflow_id: int,
    wanted: TaskFilter,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[TaskRow]:
    """The next tasks of a workflow, in the order of their ids.

    Where names or args are asked for, a page may have fewer rows than its limit, or none, and others come after it.
    """
    behind = key_of(after, int)[0] if after else 0
    arrays = workflows.array_names(connection, workflow_id)
    asked = _asked(connection, arrays, wanted)
    if asked is None:
        return Page(items=[])
    rows, last = task_pages.page(connection, workflow_id, asked, after=behind, limit=limit)
    return Page(items=rows_of(connection, rows, arrays), next=None if last is None else cursor(last))


def rows_of(connection: Connection, rows: Sequence[Row[Any]], arrays: Mapping[int, str]) -> list[TaskRow]:
    """Tasks, with their node args."""
    args = task_pages.node_args_of(connection, [row.node_id for row in rows])
    return [
        TaskRow(
            id=row.id,
            name=row.name,
            template=arrays[row.array_id],
            status=TaskStatus.of(row.status).label,
            bucket=TaskStatus.of(row.status).bucket,
            attempts=row.num_attempts,
            max_attempts=row.max_attempts,
            status_date=row.status_date,
            node_args={name: shortened(text, LONGEST_VALUE) for name, text in args[row.node_id].items()},
        )
        for row in rows
    ]


def statuses_named(words: Collection[str]) -> set[TaskStatus]:
    """The statuses that some words name: labels, letters or buckets.

    >>> sorted(statuses_named(["FATAL", "D"]))
    [<TaskStatus.DONE: 'D'>, <TaskStatus.ERROR_FATAL: 'F'>]
    """
    found: set[TaskStatus] = set()
    for word in words:
        named = {it for it in TaskStatus if word.upper() in {it.value, it.label, it.bucket.value}}
        # DONE and RUNNING are the words of a status and of its bucket.
        exact = {it for it in named if word.upper() in {it.value, it.label}}
        if not named:
            raise InvalidQuestion(
                f"'{word[:80]}' is no status of a task.",
                remedy=f"Choose among {', '.join(it.label for it in TaskStatus)}; or of the buckets "
                f"{', '.join(TaskBucket)}.",
            )
        found |= exact or named
    return found


def _asked(connection: Connection, arrays: Mapping[int, str], wanted: TaskFilter) -> Wanted | None:
    """The same in ids; None if no task can be so."""
    chosen = [number for number, name in arrays.items() if _is_wanted(name, wanted)]
    statuses = statuses_named(wanted.status) if wanted.status else set(TaskStatus)
    statuses -= statuses_named(wanted.not_status)
    known = task_pages.args_named(connection, {*map(storable, [*wanted.args, *wanted.not_args])})
    if not chosen or not statuses or not known.keys() >= wanted.args.keys():
        return None
    return Wanted(
        array_ids=chosen,
        statuses=sorted(statuses),
        ids=frozenset(wanted.id),
        error_kind=wanted.error,
        names=all_storable(wanted.name),
        not_names=all_storable(wanted.not_name),
        args={known[name]: all_storable(values) for name, values in wanted.args.items()},
        not_args={
            known[name]: all_storable(values) for name, values in wanted.not_args.items() if name in known
        },
    )


def _is_wanted(template: str, wanted: TaskFilter) -> bool:
    return (not wanted.template or template in wanted.template) and template not in wanted.not_template
