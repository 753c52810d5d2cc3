"""What the engine logs, in a simple form, as Jobmon 2.x showed it."""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

OURS: Final = "jobmon_airflow"
_FORMAT: Final = "%(asctime)s [%(name)-12s] %(levelname)-8s: %(message)s"
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class ClientLogging:
    """Shows what is logged: ``ClientLogging().attach()``."""

    def __init__(self, log_format: str = _FORMAT) -> None:
        self._formatter = _WithFacts(log_format)

    def attach(self, logger_name: str = "jobmon", level: int = logging.INFO) -> None:
        """Write what a logger says to stdout; Jobmon's own logger is the engine's. Doing so again changes nothing."""
        logger = logging.getLogger(OURS if logger_name == "jobmon" else logger_name)
        if not any(isinstance(handler, _Shown) for handler in logger.handlers):
            handler = _Shown()
            handler.setFormatter(self._formatter)
            logger.addHandler(handler)
        logger.setLevel(level)

    @staticmethod
    def getLogger(name: str | None = None) -> logging.Logger:  # noqa: N802 - as scripts call it
        """Python's own logger of this name."""
        return logging.getLogger(name)


class _Shown(logging.StreamHandler[TextIO]):
    """Writes to what is stdout at the time, which notebooks and tests change."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


class _WithFacts(logging.Formatter):
    """Puts the facts of an event behind its name."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging calls it
        facts = {name: value for name, value in vars(record).items() if name not in _USUAL}
        said = "".join(f" {name}={value}" for name, value in facts.items())
        return super().formatMessage(record) + said
