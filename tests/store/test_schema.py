"""What the schema refuses, whoever writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, delete, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from jobmon_airflow import states
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import (
    action_log,
    airflow_tasks,
    attributes,
    error_kinds,
    imported,
    schema,
    task_instances,
    tasks,
    templates,
    usage_by_hour,
    waiting,
    workflow_runs,
)
from jobmon_airflow.store.airflow_tasks import Place, Try
from tests.store.building import AT, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Table

    from jobmon_airflow.store.database import Database


def _keys() -> Iterator[tuple[Table, tuple[str, ...]]]:
    for table in schema.metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
                yield table, tuple(constraint.columns.keys())


KEYS = [pytest.param(table, columns, id=f"{table.name}-{'+'.join(columns)}") for table, columns in _keys()]
REFERENCES = [
    pytest.param(table, column.name, id=f"{table.name}-{column.name}")
    for table in schema.metadata.sorted_tables
    for column in table.columns
    if column.foreign_keys
]


@pytest.fixture
def filled(database: Database, new: Callable[[str], str]) -> Database:
    """A database in which every table has a row."""
    if not _has_rows(database):
        _fill_every_table(database, new)
    return database


@pytest.mark.parametrize(("table", "columns"), KEYS)
def test_a_key_is_taken_once(filled: Database, table: Table, columns: tuple[str, ...]) -> None:
    # All other keys of the row are new, so that it is this one that is refused.
    row = _any_row(filled, table) | dict.fromkeys(_texts_of_other_keys(table, columns), "~")
    if "id" in table.c and "id" not in columns and table.c.id.type.python_type is int:
        row["id"] = 32_000

    refuse(filled, table, row)


@pytest.mark.parametrize(("table", "column"), REFERENCES)
def test_a_reference_leads_somewhere(filled: Database, table: Table, column: str) -> None:
    nobody = "?" if table.c[column].type.python_type is str else -1

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        _change(filled, table, **{column: nobody})


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (schema.workflow, "max_concurrently_running", -1),
        (schema.array, "max_concurrently_running", -1),
        (schema.task, "max_attempts", 0),
        (schema.task, "num_attempts", -1),
        (schema.dag_join, "number", 0),
    ],
)
def test_a_number_that_means_nothing_is_refused(
    filled: Database, table: Table, column: str, value: int
) -> None:
    # MariaDB says OperationalError to a check.
    with pytest.raises((IntegrityError, OperationalError), match=rf"(?i)ck_{table.name}_"):
        _change(filled, table, **{column: value})


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (schema.workflow, "max_concurrently_running", 0),
        (schema.array, "max_concurrently_running", 2**31 - 1),
        (schema.task, "max_attempts", 1),
        (schema.task, "num_attempts", 0),
    ],
)
def test_the_least_and_the_most_are_allowed(filled: Database, table: Table, column: str, value: int) -> None:
    _change(filled, table, **{column: value})


@pytest.mark.parametrize("letter", ["?", "", "g", "GG"])
@pytest.mark.parametrize(
    "table", [schema.task, schema.task_instance, schema.workflow_run, schema.workflow], ids=str
)
def test_an_unknown_letter_is_no_status(filled: Database, table: Table, letter: str) -> None:
    with pytest.raises(DBAPIError):
        _change(filled, table, status=letter)


REQUIRED = [
    pytest.param(table, column.name, id=f"{table.name}-{column.name}")
    for table in schema.metadata.sorted_tables
    for column in table.columns
    if not column.nullable and column.name != "id"
]


@pytest.mark.parametrize(("table", "column"), REQUIRED)
def test_what_is_required_cannot_be_left_empty(filled: Database, table: Table, column: str) -> None:
    with pytest.raises((IntegrityError, OperationalError), match=r"(?i)null"):
        _change(filled, table, **{column: None})


@pytest.mark.parametrize(
    ("table", "statuses"),
    [
        (schema.task_status, states.TaskStatus),
        (schema.task_instance_status, states.TaskInstanceStatus),
        (schema.workflow_run_status, states.WorkflowRunStatus),
        (schema.workflow_status, states.WorkflowStatus),
    ],
)
def test_a_table_of_statuses_says_what_the_code_says(
    database: Database, table: Table, statuses: type[states.Status]
) -> None:
    with database.read() as connection:
        rows = {tuple(row) for row in connection.execute(select(table))}

    assert rows == {(status.value, status.label, status.description) for status in statuses}


def test_names_differ_by_capitals_and_by_accents(database: Database, new: Callable[[str], str]) -> None:
    base = new("resume")
    names = [base, base.upper(), base.replace("e", "é"), base.replace("e", "e\u0301"), base.replace("s", "ß")]

    ids = database.write(lambda it: templates.arg_ids(it, names))

    assert sorted(ids) == sorted(names)
    assert len(set(ids.values())) == len(names)


def refuse(database: Database, table: Table, row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)unique|duplicate"):
        database.write(lambda it: it.execute(insert(table).values(row)).close())


def _change(database: Database, table: Table, **values: Any) -> None:
    row = _any_row(database, table)
    this = [column == row[column.name] for column in table.primary_key]
    database.write(lambda it: it.execute(table.update().where(*this).values(values)).close())


def _any_row(database: Database, table: Table) -> dict[str, Any]:
    with database.read() as connection:
        # The last: it is one of this module's own.
        order = [column.desc() for column in table.primary_key]
        return dict(connection.execute(select(table).order_by(*order).limit(1)).mappings().one())


def _texts_of_other_keys(table: Table, columns: tuple[str, ...]) -> set[str]:
    others = {name for of, key in _keys() if of is table and key != columns for name in key} - set(columns)
    return {
        name for name in others if table.c[name].type.python_type is str and not table.c[name].foreign_keys
    }


def _has_rows(database: Database) -> bool:
    with database.read() as connection:
        return all(
            connection.execute(select(table).limit(1)).first() for table in schema.metadata.sorted_tables
        )


def _fill_every_table(database: Database, new: Callable[[str], str]) -> None:
    bound = chain(database)

    def fill(connection: Connection) -> None:
        run = workflow_runs.register(connection, bound.workflow_id, "ada", "1.0", AT)
        attempts = task_instances.queue(
            connection, run, bound.array_id, 1, dict.fromkeys(bound.task_ids, bound.resources_id), AT
        )
        task_instances.log_errors(connection, dict.fromkeys(attempts.values(), "It failed."), AT)
        tasks.advance(connection, bound.task_ids, TaskStatus.QUEUED, AT)
        attributes.write(connection, "task", {bound.task_ids[0]: {new("attribute"): "a"}})
        attributes.write(connection, "workflow", {bound.workflow_id: {new("attribute"): "a"}})
        connection.execute(
            insert(schema.dag_join).values(
                dag_id=bound.dag_id, number=1, upstream_node_ids="[]", downstream_node_ids="[]"
            )
        )
        ends = ("upstream_task_template_version_id", "downstream_task_template_version_id")
        edge = {"dag_id": bound.dag_id, **dict.fromkeys(ends, bound.version_id)}
        connection.execute(delete(schema.template_edge).where(schema.template_edge.c.dag_id == bound.dag_id))
        connection.execute(insert(schema.template_edge).values(edge))
        runs = Place(dag_id=new("dag"), run_id="manual", task_id="run")
        this = Try(place=runs, number=1)
        airflow_tasks.claim(connection, this, AT)
        airflow_tasks.note(connection, this, AT, workflow_id=bound.workflow_id, workflow_run_id=run)
        waiting.replace(connection, run, {(bound.array_id, "Priority"): 1}, AT)
        waiting.note(connection, run, {bound.array_id: (1, 1)}, AT)
        action_log.note(connection, bound.workflow_id, "ada", "stop", "", AT)
        origin_id = imported.origin_id(connection, new("original"), AT)
        imported.note(connection, origin_id, "workflow", {7: bound.workflow_id})
        for status in (TaskInstanceStatus.INSTANTIATED, TaskInstanceStatus.ERROR):
            task_instances.advance(connection, attempts.values(), status, AT)
        usage_by_hour.add(connection, list(attempts.values()))
        error_kinds.ids_of(connection, {new("KeyError")})

    database.write(fill)
