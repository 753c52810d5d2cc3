"""Lines of many orders in one process, each in the log file of the order that it is about."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOG: Final[ContextVar[TextIO | None]] = ContextVar("jobmon_order_log", default=None)


class OrderLogs(logging.Handler):
    """Writes lines as they are: to the file of the order in whose context they are said, else to stdout."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write(self.format(record))
        except (OSError, ValueError):  # the disk is full, or the file is closed: no order fails for its log
            self.handleError(record)


def write(line: str) -> None:
    """Write a line where what is said here belongs."""
    stream = _LOG.get() or sys.stdout
    stream.write(f"{line}\n")
    stream.flush()


@contextmanager
def kept_in(file: Path) -> Iterator[None]:
    """Let all that is said in this context go to a file, behind what it holds; an error that leaves it, too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        token = _LOG.set(stream)
        try:
            yield
        except BaseException as error:
            write("".join(traceback.format_exception(error)).rstrip())
            raise
        finally:
            _LOG.reset(token)


def set_up() -> None:
    """Let everything that is logged in this process go where it belongs."""
    logging.basicConfig(handlers=[OrderLogs()], level=logging.INFO, format="%(message)s", force=True)
