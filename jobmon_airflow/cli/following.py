"""``workflow watch``: how a workflow goes on, until its run is over."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobmon_airflow.cli import explain
from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.client import registry
from jobmon_airflow.engine import explaining, standing
from jobmon_airflow.engine.pace import time_in_words
from jobmon_airflow.states import WorkflowStatus
from jobmon_airflow.view import counting, workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.engine.explaining import Explanation
    from jobmon_airflow.view.eta import Eta
    from jobmon_airflow.view.workflows import WorkflowRow

#: A run is about to begin, for all that is known.
_BEGINS: Final = frozenset({WorkflowStatus.HALTED, WorkflowStatus.REGISTERING})


def workflow(
    workflow_id: int,
    *,
    seconds: float = 2.0,
    database: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """How a workflow stands, again and again until nobody runs it any more; the last answer says how it ended."""
    store = registry.database(database)
    while True:
        with store.read() as connection:
            answer = _now(connection, workflow_id, datetime.now(UTC))
        yield answer
        if answer.is_last:
            return
        sleep(max(seconds, 0.1))


def _now(connection: Connection, workflow_id: int, at: datetime) -> Answer:
    counts = counting.of_workflow(connection, workflow_id)
    found = explaining.of_workflow(connection, workflow_id, at, counts)
    [row] = workflows.rows_of(connection, [workflow_id], at, counts)
    is_last = not found.is_run and found.standing.status not in _BEGINS
    is_done = found.standing.status == WorkflowStatus.DONE
    account = ""
    if is_last:
        account = standing.account(connection, found.standing)
    head = _in_a_line(found)
    eta = {"low": row.eta.low, "median": row.eta.median, "high": row.eta.high} if row.eta else None
    screen = [
        f"{head}{_over(row.eta, at)}\n{found.who}",
        *explain.details(found),
        account or _last_error(row),
    ]
    return Answer(
        # A file wants a line for each change, and a terminal the whole picture.
        screen if sys.stdout.isatty() else [head, found.who if is_last and not is_done else "", account],
        code=Exit.TASKS_FAILED if is_last and not is_done else Exit.OK,
        data={**found.as_dict(), "eta": eta},
        is_last=is_last,
    )


def _in_a_line(found: Explanation) -> str:
    known = found.standing
    name = f" '{known.name}'" if known.name else ""
    percent = f" ({100 * known.done // known.total} %)" if known.total else ""
    parts = [f"{known.done:,} of {known.total:,} done{percent}"]
    if running := sum(found.running.values()):
        parts.append(f"{running:,} running")
    if known.failed:
        parts.append(f"{known.failed:,} failed")
    return f"Workflow {known.workflow_id}{name} is {known.status.label}: {', '.join(parts)}."


def _over(eta: Eta | None, at: datetime) -> str:
    if eta is None:
        return ""
    low, median = (time_in_words(max(0.0, (when - at).total_seconds())) for when in (eta.low, eta.median))
    high = "nobody knows how long" if eta.high is None else time_in_words((eta.high - at).total_seconds())
    return f" Over in about {median}, between {low} and {high}."


def _last_error(row: WorkflowRow) -> str:
    return f"Its last error: {row.last_error}" if row.last_error else ""
