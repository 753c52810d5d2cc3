"""An R for tests. Whoever asks for one is marked ``r``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.r.session import R, installed, obstacle

if TYPE_CHECKING:
    from pathlib import Path

FIXTURES: Final = frozenset({"r"})

# Read before the tests' environment is cleaned.
R_IS_REQUIRED: Final = os.environ.get("JOBMON_TEST_REQUIRE") == "all"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.r)


@pytest.fixture(scope="session")
def _library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if found := obstacle():
        if R_IS_REQUIRED:
            pytest.fail(found, pytrace=False)
        pytest.skip(found)
    return installed(tmp_path_factory.mktemp("library"))


@pytest.fixture
def r(_library: Path, tmp_path: Path) -> R:
    """An R with the package, and with a folder of its own."""
    return R(library=_library, folder=tmp_path)
