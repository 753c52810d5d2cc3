"""Workflows that a script hands to a real Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobmon_airflow.errors import (
    AirflowRefused,
    WorkflowAlreadyComplete,
    WorkflowAlreadyExists,
    WorkflowTimeout,
)
from jobmon_airflow.states import WorkflowStatus
from tests.airflow.families import PHASES, define, showing_families, status_of
from tests.workflows import close, migrated, three_phases

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bundled(airflows, tmp_path_factory):
    with showing_families(airflows, tmp_path_factory.mktemp("bundles")) as airflow:
        yield airflow


@pytest.fixture
def access(bundled):
    return {"api_url": bundled.home.url, "username": "admin", "password": bundled.home.passwords()["admin"]}


def test_a_workflow_is_submitted_and_waited_for(bundled, access):
    workflow = define(bundled, "waited for", "waited for")

    submission = workflow.submit(wait=True, timeout=120, **access)

    assert submission.status() == "success"
    assert status_of(workflow) == WorkflowStatus.DONE
    assert {task.final_status for task in workflow.tasks} == {"D"}
    assert submission.url.startswith(bundled.home.url)
    states = next(
        run for run in bundled.api.runs(submission.dag_id) if run.run_id == submission.run_id
    ).states()
    assert states == dict.fromkeys(PHASES, "success")
    with pytest.raises(WorkflowAlreadyComplete):
        define(bundled, "waited for", "waited for").submit(resume=True, **access)


SCRIPT = """
import sys
from jobmon_airflow import Tool

tool = Tool("health")
tool.set_default_cluster_name("multiprocess")
tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "1m"})
sleep = tool.get_task_template("sleep", "sleep {seconds}; touch {file}", node_args=["seconds", "file"])
workflow = tool.create_workflow(name="outlives", workflow_args="outlives")
workflow.add_task(sleep.create_task(seconds=8, file=sys.argv[1]))
print(workflow.submit().run_id)
"""


def test_a_submitted_workflow_outlives_its_script_and_asks_the_settings(bundled, tmp_path):
    file, script = tmp_path / "done", tmp_path / "script.py"
    script.write_text(SCRIPT)
    settings = {
        "AIRFLOW__JOBMON__API_URL": bundled.home.url,
        "AIRFLOW__JOBMON__API_TOKEN": bundled.api.log_in(),
        "PYTHONPATH": str(ROOT),
    }

    done = subprocess.run(
        [sys.executable, script, file],
        env={**bundled.home.environment(), **settings},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not file.exists()
    run = next(run for run in bundled.api.runs("health.outlives") if run.run_id == done.stdout.strip())
    bundled.wait_until_ended(run)
    assert file.exists()


def test_submitting_twice_starts_one_run(bundled, access):
    first = define(bundled, "twice", "twice").submit(**access)
    second = define(bundled, "twice", "twice").submit(resume=True, **access)

    assert second == first
    assert len(bundled.api.runs(first.dag_id)) == 1
    first.wait(120)


def test_a_failed_workflow_is_resumed_by_submitting_it_again(bundled, access, tmp_path):
    mended = tmp_path / "mended"

    def defined():
        workflow = define(bundled, "mended", "mended")
        check = workflow.tool.get_task_template("check", "test -e {file}", node_args=["file"])
        workflow.add_task(check.create_task(file=mended, max_attempts=1))
        return workflow

    first = defined().submit(wait=True, timeout=120, **access)
    mended.touch()
    with pytest.raises(WorkflowAlreadyExists, match=r"submit\(resume=True\)"):
        defined().submit(**access)
    second = defined().submit(resume=True, wait=True, timeout=120, **access)

    assert (first.status(), second.status()) == ("failed", "success")
    assert (second.dag_id, second.workflow_id) == (first.dag_id, first.workflow_id)
    assert second.run_id != first.run_id


def test_who_waits_too_short_hears_that_the_run_goes_on(bundled, access):
    workflow = define(bundled, "slow", "slow")
    sleep = workflow.tool.get_task_template("sleep", "sleep {seconds}", node_args=["seconds"])
    workflow.add_task(sleep.create_task(seconds=20))
    submission = workflow.submit(**access)

    with pytest.raises(WorkflowTimeout, match="goes on in Airflow"):
        submission.wait(1)

    assert submission.status() in {"queued", "running"}
    assert submission.wait(120) == "success"


def test_a_wrong_password_is_told(bundled, access):
    with pytest.raises(AirflowRefused, match="gives no token to admin: 401"):
        define(bundled, "refused", "refused").submit(**{**access, "password": "wrong"})


def test_an_airflow_that_does_not_show_the_dag_is_told_about_the_bundle(
    bundled, access, tmp_path, monkeypatch
):
    elsewhere = migrated(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    workflow = three_phases(elsewhere)
    workflow.name = "elsewhere"

    with pytest.raises(
        AirflowRefused, match=r"does not show the DAG health\.elsewhere[^$]*JobmonDagBundle[^$]*elsewhere.db"
    ):
        workflow.submit(dag_timeout=3, **access)
    close(elsewhere)
