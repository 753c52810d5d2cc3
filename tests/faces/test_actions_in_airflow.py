"""A workflow that runs in a real Airflow is paused, stopped and resumed over the API, and read while it runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx
import pytest

from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import LocalAirflow

pytestmark = [pytest.mark.long, pytest.mark.airflow]

# Each task says that it has begun, and waits until it may end.
DAG_FILE = """
from jobmon_airflow import Tool

tool = Tool("acted")
tool.set_default_cluster_name("multiprocess")
command = "echo begun {{number}}; until test -e {folder}/go_{{number}}; do sleep 0.1; done; echo ended {{number}}"
wait = tool.get_task_template("wait", command, ["number"], max_attempts=1)
workflow = tool.create_workflow("once", name="upon", max_concurrently_running=1)
workflow.add_tasks(
    wait.create_tasks(number=range(4), compute_resources={{"stdout": "{folder}/said", "stderr": "{folder}/said"}})
)
dag = workflow.to_dag()
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    home = AirflowHome(tmp_path_factory.mktemp("acted").resolve())
    home.configure()
    home.cli("db", "migrate")
    (home.folder / "said").mkdir()
    (home.dags / "acted.py").write_text(DAG_FILE.format(folder=home.folder))
    with LocalAirflow(home) as airflow:
        airflow.wait_for(lambda: airflow.api.dag_ids() or airflow.api.import_errors(), within=60)
        assert airflow.api.import_errors() == {}
        yield airflow


@pytest.fixture
def view(airflow):
    """Jobmon's API, asked as the admin."""
    with httpx.Client(base_url=f"{airflow.home.url}/jobmon/api/v1", trust_env=False, timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {airflow.api.log_in()}"
        yield View(client)


class View:
    def __init__(self, client):
        self._client = client

    def get(self, path, **query):
        answer = self._client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path, **body):
        answer = self._client.post(path, json=body, headers={"X-Jobmon-Request": "1"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, status):
        return [task["name"] for task in self.get("/workflows/1/tasks", status=status)["items"]]


def test_a_running_workflow_is_paused_stopped_resumed_and_drained(airflow, view):
    def may_end(number):
        (airflow.home.folder / f"go_{number}").touch()

    first = airflow.api.trigger("acted.upon")
    airflow.wait_for(lambda: workflow_is_there(airflow) and view.names("RUNNING"), within=120)
    [running] = view.get("/workflows/1/tasks", status="RUNNING")["items"]

    # It is read while it runs.
    [attempt] = view.get(f"/tasks/{running['id']}/attempts")["items"]
    log = f"/attempts/{attempt['id']}/log/stdout"
    said = airflow.wait_for(lambda: view.get(log)["text"] and view.get(log), within=30)
    assert (said["source"], said["text"], said["is_growing"]) == ("file", "begun 0\n", True)
    assert attempt["stdout"] == said["path"]

    # Paused: what runs ends, and nothing more begins.
    view.post("/workflows/1/limit", limit=0)
    airflow.wait_for(lambda: "paused" in said_by_engine(airflow), within=30)
    may_end(0)
    airflow.wait_for(lambda: view.names("DONE") == ["wait_number-0"], within=30)
    assert view.get(log, offset=said["end"])["text"] == "ended 0\n"
    assert view.names("RUNNING") == []
    assert view.names("SCHEDULED") == []
    assert first.state() == "running"

    # It goes on, and is stopped.
    view.post("/workflows/1/limit", limit=1)
    airflow.wait_for(lambda: view.names("RUNNING") == ["wait_number-1"], within=30)
    view.post("/workflows/1/stop", how="kill")
    airflow.wait_for(first.has_ended, within=90)
    assert first.state() == "failed"
    assert view.names("DONE") == ["wait_number-0"]
    assert view.names("RUNNING") == []

    # What a resume would do is what it does.
    plan = view.get("/workflows/1/plan", how="cold")
    assert (plan["again"], plan["skipped"], plan["held_by"]) == (3, 1, None)
    for number in (1, 2, 3):
        may_end(number)
    resumed = view.post("/workflows/1/resume", how="cold")
    assert resumed["dag_id"] == "acted.upon"
    assert view.post("/workflows/1/resume", how="cold")["run_id"] == resumed["run_id"], (
        "asked twice, run once"
    )
    [second] = [it for it in airflow.api.runs("acted.upon") if it.run_id == resumed["run_id"]]
    assert second.row()["triggering_user_name"] == "admin"
    airflow.wait_for(second.has_ended, within=120)
    assert second.state() == "success"
    assert len(view.names("DONE")) == 4
    attempts = [
        len(view.get(f"/tasks/{task['id']}/attempts")["items"])
        for task in view.get("/workflows/1/tasks")["items"]
    ]
    assert attempts == [1, 2, 1, 1], "what was done is not repeated"

    # And it is known who did that.
    ordered = [(it["user"], it["action"]) for it in view.get("/workflows/1/actions")["items"]]
    assert ordered == [("admin", "resume"), ("admin", "stop: kill"), ("admin", "limit"), ("admin", "limit")]

    # All of it runs again, and is drained: it ends when what runs is over.
    for number in range(4):
        (airflow.home.folder / f"go_{number}").unlink()
    for task in view.get("/workflows/1/tasks")["items"]:
        view.post(f"/tasks/{task['id']}/again", downstream=False)
    resumed = view.post("/workflows/1/resume")
    [third] = [it for it in airflow.api.runs("acted.upon") if it.run_id == resumed["run_id"]]
    airflow.wait_for(lambda: view.names("RUNNING"), within=120)
    view.post("/workflows/1/stop", how="drain")
    airflow.wait_for(lambda: "ends when what runs is over" in said_by_engine(airflow), within=30)
    assert view.names("RUNNING") == ["wait_number-0"]
    may_end(0)
    airflow.wait_for(third.has_ended, within=90)
    assert third.state() == "failed"
    assert view.names("DONE") == ["wait_number-0"]
    assert len(view.names("PENDING")) == 3


def workflow_is_there(airflow):
    with closing(sqlite3.connect(airflow.home.folder / "jobmon.db")) as connection:
        return connection.execute(
            "SELECT count(*) FROM workflow WHERE created_date IS NOT NULL"
        ).fetchone() == (1,)


def said_by_engine(airflow):
    """What the runs of the DAG have logged so far."""
    return "\n".join(run.log("run") for run in airflow.api.runs("acted.upon"))
