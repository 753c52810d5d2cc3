"""A workflow that ends at the first task that fails for good, to show early where the problem is.

    check    one task per location; Atlantis fails at once, and the others would take ten minutes
    publish  waits for all of them, and is not run

The others are ended, and begin again when the run is cleared. This DAG fails: that is what it is for.
"""

from jobmon_airflow import Tool

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")

check = tool.get_task_template("check", "test {location} != Atlantis && sleep 600", node_args=["location"])
publish = tool.get_task_template("publish", "echo published")

workflow = tool.create_workflow(name="fail_fast")
checks = check.create_tasks(location=["Atlantis", "Kenya", "Norway", "Peru"], max_attempts=1)
workflow.add_tasks([*checks, publish.create_task(upstream_tasks=checks)])

dag = workflow.to_dag(fail_fast=True, tags=["example"])
