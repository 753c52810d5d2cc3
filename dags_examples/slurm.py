"""Slurm: a single command as a job, and a workflow whose tasks become job arrays.

    examples.slurm_command    SlurmOperator in a hand-written DAG
    examples.slurm_workflow   transform (an array of twenty jobs) >> aggregate

The cluster is Slurm's commands on the machine of the workers and of the triggerer; or what a connection of the type
`slurm` leads to: over ssh, or to slurmrestd. Its id is the cluster's name, here `slurm` (docs/slurm.md). To try them
without a cluster, name another one in the environment of all of Airflow's processes: EXAMPLE_CLUSTER=multiprocess.
"""

import os

from airflow.sdk import DAG

from jobmon_airflow import Tool
from jobmon_airflow.operators.command import SlurmOperator

CLUSTER = os.environ.get("EXAMPLE_CLUSTER", "slurm")
SMALL = {"memory": "1G", "runtime": "10m", "cores": 1, "queue": "all.q"}

with DAG("examples.slurm_command", schedule=None, tags=["example"]) as command_dag:
    SlurmOperator(
        task_id="hello",
        command="echo hello from $(hostname)",
        cluster_name=CLUSTER,
        compute_resources=SMALL,
        fallback_queues=["long.q"],  # when a request has grown too large for all.q
        max_attempts=3,
        deferrable=True,  # hours of waiting take no worker
    )

tool = Tool("examples")
tool.set_default_cluster_name(CLUSTER)
tool.set_default_compute_resources_from_dict(CLUSTER, SMALL)

transform = tool.get_task_template(
    "transform", "echo transform.py --location {location_id}", node_args=["location_id"]
)
aggregate = tool.get_task_template("aggregate", "echo aggregate.py")

workflow = tool.create_workflow(name="slurm_workflow", max_concurrently_running=1000)
transforms = transform.create_tasks(location_id=range(20))
workflow.add_tasks(
    [
        *transforms,
        aggregate.create_task(compute_resources={"memory": "2G", "cores": 2}, upstream_tasks=transforms),
    ]
)
workflow_dag = workflow.to_dag(deferrable=True, tags=["example"])
