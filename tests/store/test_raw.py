"""Any table page by page, and the rows of it that belong to some workflows, on every database."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobmon_airflow.store import raw, readable, schema
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.readable import Scope, Sight
from jobmon_airflow.store.schema import metadata
from tests.faces import stored
from tests.workflows import close, migrated

BY_WORKFLOW = [table for table in metadata.sorted_tables if readable.sight(table) is Sight.BY_WORKFLOW]


@pytest.fixture
def url(database_url):
    migrated(database_url)
    for number, dag_id in enumerate(["study", "other"]):
        stored.acted_for(stored.failed_workflow(database_url, str(number)), dag_id, "run")
    yield database_url
    close(database_url)


@pytest.fixture
def connection(url):
    database = Database.open(url)
    with database.read() as connection:
        yield connection
    database.close()


def ordered(connection, table, *, newest_first, conditions=()):
    key = table.primary_key.columns
    order = [column.desc() if newest_first else column.asc() for column in key]
    return [tuple(row) for row in connection.execute(select(*key).where(*conditions).order_by(*order))]


def paged(connection, table, *, newest_first, conditions=(), one_by_one=None, limit=3):
    names, after, found = [column.name for column in table.primary_key.columns], None, []
    while rows := raw.page(
        connection,
        table,
        conditions,
        one_by_one=one_by_one,
        after=after,
        limit=limit,
        newest_first=newest_first,
        longest=20,
    ):
        found += [tuple(getattr(row, name) for name in names) for row in rows]
        after = found[-1]
    return found


def scope(connection):
    origins = readable.origins(connection)
    first = min(origins.families)
    return Scope(frozenset({first}), origins.dags[first])


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_of_every_table_follow_each_other_in_the_order_of_the_key(connection, newest_first):
    for table in metadata.sorted_tables:
        expected = ordered(connection, table, newest_first=newest_first)

        assert paged(connection, table, newest_first=newest_first) == expected, table.name


@pytest.mark.parametrize("looked_at_first", [(1, 2), (1_000,)])
def test_pages_are_the_same_however_rows_are_looked_for(connection, monkeypatch, looked_at_first):
    monkeypatch.setattr(raw, "_LOOKED_AT_FIRST", looked_at_first)
    mine = scope(connection)

    for table in BY_WORKFLOW:
        conditions = [readable.rows_of(table, mine)]
        one_by_one = [readable.rows_of(table, mine, one_by_one=True)]
        expected = ordered(connection, table, newest_first=True, conditions=conditions)
        assert ordered(connection, table, newest_first=True, conditions=one_by_one) == expected, table.name

        found = paged(connection, table, newest_first=True, conditions=conditions, one_by_one=one_by_one)
        assert found == expected, table.name


def test_rows_are_told_apart_by_workflow(connection):
    mine = scope(connection)

    def count(table, *conditions):
        return len(ordered(connection, table, newest_first=True, conditions=conditions))

    for table in (
        schema.workflow,
        schema.workflow_run,
        schema.task,
        schema.task_instance,
        schema.airflow_task,
    ):
        assert count(table, readable.rows_of(table, mine)) * 2 == count(table) > 0, table.name
    for table in (schema.tool, schema.dag, schema.task_template):  # both workflows have them
        assert count(table, readable.rows_of(table, mine)) == count(table) > 0, table.name


def test_who_may_see_nothing_finds_nothing(connection):
    nothing = Scope(frozenset(), frozenset())

    for table in BY_WORKFLOW:
        assert (
            paged(connection, table, newest_first=True, conditions=[readable.rows_of(table, nothing)]) == []
        )


def test_a_row_is_found_by_its_key_if_it_meets_the_conditions(connection):
    table, mine = schema.task, scope(connection)
    [first, *_] = ordered(connection, table, newest_first=False)
    [last, *_] = ordered(connection, table, newest_first=True)

    conditions = [readable.rows_of(table, mine)]
    assert raw.row(connection, table, conditions, first, longest=20).id == first[0]
    assert raw.row(connection, table, conditions, last, longest=20) is None
    assert raw.row(connection, table, [], last, longest=20).id == last[0]


def test_long_texts_are_cut_and_their_length_is_told_in_characters(url):
    database = Database.open(url)
    database.write(lambda connection: connection.execute(schema.task.update().values(command="é" * 70_000)))

    with database.read() as connection:
        [row] = raw.page(connection, schema.task, [], after=None, limit=1, newest_first=True, longest=20)
    database.close()

    assert (row.command, row.length_of_command) == ("é" * 20, 70_000)


def test_every_table_says_who_sees_it():
    whole = {table.name for table in metadata.sorted_tables if readable.sight(table) is Sight.WHOLE}

    assert whole == {
        *("arg", "node", "node_arg", "task_resources", "error_kind"),
        *("cluster", "cluster_type", "queue", "task_attribute_type", "workflow_attribute_type"),
        *("origin", "imported"),
    }
