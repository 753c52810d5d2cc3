"""A workflow whose tasks depend on what is asked when the DAG is triggered: a release, and a list of locations.

    transform  >>  aggregate  >>  summarize

Airflow draws the DAG from the templates that are declared. The function is called when the DAG runs, and not when this
file is parsed, so that parsing takes as long for a million tasks as for ten. In the UI, *Trigger* shows a form; or type

    airflow dags trigger examples.params_at_run_time --conf '{"release": 17, "locations": ["Kenya", "Peru"]}'

What people type into params is quoted in every command: a location called "; rm -rf ~" is only an odd name.
"""

from airflow.sdk import Param

from jobmon_airflow import Tool, Workflow
from jobmon_airflow.dags import workflow_dag

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")

transform = tool.get_task_template(
    "transform",
    "echo transform.py --location {location} --sex {sex} --release {release}",
    node_args=["location", "sex"],
    task_args=["release"],
)
aggregate = tool.get_task_template("aggregate", "echo aggregate.py --sex {sex}", node_args=["sex"])
summarize = tool.get_task_template("summarize", "echo summarize.py")


@workflow_dag(
    templates=transform >> aggregate >> summarize,
    params={
        "release": Param(16, type="integer", minimum=1, description="Which release is computed"),
        "locations": Param(["Kenya", "Norway"], type="array", description="A name on each line"),
    },
    tags=["example"],
)
def params_at_run_time(release: int, locations: list[str]) -> Workflow:
    """One transform per location and sex, one aggregate per sex, one summary."""
    workflow = tool.create_workflow(
        name="params_at_run_time",
        # The same release of the same locations goes on where it ended, in whichever DAG run.
        workflow_args=f"release {release} of {', '.join(sorted(locations))}",
        workflow_attributes={"release": release},
    )
    aggregates = []
    for sex in ["female", "male"]:
        transforms = transform.create_tasks(location=locations, sex=sex, release=release)
        workflow.add_tasks(transforms)
        aggregates.append(aggregate.create_task(sex=sex, upstream_tasks=transforms))
    workflow.add_tasks([*aggregates, summarize.create_task(upstream_tasks=aggregates)])
    return workflow
