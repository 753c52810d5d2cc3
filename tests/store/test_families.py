"""Families of workflows: by tool and name, with the newest of each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from jobmon_airflow.store import dags, families, schema, tools, workflows
from jobmon_airflow.store.words import digest
from tests.store.building import AT, chain, described

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database

_numbers = itertools.count(1)


@pytest.fixture
def tool() -> str:
    return f"families {next(_numbers)}"


def bound(database: Database, tool: str, name: str, *, complete: bool = True, anew: bool = False) -> int:
    """A workflow without tasks."""

    def write(connection):
        tool_id = tools.tool_id(connection, tool)
        if anew:
            tools.add_version(connection, tool_id, AT)
        version = tools.latest_version(connection, tool_id, AT)
        args = f"{tool} {next(_numbers)}"
        graph = dags.bind(connection, digest(args), [], [], AT)
        identity = workflows.Identity(
            tool_version_id=version, dag_id=graph, workflow_args=args, task_hash=digest(args)
        )
        workflow_id, _ = workflows.enter(connection, identity, described(name), AT)
        if complete:
            workflows.complete(connection, workflow_id, AT)
        return workflow_id

    return database.write(write)


def found(database: Database, tool: str, after: int = 0) -> list[tuple[str, int]]:
    with database.read() as connection:
        return [
            (family.name, family.workflow_id)
            for family in families.all_of_them(connection, after=after)
            if family.tool == tool
        ]


def newest(database: Database, tool: str, name: str) -> int | None:
    with database.read() as connection:
        return families.newest(connection, tool, name)


def test_a_family_is_a_tool_and_a_name_with_its_newest_workflow(database, tool):
    bound(database, tool, "burden")
    bound(database, f"{tool} of others", "burden")
    nameless = bound(database, tool, "")
    burden = bound(database, tool, "burden")

    assert found(database, tool) == [("", nameless), ("burden", burden)]
    assert newest(database, tool, "burden") == burden
    assert newest(database, tool, "") == nameless
    assert newest(database, tool, "none") is None


def test_versions_of_a_tool_share_its_families(database, tool):
    bound(database, tool, "burden")
    later = bound(database, tool, "burden", anew=True)

    assert found(database, tool) == [("burden", later)]
    assert newest(database, tool, "burden") == later


def test_what_is_still_being_bound_is_not_there_yet(database, tool):
    first = bound(database, tool, "burden")
    bound(database, tool, "burden", complete=False)
    bound(database, tool, "other", complete=False)

    assert found(database, tool) == [("burden", first)]
    assert newest(database, tool, "burden") == first


def test_only_new_workflows_are_looked_at_if_one_says_so(database, tool):
    first = bound(database, tool, "burden")
    second = bound(database, tool, "other")

    assert found(database, tool, after=first) == [("other", second)]
    assert found(database, tool, after=second) == []


def test_a_renamed_workflow_is_in_its_new_family(database, tool):
    number = bound(database, tool, "burden")

    database.write(
        lambda connection: connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == number).values(name="renamed")
        )
    )

    assert found(database, tool) == [("renamed", number)]


def test_a_family_has_the_shape_of_its_graph(database):
    of = chain(database)

    with database.read() as connection:
        names, edges = families.shape(connection, of.workflow_id, of.dag_id)

    assert (names, edges) == (["step"], {("step", "step")})
