"""Databases with our tables: one of each kind for all tests, so that each test needs names of its own."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from tests import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ["sqlite", "postgresql", "mariadb"]
SERVERS = ["postgresql", "mariadb"]

_numbers = itertools.count(1)


@pytest.fixture
def database(request: pytest.FixtureRequest, migrated: Callable[[str], Database]) -> Database:
    """A database of each kind, with our tables and with what other tests left in them."""
    return migrated(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("kinds")
        metafunc.parametrize("database", only.args if only else KINDS, indirect=True)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kinds(*names): the databases that the test is about, if not all")


@pytest.fixture
def kind(database: Database) -> str:
    """Sqlite, postgresql or mysql."""
    return database.engine.dialect.name


@pytest.fixture
def new() -> Callable[[str], str]:
    """A name that nobody else has."""
    return lambda what: f"{what} {next(_numbers)}"


@pytest.fixture(scope="session")
def migrated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Database]]:
    """What makes a database of a kind, when it is first asked for."""
    databases: dict[str, Database] = {}

    def address(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store') / 'jobmon.db'}"
        # It goes with its server, at the end of all tests.
        return servers.create_database(
            request.getfixturevalue(f"{kind}_server"), f"store_tests_{next(_numbers)}"
        )

    with ExitStack() as stack:

        def get(kind: str) -> Database:
            if kind not in databases:
                databases[kind] = stack.enter_context(_migrated(address(kind)))
            return databases[kind]

        yield get


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    database = Database.open(url)
    migrations.migrate(database)
    yield database
    database.close()
