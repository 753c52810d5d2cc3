"""Tasks, with their args and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column

from jobmon_airflow.moving_in import requests, statuses, values
from jobmon_airflow.moving_in.nodes import Nodes
from jobmon_airflow.moving_in.workflows import attributes_of, make_arrays
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import attributes, history, sets
from jobmon_airflow.store.words import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.moving_in.places import Places
    from jobmon_airflow.moving_in.words import Words
    from jobmon_airflow.moving_in.workflows import Entered

_LOST: Final = "Tasks that were under way when their client was lost, and wait for a resume"
_NO_NODE: Final = "Tasks that are nowhere in a graph"
_NO_REQUEST: Final = "Tasks that ask for nothing, and cannot be resumed before a script defines them again"


def bring(move: Move, words: Words, places: Places, group: Entered) -> None:
    """Bring the tasks of a group of workflows, page by page."""
    for page in move.reader.pages("task", column("workflow_id").in_(sorted(group.rows))):
        _Page(move, words, places, group, page).bring()


class _Page:
    def __init__(
        self, move: Move, words: Words, places: Places, group: Entered, rows: Sequence[Row[Any]]
    ) -> None:
        self._move = move
        self._words = words
        self._group = group
        self._nodes = Nodes(move, words)
        self._nodes.load({row.node_id for row in rows if row.node_id is not None})
        self._rows = [row for row in rows if row.node_id in self._nodes]
        move.report.leave(_NO_NODE, [f"task {row.id}" for row in rows if row.node_id not in self._nodes])
        self._requests = places.requests({row.task_resources_id for row in self._rows})

    def bring(self) -> None:
        make_arrays(self._move, self._words, self._group, {self._array_key(row) for row in self._rows})
        args = self._args()
        facts = attributes_of(self._move, "task", {row.id for row in self._rows})

        def work(connection: Connection) -> int:
            known = self._move.ids_within(connection, "task", {row.id for row in self._rows})
            rows = {row.id: self._row(connection, row, args) for row in self._rows}
            history.enter_tasks(connection, [its for number, its in rows.items() if number not in known])
            # One that is there as a whole may have gone on here.
            coming = history.incomplete(connection, {its[0] for its in rows.values()})
            standing = [
                (known[number], *history.standing(its))
                for number, its in rows.items()
                if number in known and its[0] in coming
            ]
            history.restate_tasks(connection, standing)
            ids = self._ids(connection)
            history.enter_task_args(connection, self._task_args(ids, args))
            attributes.write(connection, "task", {ids[number]: its for number, its in facts.items()})
            self._move.note(connection, "task", ids)
            return len(ids) - len(known)

        self._move.report.brought["task"] += self._move.write(work)
        self._remark()

    def _workflow(self, row: Row[Any]) -> int:
        return self._group.ids[row.workflow_id]

    def _array_key(self, row: Row[Any]) -> tuple[int, int]:
        return self._workflow(row), self._nodes.version(row.node_id)

    def _row(
        self, connection: Connection, row: Row[Any], args: Mapping[int, Mapping[str, str]]
    ) -> tuple[Any, ...]:
        """A task in the columns of `history.TASK`."""
        moment = self._move.reader.moment(row.status_date) or self._move.at
        return (
            self._workflow(row),
            self._nodes[row.node_id],
            self._group.arrays[self._array_key(row)],
            digest(*self._its_args(row, args)),
            values.name(row.name),
            values.said(row.command),
            self._requests.get(row.task_resources_id),
            max(0, values.whole(row.num_attempts) or 0),
            requests.attempts(row.max_attempts),
            requests.scales(row.resource_scales),
            requests.fallback_queues(row.fallback_queues),
            statuses.of_task(row.status),
            sets.moment(connection, moment),
        )

    def _ids(self, connection: Connection) -> dict[int, int]:
        """Our ids of the tasks, which are known by their places."""
        workflow_ids = {self._workflow(row) for row in self._rows}
        nodes = {self._nodes[row.node_id] for row in self._rows}
        found = history.tasks_at(connection, workflow_ids, nodes)
        return {row.id: found[self._workflow(row), self._nodes[row.node_id]] for row in self._rows}

    # --- args ---------------------------------------------------------------------------------------------

    def _args(self) -> dict[int, dict[str, str]]:
        """The task args by name, of those tasks whose template has any."""
        having = [row.id for row in self._rows if self._names(row)]
        found: dict[int, dict[str, str]] = {}
        for row in self._move.reader.among("task_arg", "task_id", having):
            if (name := self._words.args.get(row.arg_id)) is not None:
                found.setdefault(row.task_id, {})[name] = values.said(row.val)
        return found

    def _names(self, row: Row[Any]) -> tuple[str, ...]:
        return self._words.by_id[self._nodes.version(row.node_id)].task_args

    def _its_args(self, row: Row[Any], args: Mapping[int, Mapping[str, str]]) -> list[str]:
        its = args.get(row.id, {})
        return [its.get(name, "") for name in self._names(row)]

    def _task_args(
        self, ids: Mapping[int, int], args: Mapping[int, Mapping[str, str]]
    ) -> list[tuple[int, int, str]]:
        arg_ids = self._words.arg_ids
        return sorted(
            (ids[row.id], arg_ids[name], args[row.id][name])
            for row in self._rows
            for name in self._names(row)
            if name in args.get(row.id, {})
        )

    def _remark(self) -> None:
        for row in self._rows:
            if statuses.was_under_way(TaskStatus, row.status):
                self._move.report.change(_LOST, f"task {row.id}")
            if row.task_resources_id not in self._requests:
                self._move.report.change(_NO_REQUEST, f"task {row.id}")
