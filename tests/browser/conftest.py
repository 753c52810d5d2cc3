"""Browsers and what they look at. Whoever asks for one is marked ``browser``, and takes long."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.browser import chromium, visiting
from tests.browser.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.airflow.real_airflow import Airflows
    from tests.browser.visiting import Reader

#: Names that no other folder's fixtures have, since pytest asks about the items of all folders.
FIXTURES: Final = frozenset({"browser", "survey", "reader"})
UNDER_WAY: Final = pytest.StashKey[ExitStack]()
HERE: Final = Path(__file__).parent
IS_REQUIRED: Final = os.environ.get("JOBMON_TEST_REQUIRE") == "all"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.long)


# Not one for all files: while playwright is up, this thread has a running event loop, and no test may run its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        chromium.find()
    except chromium.ChromiumIsMissing as missing:
        if IS_REQUIRED:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    from playwright.sync_api import expect

    expect.set_options(timeout=visiting.PATIENCE)
    with chromium.browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def survey(
    request: pytest.FixtureRequest, airflows: Airflows, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Survey]:
    """One survey for all tests. Who changes it leaves the workflow that failed, and the one that runs, as such."""
    with ExitStack() as stack:
        airflow = stack.enter_context(airflows.running())
        survey = Survey.conducted(airflow, tmp_path_factory.mktemp("survey"))
        stack.callback(survey.lift, "shut")
        request.config.stash[UNDER_WAY] = stack
        yield survey


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the survey with this folder's last test: its Airflow, and what runs in it, take a fifth of a core."""
    # Where tests are shared out, those of this folder come one after the other.
    is_last = hasattr(item.config, "workerinput") and (nextitem is None or HERE not in nextitem.path.parents)
    if is_last and UNDER_WAY in item.config.stash:
        item.config.stash[UNDER_WAY].close()


@pytest.fixture(params=["light"])
def theme(request: pytest.FixtureRequest) -> visiting.Theme:
    """Parametrize it indirectly to see pages in both."""
    return request.param


@pytest.fixture
def reader(browser: Browser, survey: Survey, theme: visiting.Theme) -> Iterator[Reader]:
    """Somebody who may do everything; the test fails if the browser complains of a page."""
    token = survey.airflow.api.log_in()
    with visiting.reading(browser, survey.airflow.home.url, token, theme=theme) as reader:
        yield reader
        assert reader.complaints == []
