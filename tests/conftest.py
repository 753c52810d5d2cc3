"""Databases for tests, and a machine that looks the same to each of them."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import servers
from tests.running import (  # noqa: F401 - pytest's hooks
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_xdist_make_scheduler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.airflow.real_airflow import Airflows

# A busy machine is no bug: examples may take as long as they take.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Read before the tests' environment is cleaned.
EVERY_SERVER_IS_REQUIRED = os.environ.get("JOBMON_TEST_REQUIRE") == "all"

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _a_machine_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the settings, home and Airflow of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AIRFLOW_HOME", str(home / "airflow"))
    for name in tuple(os.environ):
        if name.startswith(("JOBMON_", "AIRFLOW__JOBMON__")):
            monkeypatch.delenv(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'jobmon.db'}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    yield from _start(servers.postgresql)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    yield from _start(servers.mariadb)


@pytest.fixture(scope="session")
def airflows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Airflows:
    """Makes Airflows: ``with airflows.running(metadata=..., options={"core.parallelism": 8}) as airflow``."""
    from tests.airflow.real_airflow import Airflows

    return Airflows(
        folder=tmp_path_factory.mktemp, postgresql=lambda: request.getfixturevalue("postgresql_server")
    )


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database, once for every kind; a server starts when it is first needed."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with _database(request.getfixturevalue(f"{request.param}_server")) as url:
        yield url


def _start(server: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    try:
        with server() as url:
            yield url
    except servers.ServerIsMissing as missing:
        if EVERY_SERVER_IS_REQUIRED:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    url = servers.create_database(server, name)
    try:
        yield url
    finally:
        servers.drop_database(server, name)
