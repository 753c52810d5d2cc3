"""What the API says of workflows."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.conftest import API, OWNER, RUN


def listed(client, who="viewer", **query):
    answer = client(who).get(f"{API}/workflows", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(client, who="viewer", **query):
    return [row["id"] for row in listed(client, who, **query)["items"]]


# --- the list ---------------------------------------------------------------------------------------------------


def test_workflows_are_listed_newest_first(client, filled):
    page = listed(client)

    assert [row["id"] for row in page["items"]] == [filled.done, filled.secret, filled.study]
    assert page["next"] is None
    done, *_, study = page["items"]
    assert (study["tool"], study["name"], study["owner"]) == ("faces", "looked at", OWNER)
    assert study["args"] == "<script>alert(1)</script>"
    assert (study["status"], study["is_active"], study["tasks"], study["eta"]) == ("FAILED", False, 4, None)
    assert study["counts"] == {"PENDING": 1, "SCHEDULED": 0, "RUNNING": 0, "DONE": 2, "FATAL": 1}
    assert study["last_error"].startswith("no such <b>file</b>")
    assert study["spent"]["attempts"] == 3
    assert (done["status"], done["last_error"]) == ("DONE", None)
    assert 0 < done["spent"]["core_hours"] < 1


def test_who_may_see_one_dag_sees_its_workflows(client, filled):
    assert ids(client, "reader") == [filled.study]


def test_pages_follow_each_other(client, filled):
    first = listed(client, limit=2)
    second = listed(client, limit=2, after=first["next"])

    assert [row["id"] for row in first["items"]] == [filled.done, filled.secret]
    assert [row["id"] for row in second["items"]] == [filled.study]
    assert second["next"] is None


@pytest.mark.parametrize("after", ["nonsense", "WzFd0", "WyJhIl0", "W251bGxd", "WzFlNDAwXQ", "eyJhIjoxfQ"])
def test_a_cursor_of_another_list_is_refused(client, after):
    answer = client("viewer").get(f"{API}/workflows", params={"after": after})

    assert (answer.status_code, "cursor" in answer.json()["problem"]) == (422, True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"user": OWNER}, ["done", "secret", "study"]),
        ({"user": "somebody"}, []),
        ({"user!": f"somebody,{OWNER}"}, []),
        ({"tool": "calm"}, ["done"]),
        ({"tool!": "calm"}, ["secret", "study"]),
        ({"tool": "calm,faces"}, ["done", "secret", "study"]),
        ({"name": "LOOKED"}, ["secret", "study"]),
        ({"name": "%"}, []),
        ({"name!": "looked"}, ["done"]),
        ({"args": "script"}, ["study"]),
        ({"args!": "script,secret"}, ["done"]),
        ({"attribute": "release=7"}, ["done"]),
        ({"attribute": "release"}, ["done"]),
        ({"attribute": "release=8"}, []),
        ({"attribute!": "release"}, ["secret", "study"]),
        ({"status": "F"}, ["secret", "study"]),
        ({"status": "done,failed"}, ["done", "secret", "study"]),
        ({"status!": "FAILED"}, ["done"]),
        ({"from": "2020-01-01"}, ["done", "secret", "study"]),
        ({"to": "2020-01-01T00:00:00Z"}, []),
        ({"dag_id": "study"}, ["study"]),
        ({"dag_id": "calm.counted"}, ["done"]),
        ({"tool": "faces", "args": "secret"}, ["secret"]),
    ],
    ids=str,
)
def test_what_is_asked_for_is_found(client, filled, query, expected):
    assert ids(client, **query) == [getattr(filled, name) for name in expected]


def test_an_id_is_found_and_may_be_left_out(client, filled):
    assert ids(client, id=f"{filled.study},{filled.done}") == [filled.done, filled.study]
    assert ids(client, **{"id!": filled.done}) == [filled.secret, filled.study]


@pytest.mark.parametrize(
    "query", [{"status": "X"}, {"id": "x"}, {"id": "9" * 30}, {"limit": 501}, {"from": "soon"}]
)
def test_what_means_nothing_is_refused(client, query):
    answer = client("viewer").get(f"{API}/workflows", params=query)

    assert (answer.status_code, set(answer.json())) == (422, {"problem", "remedy"})


def test_all_rows_come_as_csv(client, filled):
    answer = client("viewer").get(f"{API}/workflows", params={"format": "csv", "limit": 1})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [int(row["id"]) for row in rows] == [filled.done, filled.secret, filled.study]
    assert (rows[0]["spent.attempts"], rows[0]["counts.DONE"], rows[0]["tool"]) == ("4", "4", "calm")


# --- one of them ------------------------------------------------------------------------------------------------


def test_a_workflow_is_shown_with_its_templates_runs_and_attributes(client, filled):
    shown = client("viewer").get(f"{API}/workflows/{filled.study}").json()

    assert [each["name"] for each in shown["templates"]] == ["good", "bad", "after"]
    assert [each["counts"]["DONE"] for each in shown["templates"]] == [2, 0, 0]
    assert [each["limit"] for each in shown["templates"]] == [None, None, None]
    assert shown["templates"][0]["spent"]["attempts"] == 2
    [run] = shown["runs"]
    assert (run["user"], run["status"]) == (OWNER, "ERROR")
    assert (shown["dag_id"], shown["limit"], shown["is_complete"]) == (
        "faces.looked_at-" + shown["dag_id"][-8:],
        None,
        False,
    )
    assert shown["resume_command"] == f"airflow jobmon workflow resume {filled.study}"
    assert client("viewer").get(f"{API}/workflows/{filled.done}").json()["attributes"] == {"release": "7"}


@pytest.mark.parametrize(
    ("user", "may_act"),
    [("admin", True), ("viewer", False), ("reader", False), ("editor", True), ("owner", True)],
)
def test_who_may_edit_the_dag_may_act_and_so_may_who_ran_it(client, filled, user, may_act):
    assert client(user).get(f"{API}/workflows/{filled.study}").json()["may_act"] is may_act


PATHS = ["", "/graph", "/waiting", "/cells", "/cells/args?template=good&first=1", "/activity"]


@pytest.mark.parametrize("path", PATHS)
def test_what_may_not_be_seen_is_not_shown(client, filled, path):
    assert client("reader").get(f"{API}/workflows/{filled.secret}{path}").status_code == 403
    assert client("reader").get(f"{API}/workflows/{filled.study}{path}").status_code == 200
    assert client("viewer").get(f"{API}/workflows/999{path}").status_code == 404
    assert client("viewer").get(f"{API}/workflows/0{path}").status_code == 422


def test_what_has_not_changed_is_not_sent_again(client, filled):
    viewer = client("viewer")
    first = viewer.get(f"{API}/workflows/{filled.study}")

    again = viewer.get(f"{API}/workflows/{filled.study}", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_the_graph_is_one_of_templates(client, filled):
    graph = client("viewer").get(f"{API}/workflows/{filled.study}/graph").json()

    assert [(node["name"], node["tasks"]) for node in graph["nodes"]] == [
        ("good", 2),
        ("bad", 1),
        ("after", 1),
    ]
    assert [(edge["upstream"], edge["downstream"]) for edge in graph["edges"]] == [
        ("bad", "after"),
        ("good", "bad"),
    ]
    assert graph["is_active"] is False


def test_what_waits_says_for_what(client, filled):
    waits = client("viewer").get(f"{API}/workflows/{filled.study}/waiting").json()

    assert "Nobody runs it" in waits["who"]
    assert waits["waiting"] == [
        {
            "template": "after",
            "tasks": 1,
            "why": "tasks before them have failed for good",
            "remedy": "Mend what failed, then resume: what is done stays done.",
            "reason": None,
            "since": None,
        }
    ]


def test_cells_are_letters_in_the_order_of_ids(client, filled):
    cells = client("viewer").get(f"{API}/workflows/{filled.study}/cells").json()

    statuses = {each["template"]: each["statuses"] for each in cells["templates"]}
    assert statuses == {"good": "DD", "bad": "F", "after": "G"}
    assert all(
        sum(last - first + 1 for first, last in each["ids"]) == len(each["statuses"])
        for each in cells["templates"]
    )
    assert cells["letters"]["F"] == "ERROR_FATAL"


def test_cells_have_node_args(client, filled):
    viewer = client("viewer")
    cells = viewer.get(f"{API}/workflows/{filled.done}/cells").json()
    [[first, _]] = cells["templates"][0]["ids"]

    answer = viewer.get(
        f"{API}/workflows/{filled.done}/cells/args", params={"template": "count", "first": first}
    )

    args = answer.json()["args"]
    assert "immutable" in answer.headers["cache-control"]
    shown = [[args[name]["values"][code] for code in args[name]["codes"]] for name in ("place", "year")]
    assert sorted(zip(*shown, strict=True)) == [
        ("north", "2023"),
        ("north", "2024"),
        ("south", "2023"),
        ("south", "2024"),
    ]


# --- from airflow -----------------------------------------------------------------------------------------------


def test_a_run_leads_to_its_workflow(client, filled):
    viewer = client("viewer")

    answer = viewer.get(f"{API}/run", params={"dag_id": "study", "run_id": RUN})
    assert answer.json() == {"workflow_id": filled.study}
    assert viewer.get(f"{API}/run", params={"dag_id": "study", "run_id": "other"}).status_code == 404
    assert client("reader").get(f"{API}/run", params={"dag_id": "secret", "run_id": RUN}).status_code == 403
    page = viewer.get("/jobmon/run", params={"dag_id": "study", "run_id": RUN, "map_index": "{MAP_INDEX}"})
    assert (page.status_code, page.headers["location"]) == (307, f"workflow/{filled.study}")


def test_a_dag_leads_to_its_workflows_and_its_tasks_to_their_templates(client, filled):
    viewer = client("viewer")

    def location(**query):
        return viewer.get("/jobmon/dag", params=query).headers["location"]

    assert location(dag_id="study") == "./?dag_id=study"
    assert location(dag_id="study", task_id="bad") == f"workflow/{filled.study}/template/bad"
    assert location(dag_id="calm.counted", task_id="count") == f"workflow/{filled.done}/template/count"
    assert location(dag_id="study", task_id="run") == "./?dag_id=study"
    assert location(dag_id="a&b/../", task_id="x") == "./?dag_id=a%26b%2F..%2F"
    assert client("reader").get("/jobmon/dag?dag_id=secret").status_code == 403
