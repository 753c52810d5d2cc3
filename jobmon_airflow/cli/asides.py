"""What is said beside an answer: on stderr, so that a program that reads the answer does not stumble over it."""

from __future__ import annotations

import sys


def aside(text: str) -> None:
    """Say it, in yellow on a terminal."""
    sys.stderr.write(f"\x1b[33m{text}\x1b[0m\n" if sys.stderr.isatty() else f"{text}\n")
