"""Tasks, attempts, neighbours and logs over the API."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.conftest import API


@pytest.fixture
def ask(client):
    viewer = client("viewer")

    def ask(path, **query):
        answer = viewer.get(f"{API}{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def tasks(ask, filled):
    """The tasks of the workflow that failed, by template: good (twice), bad, after."""
    return ask(f"/workflows/{filled.study}/tasks")["items"]


def of(tasks, template):
    return [task for task in tasks if task["template"] == template]


def test_tasks_are_listed_with_all_that_a_table_shows(tasks):
    assert [task["template"] for task in tasks] == ["good", "good", "bad", "after"]
    [bad] = of(tasks, "bad")
    assert (bad["status"], bad["bucket"], bad["attempts"], bad["max_attempts"]) == (
        "ERROR_FATAL",
        "FATAL",
        1,
        1,
    )
    assert of(tasks, "good")[0]["node_args"] == {"number": "1"}
    assert bad["status_date"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize(
    ("query", "templates"),
    [
        ({"template": "good"}, ["good", "good"]),
        ({"template": "good,bad"}, ["good", "good", "bad"]),
        ({"template!": "good"}, ["bad", "after"]),
        ({"status": "FATAL"}, ["bad"]),
        ({"status!": "DONE,FATAL"}, ["after"]),
        ({"name": "AFT"}, ["after"]),
        ({"name!": "aft", "template!": "good"}, ["bad"]),
        ({"arg.number": "2"}, ["good"]),
        ({"arg.number": "1,2"}, ["good", "good"]),
        ({"arg.number!": "1"}, ["good", "bad", "after"]),
        ({"arg.other": "1"}, []),
        ({"template": "<script>"}, []),
    ],
)
def test_tasks_are_filtered(ask, filled, query, templates):
    found = ask(f"/workflows/{filled.study}/tasks", **query)

    assert [task["template"] for task in found["items"]] == templates


def test_tasks_are_filtered_by_id_and_by_group_of_errors(ask, filled, tasks, url):
    from tests.web import routes

    group = routes.values(url, filled.study)["group"]
    wanted = f"{tasks[0]['id']},{tasks[3]['id']}"

    assert [it["id"] for it in ask(f"/workflows/{filled.study}/tasks", id=wanted)["items"]] == [
        tasks[0]["id"],
        tasks[3]["id"],
    ]
    assert [it["template"] for it in ask(f"/workflows/{filled.study}/tasks", error=group)["items"]] == ["bad"]
    assert ask(f"/workflows/{filled.study}/tasks", error=group + 1000)["items"] == []
    assert ask(f"/workflows/{filled.study}/tasks", error=group, status="DONE")["items"] == []
    assert ask(f"/workflows/{filled.study}/tasks", error=group, id=tasks[0]["id"])["items"] == []


def test_pages_of_tasks_follow_each_other(ask, filled, tasks):
    first = ask(f"/workflows/{filled.study}/tasks", limit=3)
    second = ask(f"/workflows/{filled.study}/tasks", limit=3, after=first["next"])

    assert first["items"] + second["items"] == tasks
    assert second["next"] is None


def test_a_table_is_the_same_in_csv(client, filled, tasks):
    answer = client("viewer").get(f"{API}/workflows/{filled.study}/tasks?format=csv&limit=1")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [int(row["id"]) for row in rows] == [task["id"] for task in tasks]
    assert rows[2]["status"] == "ERROR_FATAL"


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "id=x",
        "id=1e3",
        "id=" + "9" * 30,
        "after=x",
        "limit=0",
        "limit=501",
        "error=0",
        "error=x",
    ],
)
def test_questions_without_a_meaning_are_refused(client, filled, query):
    answer = client("viewer").get(f"{API}/workflows/{filled.study}/tasks?{query}")

    assert answer.status_code == 422
    assert answer.json()["problem"]


def test_a_task_has_a_page(ask, filled, tasks):
    [bad] = of(tasks, "bad")

    header = ask(f"/tasks/{bad['id']}")

    assert header["workflow_id"] == filled.study
    assert "no such <b>file</b>" in header["command"], "it is text, and the page shows it as such"
    assert (header["upstream"]["count"], header["downstream"]["count"]) == (2, 1)
    assert header["upstream"]["counts"] == {"DONE": 2}
    assert (header["is_active"], header["may_act"]) == (False, False)


def test_who_may_act_on_a_task_is_told_so(client, tasks):
    def may(user):
        return client(user).get(f"{API}/tasks/{tasks[0]['id']}").json()["may_act"]

    assert {user: may(user) for user in ("admin", "editor", "owner", "reader", "viewer")} == {
        "admin": True,
        "editor": True,
        "owner": True,
        "reader": False,
        "viewer": False,
    }


def test_attempts_at_a_task_are_listed(ask, tasks):
    [bad] = of(tasks, "bad")

    [attempt] = ask(f"/tasks/{bad['id']}/attempts")["items"]

    assert (attempt["verdict"], attempt["evidence"]["exit_code"]) == ("application error", 3)
    assert "no such <b>file</b>" in attempt["error"]
    assert attempt["used"]["runtime"] > 0


def test_neighbours_are_paged_side_by_side(ask, tasks):
    [bad] = of(tasks, "bad")

    first = ask(f"/tasks/{bad['id']}/neighbours", side="upstream", limit=1)
    second = ask(f"/tasks/{bad['id']}/neighbours", side="upstream", limit=1, after=first["next"])
    down = ask(f"/tasks/{bad['id']}/neighbours", side="downstream")

    assert {it["template"] for it in (*first["items"], *second["items"])} == {"good"}
    assert first["items"] != second["items"]
    assert (first["count"], second["next"]) == (2, None)
    assert [it["template"] for it in down["items"]] == ["after"]


def test_what_an_attempt_said_is_read(ask, client, tasks):
    [bad] = of(tasks, "bad")
    [attempt] = ask(f"/tasks/{bad['id']}/attempts")["items"]

    err = ask(f"/attempts/{attempt['id']}/log/stderr")
    found = ask(f"/attempts/{attempt['id']}/log/stderr", find="SUCH")

    assert err["text"] == "no such <b>file</b> & 'folder'\n"
    assert (err["source"], err["is_growing"]) == ("kept", False)
    assert [match["offset"] for match in found["matches"]] == [3]
    assert client("viewer").get(f"{API}/attempts/{attempt['id']}/log/other").status_code == 422
    for query in ("limit=1", "limit=1048577", "offset=-1", "offset=x", "find=", "find=" + "x" * 201):
        assert client("viewer").get(f"{API}/attempts/{attempt['id']}/log/stderr?{query}").status_code == 422


def test_an_answer_that_is_known_is_not_sent_again(client, tasks):
    viewer = client("viewer")
    first = viewer.get(f"{API}/tasks/{tasks[0]['id']}")

    again = viewer.get(f"{API}/tasks/{tasks[0]['id']}", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/tasks/999999", "/tasks/999999/attempts", "/attempts/999999/log/stdout"])
def test_what_is_not_there_is_said_so(client, filled, path):
    answer = client("viewer").get(f"{API}{path}")

    assert answer.status_code == 404
    assert "There is no" in answer.json()["problem"]
