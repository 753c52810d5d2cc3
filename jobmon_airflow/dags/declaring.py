"""DAGs of workflows that are built when they run, from the run's params."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags import mirrored
from jobmon_airflow.dags.building import check_parameters, of_declared
from jobmon_airflow.dags.making import given, new_dag
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import DAG

    from jobmon_airflow.client.shape import Part
    from jobmon_airflow.client.workflow import Workflow


def workflow_dag(
    *,
    templates: Part,
    dag_id: str | None = None,
    schedule: Any = None,
    params: Mapping[str, Any] | None = None,
    deferrable: bool | None = None,
    fail_fast: bool = False,
    seconds_until_timeout: float = 36_000,
    cancel_on_kill: bool = True,
    poll_interval: float | None = None,
    **dag_arguments: Any,
) -> Callable[[Callable[..., Workflow]], DAG]:
    """Make a DAG of a function that builds a workflow when the DAG runs, and returns it.

        @workflow_dag(templates=transform >> aggregate >> summarize, params={"release": 7, "locations": ["US"]})
        def burden(release, locations, run_id):
            workflow = tool.create_workflow(name="burden", workflow_args=f"release {release}")
            ...
            return workflow

    The name stands for the DAG from then on. It is called ``<tool>.<function>`` unless ``dag_id`` says otherwise, and
    takes any argument that a DAG takes; ``templates`` are all that the workflow may have tasks of, and parsing takes
    no longer for a million of these. The function's parameters are filled by their names: with the DAG's params, and
    of the run with ``params``, ``conf``, ``run_id``, ``dag_id``, ``run_type``, ``ds``, ``logical_date``,
    ``data_interval_start``, ``data_interval_end`` and ``run_after``. Texts among them are quoted where they become
    part of a command. The other options are those of `Workflow.to_dag`.
    """
    shape = Shape.of(templates)
    if shape.tool is None:
        raise InvalidDefinition(
            "workflow_dag was given no templates.",
            remedy="Declare those that the workflow will have tasks of: templates=transform >> aggregate.",
        )
    tool = shape.tool

    def make(build: Callable[..., Workflow]) -> DAG:
        check_parameters(build, params or {})
        name = dag_id or dag_id_of(tool.name, build.__name__)
        arguments = {"doc_md": build.__doc__, **dag_arguments}
        with new_dag(name, tool.name, schedule=schedule, params=dict(params or {}), **arguments) as dag:
            mirrored.fill(
                shape,
                database=tool.address,
                build=of_declared(build, shape.names),
                clusters=[tool.default_cluster_name] if tool.default_cluster_name else [],
                fail_fast=fail_fast,
                seconds_until_timeout=seconds_until_timeout,
                cancel_on_kill=cancel_on_kill,
                **given(deferrable=deferrable, poll_interval=poll_interval),
            )
        return dag

    return make
