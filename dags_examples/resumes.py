"""What goes wrong, and how it goes on: a file that is missing, and a task that needs more than it asked for.

    transform   one task per location; it reads that location's file, and Peru's is not there
    fit         needs 70 MB and asks for 40M, so it is tried with 40M, 60M and 90M
    report      waits for all of them

Run it with ``python dags_examples/resumes.py``. The first run ends with a task that failed. Then the file is put
where it belongs, and the workflow is resumed: what was done is not done again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jobmon_airflow import Tool, Workflow

LOCATIONS = ["Kenya", "Norway", "Peru"]
FIT = "import time; draws = bytearray(60 * 1024**2); time.sleep(1)"


def resumes(folder: Path) -> Workflow:
    """The workflow, defined but not stored. Without workflow_args it is a new one each time."""
    tool = Tool("resumes")
    tool.set_default_cluster_name("multiprocess")
    transform = tool.get_task_template(
        "transform", "cat {folder:q}/{location:q}.csv", node_args=["location"], op_args=["folder"]
    )
    fit = tool.get_task_template(
        "fit",
        "{python:q} -c {code:q}",
        op_args=["python", "code"],
        default_cluster_name="multiprocess",
        default_compute_resources={"memory": "40M", "runtime": "1m"},
    )
    report = tool.get_task_template("report", "echo all is there")
    workflow = tool.create_workflow(name="resumes")
    workflow.add_tasks(transform.create_tasks(location=LOCATIONS, folder=folder, max_attempts=2))
    workflow.add_task(fit.create_task(python=sys.executable, code=FIT))
    workflow.add_task(report.create_task(upstream_tasks=workflow.tasks))
    return workflow


def how_it_went(workflow: Workflow) -> str:
    """Each task's status, and how many attempts it took if it is done."""
    return "\n".join(
        f"    {task.name:<28}{task.final_status}  {task.resource_usage()['num_attempts'] or ''}".rstrip()
        for task in workflow.tasks
    )


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for location in ["Kenya", "Norway"]:
            (folder / f"{location}.csv").write_text("draws\n")
        workflow = resumes(folder)

        status = workflow.run()
        print(f"\nThe first run: {status.label}\n{how_it_went(workflow)}\n")
        for task, error in workflow.task_errors.items():
            print(f"{task} said: {error and error['error_log'][0]['description']}\n")

        (folder / "Peru.csv").write_text("draws\n")
        status = workflow.run(resume=True)
        print(f"\nThe second run, with Peru.csv: {status.label}\n{how_it_went(workflow)}")


if __name__ == "__main__":
    main()
