"""An original Jobmon's database, and one of ours to bring it to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.client import registry
from tests import servers
from tests.moving_in.originals import Original

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jobmon_airflow.store.database import Database

_numbers = itertools.count(1)


@pytest.fixture
def original(tmp_path: Path) -> Iterator[Original]:
    """An original's database, with a cluster, a queue and nothing else in it."""
    found = Original.at(f"sqlite:///{tmp_path / 'original.db'}")
    yield found
    found.engine.dispose()


@pytest.fixture
def address_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The address of an empty database of a kind."""

    def address(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(_numbers)}.db'}"
        server = request.getfixturevalue(f"{kind}_server")
        return servers.create_database(server, f"moving_in_{next(_numbers)}")

    return address


@pytest.fixture
def ours(tmp_path: Path) -> Database:
    """A database with our tables, as scripts open it."""
    return database_at(f"sqlite:///{tmp_path / 'ours.db'}")


def database_at(address: str) -> Database:
    from jobmon_airflow.store import migrations
    from jobmon_airflow.store.database import Database

    opened = Database.open(address)
    migrations.migrate(opened)
    opened.close()
    return registry.database(address)
