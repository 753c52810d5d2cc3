"""Airflows for tests. Whoever asks for one is marked ``airflow``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.airflow.real_airflow import Airflows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.airflow.real_airflow import RealAirflow

FIXTURES: Final = frozenset({"airflow", "own_airflow", "airflows"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.airflow)


@pytest.fixture(scope="session")
def airflows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Airflows:
    """Makes Airflows: ``with airflows.running(metadata=..., options={"core.parallelism": 8}) as airflow``."""
    return Airflows(
        folder=tmp_path_factory.mktemp, postgresql=lambda: request.getfixturevalue("postgresql_server")
    )


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
