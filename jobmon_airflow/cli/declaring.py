"""What a command line consists of: groups, commands and their arguments, declared once and without Airflow.

`jobmon_airflow.cli.console` makes the command ``jobmon`` of a declaration, `jobmon_airflow.cli.airflow_group` the group
``airflow jobmon``, and ``scripts/draw_cli.py`` the page docs/cli.md.
"""

from __future__ import annotations

from argparse import PARSER, Action
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One thing that a command is told: after a flag, by its place, or either way."""

    name: str  #: of the function's parameter
    help: str
    flags: tuple[str, ...] = ()  #: none: it is told by its place
    by_place: bool = False  #: its flag may be left out
    type: Callable[[str], Any] = str
    choices: Sequence[Any] | None = None
    default: Any = None
    metavar: str | None = None
    many: bool = False  #: a list: ``-w 1 2``, ``-w 1 -w 2``, ``1 2``
    required: bool = False
    sets: Any = None  #: what a flag without a value means
    takes: Any = None  #: what a flag means whose value was left out
    is_rest: bool = False  #: a word, and all that follows it, flags too

    def __post_init__(self) -> None:
        assert self.name.isidentifier()
        assert self.flags or self.by_place or self.is_rest, f"{self.name} cannot be told"

    @property
    def metavariable(self) -> str:
        """The word that stands for its value."""
        return self.metavar or self.name.upper().removesuffix("S" if self.many else "")

    def but(self, taken: frozenset[str]) -> Argument:
        """The same, without flags that mean something else."""
        return replace(self, flags=tuple(flag for flag in self.flags if flag not in taken))

    def in_argparse(self) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """What ``add_argument`` is to be called with; the flag comes first, so that its default holds."""
        if self.is_rest:
            yield (self.name,), {"nargs": PARSER, "metavar": self.metavariable, "help": self.help}
        elif self.flags:
            yield self.flags, {"dest": self.name, "help": self.help, "default": self.default, **self._value()}
        if self.by_place:
            nargs = "*" if self.many else "?"
            yield (self.name,), {"action": Told, "help": self.help, **self._values(), "nargs": nargs}

    def _value(self) -> dict[str, Any]:
        if self.sets is not None:
            return {"action": "store_const", "const": self.sets}
        if self.takes is not None:
            return {"nargs": "?", "const": self.takes, **self._values()}
        if self.many:
            return {"action": Told, "nargs": "+", **self._values()}
        return self._values()

    def _values(self) -> dict[str, Any]:
        metavar = None if self.choices else self.metavariable
        return {"type": self.type, "choices": self.choices, "metavar": metavar}


class Told(Action):
    """Adds to a list what each flag and each place says, and lets a place that is empty say nothing."""

    def __call__(
        self, _parser: ArgumentParser, told: Namespace, values: Any, _flag: str | None = None
    ) -> None:
        if values is None or values == []:
            return
        known = getattr(told, self.dest, None) or [] if isinstance(values, list) else None
        setattr(told, self.dest, values if known is None else [*known, *values])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: its words, and the function that is called with its arguments by name and returns an `Answer`.

    A function that returns several, one after the other, is followed until the last.
    """

    name: str
    help: str
    does: str  #: module:function; imported when the command is typed
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    asks_database: bool = True  #: it takes --database, and its function too
    answers_in_forms: bool = True  #: it takes --output
    may_watch: bool = False  #: it takes --watch
    prints: bool = False  #: it writes to stdout itself while it works
    description: str = ""
    in_airflow: Mapping[str, Any] = field(default_factory=dict)  #: what holds there if nothing else is told
    today: str = ""  #: an old name: the words that one types today
    without: frozenset[str] = frozenset()  #: flags that mean something else here than elsewhere

    @property
    def all_arguments(self) -> tuple[Argument, ...]:
        """Its own, and those that it shares with others."""
        shared = (
            *((WATCH,) if self.may_watch else ()),
            *((OUTPUT, JSON, TO) if self.answers_in_forms and not self.prints else ()),
            *((DATABASE,) if self.asks_database else ()),
        )
        told = {argument.name for argument in self.arguments}
        return (*self.arguments, *(each.but(self.without) for each in shared if each.name not in told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Commands about one thing."""

    name: str
    help: str
    commands: tuple[Command | Group, ...]
    description: str = ""


def commands_of(group: Group, *before: str) -> Iterator[tuple[str, Command]]:
    """Every command with all its words, as in "workflow resources yaml"."""
    for each in group.commands:
        words = (*before, each.name)
        if isinstance(each, Group):
            yield from commands_of(each, *words)
        else:
            yield " ".join(words), each


OUTPUT = Argument(
    name="output",
    flags=("-o", "--output"),
    choices=("table", "json", "csv"),
    default="table",
    help="table for people (the default), json or csv for programs",
)
JSON = Argument(
    name="output", flags=("-n", "--json"), sets="json", default="table", help="the same as -o json"
)
TO = Argument(name="to", flags=("--to",), metavar="FILE", help="write the answer to this file")
DATABASE = Argument(
    name="database",
    flags=("--database", "--db-uri"),
    metavar="ADDRESS",
    help="the database, in place of the usual one",
)
WATCH = Argument(
    name="watch",
    flags=("--watch",),
    type=float,
    takes=2.0,
    metavar="SECONDS",
    help="look again every so many seconds (2 if it is not said), until nothing changes any more or Ctrl-C",
)
