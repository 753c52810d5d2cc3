"""Transform, aggregate, summarize: a study of three phases, run as one workflow.

    transform   one task per location, year and sex          80 tasks
    aggregate   one per year and sex, over all locations     10 tasks
    summarize   one per year, over both sexes                 5 tasks

In Airflow it is the DAG ``three_phases.three_phases``; `make demo` runs that. Without Airflow it is a script:

    python dags_examples/three_phases.py                  runs release 16
    python dags_examples/three_phases.py                  says that it is done
    python dags_examples/three_phases.py --release 17     runs another workflow
    python dags_examples/three_phases.py --resume         goes on, after Ctrl-C or whatever happened

The commands only say what they would do, so that the example suits every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from jobmon_airflow import JobmonError, Tool, Workflow, WorkflowRunStatus
from jobmon_airflow.errors import WorkflowAlreadyComplete

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCATIONS = ["Brazil", "Côte d'Ivoire", "India", "Kenya", "Mexico", "Norway", "Peru", "Viet Nam"]
YEARS = [1990, 2000, 2010, 2020, 2023]
SEXES = ["female", "male"]


def three_phases(release: int = 16, workflow_args: str | None = None) -> Workflow:
    """The workflow, defined but not stored. Without workflow_args it is a new one each time."""
    tool = Tool("three_phases")
    tool.set_default_cluster_name("multiprocess")
    tool.set_default_compute_resources_from_dict(
        "multiprocess", {"memory": "1G", "runtime": "10m", "cores": 1}
    )
    workflow = tool.create_workflow(
        workflow_args=workflow_args,
        name="three_phases",
        description="The example of three phases.",
        workflow_attributes={"release": release},
    )
    add_transform(workflow, release)
    add_aggregate(workflow)
    add_summarize(workflow)
    return workflow


def add_transform(workflow: Workflow, release: int) -> None:
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
            location=LOCATIONS, year=YEARS, sex=SEXES, release=release, python="echo python"
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


def summary(workflow: Workflow, status: WorkflowRunStatus) -> str:
    """What a person wants to know of a workflow that was run."""
    counts = Counter(task.array.name for task in workflow.tasks if task.array)
    return "\n".join(
        [
            "",
            f"workflow {workflow.workflow_id} is {status.label}: '{workflow.name}', '{workflow.workflow_args}'",
            *(f"    {name:<12}{count:>4} tasks" for name, count in counts.items()),
            f"    {'in all':<12}{len(workflow.tasks):>4} tasks, for example",
            f"        {workflow.tasks[10].command}",
        ]
    )


def where_to_look(workflow: Workflow, release: int) -> str:
    """Where the database is, and what to type next."""
    return "\n".join(
        [
            f"stored in {workflow.tool.database.name}",
            "",
            "Look further, in any SQL browser:",
            f"    SELECT status, count(*) FROM task WHERE workflow_id = {workflow.workflow_id} GROUP BY status;",  # noqa: S608 - shown, not run
            "    SELECT id, task_id, verdict, wallclock, maxrss, stdout_log FROM task_instance;",
            "Run the next release, which is another workflow:",
            f"    python dags_examples/three_phases.py --release {release + 1}",
        ]
    )


def main(words: Sequence[str] | None = None) -> int:
    asked = arguments(words)
    workflow = three_phases(asked.release, workflow_args=f"release {asked.release}")
    try:
        status = workflow.run(resume=asked.resume)
    except WorkflowAlreadyComplete as complete:
        print(complete.problem)
        print(where_to_look(workflow.bind(), asked.release))
        return 0
    except JobmonError as error:  # it says what to do
        print(error, file=sys.stderr)
        return 2
    print(summary(workflow, status))
    print(where_to_look(workflow, asked.release))
    return 0 if status == "D" else 1


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a study of three phases.")
    parser.add_argument("--release", type=int, default=16, help="another one is another workflow")
    parser.add_argument("--resume", action="store_true", help="go on with what was begun")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
else:  # a DAG file: every run of the DAG is a workflow of its own
    dag = three_phases().to_dag(tags=["example"])
