"""What is said when a run is over, from what the database knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine.summary import Counts, FailedTask, summary
from jobmon_airflow.engine.verdict import EXHAUSTED
from jobmon_airflow.resources import Resources
from jobmon_airflow.store import task_instances
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.engine.progress import Snapshot

_FAILURES: Final = 20_000  # more tell nobody more


def report(connection: Connection, last: Snapshot, resume: str, *, was_stopped: bool) -> str:
    """How the run ended, which kinds of errors there were, and what to type next."""
    if not last.templates:
        return f"The run was stopped before it began any task.\n\nTo run it after all:\n  {resume}"
    rows = task_instances.last_of_failed(connection, last.workflow_id, _FAILURES) if last.failed else []
    silent = [row.id for row in rows if not row.stderr_log]
    accounts = task_instances.accounts(connection, silent)
    counts = Counts(
        done=last.done,
        failed=last.failed,
        not_run=0 if was_stopped else last.total - last.done - last.failed,
        total=last.total,
    )
    return summary([_failed(row, accounts) for row in rows], counts, resume)


def _failed(row: Any, accounts: dict[int, str]) -> FailedTask:
    resource = EXHAUSTED.get(row.verdict)
    return FailedTask(
        task_id=row.task_id,
        attempt_id=row.id,
        name=row.name,
        template=row.template,
        verdict=row.verdict,
        exit_code=row.exit_code,
        text=row.stderr_log or accounts.get(row.id, ""),
        stderr=row.stderr,
        nodename=row.nodename,
        asked=_asked(row, resource) if resource else None,
        used=_used(row, resource) if resource else None,
    )


def _asked(row: Any, resource: str) -> str | None:
    amount = getattr(Resources.from_json(row.requested_resources), resource)
    return None if amount is None else f"{resource} {amount}"


def _used(row: Any, resource: str) -> str | None:
    if resource == "memory":
        return None if row.maxrss is None else f"{Memory.of_bytes(row.maxrss)}"
    return None if row.wallclock is None else f"{Runtime(round(row.wallclock))}"
