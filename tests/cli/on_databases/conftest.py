"""Commands whose SQL is their own are tried on every kind of database, with a workflow of three phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.conftest import kind
from tests.view.conftest import (
    database,
    migrated,
    new,
    pytest_configure,
    pytest_generate_tests,
    tool,
    url,
)
from tests.workflows import three_phases

if TYPE_CHECKING:
    from jobmon_airflow import Workflow

__all__ = ["database", "kind", "migrated", "new", "pytest_configure", "pytest_generate_tests", "tool", "url"]


@pytest.fixture
def workflow(url, new) -> Workflow:
    """transform (eight tasks) >> aggregate (four) >> summarize, which nobody has run yet."""
    return three_phases(url, new("commands")).bind()
