"""A database with tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[str]:
    """The address of a SQLite file."""
    address = f"sqlite:///{tmp_path / 'lite.db'}"
    yield migrated(address)
    close(address)
