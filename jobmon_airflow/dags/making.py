"""A DAG of a workflow that is there already."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from airflow.sdk import DAG

from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags import mirrored
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.errors import InvalidDefinition, UnknownName
from jobmon_airflow.operators.template import TemplateOperator
from jobmon_airflow.operators.workflow import WorkflowOperator
from jobmon_airflow.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

    from jobmon_airflow.client.workflow import Workflow

TAG: Final = "jobmon"
LONGEST_TAG: Final = 100


def to_dag(
    workflow: Workflow,
    dag_id: str | None = None,
    *,
    granularity: Literal["template", "task"] = "template",
    schedule: Any = None,
    deferrable: bool | None = None,
    fail_fast: bool = False,
    seconds_until_timeout: float = 36_000,
    cancel_on_kill: bool = True,
    poll_interval: float | None = None,
    **dag_arguments: Any,
) -> DAG:
    """The workflow as a DAG: see `Workflow.to_dag`."""
    if granularity not in {"template", "task"}:
        raise InvalidDefinition(
            f"granularity is {granularity!r}.",
            remedy="It is 'template', where one Airflow task runs all, or 'task', where each task is one.",
        )
    workflow.validate(raise_on_error=True)
    arguments = {"description": workflow.description or None, "schedule": schedule, **dag_arguments}
    dag_id = dag_id or dag_id_of(workflow.tool.name, workflow.name)
    of_operators = {
        "cancel_on_kill": cancel_on_kill,
        **given(deferrable=deferrable, poll_interval=poll_interval),
    }
    if granularity == "task":
        from jobmon_airflow.dags import expanded

        expanded.refuse_unfit(workflow)
        arguments = {**_of_airflows_scheduler(workflow, fail_fast, seconds_until_timeout), **arguments}
        with new_dag(dag_id, workflow.tool.name, **arguments) as dag:
            expanded.fill(dag, workflow, **of_operators)
        return dag
    if workflow.has_own_args:
        arguments.setdefault("max_active_runs", 1)  # each run goes on with the one workflow that there is
    with new_dag(dag_id, workflow.tool.name, **arguments) as dag:
        mirrored.fill(
            Shape.of_workflow(workflow),
            database=workflow.tool.address,
            workflow=workflow,
            fail_fast=fail_fast,
            seconds_until_timeout=seconds_until_timeout,
            **of_operators,
        )
    return dag


def templates(dag: DAG) -> Mapping[str, TemplateOperator]:
    """The mirrors of a DAG by the names of their templates: ``templates(dag)["aggregate"] >> notify``."""
    return {task.template: task for task in dag.tasks if isinstance(task, TemplateOperator)}


def run_of(dag: DAG) -> WorkflowOperator:
    """The task of a DAG that runs the workflow."""
    runs = [task for task in dag.tasks if isinstance(task, WorkflowOperator)]
    if len(runs) != 1:
        raise UnknownName(
            f"The DAG {dag.dag_id} has {len(runs)} tasks that run a workflow.",
            remedy="Ask a DAG that to_dag (without granularity='task') or workflow_dag has made; of others, take the "
            "operator itself.",
        )
    return runs[0]


def new_dag(dag_id: str, tool: str, *, tags: Iterable[str] = (), **arguments: Any) -> DAG:
    """A DAG without tasks, which belongs to the file of whoever asked."""
    dag = DAG(dag_id, tags=[tool[:LONGEST_TAG], TAG, *tags], **arguments)
    # Airflow takes the file that called DAG for the one that the DAG is in.
    dag.fileloc = _author_file() or dag.fileloc
    return dag


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; for others the operator knows its own defaults."""
    return {name: value for name, value in options.items() if value is not None}


def _of_airflows_scheduler(workflow: Workflow, fail_fast: bool, seconds: float) -> dict[str, Any]:
    """What the engine would keep to, in Airflow's words."""
    arguments: dict[str, Any] = {"fail_fast": fail_fast, "dagrun_timeout": timedelta(seconds=seconds)}
    if workflow.max_concurrently_running != UNLIMITED:
        arguments["max_active_tasks"] = workflow.max_concurrently_running
    return arguments


def _author_file() -> str | None:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as Airflow itself finds the file
    while frame and str(frame.f_globals.get("__name__")).startswith("jobmon_airflow."):
        frame = frame.f_back
    return frame.f_code.co_filename if frame else None
