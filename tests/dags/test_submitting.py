"""What a script hears from Airflow's API server when something is not as it should be.

The server is one that answers what the test says; with a real one: tests/airflow/test_submit.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobmon_airflow.dags import submitting
from jobmon_airflow.dags.api import AirflowApi
from jobmon_airflow.dags.submitting import Submission, api_named
from jobmon_airflow.errors import (
    AirflowRefused,
    AirflowUnreachable,
    InvalidDefinition,
    WorkflowAlreadyExists,
    WorkflowTimeout,
)
from jobmon_airflow.settings import Api
from jobmon_airflow.testing.airflow_home import free_port
from tests.workflows import three_phases

DAG = "/api/v2/dags/health.three_phases"


class Server:
    """Answers requests as it was told; the last answer to a question stands."""

    def __init__(self):
        self.answers, self.asked, self.tokens = {}, [], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.asked.append((self.command, self.path, json.loads(body) if body else None))
                server.tokens.append(self.headers.get("Authorization"))
                answers = server.answers.get((self.command, self.path), [(404, {"detail": "not found"})])
                status, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", content)
                self.end_headers()
                self.wfile.write(
                    content.encode() if isinstance(content, str) else json.dumps(content).encode()
                )

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def says(self, method, path, *answers):
        self.answers[method, path] = list(answers)

    def shows_the_dag(self):
        """As the bundle would make it."""
        tasks = {"run": [], "transform": ["aggregate"], "aggregate": ["summarize"], "summarize": []}
        self.says("GET", DAG, (200, {"is_stale": False, "relative_fileloc": "health.three_phases.py"}))
        rows = [{"task_id": task_id, "downstream_task_ids": behind} for task_id, behind in tasks.items()]
        self.says("GET", f"{DAG}/tasks", (200, {"tasks": rows}))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(submitting, "LOOK_EVERY", 0.01)
    with Server() as server:
        yield server


def triggered(server):
    return [body for method, path, body in server.asked if (method, path) == ("POST", f"{DAG}/dagRuns")]


def test_what_was_asked_for_is_told_to_the_run(lite, server):
    workflow = three_phases(lite)
    server.shows_the_dag()
    server.says("POST", f"{DAG}/dagRuns", (200, {}))

    submission = workflow.submit(api_url=f"{server.url}/", token="secret", fail_fast=True, cold=True)

    (body,) = triggered(server)
    assert body["conf"] == {
        "workflow_id": workflow.workflow_id,
        "cold": True,
        "increase_resources": True,
        "fail_fast": True,
        "seconds_until_timeout": 36_000.0,
    }
    assert body["dag_run_id"] == submission.run_id == f"workflow_{workflow.workflow_id}_1"
    assert set(server.tokens) == {"Bearer secret"}
    assert submission.url == f"{server.url}/dags/health.three_phases/runs/{submission.run_id}"
    assert "secret" not in repr(submission)


def test_the_dag_is_waited_for_until_it_has_the_workflows_templates(lite, server):
    workflow = three_phases(lite)
    server.shows_the_dag()
    shown = server.answers["GET", f"{DAG}/tasks"]
    server.answers["GET", f"{DAG}/tasks"] = [(200, {"tasks": []}), *shown]
    server.answers["GET", DAG] = [(404, {}), (200, {"is_stale": True}), *server.answers["GET", DAG]]
    server.says("POST", f"{DAG}/dagRuns", (200, {}))

    workflow.submit(api_url=server.url, token="secret")

    assert [path for _, path, _ in server.asked].count(f"{DAG}/tasks") == 2


def test_a_dag_file_of_that_name_need_not_look_like_the_workflow(lite, server):
    server.says("GET", DAG, (200, {"is_stale": False, "relative_fileloc": "mine.py"}))
    server.says("POST", f"{DAG}/dagRuns", (200, {}))

    three_phases(lite).submit(api_url=server.url, token="secret")

    assert len(triggered(server)) == 1


def test_a_run_that_is_there_and_ended_is_followed_by_another(lite, server):
    workflow = three_phases(lite).bind()
    server.shows_the_dag()
    server.says("POST", f"{DAG}/dagRuns", (409, {}), (200, {}))
    server.says("GET", f"{DAG}/dagRuns/workflow_{workflow.workflow_id}_1", (200, {"state": "failed"}))

    submission = workflow.submit(api_url=server.url, token="secret")

    assert submission.run_id == f"workflow_{workflow.workflow_id}_2"


def test_tasks_that_ask_functions_cannot_be_handed_over(lite, server):
    workflow = three_phases(lite)
    ask = workflow.tool.get_task_template("ask", "true {it}", node_args=["it"])
    workflow.add_task(ask.create_task(it=1, compute_resources=lambda: {"memory": "1G"}))

    with pytest.raises(InvalidDefinition, match="in this script alone"):
        workflow.submit(api_url=server.url, token="secret")

    assert server.asked == []


def test_what_was_begun_is_not_submitted_as_if_it_were_new(lite, server):
    workflow = three_phases(lite, script="false", locations=1)
    workflow.run()

    with pytest.raises(WorkflowAlreadyExists, match=r"submit\(resume=True\)"):
        three_phases(lite, script="false", locations=1).submit(api_url=server.url, token="secret")


# --- the API server -------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_told_with_its_address():
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(AirflowUnreachable, match=rf"{url} does not answer[^$]*AIRFLOW__JOBMON__API_URL"):
        AirflowApi(Api(url=url, token="x")).dag("a")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "airflow.org", ""])
def test_only_web_addresses_are_asked(url):
    with pytest.raises(AirflowUnreachable, match="is no address"):
        AirflowApi(Api(url=url, token="x"))


def test_a_token_is_asked_for_once_and_again_when_it_has_expired(server):
    server.says("POST", "/auth/token", (201, {"access_token": "one"}), (201, {"access_token": "two"}))
    server.says("GET", "/api/v2/dags/a", (200, {}), (401, {}), (200, {}))
    api = AirflowApi(Api(url=server.url, username="ada", password="pw"))

    api.dag("a"), api.dag("a")

    assert server.tokens == [None, "Bearer one", "Bearer one", None, "Bearer two"]
    assert server.asked[0] == ("POST", "/auth/token", {"username": "ada", "password": "pw"})


def test_an_airflow_that_asks_nobody_gives_a_token_to_anybody(server):
    server.says("GET", "/auth/token", (201, {"access_token": "open"}))
    server.says("GET", "/api/v2/dags/a", (200, {"dag_id": "a"}))

    assert AirflowApi(Api(url=server.url)).dag("a") == {"dag_id": "a"}


def test_without_a_token_one_hears_how_to_name_one(server):
    with pytest.raises(AirflowRefused, match="AIRFLOW__JOBMON__API_TOKEN"):
        AirflowApi(Api(url=server.url)).dag("a")


def test_a_token_that_may_not_is_told(server):
    server.says("GET", "/api/v2/dags/a", (403, {"detail": "Forbidden"}))

    with pytest.raises(AirflowRefused, match=r"403 Forbidden[^$]*right to trigger"):
        AirflowApi(Api(url=server.url, token="x")).dag("a")


def test_a_token_does_not_follow_to_another_server(server):
    with Server() as other:
        server.says("GET", "/api/v2/dags/a", (307, f"{other.url}/api/v2/dags/a"))

        with pytest.raises(AirflowRefused, match="307"):
            AirflowApi(Api(url=server.url, token="x")).dag("a")

        assert other.asked == []


def test_names_are_quoted_in_addresses(server):
    assert AirflowApi(Api(url=server.url, token="x")).run("a/b", "manual__1+00:00") is None

    assert server.asked[0][1] == "/api/v2/dags/a%2Fb/dagRuns/manual__1%2B00%3A00"


def test_a_page_of_a_proxy_is_told_in_short(server):
    server.says("GET", "/api/v2/dags/a", (502, "<html>Bad gateway" + "x" * 1000))

    with pytest.raises(AirflowRefused, match="502 <html>Bad gateway") as raised:
        AirflowApi(Api(url=server.url, token="x")).dag("a")

    assert len(str(raised.value)) < 500


def test_arguments_come_before_settings(monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__API_URL", "http://said")
    monkeypatch.setenv("AIRFLOW__JOBMON__API_TOKEN", "said")

    assert api_named(None, None, None, None) == Api(url="http://said", token="said")
    assert api_named("http://given/", "given", None, None) == Api(url="http://given", token="given")
    # Whoever names a user does not want somebody else's token.
    assert api_named(None, None, "ada", "pw") == Api(url="http://said", username="ada", password="pw")


# --- afterwards -------------------------------------------------------------------------------------------------------


def submission(server):
    api = AirflowApi(Api(url=server.url, token="x"))
    return Submission(workflow_id=1, dag_id="health.three_phases", run_id="r", _api=api)


def test_the_end_is_waited_for(server):
    states = ["queued", "running", "failed"]
    server.says("GET", f"{DAG}/dagRuns/r", *((200, {"state": state}) for state in states))

    assert submission(server).wait() == "failed"
    assert len(server.asked) == 3


def test_who_waits_too_short_hears_where_it_goes_on(server):
    server.says("GET", f"{DAG}/dagRuns/r", (200, {"state": "running"}))

    with pytest.raises(WorkflowTimeout, match=r"is running after 0\.05 seconds[^$]*runs/r"):
        submission(server).wait(0.05)


def test_a_run_that_was_deleted_is_told(server):
    with pytest.raises(AirflowRefused, match="somebody deleted it"):
        submission(server).wait()


def test_a_server_that_is_away_for_a_while_is_waited_for(server, monkeypatch):
    monkeypatch.setattr(submitting, "SILENCE", 0.2)
    here = submission(server)
    url, here._api.url = here._api.url, f"http://127.0.0.1:{free_port()}"
    server.says("GET", f"{DAG}/dagRuns/r", (200, {"state": "success"}))
    timer = threading.Timer(0.05, lambda: setattr(here._api, "url", url))
    timer.start()

    assert here.wait() == "success"
    timer.join()


def test_a_server_that_stays_away_is_given_up(server, monkeypatch):
    monkeypatch.setattr(submitting, "SILENCE", 0.05)
    here = submission(server)
    here._api.url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(AirflowUnreachable):
        here.wait()


def test_a_script_that_submits_imports_no_airflow():
    statement = "import jobmon_airflow.dags.submitting, sys; print('airflow' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
