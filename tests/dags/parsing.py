"""What Airflow makes of a DAG."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobmon_airflow import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow import Workflow

NOWHERE = "sqlite:////nowhere/jobmon.db"

ROOT = Path(__file__).parents[2]

# As the dag-processor does it: the file is parsed, each DAG is serialized, and its hash tells its versions apart.
_PARSE = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from pathlib import Path

path = Path(sys.argv[1])
bag = BundleDagBag(dag_folder=str(path), bundle_path=path.parent, bundle_name="tests")
print(json.dumps({
    "errors": bag.import_errors,
    "dags": {
        dag_id: {"hash": LazyDeserializedDAG.from_dag(dag).hash, "file": dag.fileloc, "tasks": sorted(dag.task_dict)}
        for dag_id, dag in bag.dags.items()
    },
}))
"""


#: A DAG file, whose ARGUMENTS are to be replaced.
MEAL = """
from jobmon_airflow import Tool

tool = Tool("kitchen", database="sqlite:////nowhere/jobmon.db")
tool.set_default_cluster_name("sequential")
names = ["boil", "fry", "eat", "wash up", "run", "dry"]
kinds = [tool.get_task_template(name, "do {it}", node_args=["it"]) for name in names]
workflow = tool.create_workflow(name="a meal", description="Of tasks.")
earlier = []
for kind in kinds:
    tasks = kind.create_tasks(it=range(20), upstream_tasks=earlier)
    workflow.add_tasks(tasks)
    earlier = earlier + tasks
dag = workflow.to_dag(tags=["c", "a", "b"], params={"release": 7, "places": ["x", "y"]}, ARGUMENTS)
"""


def workflow_of(*names: str, **options: Any) -> Workflow:
    """A workflow with a task of each of these templates."""
    tool = Tool("kitchen")
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow(**options)
    for name in names:
        workflow.add_task(tool.get_task_template(name, "do {it}", node_args=["it"]).create_task(it=1))
    return workflow


def parsed(path: Path, **environment: str) -> Mapping[str, Any]:
    """The DAGs of a file, as a process of its own finds them; and what went wrong."""
    paths = os.pathsep.join([str(ROOT), *sys.path])
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PARSE, str(path)],
        env={**os.environ, "PYTHONPATH": paths, "AIRFLOW__CORE__LOAD_EXAMPLES": "false", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: Mapping[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def arrows(dag: Any) -> list[str]:
    """The edges of a DAG."""
    return sorted(f"{task.task_id}>{other}" for task in dag.tasks for other in task.downstream_task_ids)


def version(dag: Any) -> str:
    """The hash of the DAG, by which Airflow tells its versions apart."""
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    return LazyDeserializedDAG.from_dag(dag).hash
