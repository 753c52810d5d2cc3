"""Pages of docs/ that are drawn from the code: written, or only checked, by one command each."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_or_check(page: Path, text: str, *, source: str, command: str, about: str | None) -> int:
    """Write the page; with ``--check`` change nothing and return 1 if it is out of date."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if the page is out of date"
    )
    if parser.parse_args().check:
        return check(page, text, source=source, command=command)
    page.write_text(text, encoding="utf-8")
    return 0


def check(page: Path, text: str, *, source: str, command: str) -> int:
    """Return 0 if the page has this text; else say what to type, and return 1."""
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    print(f"docs/{page.name} does not show the tables in {source}. Run: {command}", file=sys.stderr)
    return 1


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Draw a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
