"""An AIRFLOW_HOME in which commands are typed, and a database with a workflow that failed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.testing.airflow_home import AirflowHome, command
from tests.faces import stored
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobmon_airflow import Workflow

    Typed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> AirflowHome:
    """A home whose tables were made by ``airflow db migrate``, those of Jobmon too."""
    home = AirflowHome(tmp_path_factory.mktemp("home"))
    home.configure()
    home.cli("db", "migrate")
    return home


@pytest.fixture
def typed(home: AirflowHome) -> Typed:
    """Types ``airflow <words>``, and returns how it ended."""

    def type_it(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words),
            env={**home.environment(), "COLUMNS": "400", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return type_it


@pytest.fixture
def url(sqlite_url: str) -> Iterator[str]:
    """The address of a database with our tables."""
    yield migrated(sqlite_url)
    close(sqlite_url)


@pytest.fixture
def workflow(url: str) -> Workflow:
    """A workflow of four tasks, one of which failed."""
    return stored.failed_workflow(url)
