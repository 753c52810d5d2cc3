"""How the tests are run: which of them share a process, and what is said of those that fail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

#: What the tests of such a folder share is dear: an Airflow and a browser that stay for all its files.
SHARING: Final = ("tests/browser/",)

#: How many ordinary tests a test below a path is worth, roughly: what takes longest begins first, or all wait for it.
WEIGHTS: Final = {
    "tests/airflow/": 200,
    "tests/faces/": 60,
    "tests/slurm/": 60,
    "tests/browser/": 60,
    "tests/engine/test_killed.py": 60,
    "tests/distributors/slurm/": 10,
}


class Households(LoadFileScheduling):
    """Tests of one file go to one process, and all files of a folder that shares something dear."""

    def _split_scope(self, nodeid: str) -> str:
        return household(nodeid)


def household(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return next((folder for folder in SHARING if file.startswith(folder)), file)


def weight(nodeid: str) -> int:
    return next((weight for path, weight in WEIGHTS.items() if nodeid.startswith(path)), 1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Households:
    config.option.loadscopereorder = False  # by numbers of tests; ours is the order of collection
    return Households(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests, put the heaviest households first; each keeps its own order."""
    if not hasattr(config, "workerinput"):
        return
    total: Counter[str] = Counter()
    for item in items:
        total[household(item.nodeid)] += weight(item.nodeid)
    items.sort(key=lambda item: (-total[household(item.nodeid)], household(item.nodeid)))


class FailuresAtOnce:
    """Names what fails when it fails: a run that is cut off never comes to its summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash else report.longreprtext
            terminal.write_line(f"\n{report.when} of {report.nodeid} failed: {why.strip()[:1000]}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(FailuresAtOnce(config))
