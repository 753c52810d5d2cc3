"""What Jobmon does when Airflow tells of a component that starts, and of a DAG run, in its scheduler.

Airflow forks a process for each DAG file that it reads and for each task that its LocalExecutor runs. What these need
of Jobmon is loaded before, once: else each of them would take a fifth of a second for that.

A template that was never run because of failures before it leaves its mirror skipped, and with it what waits for that.
Clearing what has failed, with `--only-failed` or on the page, lets the workflow go on but leaves what is skipped; so
that is cleared along.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

_RUNS: Final = "WorkflowOperator"
_MIRRORS: Final = "TemplateOperator"
_PASSED_OVER: Final = frozenset({"skipped", "upstream_failed"})

#: what a DAG file imports, and a task that runs a workflow or a command
PRELOADED: Final = (
    "jobmon_airflow.client.tool",
    "jobmon_airflow.client.workflow",
    "jobmon_airflow.dags.expanded",
    "jobmon_airflow.dags.making",
    "jobmon_airflow.dags.running",
    "jobmon_airflow.distributors.local",
    "jobmon_airflow.operators.command",
)


@hookimpl
def on_starting(component: Any) -> None:
    """Load what the processes need that this component will fork."""
    if hasattr(component, "job_type"):  # a scheduler, DAG processor or triggerer, and not a task
        for name in PRELOADED:
            import_module(name)


@hookimpl
def on_dag_run_running(dag_run: Any, msg: str) -> None:  # noqa: ARG001 - Airflow's form
    """Let skipped mirrors, and what waits for them, begin again with the workflow that they mirror."""
    if dag_run.clear_number:
        _clear_along(dag_run)


def _clear_along(dag_run: Any) -> None:
    from airflow.models.taskinstance import clear_task_instances
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return
    instances = dag_run.get_task_instances(session=session)
    if found := list(_passed_over(instances, dag_run.dag)):
        log.info("Cleared along in %s: %s", dag_run.run_id, ", ".join(each.task_id for each in found))
        clear_task_instances(found, session, dag_run_state=False)


def _passed_over(instances: Iterable[Any], dag: Any) -> Iterable[Any]:
    """Skipped mirrors of a workflow that is to go on, and what was passed over because of them."""
    instances = list(instances)
    if not any(each.operator == _RUNS and each.state is None for each in instances):
        return
    skipped = {each.task_id for each in instances if each.operator == _MIRRORS and each.state == "skipped"}
    behind = {
        relative.task_id
        for task_id in skipped
        if dag is not None and dag.has_task(task_id)
        for relative in dag.get_task(task_id).get_flat_relatives(upstream=False)
    }
    for each in instances:
        if each.task_id in skipped or (each.task_id in behind and each.state in _PASSED_OVER):
            yield each
