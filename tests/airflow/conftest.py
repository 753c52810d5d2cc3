"""Airflows for tests. Whoever has one made is marked ``airflow``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.airflow.real_airflow import Airflows, RealAirflow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "airflows" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.airflow)


# Not one for all files: an Airflow that waits for the next of them takes an eighth of a core.
@pytest.fixture(scope="module")
def airflow(airflows: Airflows) -> Iterator[RealAirflow]:
    """One Airflow for all tests of a file, with DAGs of each test's own. To kill its components, ask for `mortal`."""
    with airflows.running() as airflow:
        yield airflow


@pytest.fixture
def mortal(airflow: RealAirflow) -> Iterator[RealAirflow]:
    """The file's Airflow for a test that kills its components; the next one finds it whole and at rest."""
    yield airflow
    airflow.recover()
