"""The databases of the tests of the store, since what is seen is found in SQL: each test sees all three kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import Tool
from tests.store.conftest import database, migrated, new, pytest_configure, pytest_generate_tests
from tests.workflows import close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobmon_airflow.store.database import Database

__all__ = ["database", "migrated", "new", "pytest_configure", "pytest_generate_tests"]


@pytest.fixture
def url(database: Database) -> Iterator[str]:
    """The address under which scripts know the database."""
    address = database.engine.url.render_as_string(hide_password=False)
    yield address
    close(address)


@pytest.fixture
def tool(url: str, new: Callable[[str], str]) -> Tool:
    """A tool of this test's own, as other tests have left workflows behind."""
    tool = Tool(new("tool"), database=url)
    tool.set_default_cluster_name("sequential")
    return tool
