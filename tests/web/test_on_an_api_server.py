"""The view on a real API server: with Airflow's simple auth manager, and with FabAuthManager below a path."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from jobmon_airflow.testing.airflow_api import AirflowApi
from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import LocalAirflow
from tests.faces import stored
from tests.workflows import close

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobmon_airflow import Workflow

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

RUN = "manual__2026-11-27T10:00:00+00:00"
PASSWORD = "none that is good"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"

# The reader may see runs of one DAG. Airflow's simple manager knows no such rights; of a role of FAB they are rights.
ONE_DAG = """
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

class OneDag(SimpleAuthManager):
    def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
        if user.username == "reader" and details and details.id not in {None, "study"}:
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
"""
FAB_USERS = """
import sys
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

RIGHTS = [("can_read", "DAG:study"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"),
          ("can_read", "Task Logs"), ("can_read", "Website")]
with get_application_builder() as builder:
    manager = builder.sm
    manager.sync_roles()
    manager.add_role("Reader")
    manager.add_role("Nothing")
    for action, resource in RIGHTS:
        manager.add_permission_to_role(manager.find_role("Reader"), manager.create_permission(action, resource))
    for name, role in (("admin", "Admin"), ("viewer", "Viewer"), ("reader", "Reader"), ("nobody", "Nothing")):
        made = manager.add_user(
            username=name, first_name=name, last_name=name, email=name + "@localhost",
            role=manager.find_role(role), password=sys.argv[1],
        )
        assert made, name
"""


class Home(AirflowHome):
    """One whose auth manager is ours."""

    def environment(self):
        return super().environment() | {"PYTHONPATH": str(self.folder)}

    def passwords(self):
        return dict.fromkeys(("admin", "viewer", "reader", "nobody"), PASSWORD)


def simple(folder: Path) -> Home:
    users = "admin:admin,viewer:viewer,reader:viewer,nobody:"
    home = Home(
        folder, options={"core.simple_auth_manager_users": users, "core.auth_manager": "one_dag.OneDag"}
    )
    home.configure()
    (folder / "one_dag.py").write_text(ONE_DAG)
    home.cli("db", "migrate")
    return home


def fab(folder: Path) -> Home:
    options = {"core.auth_manager": FAB, "fab.enable_proxy_fix": "False"}
    home = Home(folder, options=options, path="/air/flow")
    home.configure()
    home.cli("db", "migrate")
    subprocess.run(
        [sys.executable, "-c", FAB_USERS, PASSWORD],
        env=home.environment(),
        check=True,
        capture_output=True,
        timeout=180,
    )
    return home


@pytest.fixture(scope="module", params=[simple, fab], ids=["simple", "fab"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAirflow]:
    """An API server, and nothing else of Airflow."""
    home = request.param(tmp_path_factory.mktemp("served"))
    airflow = LocalAirflow(home)
    airflow.api = AirflowApi(home.url, "admin", PASSWORD)
    try:
        airflow.start("api-server")
        yield airflow
    finally:
        airflow.stop()
        airflow.api.close()


@pytest.fixture(scope="module")
def workflow(served: LocalAirflow) -> Iterator[Workflow]:
    """A workflow that failed in a run of the DAG ``study``, and one of a DAG that the reader may not see."""
    url = served.home.jobmon_url
    workflow, other = stored.failed_workflow(url, "<script>alert(1)</script>"), stored.failed_workflow(url)
    stored.acted_for(workflow, "study", RUN)
    stored.acted_for(other, "secret", RUN)
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
            login = {"username": user, "password": PASSWORD}
            token = found.post("/auth/token", json=login).raise_for_status().json()["access_token"]
            if by_cookie:
                found.cookies.set("_token", token)
            else:
                found.headers["Authorization"] = f"Bearer {token}"
        return found

    yield client
    for each in made:
        each.close()


PLACES = ["/", "/workflow/1", "/api/v1/workflows", "/api/v1/workflows/1", "/tables/", "/tables/task/list/"]


@pytest.mark.parametrize("place", [*PLACES, "/tables/task/csv/", "/tables/static/tables.css", "/assets/x.js"])
def test_nobody_sees_anything_without_a_login_or_the_right(client, workflow, place):
    assert client().get(f"/jobmon{place}").status_code == 401
    assert client("nobody").get(f"/jobmon{place}").status_code == 403


@pytest.mark.parametrize("by_cookie", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_a_viewer_sees_it(client, workflow, place, by_cookie):
    answer = client("viewer", by_cookie=by_cookie).get(f"/jobmon{place}")

    # Without a front end, which a checkout may not have built, the pages say so.
    assert answer.status_code == 200 or "make frontend" in answer.text


def test_who_may_see_one_dag_sees_the_workflows_that_it_ran_and_their_rows(client, workflow):
    reader, viewer = client("reader"), client("viewer")
    ours, theirs = workflow.workflow_id, workflow.workflow_id + 1

    listed = reader.get("/jobmon/api/v1/workflows").json()["items"]
    assert [row["id"] for row in listed] == [ours]
    assert reader.get(f"/jobmon/api/v1/workflows/{ours}").status_code == 200
    assert reader.get(f"/jobmon/api/v1/workflows/{theirs}").status_code == 403
    assert ids(reader, "workflow") == {str(ours)}
    assert ids(viewer, "workflow") == {str(ours), str(theirs)}
    assert len(ids(reader, "task")) == len(ids(viewer, "task")) / 2 == 4
    assert reader.get("/jobmon/tables/node/list/").status_code == 403
    assert viewer.get("/jobmon/tables/node/list/").status_code == 200


def ids(client: httpx.Client, table: str) -> set[str]:
    page = client.get(f"/jobmon/tables/{table}/list/", params={"limit": 500}).text
    return set(re.findall(rf"/jobmon/tables/{table}/show/(\w+)", page))


def test_the_tables_know_where_they_are(client, served, workflow):
    page = client("viewer").get("/jobmon/tables/workflow/list/")

    addresses = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert (page.status_code, len(addresses) > 5) == (200, True)
    assert [each for each in addresses if not each.startswith(f"{served.home.path}/jobmon/")] == []
    assert client("viewer").get(addresses[0].removeprefix(served.home.path)).status_code == 200


def test_appbuilder_keeps_nothing_in_cookies(client, workflow):
    assert "set-cookie" not in client("viewer").get("/jobmon/tables/task/list/").headers


def test_airflow_s_pages_know_where_ours_are(served):
    [plugin] = [it for it in served.api.get("/plugins")["plugins"] if it["name"] == "jobmon"]
    at = f"{served.home.path}/jobmon"

    assert [(view["destination"], view["href"]) for view in plugin["external_views"]] == [
        ("nav", f"{at}/"),
        ("nav", f"{at}/tables/"),
        ("dag", f"{at}/dag?dag_id={{DAG_ID}}"),
        ("dag_run", f"{at}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"),
        ("task", f"{at}/dag?dag_id={{DAG_ID}}&task_id={{TASK_ID}}"),
        (
            "task_instance",
            f"{at}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}",
        ),
    ]
    routes = [view["url_route"] for view in plugin["external_views"]]
    assert len(set(routes)) == len(routes)
    assert served.api.get("/plugins/importErrors")["import_errors"] == []


def test_a_run_leads_to_its_workflow(client, served, workflow):
    viewer = client("viewer")

    for more in ("", "&task_id=run&map_index=-1", "&task_id=run&map_index={MAP_INDEX}"):
        answer = viewer.get(f"/jobmon/run?dag_id=study&run_id={RUN.replace('+', '%2B')}{more}")
        assert answer.status_code == 307
        assert answer.next_request.url.path == f"{served.home.path}/jobmon/workflow/{workflow.workflow_id}"


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


def test_the_page_about_the_view_says_what_works(served, workflow, client):
    """Its questions to the API are typed as they are printed."""
    from tests.docs.pages import ROOT, blocks

    token = client("admin").headers["Authorization"].removeprefix("Bearer ")
    told = {
        "AIRFLOW": served.home.url,
        "NAME": "admin",
        "PASSWORD": PASSWORD,
        "TOKEN": token,
    }
    asked = [
        line
        for block in blocks(ROOT / "docs" / "view.md")
        if block.kind == "sh"
        for line in block.text.splitlines()
        if line.startswith("curl ")
    ]

    assert len(asked) > 5
    for line in asked:
        done = subprocess.run(
            ["bash", "-c", line.replace("curl -s ", "curl -sf --noproxy '*' ", 1)],
            env=served.home.environment() | told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert done.stdout.startswith(("{", "id,")), line
