"""Which gaps of a command template are bare: where a quoted text is a word of the command, and nothing else.

A shell is followed through the template's own text. Where it is in doubt what the shell, or a second one behind it,
would take a text for, the gap is not bare.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Here-documents and arithmetic, where quotes mean nothing.
_WITHOUT_QUOTES: Final = frozenset({"<<", "((", "$[", "[["})
# What has its words read by a shell once more.
_READ_TWICE: Final = re.compile(
    r"(^|[\s;&|({/])(((ba|da|k|z)?sh\s+(-\S+\s+)*-\w*c\s*)$|(eval|ssh|rsh|su|watch|parallel)\s)"
)


def are_bare(parts: Iterable[tuple[str, str | None, bool]]) -> tuple[bool, ...]:
    """For each gap of a template's parts, whether it is bare.

    >>> are_bare([("run ", "a", False), (" 'it is ", "b", False), ("' ", "c", False)])
    (True, False, True)
    """
    reading, bare = _Reading(), []
    for literal, name, _ in parts:
        reading.read(literal)
        if name is not None:
            bare.append(reading.is_bare)
            reading.pass_gap()
    return tuple(bare)


class _Reading:
    """How far a shell is in a command."""

    def __init__(self) -> None:
        self.text = ""
        self.last = ""
        self.quote = ""
        self.is_escaped = False
        self.is_comment = False
        self.is_lost = False

    @property
    def is_bare(self) -> bool:
        is_inside = self.quote or self.is_escaped or self.is_comment or self.is_lost
        # A text in quotes behind a dollar sign is another kind of text in some shells.
        return not (is_inside or self.last == "$" or _READ_TWICE.search(self.text))

    def read(self, literal: str) -> None:
        for character in literal:
            self._read(character)
            self.last = character
        self.text += literal

    def pass_gap(self) -> None:
        self.text += "x"
        self.last = "x"
        self.is_escaped = False

    def _read(self, character: str) -> None:
        if self.is_comment:
            self.is_comment = character != "\n"
        elif self.is_escaped:
            self.is_escaped = False
        elif character == "\\" and self.quote != "'":
            self.is_escaped = True
        elif self.quote:
            self.quote = "" if character == self.quote else self.quote
        elif character in {"'", '"', "`"}:
            self.quote = character
        elif character == "#" and not self.last.strip(" \t\n;&|("):
            self.is_comment = True
        elif self.last + character in _WITHOUT_QUOTES:
            self.is_lost = True
