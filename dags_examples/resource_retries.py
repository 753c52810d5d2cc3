"""Tasks that ask for too little memory and too little time, and are tried again with more.

    fit     needs 70 MB and asks for 40M: it is tried with 40M, 60M and 90M
    smooth  takes a second and a half, and asks for one: it is tried with 1s and 2s

Only what ran out is raised. How much a raise is, ``resource_scales`` say; by half, if nothing is said.
"""

import sys

from jobmon_airflow import Tool

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")

fit = tool.get_task_template(
    "fit", "{python:q} -c 'import time; draws = bytearray(60 * 1024**2); time.sleep(1)'", op_args=["python"]
)
smooth = tool.get_task_template("smooth", "sleep {seconds}", node_args=["seconds"])

workflow = tool.create_workflow(name="resource_retries")
workflow.add_task(
    fit.create_task(
        python=sys.executable, compute_resources={"memory": "40M", "runtime": "1m"}, max_attempts=3
    )
)
workflow.add_task(
    smooth.create_task(
        seconds=1.5,
        compute_resources={"memory": "1G", "runtime": "1s"},
        resource_scales={"runtime": 1.0},  # twice as much
    )
)

dag = workflow.to_dag(tags=["example"])
