"""What a command answers: words and tables for people, the same as data for programs, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Exit(IntEnum):
    """How a command went, for scripts."""

    OK = 0
    TASKS_FAILED = 1  #: it was done, and tasks failed
    COULD_NOT = 2  #: it was not done
    INTERRUPTED = 130  #: by Ctrl-C


class Share(int):
    """So many of some: a number, of which a terminal also shows what part of all it is.

    >>> [Share(count, of=200).in_words for count in (50, 1, 199, 200, 0)]
    ['50 (25%)', '1 (<1%)', '199 (>99%)', '200 (100%)', '0']
    """

    of: int  #: how many there are

    def __new__(cls, count: int, *, of: int) -> Self:
        share = super().__new__(cls, count)
        share.of = of
        return share

    @property
    def in_words(self) -> str:
        """The number, and its part of all in percent, which is neither nothing nor all unless the number is."""
        if not self:
            return "0"
        percent = round(100 * self / self.of)
        about = "<1" if percent < 1 else ">99" if percent > 99 and self < self.of else str(percent)
        return f"{self} ({about}%)"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, with the columns that people are shown, in order."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    if_empty: str = ""  #: what people are told in place of a table without rows


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say.

    >>> print(Answer("It is done.").text)
    It is done.
    >>> print(Answer(Table(["NAME", "TASKS"], [{"NAME": "a", "TASKS": 12}])).text)
    NAME  TASKS
    a        12
    """

    says: str | Table | Sequence[str | Table]  #: to people: paragraphs and tables
    code: Exit = Exit.OK
    data: Any = None  #: to programs; None: the rows of the first table, else the words as {"message": ...}
    is_last: bool = False  #: nothing will change any more: whoever watches may go

    @property
    def parts(self) -> list[str | Table]:
        """What it says, without what is empty."""
        parts = [self.says] if isinstance(self.says, str | Table) else self.says
        return [part for part in parts if part != ""]

    @property
    def table(self) -> Table | None:
        """The first one, which is what -o csv gives."""
        return next((part for part in self.parts if isinstance(part, Table)), None)

    @property
    def text(self) -> str:
        """All of it as plain text."""
        from jobmon_airflow.cli.formats import plain

        return plain(self)
