"""An answer on a terminal: tables that fit its width, by rich, which is loaded for nothing else."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Share, Table
from jobmon_airflow.cli.formats import cell, is_number, shown

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from jobmon_airflow.cli.answers import Answer

#: Words of statuses and buckets, as the pages colour them.
_COLOURS: Final = {
    "DONE": "green",
    "RUNNING": "cyan",
    "FAILED": "red",
    "FATAL": "red",
    "ERROR_FATAL": "red",
    "ABORTED": "yellow",
    "HALTED": "yellow",
}


def fitted(answer: Answer, width: int | None = None) -> str:
    """Its parts, each table no wider than the terminal: words are folded and never cut off."""
    from rich.console import Console
    from rich.text import Text

    written = io.StringIO()
    console = Console(
        file=written, force_terminal=True, width=width or shutil.get_terminal_size().columns, highlight=False
    )
    for number, part in enumerate(shown(answer)):
        if number:
            console.print()
        console.print(
            _rich(part) if isinstance(part, Table) else Text(_tame(part)), soft_wrap=isinstance(part, str)
        )
    return written.getvalue().removesuffix("\n")


def _rich(table: Table) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in table.columns:
        right = is_number(table.rows, column)
        drawn.add_column(Text(column), justify="right" if right else "left", overflow="fold")
    for row in table.rows:
        texts = [_tame(_in_words(row.get(column))) for column in table.columns]
        drawn.add_row(*(Text(text, style=_COLOURS.get(text, "")) for text in texts))
    return drawn


def _in_words(value: Any) -> str:
    return value.in_words if isinstance(value, Share) else cell(value)


def _tame(text: str) -> str:
    """Without what would command the terminal: anybody's task may have said it."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
