"""The Airflow that other tests rely on."""

from __future__ import annotations

import psutil
import pytest

from jobmon_airflow.errors import JobmonError

BASH = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG({dag_id!r}, schedule=None):
    BashOperator(task_id="say", bash_command={command!r})
"""

FOREVER = "sleep 4242.5"


def sleepers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == FOREVER.split()]


def test_a_command_runs_to_its_end_and_is_seen_over_the_api_and_the_command_line(airflow):
    airflow.write_dag(
        "harness_greets", BASH.format(dag_id="harness_greets", command="echo hello {{ params.who }}")
    )

    with airflow.measured() as used:
        run = airflow.run("harness_greets", conf={"who": "you"})

    assert run.states() == {"say": "success"}
    assert run.xcom("say") == "hello you"
    assert "Output:\nhello you\n" in run.log("say")
    assert "success" in airflow.cli("tasks", "states-for-dag-run", "harness_greets", run.run_id)
    assert 0.1 < run.seconds() < used.seconds
    assert used.cpu_seconds > 0.1
    assert used.peak_memory > 2**28


@pytest.mark.long
def test_a_file_with_an_error_fails_the_test_that_wrote_it_until_it_is_mended(airflow):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        airflow.write_dag("harness_mended", "from airflow.sdk import DAG\n1 / 0\n")

    airflow.write_dag("harness_mended", BASH.format(dag_id="harness_mended", command="true"))
    airflow.parse_again("harness_mended")

    assert "harness_mended" in airflow.api.dag_ids()


@pytest.mark.long
def test_a_failed_task_is_cleared_and_tried_again_and_a_run_can_be_deleted(airflow, tmp_path):
    there = tmp_path / "there"
    airflow.write_dag("harness_retries", BASH.format(dag_id="harness_retries", command=f"test -e {there}"))
    run = airflow.run("harness_retries", state="failed")

    there.touch()
    run.clear(["say"], only_failed=True)
    airflow.wait_until_ended(run)

    assert [(one.try_number, one.state) for one in run.tries("say")] == [(1, "failed"), (2, "success")]
    run.mark("failed")
    assert run.state() == "failed"
    run.delete()
    assert airflow.api.runs("harness_retries") == []


@pytest.mark.long
def test_a_task_that_is_marked_while_it_runs_ends_and_so_does_its_command(airflow):
    airflow.write_dag("harness_marks", BASH.format(dag_id="harness_marks", command=f"exec {FOREVER}"))
    run = airflow.trigger("harness_marks")
    airflow.wait_until_running(run, "say")
    airflow.wait_for(sleepers, within=120)

    run.mark_task("say", "success")

    airflow.wait_until_ended(run)
    airflow.wait_for(lambda: not sleepers(), within=120)


@pytest.mark.long
def test_what_does_not_happen_is_told_with_states_and_logs(airflow):
    with pytest.raises(JobmonError, match=r"did not happen within 0\.1 seconds") as told:
        airflow.wait_for(lambda: False, within=0.1)

    assert "the end of" in str(told.value)
    assert "scheduler.log" in str(told.value)


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_triggerer_is_started_again_next_to_another_and_a_component_that_ends_by_itself_is_told(
    mortal,
):
    mortal.kill9("triggerer")
    mortal.start("triggerer")
    mortal.start("triggerer-2")

    alive = mortal.api.all("/jobs", "jobs", job_type="TriggererJob", is_alive=True)

    assert mortal.components["triggerer"].job_id != mortal.components["triggerer-2"].job_id
    assert {mortal.components[name].job_id for name in ("triggerer", "triggerer-2")} <= {
        job["id"] for job in alive
    }

    mortal.components["dag-processor"].process.kill()

    with pytest.raises(JobmonError, match="dag-processor ended by itself"):
        mortal.wait_for(lambda: False, within=30)


@pytest.mark.long
@pytest.mark.slow
def test_a_stopped_airflow_leaves_no_process_behind(airflows):
    with airflows.running(metadata="postgresql") as airflow:
        airflow.write_dag("endless", BASH.format(dag_id="endless", command=f"exec {FOREVER}"))
        run = airflow.trigger("endless")
        airflow.wait_until_running(run, "say")
        airflow.wait_for(sleepers, within=120)
        pids = [process.pid for process in airflow.processes()]

        # Its workers are nobody's children now, and the command leads a session of its own.
        airflow.kill9("scheduler")

    assert len(pids) > 8
    assert [pid for pid in pids if psutil.pid_exists(pid) and _lives(pid)] == []
    assert sleepers() == []


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
