"""What a command answers: a text to print, and an exit code that says how it went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Exit(IntEnum):
    """How a command went, for scripts."""

    OK = 0
    TASKS_FAILED = 1  #: it was done, and tasks failed
    COULD_NOT = 2  #: it was not done


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say."""

    text: str
    code: Exit = Exit.OK


def as_json(value: Any) -> str:
    """For programs."""
    return json.dumps(value, indent=2, default=str)


def as_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """For people: columns as wide as what is in them; numbers stand to the right.

    >>> print(as_table(["NAME", "TASKS"], [{"NAME": "a", "TASKS": 12}, {"NAME": "long", "TASKS": 7}]))
    NAME  TASKS
    a        12
    long      7
    """
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    is_number = [
        bool(rows) and all(isinstance(row.get(column), int | float) for row in rows) for column in columns
    ]
    return "\n".join(_line(line, widths, is_number) for line in [list(columns), *cells])


def _line(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, is_number, strict=True)
    )
    return "  ".join(padded).rstrip()
