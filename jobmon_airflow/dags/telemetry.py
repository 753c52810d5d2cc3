"""What Airflow's metrics and traces learn of a run, told where the task ends that ran it.

Airflow's own configuration says whether and whither: ``[metrics]`` (StatsD, Datadog, OpenTelemetry) and ``[traces]``.
Where nobody listens, nothing is asked of the database. What goes wrong here is no reason for a task to fail.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags import metrics, spans
from jobmon_airflow.store import run_statistics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow.sdk import Context

    from jobmon_airflow.engine.outcomes import Outcome
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.store.run_statistics import Run

log = logging.getLogger(__name__)


def tell(database: Database, context: Context, outcome: Outcome) -> None:
    """Tell how a run has ended, if one has for this task and anybody wants to know."""
    with _harmless(outcome):
        _tell(database, context, outcome)


def tell_from_triggerer(database: Database, task_instance: Any, outcome: Outcome) -> None:
    """The same, in a trigger's thread."""
    with _harmless(outcome):
        metrics.prepare()
        _tell(database, task_instance.get_template_context(), outcome)


@contextmanager
def _harmless(outcome: Outcome) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.warning("Metrics and spans of workflow run %s are lost.", outcome.workflow_run_id, exc_info=True)


def _tell(database: Database, context: Context, outcome: Outcome) -> None:
    if outcome.workflow_run_id is None or not (metrics.is_wanted() or spans.is_wanted()):
        return
    with database.read() as connection:
        run = run_statistics.run(connection, outcome.workflow_run_id)
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
