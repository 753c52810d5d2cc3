"""The front end as it is served: where it is, what it is made of, and what every answer forbids."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine

from jobmon_airflow.web import pages
from tests.web.conftest import API

PAGES = [
    "/",
    "/usage",
    "/workflow/1",
    "/workflow/1/errors",
    "/workflow/1/tasks",
    "/workflow/1/timeline",
    "/task/1",
]


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A front end of a script, a style and a secret beside them."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-1f.js").write_text("run()")
    (tmp_path / "assets" / "main-2e.css").write_text("body {}")
    entry = {"file": "assets/main-1f.js", "css": ["assets/main-2e.css"], "isEntry": True}
    (tmp_path / "manifest.json").write_text(json.dumps({pages.ENTRY: entry}))
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_the_front_end(client, built, path):
    answer = client("viewer").get(f"/jobmon{path}")

    assert answer.status_code == 200
    assert '<base href="/jobmon/">' in answer.text
    assert '<script type="module" src="/jobmon/assets/main-1f.js"></script>' in answer.text
    assert '<link rel="stylesheet" href="/jobmon/assets/main-2e.css">' in answer.text
    assert '<div id="app"></div>' in answer.text


def test_a_page_says_what_it_is_about(client, built):
    assert "<title>Workflow 1 - Jobmon</title>" in client("viewer").get("/jobmon/workflow/1").text


def test_a_template_may_be_called_anything(client, built):
    viewer = client("viewer")

    for name in ("good", "a%2Fb", "a/b", "%3Cscript%3E", "%25", ".."):
        assert viewer.get(f"/jobmon/workflow/1/template/{name}").status_code in {200, 404}
        assert "<script>" not in viewer.get(f"/jobmon/workflow/1/template/{name}").text.replace(
            "<script type", ""
        )


@pytest.mark.parametrize("path", ["/airflow/jobmon/workflow/1", "/jobmon/workflow/1"])
def test_a_page_knows_below_which_path_airflow_lives(client, built, path):
    """Whether a proxy leaves this path or cuts it."""
    page = client("viewer", root_path="/airflow").get(path).text

    assert '<base href="/airflow/jobmon/">' in page
    assert '<meta name="jobmon-base" content="/airflow/jobmon/">' in page


def test_files_are_kept_for_good(client, built):
    answer = client("viewer").get("/jobmon/assets/main-1f.js")

    assert (answer.status_code, answer.text) == (200, "run()")
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "", "%00", "a%00.js", "a" * 300],
)
def test_no_other_files_are(client, built, path):
    answer = client("viewer").get(f"/jobmon/assets/{path}")

    assert answer.status_code in {404, 422}
    assert "secret" not in answer.text.replace("secret.txt", "")


def test_a_link_out_of_the_folder_leads_nowhere(client, built):
    (built / "assets" / "link.js").symlink_to(built / "secret.txt")

    assert client("viewer").get("/jobmon/assets/link.js").status_code == 404


def test_a_front_end_that_was_not_built_is_said_so(client, built):
    (built / "manifest.json").unlink()

    answer = client("viewer").get("/jobmon/")

    assert (answer.status_code, "Build it" in answer.text) == (503, True)


def test_what_is_not_there_or_may_not_be_seen_is_said_in_words(client, filled, built):
    assert client("viewer").get("/jobmon/workflow/999").status_code == 404
    assert client("viewer").get("/jobmon/nothing").status_code == 404
    assert client("reader").get(f"/jobmon/workflow/{filled.secret}").status_code == 403
    senseless = client("viewer").get("/jobmon/workflow/<b>")
    assert (senseless.status_code, "<b>" in senseless.text) == (422, False)


EVERYTHING = [
    *PAGES,
    "/assets/main-1f.js",
    "/nothing",
    "/workflow/x",
    "/run",
    "/api/v1/workflows",
    "/api/v1/nothing",
]


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("user", [None, "nobody", "viewer"])
def test_every_answer_says_what_may_run_in_it_and_who_may_frame_it(client, built, user, path):
    headers = client(user).get(f"/jobmon{path}").headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")
    assert policy["frame-ancestors"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "public" not in headers["cache-control"]


# --- when it does not work ------------------------------------------------------------------------------------------


def test_tables_that_do_not_answer_are_said_so_and_nothing_of_theirs(client, own, built):
    viewer = client("viewer")
    engine = create_engine(own.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        connection.exec_driver_sql("ALTER TABLE workflow RENAME TO hidden")
    engine.dispose()

    api, page = viewer.get(f"{API}/workflows"), viewer.get("/jobmon/workflow/1")

    assert (api.status_code, page.status_code) == (503, 503)
    assert api.json()["problem"] == "The Jobmon tables do not answer."
    assert "SELECT" not in api.text + page.text


@pytest.mark.parametrize("query", [{"user": "a\0"}, {"a\0": "b"}, {"dag_id": "\0"}])
def test_no_question_holds_a_nul(client, query):
    answer = client("viewer").get(f"{API}/workflows", params=query)

    assert (answer.status_code, "NUL" in answer.json()["problem"]) == (422, True)
