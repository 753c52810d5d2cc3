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


# Not one for all files: an Airflow that waits for the next of them takes a third of a core.
@pytest.fixture(scope="module")
def airflow(airflows: Airflows) -> Iterator[RealAirflow]:
    """One Airflow for all tests of a file that leave its components alive. Give DAGs names that nobody else would."""
    with airflows.running() as airflow:
        yield airflow


@pytest.fixture
def own_airflow(request: pytest.FixtureRequest, airflows: Airflows) -> Iterator[RealAirflow]:
    """An Airflow for one test. ``parametrize("own_airflow", ["sqlite", "postgresql"], indirect=True)`` says where."""
    with airflows.running(metadata=getattr(request, "param", "sqlite")) as airflow:
        yield airflow
