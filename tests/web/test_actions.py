"""Acting on workflows over the API: who may, what comes of it, and that it is kept who did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.engine import claims
from jobmon_airflow.store import tasks as stored
from jobmon_airflow.store import workflows
from jobmon_airflow.store.database import Database
from tests.web.conftest import API, CHANGE

MAY = {"admin": True, "editor": True, "owner": True, "viewer": False, "reader": False, "nobody": False}


@pytest.fixture
def database(own):
    database = Database.open(own.url)
    yield database
    database.close()


@pytest.fixture
def post(client):
    def post(user, path, body, **headers):
        return client(user).post(f"{API}{path}", json=body, headers={**CHANGE, **headers})

    return post


@pytest.fixture
def failed(client, own):
    """The task that failed."""
    [found] = client("admin").get(f"{API}/workflows/{own.study}/tasks?status=FATAL").json()["items"]
    return found["id"]


def statuses(database, workflow_id):
    with database.read() as connection:
        return sorted(stored.statuses(connection, workflow_id).values())


def limit(database, workflow_id):
    with database.read() as connection:
        return workflows.limits(connection, workflow_id)[0]


def actions(client, workflow_id):
    found = client("admin").get(f"{API}/workflows/{workflow_id}/actions").json()["items"]
    return [(it["user"], it["action"]) for it in found]


def is_run(database, workflow_id):
    """Let somebody run it now."""
    at = datetime.now(UTC)
    database.write(lambda it: claims.take(it, workflow_id, at, resume=True, lease=timedelta(seconds=60)))


@pytest.mark.parametrize("user", MAY)
def test_who_may_edit_the_dag_or_ran_the_workflow_may_act_on_it(post, client, own, database, user):
    before = limit(database, own.study)

    answer = post(user, f"/workflows/{own.study}/limit", {"limit": 0})

    assert answer.status_code == (200 if MAY[user] else 403)
    assert limit(database, own.study) == (0 if MAY[user] else before)
    assert actions(client, own.study) == ([(user, "limit")] if MAY[user] else [])


@pytest.mark.parametrize("path", ["done", "again"])
@pytest.mark.parametrize("user", MAY)
def test_the_same_may_change_its_tasks(post, own, database, failed, user, path):
    before = statuses(database, own.study)

    answer = post(user, f"/tasks/{failed}/{path}", {})

    assert answer.status_code == (200 if MAY[user] else 403)
    assert (statuses(database, own.study) != before) is MAY[user]


def test_the_editor_of_one_dag_changes_nothing_of_another(post, own, database):
    assert post("editor", f"/workflows/{own.secret}/limit", {"limit": 0}).status_code == 403
    assert limit(database, own.secret) > 0


def test_a_request_of_another_site_changes_nothing(post, client, own, database):
    before = limit(database, own.study)
    path = f"/workflows/{own.study}/limit"

    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"X-Jobmon-Request": "0"},
    ):
        assert post("admin", path, {"limit": 0}, **headers).status_code == 403, headers
    form = client("admin", by_cookie=True).post(f"{API}{path}", data={"limit": "0"})
    assert form.status_code == 415

    assert limit(database, own.study) == before


def test_a_template_is_paused_and_goes_on(post, own):
    path = f"/workflows/{own.study}/limit"

    paused = post("admin", path, {"limit": 0, "template": "good"}).json()
    goes_on = post("admin", path, {"limit": 2**31 - 1, "template": "good"}).json()

    assert paused["message"] == "Paused: of template 'good' nothing more begins."
    assert goes_on["message"].startswith("No limit")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("limit", {}),
        ("limit", {"limit": -1}),
        ("limit", {"limit": 2**31}),
        ("limit", {"limit": "3"}),
        ("limit", {"limit": 1.5}),
        ("limit", {"limit": True}),
        ("limit", {"limit": None}),
        ("limit", {"limit": 1, "more": 1}),
        ("stop", {}),
        ("stop", {"how": "now"}),
        ("resume", {"how": "lukewarm"}),
        ("resume", {"timeout": 0}),
        ("resume", {"timeout": 1e99}),
        ("resume", {"command": "rm -rf /"}),
        ("limit", []),
    ],
)
def test_orders_without_a_meaning_are_refused(post, own, path, body):
    answer = post("admin", f"/workflows/{own.study}/{path}", body)

    assert answer.status_code == 422
    assert answer.json()["problem"]


def test_a_template_that_is_not_there_is_said_so(post, own):
    answer = post("admin", f"/workflows/{own.study}/limit", {"limit": 1, "template": "<script>"})

    assert answer.status_code == 404
    assert answer.json()["remedy"] == "Choose one of after, bad, good."


def test_a_limit_for_a_template_with_nul_is_no_error_of_ours(post, own):
    assert post("admin", f"/workflows/{own.study}/limit", {"limit": 1, "template": "a\0b"}).status_code == 404


@pytest.mark.parametrize("how", ["drain", "kill"])
def test_a_workflow_that_nobody_runs_is_not_stopped(post, own, how):
    answer = post("admin", f"/workflows/{own.study}/stop", {"how": how})

    assert answer.status_code == 409
    assert "Nobody runs workflow" in answer.json()["problem"]


@pytest.mark.parametrize("how", ["drain", "kill"])
def test_a_workflow_that_is_run_is_stopped(post, client, own, database, how):
    is_run(database, own.study)

    answer = post("editor", f"/workflows/{own.study}/stop", {"how": how})

    assert answer.status_code == 200
    assert answer.json()["is_heard_later"] is True
    assert actions(client, own.study) == [("editor", f"stop: {how}")]


@pytest.mark.parametrize("path", ["done", "again"])
def test_tasks_of_a_workflow_that_is_run_are_left_alone(post, own, database, failed, path):
    is_run(database, own.study)
    before = statuses(database, own.study)

    answer = post("admin", f"/tasks/{failed}/{path}", {})

    assert answer.status_code == 409
    assert "Stop it first" in answer.json()["remedy"]
    assert statuses(database, own.study) == before


def test_a_task_is_marked_as_done_and_the_next_resume_goes_on_behind_it(post, client, own, failed):
    answer = post("admin", f"/tasks/{failed}/done", {})

    assert answer.json()["tasks"] == 1
    assert client("admin").get(f"{API}/tasks/{failed}").json()["status"] == "DONE"
    plan = client("admin").get(f"{API}/workflows/{own.study}/plan").json()
    assert {it["template"]: it["again"] for it in plan["templates"]} == {"good": 0, "bad": 0, "after": 1}


def test_tasks_that_are_done_run_again(post, client, own, database):
    [first, _] = client("admin").get(f"{API}/workflows/{own.study}/tasks?template=good").json()["items"]

    alone = post("admin", f"/tasks/{first['id']}/again", {"downstream": False}).json()

    assert alone["tasks"] == 1
    plan = client("admin").get(f"{API}/workflows/{own.study}/plan?how=cold").json()
    assert {it["template"]: it["again"] for it in plan["templates"]} == {"good": 1, "bad": 1, "after": 1}
    assert actions(client, own.study) == [("admin", "run again")]


def test_a_plan_is_shown_to_whoever_may_see_the_workflow(client, own):
    for how in ("hot", "cold"):
        plan = client("viewer").get(f"{API}/workflows/{own.study}/plan?how={how}").json()
        assert (plan["again"], plan["adopted"], plan["skipped"]) == (2, 0, 2)
        assert plan["requests"][0]["requested"]["cluster"] == "sequential"
        assert (plan["is_complete"], plan["held_by"]) == (False, None)
    assert client("viewer").get(f"{API}/workflows/{own.study}/plan?how=warm").status_code == 422


def test_a_workflow_that_is_done_is_not_resumed(post, own):
    answer = post("owner", f"/workflows/{own.done}/resume", {})

    assert answer.status_code == 409
    assert "nothing is left to run" in answer.json()["problem"]


def test_a_workflow_that_no_dag_runs_is_answered_with_what_to_type(post, own, airflow_tables):
    answer = post(
        "owner", f"/workflows/{own.study}/resume", {"how": "cold", "fail_fast": True, "timeout": 60}
    )

    assert answer.status_code == 200
    assert answer.json()["command"] == (
        f"airflow jobmon workflow resume {own.study} --here --cold --fail-fast --execution-timeout 60"
    )
    assert (answer.json()["dag_id"], answer.json()["run_id"]) == (None, None)


@pytest.fixture
def airflow_tables(airflow):
    """All tables of Airflow's own, with nothing in them."""
    from airflow import settings
    from airflow.models import import_all_models
    from airflow.models.base import Base

    import_all_models()
    Base.metadata.create_all(settings.engine)


def test_what_was_ordered_is_listed_in_csv_too(post, client, own):
    post("admin", f"/workflows/{own.study}/limit", {"limit": 3})

    text = client("viewer").get(f"{API}/workflows/{own.study}/actions?format=csv").text

    assert text.splitlines()[0].startswith("id,workflow_run_id,task_id,user,action")
    assert "at most 3 tasks" in text
