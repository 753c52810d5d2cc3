"""Command lines, as getopt reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Misspelled(Exception):
    """What getopt says of an option that it does not know."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one command knows."""

    valued: frozenset[str]
    flags: frozenset[str]
    either: frozenset[str] = frozenset()  #: a value may follow after ``=`` only
    short: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """Options with their values ("" for those without), the last one counting, and what else there was."""

    options: Mapping[str, str]
    others: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.options

    def get(self, name: str, default: str = "") -> str:
        return self.options.get(name, default)


def known(valued: str, flags: str = "", either: str = "", short: str = "") -> Options:
    """Options by their names; short ones as ``n=name``."""
    pairs = dict(pair.split("=") for pair in short.split())
    return Options(frozenset(valued.split()), frozenset(flags.split()), frozenset(either.split()), pairs)


def read(command: str, words: Iterable[str], options: Options, *, stops: bool = False) -> Words:
    """Read a command line. With ``stops`` the first word that is no option ends the options, as for sbatch's script."""
    left, found, others = list(words), dict[str, str](), list[str]()
    while left:
        word = left.pop(0)
        if word == "--" or (stops and not word.startswith("-")):
            others += left if word == "--" else [word, *left]
            break
        if word.startswith("--"):
            _long(command, word, left, options, found)
        elif word.startswith("-") and len(word) > 1:
            _short(command, word, left, options, found)
        else:
            others.append(word)
    return Words(found, tuple(others))


def _long(command: str, word: str, left: list[str], options: Options, found: dict[str, str]) -> None:
    name, equals, value = word[2:].partition("=")
    if name in options.valued:
        found[name] = value if equals else _value(command, word, left)
    elif name in options.either or (name in options.flags and not equals):
        found[name] = value
    else:
        raise Misspelled(f"{command}: unrecognized option '{word}'\n")


def _short(command: str, word: str, left: list[str], options: Options, found: dict[str, str]) -> None:
    """One letter with its value, or several without any."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = options.short.get(letter)
        if name is None:
            raise Misspelled(f"{command}: invalid option -- '{letter}'\n")
        if name in options.valued:
            found[name] = letters or _value(command, word, left)
            return
        found[name] = ""


def _value(command: str, word: str, left: list[str]) -> str:
    if not left:
        raise Misspelled(f"{command}: option '{word}' requires an argument\n")
    return left.pop(0)


_MINUTES = re.compile(r"(?:(?P<days>\d+)-)?(?P<rest>\d+(?::\d+){0,2})")


def minutes(written: str) -> int | None:
    """A time limit in whole minutes, rounded up; None for none. `ValueError` for what Slurm does not take."""
    if written.upper() in ("", "0", "UNLIMITED", "INFINITE"):
        return None
    found = _MINUTES.fullmatch(written)
    if found is None:
        raise ValueError(written)
    parts = [int(part) for part in found["rest"].split(":")]
    if found["days"] is not None:  # days-hours[:minutes[:seconds]]
        hours, mins, secs = [*parts, 0, 0][:3]
    elif len(parts) == 3:
        hours, mins, secs = parts
    else:
        hours, mins, secs = 0, parts[0], parts[1] if len(parts) == 2 else 0
    return int(found["days"] or 0) * 1440 + hours * 60 + mins + (secs > 0)


def megabytes(written: str) -> int:
    """Memory in MB. `ValueError` for what Slurm does not take."""
    found = re.fullmatch(r"(\d+)([KMGT]?)B?", written.upper())
    if found is None:
        raise ValueError(written)
    return -(-int(found[1]) * {"K": 1, "": 1024, "M": 1024, "G": 1024**2, "T": 1024**3}[found[2]] // 1024)
