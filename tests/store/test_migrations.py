from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, select, text

from jobmon_airflow import settings, states
from jobmon_airflow.cli.console import main, parser
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.errors import NotOurDatabase, SchemaIsMissing, SchemaIsNewer, SchemaIsOlder
from jobmon_airflow.store import (
    clusters,
    migrations,
    schema,
    tools,
    turns,
    usage_by_hour,
    views,
    workflow_runs,
)
from jobmon_airflow.store.database import Database, dialect_name
from tests.attempts import attempt
from tests.store.building import AT, chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.errors import StoreError


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables as they are now, whatever this code knows of them."""
    with database.read() as connection:
        found = MetaData()
        found.reflect(connection, only=lambda name, _: name in schema.metadata.tables)
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in found.sorted_tables
        }


def version(database: Database) -> str | None:
    with database.read() as connection:
        return migrations.version(connection)


def pretend(database: Database, version: str) -> None:
    """Let the tables say that they are of another version."""
    statement = text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = :version")
    database.write(lambda it: it.execute(statement, {"version": version}).close())


# --- there and back --------------------------------------------------------------------------------------------


def test_tables_are_made_removed_and_made_again(empty: Database) -> None:
    assert migrations.migrate(empty) == migrations.HEAD
    assert tables(empty) == {*schema.metadata.tables, migrations.VERSION_TABLE}
    chain(empty)

    assert migrations.migrate(empty, "base") is None
    assert tables(empty) == {migrations.VERSION_TABLE}

    assert migrations.migrate(empty) == migrations.HEAD
    chain(empty)


def test_migrating_again_keeps_what_is_there(empty: Database) -> None:
    migrations.migrate(empty)
    bound = chain(empty)

    assert migrations.migrate(empty) == migrations.HEAD

    with empty.read() as connection:
        assert tools.version_ids(connection, bound.tool_id) == [bound.tool_version_id]


def test_tables_that_are_brought_up_to_date_keep_their_rows(empty: Database) -> None:
    migrations.migrate(empty)
    bound = chain(empty)
    number = attempt(
        empty, bound.task_ids[0], states.TaskInstanceStatus.ERROR, says=["é"], maxrss=2**40, cpu=0.25
    )
    empty.write(lambda it: usage_by_hour.add(it, [number]))
    newest = rows(empty)
    new: dict[str, dict[str, Any]] = {
        "workflow_run": {"controller": None, "turn": 0, "stop_asked_date": None},
        "task": {"compute_resources_callable": None},
        "task_instance": {"error_kind_id": None},
    }
    entered_later = {
        *("airflow_task", "template_edge", "waiting_reason", "error_kind", "usage_by_hour"),
        *("moves_by_minute", "waiting_tasks", "action_log", "origin", "imported"),
    }

    migrations.migrate(empty, "0001")
    older = rows(empty)
    migrations.migrate(empty)

    assert rows(empty) == newest
    assert {name for name, found in newest.items() if found} > {"workflow_run", "task", "task_instance"}
    assert newest.keys() - older.keys() == entered_later
    for name, found in newest.items():
        if name in entered_later:
            continue
        assert found == [row | new.get(name, {}) for row in older[name]], name
        assert not any(row.keys() & new.get(name, {}) for row in older[name]), name


def test_tables_that_were_brought_up_to_date_go_on_to_be_used(empty: Database) -> None:
    migrations.migrate(empty)
    before = chain(empty)
    migrations.migrate(empty, "0001")
    migrations.migrate(empty)

    def begin(connection: Any) -> Any:
        run = workflow_runs.register(connection, before.workflow_id, "ada", "1.0", AT, controller="here")
        workflow_runs.go(connection, run, states.WorkflowRunStatus.LINKING, AT)
        turns.write(connection, run, turns.Turn(number=1), AT, AT)
        return workflow_runs.row(connection, run).turn

    assert empty.write(begin) == 1
    attempt(empty, before.task_ids[0], states.TaskInstanceStatus.DONE)
    chain(empty)


def test_the_migrated_tables_are_those_of_the_schema(database: Database) -> None:
    options = {"include_name": _is_ours}
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_the_checks_are_those_of_the_schema(database: Database) -> None:
    with database.read() as connection:
        for table in schema.metadata.sorted_tables:
            found = {check["name"] for check in inspect(connection).get_check_constraints(table.name)}
            assert found == _checks(table), table.name


def test_the_revisions_are_the_scripts_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(migrations._config()).walk_revisions()

    assert [script.revision for script in reversed(list(scripts))] == list(migrations.REVISIONS)


def test_every_table_has_a_comment() -> None:
    assert [table.name for table in schema.metadata.sorted_tables if not table.comment] == []


def test_views_and_words_come_with_the_tables(database: Database) -> None:
    with database.read() as connection:
        found = inspect(connection)
        assert set(found.get_view_names()) == set(views.definitions(dialect_name(connection)))
        assert set(clusters.cluster_ids(connection)) >= {"sequential", "multiprocess", "dummy", "slurm"}
        labels = dict(connection.execute(select(schema.task_status.c.id, schema.task_status.c.label)).all())
        assert labels == {status.value: status.label for status in states.TaskStatus}


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_database_without_tables_is_refused(empty: Database) -> None:
    with pytest.raises(SchemaIsMissing, match="no Jobmon tables yet") as caught:
        migrations.prepare(empty)

    assert tables(empty) == set()
    assert typed(caught.value) == ["migrate", "--database", empty.name]


def test_tables_that_were_removed_are_missing(empty: Database) -> None:
    migrations.migrate(empty)
    migrations.migrate(empty, "base")

    with pytest.raises(SchemaIsMissing):
        migrations.check(empty)


def test_tables_of_an_earlier_version_are_refused(empty: Database) -> None:
    migrations.migrate(empty, "0001")

    with pytest.raises(SchemaIsOlder, match=f"of version 0001; this code needs {migrations.HEAD}") as caught:
        migrations.check(empty)

    assert typed(caught.value)[0] == "migrate"


def test_tables_of_a_later_version_are_left_alone(empty: Database) -> None:
    migrations.migrate(empty)
    pretend(empty, "9999")
    before = tables(empty)

    for refused in (migrations.check, migrations.prepare, migrations.migrate):
        with pytest.raises(SchemaIsNewer, match="of version 9999") as caught:
            refused(empty)
        assert caught.value.remedy.endswith("pip install --upgrade jobmon_airflow")

    with pytest.raises(SchemaIsNewer):
        migrations.migrate(empty, "base")
    assert tables(empty) == before
    assert version(empty) == "9999"


def test_somebody_elses_tables_are_refused_and_left_alone(empty: Database) -> None:
    empty.write(lambda it: it.execute(text("CREATE TABLE task (mine INTEGER)")).close())

    with pytest.raises(NotOurDatabase, match="has tables of these names already: task") as caught:
        migrations.migrate(empty)

    assert tables(empty) == {"task"}
    assert typed(caught.value) == ["address"]


def test_other_tables_beside_ours_are_no_trouble(empty: Database) -> None:
    empty.write(lambda it: it.execute(text("CREATE TABLE dag_run (theirs INTEGER)")).close())

    migrations.migrate(empty)
    migrations.migrate(empty, "base")

    assert tables(empty) == {"dag_run", migrations.VERSION_TABLE}


# --- the embedded default ----------------------------------------------------------------------------------------


def test_the_embedded_default_is_made_without_asking() -> None:
    database = Database.open()
    assert database.is_embedded

    migrations.prepare(database)

    assert version(database) == migrations.HEAD
    database.close()


def test_another_file_is_not_made_without_asking(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)

    with pytest.raises(SchemaIsMissing):
        migrations.prepare(database)
    database.close()


def test_the_usual_database_needs_no_address_in_the_command(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.JOBMON_VARIABLE, sqlite_url)
    database = Database.open()

    with pytest.raises(SchemaIsMissing) as caught:
        migrations.prepare(database)

    assert typed(caught.value) == ["migrate"]
    database.close()


# --- two at once -------------------------------------------------------------------------------------------------


def test_processes_that_migrate_at_once_all_succeed(empty: Database, database_url: str) -> None:
    processes = [_command("migrate", "--database", database_url) for _ in range(3)]

    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors

    migrations.check(empty)
    chain(empty)


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_tells_where_the_database_is(sqlite_url: str, capfd: Any) -> None:
    assert main(["db", "address", "--database", sqlite_url]) == 0

    assert capfd.readouterr().out == f"{sqlite_url}, from the argument\n"


def test_the_command_makes_checks_and_removes_the_tables(database_url: str, capfd: Any) -> None:
    where = ["--database", database_url]

    assert main(["db", "check", *where]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "no Jobmon tables yet" in err
    assert "jobmon db migrate" in err

    assert [main(["db", *words, *where]) for words in (["migrate"], ["check"], ["migrate", "0001"])] == [
        0
    ] * 3
    assert f"are of version {migrations.HEAD}, as they should be" in capfd.readouterr().out

    assert main(["db", "migrate", "base", *where]) == 0
    assert capfd.readouterr().out.endswith("are of version none: they are gone.\n")
    assert main(["db", "check", *where]) == 2


def test_the_command_uses_the_usual_database() -> None:
    assert main(["db", "migrate"]) == 0

    database = Database.open()
    migrations.check(database)
    database.close()


def test_the_command_refuses_an_address_it_cannot_read(capfd: Any) -> None:
    assert main(["db", "check", "--database", "nonsense"]) == 2

    out, err = capfd.readouterr()
    assert out == ""
    assert "from the argument, cannot be read" in err


@pytest.mark.parametrize("words", [[], ["destroy"]])
def test_the_command_refuses_what_it_does_not_know(words: list[str], capfd: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["db", *words])

    assert caught.value.code == 2
    assert "usage: jobmon db" in capfd.readouterr().err


def test_the_command_refuses_a_version_it_does_not_know(sqlite_url: str, capfd: Any) -> None:
    assert main(["db", "migrate", "9999", "--database", sqlite_url]) == 2

    assert "no version '9999'.\nChoose head" in capfd.readouterr().err


def test_the_command_is_a_module_that_can_be_run(sqlite_url: str) -> None:
    process = _command("check", "--database", sqlite_url)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert out == ""
    assert err.startswith(f"The database {sqlite_url} has no Jobmon tables yet.\n")


def typed(error: StoreError) -> list[str]:
    """The words of the command in a remedy, if the command knows them."""
    words = shlex.split(error.remedy.partition(f"{migrations.STORE} ")[2])
    parser(JOBMON, ["db", *words]).parse_args(["db", *words])
    return words


def _command(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "jobmon_airflow", "db", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    return kind != "table" or name in schema.metadata.tables


def _checks(table: Any) -> set[str]:
    from sqlalchemy import CheckConstraint

    return {str(it.name) for it in table.constraints if isinstance(it, CheckConstraint)}
