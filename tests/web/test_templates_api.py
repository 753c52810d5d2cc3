"""What the API says of templates, errors, time and usage."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.conftest import API, OWNER


def asked(client, path, who="viewer", status=200, **query):
    answer = client(who).get(f"{API}/{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def rows(client, path, **query):
    answer = client("viewer").get(f"{API}/{path}", params={**query, "format": "csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text)))


# --- templates --------------------------------------------------------------------------------------------------


def test_a_template_says_what_it_uses(client, filled):
    found = asked(client, f"workflows/{filled.done}/templates/count")

    assert (found["name"], found["attempts"], found["sampled"]) == ("count", 4, 4)
    assert found["runtime"]["used"]["count"] == 4
    assert found["verdicts"] == {"done": 4}
    assert found["node_args"] == ["place", "year"]
    [advice] = [each for each in found["advice"] if each["is_recommended"]]
    assert advice["compute_resources"]["runtime"]


def test_points_are_columns_of_the_same_length(client, filled):
    found = asked(client, f"workflows/{filled.done}/templates/count/attempts", arg=["place", "year"])

    columns = ("attempt_id", "task_id", "number", "memory", "runtime", "cpu", "request")
    assert {len(found[name]) for name in columns} == {4}
    assert found["number"] == [1] * 4
    place = found["args"]["place"]
    assert sorted(place["words"][at] for at in place["at"]) == ["north", "north", "south", "south"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"arg.place": "north"}, 2),
        ({"arg.place": "north,south", "arg.year": "2023"}, 2),
        ({"verdict": "lost"}, 0),
        ({"verdict": "lost,done", "attempt": 1}, 4),
        ({"attempt": 2}, 0),
    ],
)
def test_points_are_asked_for_in_the_address_and_as_a_file(client, filled, query, count):
    path = f"workflows/{filled.done}/templates/count/attempts"

    assert len(asked(client, path, **query)["attempt_id"]) == count
    assert len(rows(client, path, **query)) == count


def test_a_template_that_is_not_there_is_said_so(client, filled):
    for path in ("templates/x", "templates/x/attempts", "templates/a%2Fb"):
        problem = asked(client, f"workflows/{filled.done}/{path}", status=404)
        assert "no tasks of a template" in problem["problem"]
        assert "count" in problem["remedy"]


@pytest.mark.parametrize("query", [{"attempt": 0}, {"attempt": "x"}, {"arg": ["a"] * 11}, {"format": "xml"}])
def test_questions_about_attempts_that_mean_nothing_are_refused(client, filled, query):
    asked(client, f"workflows/{filled.done}/templates/count/attempts", status=422, **query)


# --- errors -----------------------------------------------------------------------------------------------------


def test_errors_come_in_groups_and_as_a_file(client, filled):
    found = asked(client, f"workflows/{filled.study}/errors")
    [group] = found["items"]

    assert (found["attempts"], found["groups"], found["is_active"]) == (1, 1, False)
    assert (group["attempts"], group["tasks"], group["fatal_tasks"], group["is_new"]) == (1, 1, 1, False)
    assert group["text"].startswith("no such <b>file</b>")
    assert "no such <b>file</b> & 'folder'" in group["sample"]["text"]
    assert (group["sample"]["template"], group["sample"]["exit_code"]) == ("bad", 3)
    [line] = rows(client, f"workflows/{filled.study}/errors")
    assert line["text"] == group["text"]

    path = f"workflows/{filled.study}/errors/{group['id']}/tasks"
    [attempt] = asked(client, path)["items"]
    assert (attempt["task_status"], attempt["verdict"]) == ("FATAL", "application error")
    assert [line["attempt_id"] for line in rows(client, path)] == [str(attempt["attempt_id"])]


def test_a_group_that_is_not_there_is_said_so(client, filled):
    assert "no group" in asked(client, f"workflows/{filled.done}/errors/99999/tasks", status=404)["problem"]


@pytest.mark.parametrize("after", ["nonsense", "W10", "WyJhIiwxXQ"])
def test_cursors_of_other_lists_are_refused(client, filled, after):
    asked(client, f"workflows/{filled.study}/errors", status=422, after=after)


# --- time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["template", "node"])
def test_few_attempts_are_bars_in_time(client, filled, by):
    found = asked(client, f"workflows/{filled.done}/timeline", by=by)

    assert (found["attempts"], found["sampled"], len(found["rows"])) == (4, 4, 1)
    bars = found["bars"]
    assert all(one <= other for one, other in zip(bars["begin"], bars["started"], strict=True))
    assert all(one <= other for one, other in zip(bars["started"], bars["end"], strict=True))
    assert len(found["rows"][0]["running"]) == len(found["rows"][0]["waiting"])


def test_the_critical_path_of_a_workflow_ends_where_it_ended(client, filled):
    steps = asked(client, f"workflows/{filled.study}/critical-path")["steps"]

    assert [step["template"] for step in steps] == ["good", "bad"]
    assert steps[-1]["status"] == "FATAL"


# --- usage ------------------------------------------------------------------------------------------------------


def test_usage_is_of_what_one_may_see(client, filled):
    everything = asked(client, "usage", by="tool")
    some = asked(client, "usage", who="reader", by="tool")

    assert {group["name"] for group in everything["groups"]} == {"faces", "calm"}
    assert (everything["total"]["attempts"], some["total"]["attempts"]) == (10, 3)
    assert {group["name"] for group in some["groups"]} == {"faces"}
    assert len(everything["steps"]) == len(everything["groups"][0]["attempts"])


def test_savings_are_listed_by_user_and_as_a_file(client, filled):
    found = asked(client, "usage/savings")["items"]

    assert {(row["tool"], row["user"]) for row in found} == {("faces", OWNER), ("calm", OWNER)}
    assert len(rows(client, "usage/savings")) == len(found)


@pytest.mark.parametrize(
    "query",
    [
        {"by": "cluster"},
        {"from": "yesterday"},
        {"from": "2026-01-02", "to": "2026-01-01"},
        {"from": "0001-01-01T00:00:00"},
    ],
)
def test_times_that_mean_nothing_are_refused(client, filled, query):
    asked(client, "usage", status=422, **query)


def test_a_time_in_which_nothing_ended_is_empty(client, filled):
    found = asked(client, "usage", **{"from": "2001-01-01T00:00:00+14:00", "to": "2001-01-02"})

    assert (found["groups"], found["total"]["attempts"], found["step_hours"]) == ([], 0, 1)


# --- who knows it already ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["templates/bad", "templates/bad/attempts", "errors", "critical-path"])
def test_what_is_known_is_not_sent_again(client, filled, path):
    viewer = client("viewer")
    first = viewer.get(f"{API}/workflows/{filled.study}/{path}")
    again = viewer.get(
        f"{API}/workflows/{filled.study}/{path}", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
