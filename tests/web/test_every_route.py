"""What holds for every route, also for those to come: who gets in, and that no other site changes anything."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import metadata
from tests.web import routes
from tests.web.conftest import CHANGE, RUN

#: What some routes want to be asked, and the others do not mind.
ASKED = {"dag_id": "study", "run_id": RUN, "template": "bad", "first": 1, "side": "upstream"}
FOREIGN = (
    ("a form", {"Content-Type": "application/x-www-form-urlencoded", **CHANGE}, {403, 415}),
    ("a form of texts", {"Content-Type": "text/plain", **CHANGE}, {403, 415}),
    ("no header", {}, {403}),
    ("another site", {"Sec-Fetch-Site": "cross-site", **CHANGE}, {403}),
    ("a sister's site", {"Sec-Fetch-Site": "same-site", **CHANGE}, {403}),
    ("another origin", {"Origin": "https://evil.example", **CHANGE}, {403}),
    ("no origin", {"Origin": "null", **CHANGE}, {403}),
)


@pytest.fixture
def every(served):
    found = routes.of_app(served)
    assert len(found) > 30
    return found


@pytest.fixture
def ask(client):
    """Asks a route about a workflow, as a user."""

    def ask(user, route, values, headers=CHANGE):
        return client(user).request(
            route.method, route.at(values), params=ASKED, json=route.body, headers=headers
        )

    return ask


def test_nobody_gets_in_without_a_login(every, ask, filled, url):
    values = routes.values(url, filled.study)

    assert {route: ask(None, route, values).status_code for route in every} == dict.fromkeys(every, 401)


@pytest.mark.parametrize("token", ["x.y.z", "", "null"])
def test_a_token_that_is_none_opens_nothing(every, client, filled, url, token):
    values = routes.values(url, filled.study)
    by_header, by_cookie = client(), client()
    by_header.headers["Authorization"] = f"Bearer {token}"
    by_cookie.cookies.set("_token", token)

    for route in every:
        for anybody in (by_header, by_cookie):
            answer = anybody.request(
                route.method, route.at(values), params=ASKED, json=route.body, headers=CHANGE
            )
            assert answer.status_code in {401, 403}, route


def test_who_may_see_no_runs_sees_nothing(every, ask, filled, url):
    values = routes.values(url, filled.study)

    for route in every:
        answer = ask("nobody", route, values)
        assert answer.status_code == 403, route
        assert "looked at" not in answer.text, route


def test_nobody_sees_workflows_of_dags_that_are_not_theirs(every, ask, filled, url):
    of_theirs, of_others = routes.values(url, filled.study), routes.values(url, filled.secret)

    for route in (route for route in every if route.is_of_a_workflow):
        assert ask("reader", route, of_others).status_code == 403, route
        if not route.changes:
            assert ask("reader", route, of_theirs).status_code in {200, 303, 307, 503}, route


def test_who_may_only_see_changes_nothing(every, ask, filled, url):
    values = routes.values(url, filled.study)
    before = everything(url)

    for route in (route for route in every if route.changes):
        assert ask("viewer", route, values).status_code == 403, route
        assert ask("reader", route, values).status_code == 403, route

    assert everything(url) == before


@pytest.mark.parametrize(("how", "headers", "refused"), FOREIGN, ids=[how for how, *_ in FOREIGN])
def test_no_other_site_changes_anything(every, client, filled, url, how, headers, refused):
    values = routes.values(url, filled.study)
    admin = client("admin", by_cookie=True)
    before = everything(url)
    content = {"Content-Type": "application/json"} | headers

    for route in (route for route in every if route.changes):
        answer = admin.request(route.method, route.at(values), content="{}", headers=content)
        assert answer.status_code in refused, (route, how)

    assert everything(url) == before


def test_only_a_post_changes_anything(every):
    assert {route.method for route in every} == {"GET", "POST"}
    assert all(route.path.startswith("/api/v1/") for route in every if route.changes)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(every, client, filled, url, method):
    values, admin = routes.values(url, filled.study), client("admin")
    before = everything(url)
    taken = {(route.method, route.path) for route in every}

    for route in every:
        if (method, route.path) not in taken:
            answer = admin.request(method, route.at(values), json={}, headers=CHANGE)
            assert answer.status_code in {404, 405}, route

    assert everything(url) == before


def test_every_answer_lets_only_our_own_scripts_run(every, ask, filled, url):
    values = routes.values(url, filled.study)

    for user in (None, "nobody", "viewer"):
        for route in every:
            headers = ask(user, route, values).headers
            policy = dict(
                part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
            )
            assert policy["default-src"] == "'none'", route
            assert policy["script-src"] == policy["style-src"] == "'self'", route
            assert policy["frame-ancestors"] == "'self'", route
            assert headers["x-content-type-options"] == "nosniff", route


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    database = Database.open(url)
    with database.read() as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }
    database.close()
    return found
