"""``workflow resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.cli.asides import aside
from jobmon_airflow.client import registry
from jobmon_airflow.client.resuming import resume_workflow
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.engine import claims, standing
from jobmon_airflow.store import clusters
from jobmon_airflow.view.resuming import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def resume(
    workflow_id: int,
    *,
    here: bool = True,
    cold: bool = False,
    keep_resources: bool = False,
    cluster: str | None = None,
    force_cleanup: bool = False,
    fail_fast: bool = False,
    timeout: float = 36_000,
    resume_timeout: float = 300,
    database: str | None = None,
) -> Answer:
    """Go on with a workflow, in this terminal or in Airflow."""
    if cluster:
        _compare_clusters(workflow_id, cluster, database)
    if force_cleanup:
        aside(
            "--force-cleanup is not needed: a resume ends what an earlier run left behind, and waits for nothing."
        )
    how = Wish(
        cold=cold,
        increase_resources=not keep_resources,
        fail_fast=fail_fast,
        timeout=timeout,
        resume_timeout=resume_timeout,
    )
    if here:
        return resume_here(workflow_id, how, database=database)
    from jobmon_airflow.cli.triggering import trigger

    return resume_in_airflow(workflow_id, how, trigger, database=database)


def resume_here(workflow_id: int, how: Wish, *, database: str | None = None) -> Answer:
    """Go on with a workflow in this process, and wait for its end."""
    ended = resume_workflow(
        workflow_id,
        reset_running_jobs=how.cold,
        increase_resources=how.increase_resources,
        fail_fast=how.fail_fast,
        seconds_until_timeout=how.timeout,
        resume_timeout=how.resume_timeout,
        database=database,
    )
    return Answer(
        f"workflow {workflow_id}: {ended.label} ({ended})",
        Exit.OK if ended == "D" else Exit.TASKS_FAILED,
        data={"workflow_id": workflow_id, "status": ended.label},
    )


def resume_in_airflow(
    workflow_id: int,
    how: Wish,
    trigger: Callable[[str, dict[str, Any]], Mapping[str, Any]],
    *,
    database: str | None = None,
) -> Answer:
    """Let Airflow go on with a workflow, and do not wait; ``trigger`` starts a run of a DAG, with a conf."""
    with registry.database(database).read() as connection:
        claims.refuse_complete(claims.known(connection, workflow_id))
        found = standing.of_workflow(connection, workflow_id)
    conf = how.conf(workflow_id)
    dag_id = dag_id_of(found.tool, found.name)
    run_id = trigger(dag_id, conf)["dag_run_id"]
    return Answer(
        f"Workflow {workflow_id} goes on in run {run_id} of the DAG {dag_id}.",
        data={"dag_id": dag_id, "run_id": run_id, "conf": conf},
    )


def _compare_clusters(workflow_id: int, cluster: str, database: str | None) -> None:
    """Jobmon took a workflow to the cluster that was named; here each task stays with the one it was made for."""
    with registry.database(database).read() as connection:
        claims.known(connection, workflow_id)
        used = clusters.of_workflow(connection, workflow_id)
    if cluster not in used:
        where = ", ".join(sorted(used)) or "no cluster"
        aside(
            f"Tasks of workflow {workflow_id} go on where they were made for, on {where}, and not on {cluster}."
        )
