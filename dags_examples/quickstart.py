"""The quickstart of Jobmon's documentation: write a file, copy it, delete it, and run a program.

    write  >>  copy  >>  delete
               copy  >>  model

A task template is a command with gaps, a task is that command with its gaps filled, and a workflow is tasks that wait
for each other. Without Airflow: ``python dags_examples/quickstart.py``.
"""

import sys

from jobmon_airflow import Tool

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")
tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "1m", "cores": 1})

write = tool.get_task_template("write", "touch {file}", node_args=["file"])
copy = tool.get_task_template("copy", "cp {file} {to}", node_args=["file", "to"])
delete = tool.get_task_template("delete", "rm {file}", node_args=["file"])
model = tool.get_task_template(
    "model",
    "{python:q} -c 'import os, sys; print(sys.argv, os.environ[\"OMP_NUM_THREADS\"])' {first} {second}",
    node_args=["first", "second"],
    op_args=["python"],
)

workflow = tool.create_workflow(name="quickstart")
write_task = write.create_task(file="~/jobmon_qs.txt")
copy_task = copy.create_task(
    file="~/jobmon_qs.txt", to="~/cpof_jobmon_qs.txt", upstream_tasks=[write_task], max_attempts=3
)
delete_task = delete.create_task(file="~/jobmon_qs.txt", upstream_tasks=[copy_task])
model_task = model.create_task(
    first=1,
    second=2,
    python=sys.executable,
    compute_resources={"cores": 2, "memory": "4G", "env": {"OMP_NUM_THREADS": "1"}},
    upstream_tasks=[copy_task],
)
workflow.add_tasks([write_task, copy_task, delete_task, model_task])

if __name__ == "__main__":
    workflow.run()
else:  # Airflow reads this file; the DAG is called examples.quickstart
    dag = workflow.to_dag(tags=["example"])
