"""What fails first, and goes on when what was missing is there. What was done is not done again.

    transform  (one task per location)  >>  aggregate  >>  report

Aggregate reads a file of populations, which nobody has put there. In Airflow, the DAG ``examples.resume`` fails:

    airflow dags trigger examples.resume
    echo 54 > /tmp/jobmon_example/population.csv
    airflow dags clear examples.resume --run-id <its run id> --only-failed --yes

The last line goes on; so does *Clear* in the UI, and so does `airflow jobmon workflow resume <workflow id>`. Without
Airflow, ``python dags_examples/resume.py`` fails, mends it and goes on in one breath.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from jobmon_airflow import Tool, Workflow

LOCATIONS = ["Kenya", "Norway", "Peru"]
FOLDER = "/tmp/jobmon_example"  # noqa: S108 - on a cluster: a folder that all nodes see

tool = Tool("examples")
tool.set_default_cluster_name("multiprocess")
transform = tool.get_task_template(
    "transform",
    "mkdir -p {folder:q} && echo draws > {folder:q}/{location}.csv",
    node_args=["location"],
    op_args=["folder"],
)
aggregate = tool.get_task_template("aggregate", "cat {folder:q}/population.csv", op_args=["folder"])
report = tool.get_task_template("report", "echo all is there")


def resume(folder: str | Path = FOLDER) -> Workflow:
    """The workflow, defined but not stored."""
    workflow = tool.create_workflow(name="resume")
    transforms = transform.create_tasks(location=LOCATIONS, folder=folder, max_attempts=1)
    aggregate_task = aggregate.create_task(folder=folder, max_attempts=2, upstream_tasks=transforms)
    report_task = report.create_task(upstream_tasks=[aggregate_task])
    workflow.add_tasks([*transforms, aggregate_task, report_task])
    return workflow


def how_it_went(workflow: Workflow) -> str:
    """Each task's status, and how many attempts it took if it is done."""
    return "\n".join(
        f"    {task.name:<28}{task.final_status}  {task.resource_usage()['num_attempts'] or ''}".rstrip()
        for task in workflow.tasks
    )


def main() -> None:
    with TemporaryDirectory() as folder:
        workflow = resume(folder)

        status = workflow.run()
        print(f"\nThe first run: {status.label}\n{how_it_went(workflow)}\n")
        for task, error in workflow.task_errors.items():
            print(f"{task} said: {error and error['error_log'][0]['description']}\n")

        (Path(folder) / "population.csv").write_text("54\n")
        status = workflow.run(resume=True)
        print(f"\nThe second run, with population.csv: {status.label}\n{how_it_went(workflow)}")


if __name__ == "__main__":
    main()
else:
    dag = resume().to_dag(tags=["example"])
