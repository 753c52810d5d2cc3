"""Workflows on a simulated cluster, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow import Tool
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Result, Session
from jobmon_airflow.store import tasks

if TYPE_CHECKING:
    from jobmon_airflow import Workflow
    from jobmon_airflow.testing import SimulatedClock, SimulatedCluster


def drawn(picture: str, url: str, args: str = "drawn", **settings: Any) -> Workflow:
    """A bound workflow of a picture: ``a>b c>b`` says that b waits for a and c. The command of each is its letter."""
    tool = Tool("drawing", database=url)
    template = tool.get_task_template("draw", "true {letter}", node_args=["letter"])
    workflow = tool.create_workflow(workflow_args=args, default_cluster_name="multiprocess")
    edges = [part.split(">") for part in picture.split()]
    letters = {letter: None for edge in edges for letter in edge}
    made = {
        letter: template.create_task(name=letter, letter=letter, **settings) for letter in sorted(letters)
    }
    workflow.add_tasks(made.values())
    for upstream, *following in edges:
        made[upstream].add_downstreams(made[letter] for letter in following)
    return workflow.bind()


def session(workflow: Workflow, cluster: SimulatedCluster, clock: SimulatedClock, **options: Any) -> Session:
    """A run of a workflow on the simulated cluster, which has not begun."""
    return Session(
        workflow.tool.database,
        workflow.workflow_id,
        Options(**options),
        distributors={"multiprocess": cluster},
        clock=clock,
        rhythm=Rhythm(beat=3600, lease=3 * 3600, look=600),
        threaded=False,
    )


def simulate(workflow: Workflow, cluster: SimulatedCluster, clock: SimulatedClock, **options: Any) -> Result:
    """Run a workflow on the simulated cluster."""
    return clock.run(session(workflow, cluster, clock, **options).run())


def statuses(workflow: Workflow) -> dict[str, str]:
    """The status of each task, by its name."""
    with workflow.tool.database.read() as connection:
        found = tasks.statuses(connection, workflow.workflow_id)
    return {task.name: found[task.task_id] for task in workflow.tasks if task.task_id}
