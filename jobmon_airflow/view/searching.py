"""Finding a text in a file of any size, with lines of any length: so much of it at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jobmon_airflow.view.texts import plain

SEARCHED: Final = 64 * 1024 * 1024  #: bytes that one answer looks at
FOUND: Final = 200  #: places that one answer names
_BLOCK: Final = 1024 * 1024
_BEFORE: Final = 200  # bytes of a line that are shown before the place
_BEHIND: Final = 300

Read = Callable[[int, int], bytes]  #: from a place, so many bytes at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place where the text stands."""

    offset: int  #: bytes from the begin
    line: str  #: around it, as far as it is not too long


def search(read: Read, size: int, begin: int, wanted: str) -> tuple[list[Match], int]:
    """The places where a text stands, in large or small letters, and where to go on looking; ``size`` at the end."""
    needle = wanted.encode("utf-8", "replace").lower()
    end = min(size, begin + SEARCHED)
    found: list[Match] = []
    at = begin
    while at < end:
        # What begins in a block may end in the next one.
        block = read(at, min(_BLOCK, end - at) + len(needle) - 1)
        if not block:
            return found, size
        for place in _places(block.lower(), needle):
            found.append(_match(read, at + place, len(needle)))
            if len(found) == FOUND:
                return found, at + place + len(needle)
        at += _BLOCK
    return found, end


def _places(block: bytes, needle: bytes) -> list[int]:
    places: list[int] = []
    place = block.find(needle)
    while place >= 0 and place < _BLOCK and len(places) < FOUND:
        places.append(place)
        place = block.find(needle, place + len(needle))
    return places


def _match(read: Read, at: int, length: int) -> Match:
    begin = max(0, at - _BEFORE)
    before = read(begin, at - begin).rpartition(b"\n")[2]
    behind = read(at, length + _BEHIND).partition(b"\n")[0]
    return Match(offset=at, line=plain((before + behind).decode("utf-8", "replace")))
