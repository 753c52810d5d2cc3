"""An answer on a terminal: tables that fit its width, by rich, which is loaded for nothing else."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Share, Table
from jobmon_airflow.cli.formats import cell, is_number, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import JustifyMethod
    from rich.table import Table as RichTable
    from rich.text import Text

    from jobmon_airflow.cli.answers import Answer

_GAP: Final = 2  #: between two columns
_FOLDED: Final = 12  #: letters of a word; longer ones may go on in the next line
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
    """Its parts, no wider than the terminal: words are folded and never cut off, numbers and heads stay whole.

    Where there is no room, shares go without their percents; and a table that is still too wide is shown as a list of
    names and values for each row.
    """
    from rich.console import Console
    from rich.text import Text

    room = width or shutil.get_terminal_size().columns
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=room, highlight=False)
    for number, part in enumerate(shown(answer)):
        if number:
            console.print()
        if isinstance(part, Table):
            console.print(_rich(part, room))
        else:
            console.print(Text(_tame(part)), soft_wrap=True)
    return written.getvalue().removesuffix("\n")


def _rich(table: Table, room: int) -> RichTable:
    rightward = [is_number(table.rows, column) for column in table.columns]
    in_words, in_short = _texts(table, _in_words), _texts(table, cell)
    for rows in (in_words, in_short):
        least = _least_widths(table.columns, rows, rightward)
        if sum(least) + _GAP * len(least) <= room:
            return _as_table(table.columns, rows, rightward, least)
    return _as_lists(table.columns, in_words)


def _texts(table: Table, said: Callable[[Any], str]) -> list[list[str]]:
    return [[_tame(said(row.get(column))) for column in table.columns] for row in table.rows]


def _least_widths(
    columns: Sequence[str], rows: Sequence[Sequence[str]], rightward: Sequence[bool]
) -> list[int]:
    """How wide each column has to be for what stays in one line."""
    return [
        max(map(len, [head, *(_unbroken(texts[place], right) for texts in rows)]))
        for place, (head, right) in enumerate(zip(columns, rightward, strict=True))
    ]


def _unbroken(text: str, is_whole: bool) -> str:
    """What of a cell stays in one line: a number, and of words those that are not very long."""
    return text if is_whole else max((word[:_FOLDED] for word in text.split()), key=len, default="")


def _as_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], rightward: Sequence[bool], least: Sequence[int]
) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for column, right, width in zip(columns, rightward, least, strict=True):
        side: JustifyMethod = "right" if right else "left"
        drawn.add_column(Text(column), justify=side, overflow="fold", min_width=width, no_wrap=right)
    for texts in rows:
        drawn.add_row(*map(_coloured, texts))
    return drawn


def _as_lists(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable.grid(padding=(0, 2, 0, 0))
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for number, texts in enumerate(rows):
        if number:
            drawn.add_row()
        for column, text in zip(columns, texts, strict=True):
            drawn.add_row(Text(column, style="bold"), _coloured(text))
    return drawn


def _coloured(text: str) -> Text:
    from rich.text import Text

    return Text(text, style=_COLOURS.get(text, ""))


def _in_words(value: Any) -> str:
    return value.in_words if isinstance(value, Share) else cell(value)


def _tame(text: str) -> str:
    """Without what would command the terminal: anybody's task may have said it."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
