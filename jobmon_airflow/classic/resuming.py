"""Going on with a workflow by its id, as Jobmon 3.x called it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.client.resuming import resume_workflow

if TYPE_CHECKING:
    from jobmon_airflow.states import WorkflowRunStatus


def resume_workflow_from_id(
    workflow_id: int,
    cluster_name: str = "",
    reset_if_running: bool = False,
    log: bool = False,
    timeout: float = 300,
    seconds_until_timeout: float = 36_000,
    **of_the_server: Any,
) -> WorkflowRunStatus:
    """Go on with a workflow that the database knows; its tasks know their clusters themselves."""
    del cluster_name, of_the_server
    if log:
        from jobmon_airflow.classic.client_logging import ClientLogging

        ClientLogging().attach()
    return resume_workflow(
        workflow_id,
        reset_running_jobs=reset_if_running,
        resume_timeout=timeout,
        seconds_until_timeout=seconds_until_timeout,
    )
