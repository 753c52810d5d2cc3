"""The pages on a real API server: who may see them, what they say, and that they cannot be made to say more."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.testing.airflow_api import AirflowApi
from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import LocalAirflow
from tests.faces import stored
from tests.workflows import close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow import Workflow

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

RUN = "manual__2026-11-27T10:00:00+00:00"
ROUTES = ["/jobmon/", "/jobmon/workflow/1", "/jobmon/workflow/999", f"/jobmon/run?dag_id=study&run_id={RUN}"]
USERS = "admin:admin,viewer:viewer,reader:viewer,nobody:"

# As with roles that name single DAGs, which Airflow's simple manager does not know: the reader may see one DAG.
MANAGER = """
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

class OneDag(SimpleAuthManager):
    def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
        if user.username == "reader" and details and details.id not in {None, "study"}:
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
"""


class Home(AirflowHome):
    def environment(self):
        return super().environment() | {"PYTHONPATH": str(self.folder)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """An API server, and nothing else of Airflow."""
    options = {"core.simple_auth_manager_users": USERS, "core.auth_manager": "one_dag.OneDag"}
    home = Home(tmp_path_factory.mktemp("served"), options=options)
    home.configure()
    (home.folder / "one_dag.py").write_text(MANAGER)
    passwords = {**home.passwords(), "nobody": "nothing", "reader": "something"}
    (home.folder / "simple_auth_manager_passwords.json.generated").write_text(json.dumps(passwords))
    home.cli("db", "migrate")
    airflow = LocalAirflow(home)
    airflow.api = AirflowApi(home.url, "admin", passwords["admin"])
    try:
        airflow.start("api-server")
        yield airflow
    finally:
        airflow.stop()
        airflow.api.close()


@pytest.fixture(scope="module")
def workflow(served: LocalAirflow) -> Iterator[Workflow]:
    """A workflow that failed in a run of the DAG ``study``."""
    url = served.home.jobmon_url
    workflow = stored.failed_workflow(url, "<script>alert(1)</script>")
    stored.acted_for(workflow, "study", RUN)
    yield workflow
    close(url)


@pytest.fixture
def client(served: LocalAirflow):
    """Makes HTTP clients: anonymous ones, and of users."""
    made = []

    def client(user: str | None = None, *, by_cookie: bool = False) -> httpx.Client:
        found = httpx.Client(base_url=served.home.url, trust_env=False, timeout=60)
        made.append(found)
        if user:
            passwords = json.loads(
                (served.home.folder / "simple_auth_manager_passwords.json.generated").read_text()
            )
            login = {"username": user, "password": passwords[user]}
            token = found.post("/auth/token", json=login).raise_for_status().json()["access_token"]
            if by_cookie:
                found.cookies.set("_token", token)
            else:
                found.headers["Authorization"] = f"Bearer {token}"
        return found

    yield client
    for each in made:
        each.close()


# --- who may see them -------------------------------------------------------------------------------------------


def test_every_route_is_tried_below(served):
    script = "from jobmon_airflow.web.app import create_app; print(*[it.path for it in create_app().routes])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=served.home.environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.splitlines()[-1].split()) == {"/", "/workflow/{workflow_id}", "/run"}


@pytest.mark.parametrize("path", ROUTES)
def test_nobody_sees_anything_without_a_login(client, workflow, path):
    answer = client().get(path)

    assert answer.status_code == 401
    assert "faces" not in answer.text
    assert "no such" not in answer.text


@pytest.mark.parametrize("path", ROUTES)
def test_a_token_that_is_none_opens_nothing(client, workflow, path):
    anybody = client()

    assert anybody.get(path, headers={"Authorization": "Bearer x.y.z"}).status_code in {401, 403}
    anybody.cookies.set("_token", "x.y.z")
    assert anybody.get(path).status_code in {401, 403}


@pytest.mark.parametrize("path", ROUTES)
def test_a_user_without_rights_sees_nothing(client, workflow, path):
    answer = client("nobody").get(path)

    assert answer.status_code == 403
    assert "faces" not in answer.text


@pytest.mark.parametrize("by_cookie", [True, False])
def test_a_viewer_sees_the_pages(client, workflow, by_cookie):
    viewer = client("viewer", by_cookie=by_cookie)

    assert viewer.get("/jobmon/").status_code == 200
    assert viewer.get(f"/jobmon/workflow/{workflow.workflow_id}").status_code == 200


def test_who_may_see_one_dag_sees_the_workflows_that_it_ran(client, served, workflow):
    other = stored.failed_workflow(served.home.jobmon_url, "other")
    stored.acted_for(other, "secret", RUN)
    reader, viewer = client("reader"), client("viewer")

    assert f'workflow/{workflow.workflow_id}"' in reader.get("/jobmon/").text
    assert reader.get(f"/jobmon/workflow/{workflow.workflow_id}").status_code == 200
    assert f'workflow/{other.workflow_id}"' not in reader.get("/jobmon/").text
    assert reader.get(f"/jobmon/workflow/{other.workflow_id}").status_code == 403
    assert reader.get("/jobmon/run", params={"dag_id": "secret", "run_id": RUN}).status_code == 403
    assert f'workflow/{other.workflow_id}"' in viewer.get("/jobmon/").text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(client, workflow, method):
    admin = client("admin")

    for path in ("/jobmon/", f"/jobmon/workflow/{workflow.workflow_id}", "/jobmon/run"):
        assert admin.request(method, path).status_code == 405


@pytest.mark.parametrize("path", ["/jobmon/docs", "/jobmon/redoc", "/jobmon/openapi.json"])
def test_there_are_no_pages_beside_ours(client, served, path):
    assert client("admin").get(path).status_code == 404


# --- what they say ----------------------------------------------------------------------------------------------


def test_the_first_page_lists_workflows(client, workflow):
    page = client("viewer").get("/jobmon/").text

    assert f'<a href="workflow/{workflow.workflow_id}">' in page
    assert "looked at" in page
    assert "FAILED" in page


def test_a_workflow_s_page_says_what_failed(client, workflow):
    page = client("viewer").get(f"/jobmon/workflow/{workflow.workflow_id}").text

    assert page.index("<td>good</td>") < page.index("<td>bad</td>") < page.index("<td>after</td>")
    assert "1 task of 4 failed for good" in page
    assert f"airflow jobmon workflow resume {workflow.workflow_id}" in page


def test_a_run_leads_to_its_workflow(client, workflow):
    viewer = client("viewer")

    for more in ("", "&task_id=run&map_index=-1", "&task_id=run&map_index={MAP_INDEX}", "&task_id=other"):
        answer = viewer.get(f"/jobmon/run?dag_id=study&run_id={RUN.replace('+', '%2B')}{more}")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"workflow/{workflow.workflow_id}"
        assert answer.next_request.url.path == f"/jobmon/workflow/{workflow.workflow_id}"


def test_what_is_not_there_is_said_so(client, workflow):
    viewer = client("viewer")

    assert viewer.get("/jobmon/workflow/999").status_code == 404
    nothing = viewer.get("/jobmon/run?dag_id=study&run_id=other")
    assert (nothing.status_code, "no Jobmon workflow" in nothing.text) == (404, True)
    senseless = viewer.get("/jobmon/workflow/<b>")
    assert (senseless.status_code, "<b>" in senseless.text) == (422, False)


def test_tables_that_do_not_answer_are_said_so_and_nothing_of_theirs(client, served, workflow):
    viewer = client("viewer")
    with sqlite3.connect(served.home.folder / "jobmon.db") as connection:
        connection.execute("PRAGMA legacy_alter_table=ON")
        connection.execute("ALTER TABLE workflow RENAME TO hidden")
    try:
        answer = viewer.get("/jobmon/")
    finally:
        with sqlite3.connect(served.home.folder / "jobmon.db") as connection:
            connection.execute("PRAGMA legacy_alter_table=ON")
            connection.execute("ALTER TABLE hidden RENAME TO workflow")

    assert answer.status_code == 503
    assert "SELECT" not in answer.text
    assert viewer.get("/jobmon/").status_code == 200


# --- and not more -----------------------------------------------------------------------------------------------


def test_texts_of_others_are_texts(client, workflow):
    viewer = client("viewer")

    for page in (viewer.get("/jobmon/").text, viewer.get(f"/jobmon/workflow/{workflow.workflow_id}").text):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
    assert "no such &lt;b&gt;file&lt;/b&gt;" in page
    asked = viewer.get("/jobmon/run", params={"dag_id": "<script>", "run_id": "<script>"})
    assert "<script>" not in asked.text


@pytest.mark.parametrize("path", [*ROUTES, "/jobmon/nothing", "/jobmon/workflow/x", "/jobmon/run"])
def test_every_answer_forbids_scripts_and_other_frames(client, workflow, path):
    for user in (None, "viewer"):
        headers = client(user).get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'self'"
        assert "script-src" not in policy
        assert "unsafe" not in policy["style-src"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


# --- in airflow's own pages -------------------------------------------------------------------------------------


def test_airflow_s_pages_know_where_ours_are(served):
    [plugin] = [it for it in served.api.get("/plugins")["plugins"] if it["name"] == "jobmon"]

    assert {view["destination"]: view["href"] for view in plugin["external_views"]} == {
        "nav": "/jobmon/",
        "dag_run": "/jobmon/run?dag_id={DAG_ID}&run_id={RUN_ID}",
        "task_instance": "/jobmon/run?dag_id={DAG_ID}&run_id={RUN_ID}&task_id={TASK_ID}&map_index={MAP_INDEX}",
    }
    assert served.api.get("/plugins/importErrors")["import_errors"] == []


def test_airflow_s_form_knows_our_connections(served):
    token = served.api.log_in()
    forms = httpx.get(
        f"{served.home.url}/ui/connections/hook_meta",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=60,
    ).json()
    ours = {form["connection_type"]: form for form in forms if form["connection_type"] in {"jobmon", "slurm"}}

    assert set(ours["slurm"]["extra_fields"]) >= {"transport", "partition", "account", "options", "token"}
    assert ours["slurm"]["extra_fields"]["token"]["schema"]["format"] == "password"
    assert set(ours["jobmon"]["extra_fields"]) == {"dialect", "url"}
    assert ours["jobmon"]["standard_fields"]["url_schema"]["title"] == "Database, or file of SQLite"


def test_a_workflow_is_shown_to_readers_of_its_family_s_dag(served, workflow):
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.web import service

    database = Database.open(served.home.jobmon_url)
    shown = service.workflow(database, workflow.workflow_id)
    database.close()

    assert shown.dag_ids == {"study", dag_id_of("faces", "looked at")}
