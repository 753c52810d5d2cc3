"""How the tests are run: which of them share a process, and what is said of those that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer

#: What the tests of such a folder share is dear: an Airflow and a browser that stay for all its files.
SHARING: Final = ("tests/browser/",)


class Households(LoadFileScheduling):
    """Tests of one file go to one process, and all files of a folder that shares something dear."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((folder for folder in SHARING if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Households:
    return Households(config, log)


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
