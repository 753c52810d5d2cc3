"""Attempts, with what they used and what they said."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column

from jobmon_airflow.engine import verdict
from jobmon_airflow.moving_in import statuses, values
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import error_kinds, history, sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.moving_in.places import Places
    from jobmon_airflow.moving_in.workflows import Entered

_LOST: Final = "Attempts that were under way when their client was lost, so that nobody knows how they ended"
_NO_TASK: Final = "Attempts of no task that was brought"

_VERDICTS: Final[Mapping[TaskInstanceStatus, verdict.Verdict]] = {
    TaskInstanceStatus.DONE: verdict.DONE,
    TaskInstanceStatus.ERROR: verdict.APPLICATION,
    TaskInstanceStatus.ERROR_FATAL: verdict.KILLED,
    TaskInstanceStatus.UNKNOWN_ERROR: verdict.LOST,
    TaskInstanceStatus.NO_DISTRIBUTOR_ID: verdict.NOT_SUBMITTED,
}
# Jobmon says that a resource was too small, and which one in words alone.
_OF_TIME: Final = re.compile(
    r"time ?limit|timed? ?out|timeout|over ?runtime|wall ?time|max_?runtime", re.IGNORECASE
)
_OF_MEMORY: Final = re.compile(r"memory|oom|\b137\b|\b247\b|killed", re.IGNORECASE)


def bring(move: Move, places: Places, group: Entered) -> None:
    """Bring the attempts of a group's runs, page by page."""
    if not group.runs:
        return
    for page in move.reader.pages("task_instance", column("workflow_run_id").in_(sorted(group.runs))):
        _bring_page(move, places, group, page)


def _bring_page(move: Move, places: Places, group: Entered, page: Sequence[Row[Any]]) -> None:
    task_ids = move.ids("task", {row.task_id for row in page if row.task_id is not None})
    move.report.leave(_NO_TASK, [f"task_instance {row.id}" for row in page if row.task_id not in task_ids])
    known = move.ids("task_instance", {row.id for row in page})
    rows = [row for row in page if row.task_id in task_ids and row.id not in known]
    if not rows:
        return
    asked = places.requests({row.task_resources_id for row in rows})
    said = _said(move, [row.id for row in rows])

    def work(connection: Connection) -> tuple[int, int]:
        # Another process may have brought some of them in between.
        known = move.ids_within(connection, "task_instance", {row.id for row in rows})
        new = [row for row in rows if row.id not in known]
        attempts = [_Attempt(move, row, said.get(row.id, ())) for row in new]
        return _enter(connection, move, group, attempts, task_ids, asked)

    attempts, logs = move.write(work)
    move.report.brought["task_instance"] += attempts
    move.report.brought["task_instance_error_log"] += logs
    for row in rows:
        if statuses.was_under_way(TaskInstanceStatus, row.status):
            move.report.change(_LOST, f"task_instance {row.id}")


def _said(move: Move, numbers: Sequence[int]) -> dict[int, list[tuple[datetime, str]]]:
    """What attempts said, in the order in which they said it."""
    found: dict[int, list[tuple[datetime, str]]] = {}
    rows = move.reader.among("task_instance_error_log", "task_instance_id", numbers)
    for row in sorted(rows, key=lambda row: row.id):
        at = move.reader.moment(row.error_time) or move.at
        found.setdefault(row.task_instance_id, []).append((at, values.said(row.description)))
    return found


def _enter(
    connection: Connection,
    move: Move,
    group: Entered,
    attempts: Sequence[_Attempt],
    task_ids: Mapping[int, int],
    asked: Mapping[int, int],
) -> tuple[int, int]:
    if not attempts:
        return 0, 0
    arrays = history.arrays_of_tasks(connection, {task_ids[each.row.task_id] for each in attempts})
    kinds = error_kinds.ids_of(connection, {each.kind for each in attempts if each.kind is not None})
    rows = [
        each.columns(
            connection,
            run_id=group.runs[each.row.workflow_run_id],
            task_id=task_ids[each.row.task_id],
            array_id=arrays[task_ids[each.row.task_id]],
            resources_id=asked.get(each.row.task_resources_id),
            kind_id=kinds.get(each.kind),
        )
        for each in attempts
    ]
    numbers = history.enter_attempts(connection, rows)
    logs = [
        (number, moment, text)
        for number, each in zip(numbers, attempts, strict=True)
        for at, text in each.said
        if (moment := sets.moment(connection, at)) is not None
    ]
    history.enter_error_logs(connection, logs)
    ids = {each.row.id: number for each, number in zip(attempts, numbers, strict=True)}
    move.note(connection, "task_instance", ids)
    return len(ids), len(logs)


class _Attempt:
    """An attempt as it is there, and what is made of it here."""

    def __init__(self, move: Move, row: Row[Any], said: Sequence[tuple[datetime, str]]) -> None:
        self._move = move
        self.row = row
        self.said = said
        self.status = statuses.of_attempt(row.status)
        self.verdict = _verdict(self.status, self._words)
        self.kind = self._kind()

    @property
    def _words(self) -> str:
        """Its last words."""
        return values.said(self.row.stderr_log).strip() or (self.said[-1][1] if self.said else "")

    def _kind(self) -> str | None:
        if not self.status.is_error:
            return None
        words = self.verdict.words if self.verdict else "too small a resource"
        return verdict.error_kind(words, None, self._words)

    def columns(
        self,
        connection: Connection,
        *,
        run_id: int,
        task_id: int,
        array_id: int,
        resources_id: int | None,
        kind_id: int | None,
    ) -> tuple[Any, ...]:
        """In the order of `history.ATTEMPT`."""
        row, moment = self.row, self._move.reader.moment
        ended = moment(row.status_date) or moment(row.submitted_date) or self._move.at
        return (
            run_id,
            array_id,
            task_id,
            values.text(row.distributor_id, 64),
            resources_id,
            values.whole(row.array_batch_num),
            values.whole(row.array_step_id),
            values.text(row.nodename, 255),
            values.whole(row.process_group_id),
            values.text(row.usage_str),
            values.seconds(row.wallclock),
            values.size(row.maxrss),
            values.size(row.maxpss),
            values.seconds(row.cpu),
            values.text(row.io),
            values.text(row.stdout),
            values.text(row.stderr),
            values.text(row.stdout_log),
            values.text(row.stderr_log),
            self.verdict.words if self.verdict else None,
            json.dumps({"detail": f"Task instance {row.id} of {self._move.report.origin}."}),
            kind_id,
            self.status,
            sets.moment(connection, moment(row.submitted_date)),
            sets.moment(connection, ended),
            sets.moment(connection, moment(row.report_by_date)),
        )


def _verdict(status: TaskInstanceStatus, words: str) -> verdict.Verdict | None:
    """Why it ended; None where a resource was too small and nobody said which."""
    if status is not TaskInstanceStatus.RESOURCE_ERROR:
        return _VERDICTS[status]
    if _OF_TIME.search(words):
        return verdict.TIME
    return verdict.MEMORY if _OF_MEMORY.search(words) else None
