"""A real Slurm for tests. Whoever asks for one is marked ``slurm``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.slurm.box import obstacle, own_box
from tests.slurm.sshd import sshd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.slurm.box import Box
    from tests.slurm.sshd import Sshd

pytest.register_assert_rewrite("tests.distributors.contract", "tests.testing.batches")

FIXTURES: Final = frozenset({"box"})

# Read before the tests' environment is cleaned.
SLURM_IS_REQUIRED: Final = os.environ.get("JOBMON_TEST_REQUIRE") == "all"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """One Slurm for all tests of this process. A test may break it: it is mended before the next one."""
    if found := obstacle():
        if SLURM_IS_REQUIRED:
            pytest.fail(found, pytrace=False)
        pytest.skip(found)
    with own_box() as box:
        yield box


@pytest.fixture(scope="session")
def ssh_server(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A machine from which the box is reached."""
    with sshd(tmp_path_factory.mktemp("sshd"), box.environment) as server:
        yield server


@pytest.fixture(autouse=True)
def _a_box_as_good_as_new(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the code under test speak to the box, and mend what the test has broken."""
    if FIXTURES.isdisjoint(request.fixturenames):
        yield
        return
    box: Box = request.getfixturevalue("box")
    for name, value in box.environment.items():
        monkeypatch.setenv(name, value)
    yield
    box.reset()
