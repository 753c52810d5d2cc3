"""Transform, aggregate, summarize: a study of three phases, defined and stored as one workflow.

    transform   one task per location, year and sex          80 tasks
    aggregate   one per year and sex, over all locations     10 tasks
    summarize   one per year, over both sexes                 5 tasks

Run it with ``python dags_examples/three_phases.py``. Run it again: it is the same workflow. The commands
only say what they would do, so that the example suits every machine.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from jobmon_airflow import Tool, Workflow

LOCATIONS = ["Brazil", "Côte d'Ivoire", "India", "Kenya", "Mexico", "Norway", "Peru", "Viet Nam"]
YEARS = [1990, 2000, 2010, 2020, 2023]
SEXES = ["female", "male"]
RELEASE = 16


def three_phases() -> Workflow:
    """The workflow, defined but not stored."""
    tool = Tool("three_phases")
    tool.set_default_cluster_name("multiprocess")
    tool.set_default_compute_resources_from_dict(
        "multiprocess", {"memory": "1G", "runtime": "10m", "cores": 1}
    )
    workflow = tool.create_workflow(
        workflow_args=f"release {RELEASE}",
        name="three_phases",
        description="The example of three phases.",
        workflow_attributes={"release": RELEASE},
    )
    add_transform(workflow)
    add_aggregate(workflow)
    add_summarize(workflow)
    return workflow


def add_transform(workflow: Workflow) -> None:
    """One task per location, year and sex. ``:q`` quotes what a shell would take apart."""
    transform = workflow.tool.get_task_template(
        "transform",
        "{python} transform.py --location {location:q} --year {year} --sex {sex} --release {release}",
        node_args=["location", "year", "sex"],
        task_args=["release"],
        op_args=["python"],
    )
    workflow.add_tasks(
        transform.create_tasks(
            location=LOCATIONS, year=YEARS, sex=SEXES, release=RELEASE, python="echo python"
        )
    )


def add_aggregate(workflow: Workflow) -> None:
    """One task per year and sex, which waits for the transforms of its own year and sex alone."""
    aggregate = workflow.tool.get_task_template(
        "aggregate",
        "{python} aggregate.py --year {year} --sex {sex}",
        node_args=["year", "sex"],
        op_args=["python"],
        default_cluster_name="multiprocess",
        default_compute_resources={"memory": "2G"},
    )
    for year in YEARS:
        for sex in SEXES:
            upstreams = workflow.get_tasks_by_node_args("transform", year=year, sex=sex)
            workflow.add_task(
                aggregate.create_task(year=year, sex=sex, python="echo python", upstream_tasks=upstreams)
            )


def add_summarize(workflow: Workflow) -> None:
    """One task per year, which waits for both of its aggregates."""
    summarize = workflow.tool.get_task_template(
        "summarize",
        "{python} summarize.py --year {year}",
        node_args=["year"],
        op_args=["python"],
    )
    for year in YEARS:
        upstreams = workflow.get_tasks_by_node_args("aggregate", year=year)
        workflow.add_task(summarize.create_task(year=year, python="echo python", upstream_tasks=upstreams))


def summary(workflow: Workflow) -> str:
    """What a person wants to know of a bound workflow, and what to type next."""
    counts = Counter(task.array.name for task in workflow.tasks if task.array)
    return "\n".join(
        [
            f"workflow {workflow.workflow_id}, '{workflow.name}' with the args '{workflow.workflow_args}'",
            *(f"    {name:<12}{count:>4} tasks" for name, count in counts.items()),
            f"    {'in all':<12}{len(workflow.tasks):>4} tasks, for example",
            f"        {workflow.tasks[10].command}",
            f"stored in {workflow.tool.database.name}",
            "",
            "Look further, in any SQL browser:",
            f"    SELECT name, command, status FROM task WHERE workflow_id = {workflow.workflow_id};",  # noqa: S608 - shown, not run
            "Next:",
            f"    Run this again: it finds the same workflow. Change RELEASE in {Path(__file__).name}: another one.",
            "    Use a database of your own: Tool(…, database=…); or one for all, see docs/database.md.",
        ]
    )


def main() -> None:
    print(summary(three_phases().bind()))


if __name__ == "__main__":
    main()
