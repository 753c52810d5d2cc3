"""What Airflow's metrics and traces learn of a run, told where the task ends that ran it.

Airflow's own configuration says whether and whither: ``[metrics]`` (StatsD, Datadog, OpenTelemetry) and ``[traces]``.
Where nobody listens, nothing is asked of the database. What goes wrong here is no reason for a task to fail.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jobmon_airflow.dags import metrics, spans
from jobmon_airflow.store import run_statistics

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

    from jobmon_airflow.engine.outcomes import Outcome
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.store.run_statistics import Run

log = logging.getLogger(__name__)


def tell(database: Database, context: Context, outcome: Outcome) -> None:
    """Tell how a run has ended, if one has for this task and anybody wants to know."""
    try:
        if outcome.workflow_run_id is not None and (metrics.is_wanted() or spans.is_wanted()):
            _tell(database, context, outcome.workflow_run_id)
    except Exception:
        log.warning("Metrics and spans of workflow run %s are lost.", outcome.workflow_run_id, exc_info=True)


def tell_from_triggerer(database: Database, context: Context, outcome: Outcome) -> None:
    """The same, in a trigger's thread."""
    metrics.prepare()
    tell(database, context, outcome)


def _tell(database: Database, context: Context, run_id: int) -> None:
    with database.read() as connection:
        run = run_statistics.run(connection, run_id)
        if not _belongs_to(run, context):
            return
        parts = run_statistics.parts(connection, run)
        times = run_statistics.sample(connection, run, metrics.SAMPLE) if metrics.is_wanted() else []
    this = context["ti"]
    if metrics.is_wanted():
        metrics.send(run, parts, times, dag_id=this.dag_id, task_id=this.task_id)
    if spans.is_wanted():
        spans.trace_run(run, parts)


def _belongs_to(run: Run, context: Context) -> bool:
    """Whether the run ended since the DAG run began: a task that is cleared may find that all was done before."""
    begun: datetime | None = context["dag_run"].start_date
    return run.status.is_final and (begun is None or run.ended >= begun)
