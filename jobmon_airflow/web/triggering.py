"""Going on with a workflow in a run of its DAG, started as Airflow's own API starts one."""

from __future__ import annotations

from typing import Final

from airflow.api.common.trigger_dag import trigger_dag
from airflow.configuration import conf
from airflow.exceptions import DagRunAlreadyExists, ParamValidationError
from airflow.models.dag import DagModel
from airflow.models.dagbag import DBDagBag
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from fastapi import HTTPException
from sqlalchemy.orm import Session

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.errors import AirflowRefused
from jobmon_airflow.store.database import Database
from jobmon_airflow.view import orders, origins, resuming
from jobmon_airflow.view.origins import Origin
from jobmon_airflow.view.resuming import Resumed, Wish
from jobmon_airflow.web.access import User, may_trigger

_BUNDLE: Final = "jobmon_airflow.dags.bundle.JobmonDagBundle"
_OPERATOR: Final = ("jobmon_airflow.operators.workflow", "WorkflowOperator")
_ENDED: Final = frozenset({"success", "failed"})


def resume(store: Database, workflow_id: int, wish: Wish, user: User) -> Resumed:
    """Start a run of the DAG that runs a workflow; without one, say what to type."""
    with store.read() as connection:
        runs = resuming.runs_so_far(connection, workflow_id)
        origin = origins.of_workflow(connection, workflow_id)
    dag = _dag_for(origin)
    if dag is None:
        return resuming.by_hand(workflow_id, wish)
    # Who ran a workflow may go on with it by the DAG that was made for it, and by no other.
    if not (_is_of_our_bundle(dag) or may_trigger(user, dag.dag_id)):
        raise HTTPException(
            403, f"You may not start runs of the DAG {dag.dag_id}. Ask who looks after this Airflow."
        )
    name = user.get_name()
    run_id, is_new = _run(dag.dag_id, workflow_id, runs, wish, name)
    resumed = resuming.in_airflow(
        workflow_id, dag.dag_id, run_id, is_new=is_new, is_paused=bool(dag.is_paused)
    )
    if is_new:
        orders.note_resume(store, workflow_id, name, resumed.message)
    return resumed


def _dag_for(origin: Origin) -> DagModel | None:
    """The DAG that runs a workflow which is named to it: its family's, else one that ran it before."""
    family = dag_id_of(origin.tool, origin.name)
    with create_session() as session:
        for dag_id in dict.fromkeys([family, *sorted(origin.dag_ids)]):
            dag = session.get(DagModel, dag_id)
            if (
                dag is not None
                and not (dag.is_stale or dag.has_import_errors)
                and _runs_workflows(dag_id, session)
            ):
                session.expunge(dag)
                return dag
    return None


def _runs_workflows(dag_id: str, session: Session) -> bool:
    """Whether one of its tasks hears which workflow is meant."""
    stored = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    return stored is not None and any(
        (task._task_module, task.task_type) == _OPERATOR  # noqa: SLF001 - Airflow names it nowhere else
        for task in stored.tasks
    )


def _is_of_our_bundle(dag: DagModel) -> bool:
    """Whether its file was made from the tables, so that it runs the workflows of its family and does nothing else."""
    bundles = conf.getjson("dag_processor", "dag_bundle_config_list", fallback=[])
    return any(
        isinstance(each, dict) and each.get("name") == dag.bundle_name and each.get("classpath") == _BUNDLE
        for each in (bundles if isinstance(bundles, list) else ())
    )


def _run(dag_id: str, workflow_id: int, runs: int, wish: Wish, user_name: str) -> tuple[str, bool]:
    """The id of the run in which it goes on, and whether it was begun now.

    The id says which workflow is meant and for which time, so that asking twice starts one run.
    """
    number = runs + 1
    while True:
        run_id = f"workflow_{workflow_id}_{number}"
        try:
            run = trigger_dag(
                dag_id=dag_id,
                run_id=run_id,
                conf=wish.conf(workflow_id),
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=user_name,
            )
        except DagRunAlreadyExists as earlier:
            if earlier.dag_run.state not in _ENDED:
                return run_id, False
            number += 1
        except (AirflowException, ParamValidationError, ValueError) as error:
            raise _refused(dag_id, str(error)) from error
        else:
            if run is None:
                raise _refused(dag_id, "it was not started")
            return run_id, True


def _refused(dag_id: str, why: str) -> AirflowRefused:
    return AirflowRefused(
        f"Airflow could not run the DAG {dag_id}: {why}",
        remedy="Look at the DAG's page in Airflow, which may say more.",
    )
