"""Resources that nobody knows before the run: an upstream task writes down what the task behind it needs.

    survey  looks at its input, and writes a file
    model   asks for what stands in that file

Instead of a dictionary, ``compute_resources`` is a function. It is called when its task is about to run, which is when
all of its upstreams are done. It lives in this file alone, so that only this DAG can go on with the workflow.
"""

import json
from pathlib import Path

from jobmon_airflow import Tool

NEEDS = Path("/tmp/jobmon_example_needs.json")  # noqa: S108 - on a cluster: a path that all nodes see


def as_surveyed() -> dict[str, str]:
    """What the model asks for, once the survey is done."""
    return json.loads(NEEDS.read_text())


tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")

survey = tool.get_task_template("survey", "echo {needs:q} > {file:q}", task_args=["needs"], op_args=["file"])
model = tool.get_task_template("model", "echo fitted")

workflow = tool.create_workflow(name="dynamic_resources")
survey_task = survey.create_task(needs=json.dumps({"memory": "300M", "runtime": "2m"}), file=NEEDS)
model_task = model.create_task(compute_resources=as_surveyed, upstream_tasks=[survey_task])
workflow.add_tasks([survey_task, model_task])

dag = workflow.to_dag(tags=["example"])
