"""Starting runs of Airflow's DAGs; the only part of the commands that imports Airflow, when it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.errors import AirflowRefused

if TYPE_CHECKING:
    from collections.abc import Mapping


def trigger(dag_id: str, conf: dict[str, Any]) -> Mapping[str, Any]:
    """Start a run of a DAG, as ``airflow dags trigger`` does."""
    from airflow.api.client import get_current_api_client
    from airflow.sdk.exceptions import AirflowException

    from jobmon_airflow.settings import user_name

    try:
        run = get_current_api_client().trigger_dag(dag_id=dag_id, conf=conf, triggering_user_name=user_name())
    except AirflowException as error:  # the DAG is not there, or cannot be run
        run, why = None, str(error)
    else:
        why = "it was not started"
    if not run:
        raise AirflowRefused(
            f"Airflow could not run the DAG {dag_id}: {why}",
            remedy="Is the bundle jobmon_airflow.dags.bundle.JobmonDagBundle configured, and the dag-processor up? "
            "With --here, the workflow runs in this terminal instead.",
        )
    return run
