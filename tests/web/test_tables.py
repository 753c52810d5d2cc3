"""The raw tables: what they show, to whom, and how they are searched, paged and exported."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from jobmon_airflow.store import readable, schema
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.readable import Sight
from jobmon_airflow.store.schema import metadata
from tests.web import routes

TABLES = "/jobmon/tables"
NAMES = [table.name for table in metadata.sorted_tables]
HREF = re.compile(r'href="([^"]+)"')


def links(page):
    return [html.unescape(found) for found in HREF.findall(page.text)]


def exported(client, name, **query):
    answer = client.get(f"{TABLES}/{name}/csv/", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def rows(url, query):
    database = Database.open(url)
    with database.read() as connection:
        found = connection.execute(query).all()
    database.close()
    return found


def change(url, *statements):
    database = Database.open(url)
    database.write(lambda connection: [connection.execute(statement) for statement in statements])
    database.close()


# --- what they show ---------------------------------------------------------------------------------------------


def test_all_tables_are_there_under_their_names(client):
    page = client("viewer").get(f"{TABLES}/")

    assert page.status_code == 200
    assert {f"{TABLES}/{name}/list/" for name in NAMES} <= set(links(page))


@pytest.mark.parametrize("name", NAMES)
def test_a_table_shows_all_its_columns_and_says_what_it_is_for(client, name):
    page = client("viewer").get(f"{TABLES}/{name}/list/")

    assert page.status_code == 200
    table = metadata.tables[name]
    assert [*re.findall(r'<th scope="col">(\w+)</th>', page.text)] == ["row", *table.columns.keys()]
    assert html.escape(table.comment, quote=False)[:40] in html.unescape(page.text)


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(client, filled, name):
    viewer, seen = client("viewer"), set()
    listed = links(viewer.get(f"{TABLES}/{name}/list/?limit=2"))
    shown = [address for address in listed if f"/{name}/show/" in address]

    for address in [*listed, *(found for each in shown[:2] for found in links(viewer.get(each)))]:
        if address.startswith(TABLES) and address not in seen:
            seen.add(address)
            assert viewer.get(address).status_code == 200, address

    assert {f"{TABLES}/", f"{TABLES}/{name}/csv/", f"{TABLES}/static/tables.css"} <= seen


def test_relations_are_links_in_both_directions(client, filled, url):
    task_id = routes.values(url, filled.study)["task_id"]

    found = links(client("viewer").get(f"{TABLES}/task/show/{task_id}"))

    assert f"{TABLES}/workflow/show/{filled.study}" in found
    assert f"{TABLES}/task_status/show/F" in found
    assert f"{TABLES}/task_instance/list/?_flt_0_task_id={task_id}" in found


def test_keys_of_several_columns_whatever_is_in_them(client, own, url):
    [(run_id, array_id)] = rows(
        url,
        select(schema.workflow_run.c.id, schema.array.c.id)
        .join(schema.array, schema.array.c.workflow_id == schema.workflow_run.c.workflow_id)
        .where(schema.array.c.workflow_id == own.done),
    )
    reason = '//Resources/x?y=1#["é"]'
    now = datetime.now(UTC)
    row = {"reason": reason, "tasks": 3, "since_date": now, "status_date": now}
    change(url, insert(schema.waiting_reason).values(workflow_run_id=run_id, array_id=array_id, **row))
    viewer = client("viewer")

    listed = links(viewer.get(f"{TABLES}/waiting_reason/list/"))

    [shown] = [address for address in listed if "/waiting_reason/show/" in address]
    answer = viewer.get(shown)
    assert (answer.status_code, reason in html.unescape(answer.text)) == (200, True)


# --- to whom ----------------------------------------------------------------------------------------------------


def test_nothing_of_them_is_shown_without_a_login_or_the_right(client):
    for address in routes.of_tables():
        assert client().get(address).status_code == 401, address
        assert client("nobody").get(address).status_code == 403, address


def test_they_cannot_be_changed(client):
    admin = client("admin")
    for address in routes.of_tables():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert admin.request(method, address).status_code in {403, 405, 415}, address
    for way in ("add", "edit/1", "delete/1", "download/x", "action/x/1"):
        assert admin.get(f"{TABLES}/task/{way}").status_code == 404, way


def test_of_tables_that_workflows_share_others_than_who_sees_all_see_nothing(client):
    reader, viewer = client("reader"), client("viewer")
    shared = [table.name for table in metadata.sorted_tables if readable.sight(table) is Sight.WHOLE]

    index = links(reader.get(f"{TABLES}/"))
    for name in shared:
        assert f"{TABLES}/{name}/list/" not in index
        for address in (f"{TABLES}/{name}/list/", f"{TABLES}/{name}/csv/"):
            assert reader.get(address).status_code == 403, address
            assert viewer.get(address).status_code == 200, address
    assert reader.get(f"{TABLES}/node/show/1").status_code == 403
    assert {"node", "node_arg", "cluster", "error_kind"} <= set(shared)


def test_a_table_that_nobody_thought_of_is_for_those_who_see_all():
    from sqlalchemy import Column, Integer, MetaData, Table

    assert readable.sight(Table("new", MetaData(), Column("id", Integer, primary_key=True))) is Sight.WHOLE


#: How rows are told to be of the workflow that the reader may see, by the columns that say so.
OF_STUDY = {
    "workflow_id": select(schema.workflow.c.id).where(schema.workflow.c.workflow_args.contains("script")),
}
OF_STUDY["workflow_run_id"] = select(schema.workflow_run.c.id).where(
    schema.workflow_run.c.workflow_id.in_(OF_STUDY["workflow_id"])
)
OF_STUDY["task_id"] = select(schema.task.c.id).where(schema.task.c.workflow_id.in_(OF_STUDY["workflow_id"]))
OF_STUDY["task_instance_id"] = select(schema.task_instance.c.id).where(
    schema.task_instance.c.task_id.in_(OF_STUDY["task_id"])
)
OF_STUDY["array_id"] = select(schema.array.c.id).where(
    schema.array.c.workflow_id.in_(OF_STUDY["workflow_id"])
)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if set(OF_STUDY) & set(metadata.tables[name].c.keys())]
)
def test_rows_of_workflows_that_one_may_not_see_are_not_there(client, filled, url, name):
    table = metadata.tables[name]
    by = next(column for column in OF_STUDY if column in table.c)
    expected = rows(url, select(table).where(table.c[by].in_(OF_STUDY[by])))
    allowed = {column: {str(one) for [one] in rows(url, query)} for column, query in OF_STUDY.items()}
    if name == "airflow_task":
        expected = [row for row in rows(url, select(table)) if row.dag_id == "study"]

    found = exported(client("reader"), name)

    assert len(found) == len(expected)
    for row in found:
        for column in (set(OF_STUDY) - ({"task_id"} if name == "airflow_task" else set())) & set(row):
            assert row[column] == "" or row[column] in allowed[column]


def test_a_row_that_one_may_not_see_is_not_found(client, filled, url):
    reader, viewer = client("reader"), client("viewer")
    theirs, others = routes.values(url, filled.study), routes.values(url, filled.secret)

    for name, key in (("workflow", "workflow_id"), ("task", "task_id"), ("task_instance", "attempt_id")):
        assert reader.get(f"{TABLES}/{name}/show/{theirs[key]}").status_code == 200
        assert reader.get(f"{TABLES}/{name}/show/{others[key]}").status_code == 404
        assert viewer.get(f"{TABLES}/{name}/show/{others[key]}").status_code == 200
        assert exported(reader, name, _flt_0_id=others[key]) == []


def test_what_workflows_share_is_seen_by_who_sees_one_of_them(client, url):
    reader = client("reader")

    assert {row["name"] for row in exported(reader, "tool")} == {"faces"}
    assert {row["name"] for row in exported(reader, "task_template")} == {"good", "bad", "after"}
    assert len(exported(reader, "dag")) == 1
    assert {row["dag_id"] for row in exported(reader, "edge")} == {exported(reader, "dag")[0]["id"]}
    assert len(exported(reader, "task_status")) == len(rows(url, select(schema.task_status)))


# --- searched, paged, exported ----------------------------------------------------------------------------------


def test_the_form_leads_to_an_address_that_keeps_what_was_asked(client):
    viewer = client("viewer")
    asked = {"column": "name", "how": "contains", "value": "a&b=c", "_flt_0_status": "F", "order": "oldest"}

    answer = viewer.get(f"{TABLES}/task/search/", params=asked)

    assert answer.status_code == 303
    followed = viewer.get(answer.headers["location"])
    assert {str(value) for value in followed.request.url.params.multi_items()} == {
        "('_flt_0_status', 'F')",
        "('_flt_2_name', 'a&b=c')",
        "('order', 'oldest')",
    }
    assert "name contains <b>a&amp;b=c</b>" in followed.text


@pytest.mark.parametrize(
    ("how", "value", "found"),
    [
        ("equals", "bad", {"bad"}),
        ("is not", "bad", {"after", "good_number-1", "good_number-2"}),
        ("contains", "OOD", {"good_number-1", "good_number-2"}),
        ("contains", "%", set()),
        ("contains", "_number", {"good_number-1", "good_number-2"}),
        ("does not contain", "d", {"after"}),
        ("begins with", "ba", {"bad"}),
        ("is empty", "", set()),
        ("is not empty", "", {"after", "bad", "good_number-1", "good_number-2"}),
    ],
)
def test_texts_are_searched(client, filled, how, value, found):
    viewer = client("viewer")
    asked = {"column": "name", "how": how, "value": value, "_flt_0_workflow_id": filled.study}
    address = viewer.get(f"{TABLES}/task/search/", params=asked).headers["location"]

    assert {row["name"] for row in exported(viewer, "task", **params_of(address))} == found


@pytest.mark.parametrize(
    ("column", "how", "value", "count"),
    [
        ("max_attempts", "equals", "1", 1),
        ("max_attempts", "is more than", "1", 3),
        ("max_attempts", "is less than", "1", 0),
        ("status_date", "is less than", "2020-01-01", 0),
        ("status_date", "is more than", "2020-01-01 10:00:00+05:00", 4),
        ("task_resources_id", "is not empty", "", 4),
    ],
)
def test_numbers_and_moments_are_searched(client, filled, column, how, value, count):
    viewer = client("viewer")
    asked = {"column": column, "how": how, "value": value, "_flt_0_workflow_id": filled.study}
    address = viewer.get(f"{TABLES}/task/search/", params=asked).headers["location"]

    assert len(exported(viewer, "task", **params_of(address))) == count


@pytest.mark.parametrize(
    "query",
    [
        *("_flt_0_id=x", "_flt_0_id=99999999999999999999", "_flt_9_id=1", "_flt_x_id=1", "_flt_0_nothing=1"),
        *("_flt_0_status_date=soon", "_flt_0_status_date=0001-01-01T00:00:00%2B14:00", "_flt_0_id=%00"),
        *("limit=0", "limit=501", "limit=%D9%A3", "limit=x", "after=x", "after=", "order=up"),
    ],
)
def test_questions_that_mean_nothing_are_answered_with_what_to_ask(client, query):
    answer = client("viewer").get(f"{TABLES}/task/list/?{query}")

    assert answer.status_code == 422
    assert "<pre>" in answer.text


@pytest.mark.parametrize("asked", ["column=id&how=contains&value=1", "column=nothing&how=equals", ""])
def test_the_form_refuses_what_a_column_cannot_be_searched_with(client, asked):
    assert client("viewer").get(f"{TABLES}/task/search/?{asked}").status_code == 422


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("name", ["task", "edge", "task_status", "template_arg_map"])
def test_pages_follow_each_other_and_leave_nothing_out(client, order, name):
    viewer, seen = client("viewer"), []
    address = f"{TABLES}/{name}/list/?order={order}&limit=3"

    while address:
        page = viewer.get(address)
        seen += [each.partition("/show/")[2] for each in links(page) if f"/{name}/show/" in each]
        following = re.findall(r'<a href="([^"]+)" rel="next">', page.text)
        address = html.unescape(following[0]) if following else None

    assert len(seen) == len(set(seen)) == len(exported(viewer, name))


def test_nothing_is_counted_and_no_page_reads_more_than_it_shows(client, filled, statements):
    client("viewer").get(f"{TABLES}/task_instance/list/?limit=2")

    asked = [each for each in statements if "task_instance" in each]
    assert len(asked) == 1
    assert "LIMIT" in asked[0]
    assert not [each for each in statements if "count(" in each.lower()]


def test_a_spreadsheet_runs_nothing(client, own, url):
    change(url, schema.task.update().values(name="=cmd|'/c calc'!A0", command="@SUM(1)"))

    found = exported(client("viewer"), "task")

    assert {row["name"] for row in found} == {"'=cmd|'/c calc'!A0"}
    assert {row["command"] for row in found} == {"'@SUM(1)"}


def test_long_texts_are_cut_by_the_database_and_it_is_said(client, own, url):
    change(url, schema.task.update().values(command="é" * 1_200_000))
    viewer = client("viewer")

    listed, shown = viewer.get(f"{TABLES}/task/list/"), viewer.get(f"{TABLES}/task/show/1")

    assert len(listed.text) < 30_000
    assert "Cut here: 1200000 characters in all." in shown.text
    assert 1_000_000 < len(shown.text) < 1_010_000
    assert all(row["command"].endswith("(1200000 characters in all)") for row in exported(viewer, "task"))


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\"'{{1234567*9}}${1234567*9}"


def test_hostile_texts_are_texts(client, own, url):
    change(
        url,
        schema.task.update().values(name=HOSTILE, command=HOSTILE),
        schema.workflow.update().values(name=HOSTILE, description=HOSTILE),
        schema.task_instance.update().values(stderr_log=HOSTILE, nodename=HOSTILE, stderr=HOSTILE),
        schema.tool.update().values(name=schema.tool.c.name + HOSTILE),
    )
    viewer = client("viewer")

    for name in ("task", "workflow", "task_instance", "tool"):
        for address in (f"{TABLES}/{name}/list/", f"{TABLES}/{name}/show/1"):
            page = viewer.get(address).text
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "11111103" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    asked = viewer.get(
        f"{TABLES}/task/list/", params={"_flt_0_name": HOSTILE, "_flt_0_command": "</b><script>"}
    )
    assert "<script>" not in asked.text.replace('<script src="', "")


def test_they_work_below_a_path(client):
    answer = client("viewer", root_path="/air/flow").get("/air/flow/jobmon/tables/")

    assert answer.status_code == 200
    assert f'href="/air/flow{TABLES}/task/list/"' in answer.text
    assert 'href="/air/flow/jobmon/"' in answer.text


def params_of(address):
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(address).query, keep_blank_values=True)


@pytest.fixture
def statements(url, client):
    from sqlalchemy import event

    from jobmon_airflow.client import registry

    said = []

    def note(connection, cursor, statement, *_):
        said.append(statement)

    client("viewer").get(f"{TABLES}/")  # what is asked once is asked now
    engine = registry.database(url).engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)
