"""How a mirror ends, by what is known of its template and of the task that runs the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags.airflow_states import FINAL, state_of
from jobmon_airflow.engine.pace import tasks_in_words
from jobmon_airflow.engine.tallies import counts_of
from jobmon_airflow.store import airflow_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from jobmon_airflow.engine.progress import TemplateCounts
    from jobmon_airflow.operators.template import TemplateOperator
    from jobmon_airflow.store.airflow_tasks import Place
    from jobmon_airflow.store.database import Database


class End(StrEnum):
    """How a mirror ends, in Airflow's words."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A workflow as its mirrors see it."""

    run_state: str | None  #: Airflow's, of the task that runs the workflow
    workflow_id: int | None = None
    workflow_run_id: int | None = None
    counts: Mapping[str, TemplateCounts] = field(default_factory=dict)
    unheeded: frozenset[str] = (
        frozenset()
    )  #: task ids of mirrors whose clear the workflow has not taken notice of

    @property
    def is_over(self) -> bool:
        """Nothing more will happen, as far as Airflow knows."""
        return self.run_state in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a mirror ends, and why."""

    end: End
    reason: str


def view_of(database: Database, run: Place) -> View:
    """The workflow that a task runs. Its state comes first: what it has written by then is seen too."""
    state = state_of(run)
    with database.read() as connection:
        rows = airflow_tasks.of_run(connection, run.dag_id, run.run_id)
        unheeded = frozenset(row.task_id for row in rows if row.try_number > row.heeded)
        row = next(
            (row for row in rows if (row.task_id, row.map_index) == (run.task_id, run.map_index)), None
        )
        if row is None or row.workflow_id is None:
            return View(run_state=state, unheeded=unheeded)
        return View(
            run_state=state,
            workflow_id=row.workflow_id,
            workflow_run_id=row.workflow_run_id,
            counts=counts_of(connection, row.workflow_id),
            unheeded=unheeded,
        )


def ending(view: View, template: str, task_id: str) -> Ending | None:
    """How the template's mirror ends, or None if it does not end yet.

    As long as the workflow has not taken notice of a mirror that was cleared, what it sees is what was before.
    """
    if task_id in view.unheeded and not view.is_over:
        return None
    if view.workflow_id is None:
        return Ending(end=End.SKIPPED, reason=_unknown(view)) if view.is_over else None
    counts = view.counts.get(template)
    if counts is None or not counts.total:
        return Ending(end=End.SKIPPED, reason=f"Workflow {view.workflow_id} has no tasks of '{template}'.")
    return _by_counts(counts, view)


def in_words(view: View, template: str) -> str:
    """How far the template is."""
    if (counts := view.counts.get(template)) is None:
        return f"Waiting for the workflow: the task that runs it is {view.run_state or 'not begun'}."
    clauses = [
        f"{counts.done:,} of {tasks_in_words(counts.total)} done",
        f"{counts.active:,} active" if counts.active else "",
        f"{counts.failed:,} failed" if counts.failed else "",
    ]
    return f"Workflow {view.workflow_id}, {template}: {', '.join(filter(None, clauses))}."


def step(view: View, template: str) -> object:
    """What is worth a line of the log when it changes: each percent, and each task that failed."""
    if (counts := view.counts.get(template)) is None:
        return view.run_state
    return 100 * counts.done // max(1, counts.total), counts.failed


def _by_counts(counts: TemplateCounts, view: View) -> Ending | None:
    if counts.done == counts.total:
        return Ending(
            end=End.SUCCESS, reason=f"All is done: {tasks_in_words(counts.total)} of '{counts.name}'."
        )
    if not view.is_over:
        return None
    of_all = f"of {tasks_in_words(counts.total)} of '{counts.name}'"
    left = counts.total - counts.done - counts.failed
    blocked = "because tasks before them failed, or the run was ended."
    if counts.failed:
        return Ending(
            end=End.FAILED,
            reason=f"{counts.failed:,} {of_all} failed for good. The log of the task that runs the workflow says why.",
        )
    if counts.done:
        return Ending(end=End.FAILED, reason=f"{left:,} {of_all} were not run, {blocked}")
    return Ending(end=End.SKIPPED, reason=f"None {of_all} was run, {blocked}")


def _unknown(view: View) -> str:
    return f"The workflow was never built: the task that runs it is {view.run_state}."


def facts(view: View, template: str) -> dict[str, Any]:
    """Ids and counts, for whoever computes with them."""
    counts = view.counts.get(template)
    return {
        "workflow_id": view.workflow_id,
        "workflow_run_id": view.workflow_run_id,
        "template": template,
        "total": counts.total if counts else 0,
        "done": counts.done if counts else 0,
        "failed": counts.failed if counts else 0,
    }


def look_once(operator: TemplateOperator, context: Context) -> dict[str, Any]:
    """End the mirror in this process if it is to end now; else come again in a moment."""
    from airflow.sdk.exceptions import AirflowException, AirflowRescheduleException, AirflowSkipException

    from jobmon_airflow.client import registry
    from jobmon_airflow.dags.about import this_try

    place = this_try(context["ti"]).place
    run = airflow_tasks.Place(dag_id=place.dag_id, run_id=place.run_id, task_id=operator.run_task_id)
    view = view_of(registry.database(operator.database), run)
    found = ending(view, operator.template, operator.task_id)
    if found is None:
        raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=1))
    if found.end is End.SKIPPED:
        raise AirflowSkipException(found.reason)
    if found.end is End.FAILED:
        raise AirflowException(found.reason)
    operator.log.info(found.reason)
    return facts(view, operator.template)
