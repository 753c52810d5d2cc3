"""Whole workflows on a simulated cluster: `simulate` is to it what `workflow.run()` is to a real one.

>>> from tempfile import TemporaryDirectory
>>> from jobmon_airflow import Tool
>>> from jobmon_airflow.store import migrations
>>> from jobmon_airflow.store.database import Database
>>> from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate
>>> folder = TemporaryDirectory()
>>> database = Database.open(f"sqlite:///{folder.name}/jobmon.db")
>>> version = migrations.migrate(database)
>>> tool = Tool("burden", database=database.name)
>>> transform = tool.get_task_template("transform", "transform.py {year}", node_args=["year"])
>>> workflow = tool.create_workflow(workflow_args="a test", default_cluster_name="slurm")
>>> workflow.add_tasks(transform.create_tasks(year=[1990, 2000]))

Nothing is run here, not even on Slurm; the two hours pass at once:

>>> clock = SimulatedClock()
>>> cluster = SimulatedCluster(clock, takes=3600, fail_first={"transform_year-1990": 1})
>>> simulate(workflow, cluster)
<WorkflowRunStatus.DONE: 'D'>
>>> cluster.attempts, round(clock.monotonic())
({'transform_year-1990': 2, 'transform_year-2000': 1}, 7200)
>>> tool.database.close()
>>> database.close()
>>> folder.cleanup()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.running import functions_of, tell_tasks
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.store import clusters
from jobmon_airflow.testing.clock import SimulatedClock

if TYPE_CHECKING:
    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.states import WorkflowRunStatus
    from jobmon_airflow.testing.access import Access
    from jobmon_airflow.testing.cluster import SimulatedCluster

# Nobody disturbs a simulated run, and a month has a million times two seconds.
_SELDOM: Final = Rhythm(beat=3600, lease=3 * 3600, look=600)


def simulate(
    workflow: Workflow,
    cluster: SimulatedCluster,
    clock: SimulatedClock | None = None,
    *,
    fail_fast: bool = False,
    seconds_until_timeout: float = 36_000,
    resume: bool = False,
    reset_running_jobs: bool = True,
    resume_timeout: float = 300,
    increase_resources: bool = False,
) -> WorkflowRunStatus:
    """Bind the workflow, run it on the simulated cluster, and return how it ended.

    All its tasks go there, whatever clusters they name. The options are those of `Workflow.run`, in simulated seconds,
    and so are the errors. The clock is the cluster's own; name one for a cluster that has none.
    """
    clock = clock or cluster.clock or SimulatedClock()
    workflow.bind()
    options = Options(
        resume=resume,
        cold=reset_running_jobs,
        fail_fast=fail_fast,
        timeout=seconds_until_timeout,
        resume_timeout=resume_timeout,
        increase_resources=increase_resources,
    )
    session = Session(
        workflow.tool.database,
        workflow.workflow_id,
        options,
        functions=functions_of(workflow),
        distributors=_in_place_of_all(workflow, cluster),
        clock=clock,
        rhythm=_SELDOM,
        threaded=False,  # a thread's work takes real time
    )
    try:
        return clock.run(session.run()).status
    finally:
        workflow.last_workflow_run_id = session.workflow_run_id
        tell_tasks(workflow)


def _in_place_of_all(workflow: Workflow, cluster: SimulatedCluster) -> dict[str, Access]:
    """The simulated cluster, by the names of all clusters that the tasks go to."""
    with workflow.tool.database.read() as connection:
        names = clusters.of_workflow(connection, workflow.workflow_id)
    return {name: cluster.another_access() for name in sorted(names)}
