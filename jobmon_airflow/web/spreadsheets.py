"""Rows as CSV, which people open in spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def drawn(rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells, one a line."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """A text for a cell; a spreadsheet would run what looks like a formula."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
