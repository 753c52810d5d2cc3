"""How the statuses of tasks changed: an original keeps that since 3.7. Of others it is known how their tasks ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobmon_airflow.moving_in import statuses
from jobmon_airflow.store import history
from jobmon_airflow.store.history import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.moving_in.move import Move

_AUDIT: Final = "task_status_audit"


def bring(connection: Connection, move: Move, number: int, workflow_id: int) -> int:
    """Say how the tasks of a workflow came to stand as they do, and how many changes of that came from there."""
    known = list(_known(connection, move, number)) if move.reader.has(_AUDIT) else []
    history.tell_changes(connection, workflow_id, known)
    return len(known)


def _known(connection: Connection, move: Move, number: int) -> Iterator[Change]:
    # All at once, since they are to be put in order: their index there begins with the workflow.
    rows = list(move.reader.among(_AUDIT, "workflow_id", [number]))
    task_ids = move.ids_within(connection, "task", {row.task_id for row in rows})
    for row in rows:
        before, after = statuses.of_change(row.previous_status), statuses.of_change(row.new_status)
        moment = move.reader.moment(row.entered_at)
        if before is None or after is None or before is after or moment is None:
            continue
        if row.task_id in task_ids:
            yield Change(task_ids[row.task_id], before, after, moment)
