"""The faces of a DAG that fails in a real Airflow: what is told, what leads to the view, and how it goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from urllib.parse import urljoin

import httpx
import pytest

from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import LocalAirflow

pytestmark = [pytest.mark.long, pytest.mark.airflow]

TOLD_BY = ("of_run", "of_task", "of_mirror")

# It is told by the task in its worker, and by its mirror and the run in the dag-processor.
DAG_FILE = """
from airflow.sdk import BaseNotifier
from jobmon_airflow import Tool
from jobmon_airflow.notifications.jobmon import JobmonNotifier


class Written(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, file, text):
        super().__init__()
        self.file, self.text = file, text

    def notify(self, context):
        with open(self.file, "a") as letters:
            letters.write(self.text + "\\n---\\n")


def told(name):
    text = "{{{{ jobmon.subject }}}}|{{{{ jobmon.workflow_id }}}}|{{{{ jobmon.link }}}}\\n{{{{ jobmon.summary }}}}"
    return JobmonNotifier(Written("{folder}/" + name, text))


tool = Tool("faces")
tool.set_default_cluster_name("sequential")
command = "test -e {folder}/mended || {{{{ echo no such folder >&2; exit 3; }}}}"
bad = tool.get_task_template("bad", command, max_attempts=1)
workflow = tool.create_workflow("once", name="told")
workflow.add_task(bad.create_task())
dag = workflow.to_dag(on_failure_callback=told("of_run"))
dag.get_task("run").on_failure_callback = [told("of_task")]
dag.get_task("bad").on_failure_callback = [told("of_mirror")]
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    home = AirflowHome(tmp_path_factory.mktemp("told"))
    home.configure()
    home.cli("db", "migrate")
    (home.dags / "told.py").write_text(DAG_FILE.format(folder=home.folder))
    with LocalAirflow(home) as airflow:
        airflow.wait_for(lambda: airflow.api.dag_ids() or airflow.api.import_errors(), within=60)
        assert airflow.api.import_errors() == {}
        yield airflow


@pytest.fixture(scope="module")
def run(airflow):
    """A run that has failed, and of which all has been told before the workflow may be mended."""
    run = airflow.api.trigger("faces.told")
    airflow.wait_for(run.has_ended, within=90)
    assert run.state() == "failed"
    for name in TOLD_BY:
        airflow.wait_for(lambda name=name: letters_of(airflow, name), within=60)
    return run


def letters_of(airflow, name):
    file = airflow.home.folder / name
    return file.read_text().split("\n---\n")[:-1] if file.exists() else []


@pytest.mark.parametrize("name", TOLD_BY)
def test_a_failure_is_told_by_the_run_and_by_its_tasks(airflow, run, name):
    [letter] = letters_of(airflow, name)

    head, *rest = letter.splitlines()
    subject, number, link = head.split("|")
    assert subject == f"Jobmon: faces: told, workflow {number}: FAILED, 1 of 1 tasks failed"
    assert link == f"{airflow.home.url}/jobmon/workflow/{number}"
    assert "no such folder" in "\n".join(rest)


@pytest.mark.parametrize("task_id", ["run", "bad"])
def test_the_task_and_its_mirror_are_linked_to_the_workflow(airflow, run, task_id):
    found = airflow.api.get(f"{run.path}/taskInstances/{task_id}/links")["extra_links"]
    with httpx.Client(trust_env=False, timeout=60) as browser:
        browser.headers["Authorization"] = f"Bearer {airflow.api.log_in()}"
        page = browser.get(urljoin(airflow.home.url, found["Jobmon workflow"]), follow_redirects=True)

    # Which of the tests of this file has run before is open, so the workflow may have been mended since.
    assert page.status_code == 200
    assert f"<title>Workflow {workflow_id(airflow)} - Jobmon" in page.text


def test_the_command_goes_on_with_the_workflow_in_airflow(airflow, run):
    number = workflow_id(airflow)
    (airflow.home.folder / "mended").touch()

    said = json.loads(airflow.home.cli("jobmon", "workflow", "resume", number, "--fail-fast", "-o", "json"))

    assert said["dag_id"] == "faces.told"
    [again] = [it for it in airflow.api.runs("faces.told") if it.run_id == said["run_id"]]
    assert again.row()["conf"] == said["conf"]
    assert (said["conf"]["workflow_id"], said["conf"]["fail_fast"]) == (int(number), True)
    airflow.wait_for(again.has_ended, within=90)
    assert again.state() == "success"
    assert "DONE" in airflow.home.cli("jobmon", "workflow", "status", number)


def workflow_id(airflow):
    with closing(sqlite3.connect(airflow.home.folder / "jobmon.db")) as connection:
        return str(connection.execute("SELECT max(id) FROM workflow").fetchone()[0])
