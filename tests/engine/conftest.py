"""Databases with tables, for runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine") / "tables.db"
    url = f"sqlite:///{path}"
    migrated(url)
    return path


@pytest.fixture
def url(_tables: Path, tmp_path: Path) -> Iterator[str]:
    """A SQLite file with tables and nothing in them; a copy, which takes no time."""
    path = tmp_path / "jobmon.db"
    shutil.copy(_tables, path)
    address = f"sqlite:///{path}"
    yield address
    close(address)
