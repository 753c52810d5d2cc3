"""A batch as Slurm gets it: in pieces, each one array, whose elements run one task or several.

A piece's name, which is its job's, says all that is needed to know which element runs which steps of the batch. So
whoever finds the job on the cluster needs nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME: Final = re.compile(r"(?P<token>[\w-]+)\.(?P<first>\d+)-(?P<last>\d+)\.(?P<pack>\d+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Steps of a batch that were submitted together.

    >>> piece = Piece("jobmon-1f-3-1", first=100, last=109, pack=4)
    >>> piece.name, piece.size, [list(piece.steps(element)) for element in range(piece.size)]
    ('jobmon-1f-3-1.100-109.4', 3, [[100, 101, 102, 103], [104, 105, 106, 107], [108, 109]])
    >>> Piece.named(piece.name) == piece, piece.element(105)
    (True, 1)
    >>> Piece.named("somebody else's")
    """

    token: str
    first: int
    last: int
    pack: int = 1  #: so many steps one after the other in each element

    @classmethod
    @lru_cache(maxsize=1024)  # all elements of an array have its name
    def named(cls, name: str) -> Self | None:
        """The piece that a job of this name is; None if it is not one of ours."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        return cls(found["token"], int(found["first"]), int(found["last"]), int(found["pack"]))

    @property
    def name(self) -> str:
        return f"{self.token}.{self.first}-{self.last}.{self.pack}"

    @property
    def size(self) -> int:
        """How many elements its array has."""
        return -(-(self.last - self.first + 1) // self.pack)

    def steps(self, element: int) -> range:
        """The steps that an element runs."""
        begin = self.first + element * self.pack
        return range(begin, min(begin + self.pack, self.last + 1))

    def element(self, step: int) -> int:
        """The element that runs a step."""
        return (step - self.first) // self.pack

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))
