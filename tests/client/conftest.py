"""Databases with tables, for tests that bind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """Once for every kind of database."""
    yield migrated(database_url)
    close(database_url)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[str]:
    """A SQLite file, where the database's own ways do not matter; never the same one as ``url``."""
    address = f"sqlite:///{tmp_path / 'lite.db'}"
    yield migrated(address)
    close(address)
