"""Workflows that were run, for whoever looks at them afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobmon_airflow import Tool
from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.store.airflow_tasks import Place, Try

if TYPE_CHECKING:
    from jobmon_airflow import Workflow

SAID = "no such <b>file</b> & 'folder'"


def failed_workflow(url: str, workflow_args: str = "first", *, mended_by: str = "/no/such/file") -> Workflow:
    """Two tasks are done, one failed for good, and one was not run because of it.

    The one that failed succeeds once there is a file ``mended_by``.
    """
    tool = Tool("faces", database=url)
    tool.set_default_cluster_name("sequential")
    good = tool.get_task_template("good", "echo {number}", node_args=["number"])
    bad = tool.get_task_template(
        "bad", "test -e {file} || {{ echo {said:q} >&2; exit 3; }}", op_args=["file", "said"], max_attempts=1
    )
    after = tool.get_task_template("after", "true")
    workflow = tool.create_workflow(workflow_args=workflow_args, name="looked at")
    workflow.add_tasks(good.create_tasks(number=[1, 2]))
    culprit = bad.create_task(file=mended_by, said=SAID, upstream_tasks=workflow.tasks)
    workflow.add_tasks([culprit, after.create_task(upstream_tasks=[culprit])])
    assert workflow.run() == "E"
    return workflow


def acted_for(
    workflow: Workflow, dag_id: str, run_id: str, task_id: str = "run", map_index: int = -1
) -> None:
    """Let a task instance of Airflow have acted for the workflow."""
    this = Try(place=Place(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index), number=1)
    at, workflow_id = datetime.now(UTC), workflow.workflow_id
    workflow.tool.database.write(lambda connection: airflow_tasks.claim(connection, this, at))
    workflow.tool.database.write(
        lambda connection: airflow_tasks.note(connection, this, at, workflow_id=workflow_id)
    )
