"""How the last attempt at a single command ended, for the log and for whoever computes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.store import task_instances, tasks

if TYPE_CHECKING:
    from sqlalchemy import Row

    from jobmon_airflow.engine.outcomes import Outcome
    from jobmon_airflow.store.database import Database


def attempt_of(database: Database, outcome: Outcome) -> dict[str, Any]:
    """Ids, verdict and usage of the last attempt at the only task of a workflow."""
    facts: dict[str, Any] = {
        "status": outcome.status.value,
        "workflow_id": outcome.workflow_id,
        "workflow_run_id": outcome.workflow_run_id,
    }
    if outcome.workflow_id is None:
        return facts
    with database.read() as connection:
        found = [task.id for task in tasks.page(connection, outcome.workflow_id, limit=1)]
        attempts = task_instances.of_tasks(connection, found)
    return facts | (_facts(attempts[-1]) if attempts else {})


def last_words(database: Database, facts: dict[str, Any]) -> list[str]:
    """The last lines that an attempt wrote, as they were stored when it ended."""
    if "task_id" not in facts:
        return []
    with database.read() as connection:
        row = task_instances.of_tasks(connection, [facts["task_id"]])[-1]
    return [line for text in (row.stdout_log, row.stderr_log) for line in (text or "").splitlines()]


def in_words(facts: dict[str, Any]) -> str:
    """How it ended, and what it used."""
    used = [
        f"{facts['wallclock']:.1f} s" if facts.get("wallclock") is not None else "",
        f"{facts['maxrss'] / 2**20:.0f} MiB" if facts.get("maxrss") is not None else "",
        f"{facts['cpu']:.1f} s CPU" if facts.get("cpu") is not None else "",
    ]
    where = f" on {facts['nodename']}" if facts.get("nodename") else ""
    code = f", exit code {facts['exit_code']}" if facts.get("exit_code") is not None else ""
    return f"{facts.get('verdict') or 'not run'}{code}{where}: {', '.join(filter(None, used)) or 'usage unknown'}"


def _facts(row: Row[Any]) -> dict[str, Any]:
    names = (
        "verdict",
        "exit_code",
        "nodename",
        "wallclock",
        "cpu",
        "maxrss",
        "distributor_id",
        "stdout",
        "stderr",
    )
    return {
        "task_id": row.task_id,
        "task_instance_id": row.id,
        **{name: getattr(row, name) for name in names},
    }
