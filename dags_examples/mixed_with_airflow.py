"""A workflow between ordinary Airflow tasks, and a second DAG that runs whenever the first one has new results.

    freeze_inputs  >>  run                            the workflow begins when the inputs are there
    transform  >>  aggregate  >>  publish             publish waits for all aggregates, and not for the plots
    transform  >>  plot

Behind a template's task, which shows how far the template is, Airflow's own rules apply: ``publish`` runs if all
aggregates succeeded. It says that the Asset is new, and Airflow then runs the DAG ``examples.after_the_estimates``.
"""

from typing import Any

from airflow.sdk import DAG, Asset, task

from jobmon_airflow import Tool
from jobmon_airflow.dags import run_of, templates

ESTIMATES = Asset("jobmon-example://estimates")

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")
transform = tool.get_task_template("transform", "echo transform.py --year {year}", node_args=["year"])
aggregate = tool.get_task_template("aggregate", "echo aggregate.py --sex {sex}", node_args=["sex"])
plot = tool.get_task_template("plot", "echo plot.py --year {year}", node_args=["year"])

workflow = tool.create_workflow(name="mixed_with_airflow")
for year in range(2020, 2024):
    of_year = transform.create_task(year=year)
    workflow.add_tasks([of_year, plot.create_task(year=year, upstream_tasks=[of_year])])
transforms = workflow.get_tasks_by_node_args("transform")
workflow.add_tasks(aggregate.create_tasks(sex=["female", "male"], upstream_tasks=transforms))

with workflow.to_dag(tags=["example"]) as dag:

    @task
    def freeze_inputs() -> None:
        """Anything that Airflow can do."""

    @task(outlets=[ESTIMATES])
    def publish(ti: Any = None) -> str:
        """Say what was computed. A template's task leaves ids and counts."""
        counts = ti.xcom_pull(task_ids="aggregate")
        return f"{counts['done']} aggregates of workflow {counts['workflow_id']}"

    freeze_inputs() >> run_of(dag)
    templates(dag)["aggregate"] >> publish()


with DAG("examples.after_the_estimates", schedule=[ESTIMATES], tags=["example"]) as after_the_estimates:

    @task
    def write_report() -> str:
        """Runs when the estimates are new."""
        return "written"

    write_report()
