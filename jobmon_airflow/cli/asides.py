"""What is said beside an answer: on stderr, so that a program that reads the answer does not stumble over it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def aside(text: str) -> None:
    """Say it, in yellow on a terminal."""
    sys.stderr.write(f"\x1b[33m{text}\x1b[0m\n" if sys.stderr.isatty() else f"{text}\n")


@contextmanager
def logs_on_stderr(*, unless: bool = False) -> Iterator[None]:
    """Airflow logs to stdout, where a program expects nothing but the answer."""
    if unless:
        yield
        return
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
