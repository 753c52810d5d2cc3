"""Going on with a workflow by its id, without the script that defined it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.client.defaults import checked_seconds

if TYPE_CHECKING:
    from jobmon_airflow.states import WorkflowRunStatus


def resume_workflow(
    workflow_id: int,
    *,
    reset_running_jobs: bool = False,
    increase_resources: bool = True,
    fail_fast: bool = False,
    seconds_until_timeout: float = 36_000,
    resume_timeout: float = 300,
    database: str | None = None,
) -> WorkflowRunStatus:
    """Go on with a workflow that the database knows, and return how the run ended.

    >>> resume_workflow(12)  # doctest: +SKIP
    <WorkflowRunStatus.DONE: 'D'>

    What still runs on a cluster is taken over; ``reset_running_jobs`` ends it first. Tasks that failed because a
    resource was too small begin again with more of it, unless ``increase_resources`` is off. Tasks with functions for
    their resources need the script that defines them: there, `Workflow.run` with ``resume=True``.
    """
    from jobmon_airflow.client import registry
    from jobmon_airflow.engine.running import resume_by_id
    from jobmon_airflow.engine.session import Options

    options = Options(
        resume=True,
        cold=reset_running_jobs,
        fail_fast=fail_fast,
        timeout=checked_seconds(seconds_until_timeout, "seconds_until_timeout"),
        resume_timeout=checked_seconds(resume_timeout, "resume_timeout"),
        increase_resources=increase_resources,
    )
    return resume_by_id(workflow_id, registry.database(database), options)
