"""Each DAG of dags_examples/, run to its end by a real Airflow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import task, task_instance, task_resources

if TYPE_CHECKING:
    from jobmon_airflow.testing.airflow_api import DagRun
    from tests.airflow.real_airflow import RealAirflow

EXAMPLES = Path(__file__).parents[2] / "dags_examples"
MIB = 1 / 1024  # requests are kept in GiB and seconds


def added(airflow: RealAirflow, name: str, first: str = "") -> None:
    """Let Airflow parse an example."""
    airflow.write_dag(name, f"{first}{(EXAMPLES / f'{name}.py').read_text()}")


def ran(airflow: RealAirflow, name: str, **more) -> DagRun:
    """A run of the example of this name, which has ended."""
    added(airflow, name)
    return airflow.run(f"examples.{name}", **more)


def green(*tasks: str) -> dict[str, str]:
    return dict.fromkeys(tasks, "success")


def attempts(airflow: RealAirflow, workflow_id: int, name: str, resource: str) -> list[tuple[float, str]]:
    """What each attempt at a task asked for of a resource, and how it ended."""
    attempt = task_instance.join(task).outerjoin(
        task_resources, task_resources.c.id == task_instance.c.task_resources_id
    )
    query = (
        select(task_resources.c.requested_resources, task_instance.c.verdict)
        .select_from(attempt)
        .where(task.c.workflow_id == workflow_id, task.c.name == name)
        .order_by(task_instance.c.id)
    )
    database = Database.open(airflow.jobmon_url)
    try:
        with database.read() as connection:
            return [
                (json.loads(asked).get(resource), verdict) for asked, verdict in connection.execute(query)
            ]
    finally:
        database.close()


def test_params_at_run_time_computes_what_was_asked_for_and_quotes_it(airflow):
    asked = {"release": 17, "locations": ["Kenya", "$(touch /tmp/no) it's"]}

    run = ran(airflow, "params_at_run_time", conf=asked)

    assert run.states() == green("run", "transform", "aggregate", "summarize")
    result = run.xcom("run")
    assert result["templates"]["transform"] == {"total": 4, "done": 4, "failed": 0}
    assert (result["total"], result["done"]) == (7, 7)
    database = Database.open(airflow.jobmon_url)
    with database.read() as connection:
        commands = connection.execute(
            select(task.c.command).where(task.c.workflow_id == result["workflow_id"])
        ).scalars()
        assert (
            f"echo transform.py --location {quote(asked['locations'][1])} --sex male --release 17"
            in commands.all()
        )
    database.close()


def test_mixed_with_airflow_waits_for_ordinary_tasks_and_they_and_another_dag_for_it(airflow):
    run = ran(airflow, "mixed_with_airflow")

    assert run.states() == green("freeze_inputs", "run", "transform", "aggregate", "plot", "publish")
    assert run.task("run").row["start_date"] >= run.task("freeze_inputs").row["end_date"]
    assert run.xcom("publish") == f"2 aggregates of workflow {run.xcom('run')['workflow_id']}"
    airflow.wait_for(lambda: airflow.api.runs("examples.after_the_estimates"), within=120)
    [later] = airflow.api.runs("examples.after_the_estimates")
    airflow.wait_until_ended(later)
    assert later.xcom("write_report") == "written"


@pytest.mark.long
def test_quickstart_writes_copies_deletes_and_runs_a_program(airflow):
    run = ran(airflow, "quickstart")

    assert run.states() == green("run", "write", "copy", "delete", "model")
    assert run.xcom("run")["done"] == 4


@pytest.mark.long
def test_quickstart_is_tried_by_airflow_dags_test_where_no_scheduler_runs(airflows):
    with airflows.home() as home:
        shutil.copy(EXAMPLES / "quickstart.py", home.dags)

        said = home.cli("dags", "test", "examples.quickstart")

    assert "All 4 tasks are done." in said


@pytest.mark.long
def test_three_phases_runs_as_a_new_workflow_each_time(airflow):
    added(airflow, "three_phases")

    first, second = (airflow.run("three_phases.three_phases") for _ in range(2))

    assert first.states() == second.states() == green("run", "transform", "aggregate", "summarize")
    assert first.xcom("run")["done"] == second.xcom("run")["done"] == 95
    assert first.xcom("run")["workflow_id"] != second.xcom("run")["workflow_id"]


@pytest.mark.long
def test_resource_retries_raise_what_ran_out_and_nothing_else(airflow):
    run = ran(airflow, "resource_retries")

    number = run.xcom("run")["workflow_id"]
    assert attempts(airflow, number, "fit", "memory") == [
        (40 * MIB, "out of memory"),
        (60 * MIB, "out of memory"),
        (90 * MIB, "done"),
    ]
    assert {asked for asked, _ in attempts(airflow, number, "fit", "runtime")} == {60}
    assert attempts(airflow, number, "smooth_seconds-1.5", "runtime") == [
        (1, "out of time"),
        (2, "done"),
    ]


@pytest.mark.long
def test_dynamic_resources_are_what_the_survey_wrote(airflow):
    run = ran(airflow, "dynamic_resources")

    assert attempts(airflow, run.xcom("run")["workflow_id"], "model", "memory") == [(300 * MIB, "done")]


@pytest.mark.long
def test_fail_fast_ends_the_others_at_the_first_task_that_fails_for_good(airflow):
    run = ran(airflow, "fail_fast", state="failed")

    assert run.states() == {"run": "failed", "check": "failed", "publish": "skipped"}
    assert (run.xcom("run")["failed"], run.xcom("run")["done"]) == (1, 0)


@pytest.mark.long
def test_single_operators_quote_raise_map_and_tell(airflow):
    run = ran(airflow, "single_operators", conf={"release": "release 17; exit 3"})

    states = {(task.task_id, task.map_index): task.state for task in run.tasks()}
    assert states == dict.fromkeys(
        [("extract", -1), ("fit", -1), ("draw", 0), ("draw", 1), ("summarize", -1)], "success"
    )
    assert f"extract release 17; exit 3 of {run.run_id}, by ada" in run.log("extract")
    assert run.task("fit").try_number == 3
    assert "draw.py --sex male" in run.log("draw", 1, 1)
    assert "all is drawn" in run.log("summarize")


@pytest.mark.long
def test_slurm_runs_elsewhere_where_another_cluster_is_named(airflow):
    added(airflow, "slurm", first='import os\n\nos.environ["EXAMPLE_CLUSTER"] = "multiprocess"\n')

    command, workflow = airflow.trigger("examples.slurm_command"), airflow.run("examples.slurm_workflow")

    airflow.wait_until_ended(command)
    assert "hello from " in command.log("hello")
    assert workflow.xcom("run")["done"] == 21


@pytest.mark.long
def test_resume_fails_until_the_file_is_there_and_goes_on_when_it_is_cleared(airflow, tmp_path):
    shutil.rmtree("/tmp/jobmon_example", ignore_errors=True)
    run = ran(airflow, "resume", state="failed")
    assert run.states() == {
        "run": "failed",
        "transform": "success",
        "aggregate": "failed",
        "report": "skipped",
    }
    assert "population.csv: No such file or directory" in run.log("run")

    Path("/tmp/jobmon_example/population.csv").write_text("54\n")
    airflow.cli("dags", "clear", "examples.resume", "--run-id", run.run_id, "--only-failed", "--yes")
    airflow.wait_until_ended(run)

    assert run.states() == green("run", "transform", "aggregate", "report")
    number = run.xcom("run")["workflow_id"]
    assert len(attempts(airflow, number, "transform_location-Kenya", "cores")) == 1
    shutil.rmtree("/tmp/jobmon_example")


@pytest.mark.long
def test_granularity_task_makes_an_airflow_task_of_each(airflow):
    run = ran(airflow, "granularity_task")

    assert run.states() == green(
        "transform_year-1990", "transform_year-2020", "aggregate_year-1990", "aggregate_year-2020"
    )
    began, ended = run.task("aggregate_year-2020").row, run.task("transform_year-2020").row
    assert began["start_date"] >= ended["end_date"]
