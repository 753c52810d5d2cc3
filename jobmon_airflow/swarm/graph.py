"""Who waits for whom, as numbers in arrays."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COUNT: Final = "i"  # four bytes: enough for two billion tasks
_OFFSET: Final = "q"


class Graph:
    """Tasks are the numbers below ``tasks``; those from there on are joins, which wait and release but do not run.

    >>> diamond = Graph(4, [[1, 2], [3], [3], []])
    >>> list(diamond.downstreams(0)), list(diamond.waits)
    ([1, 2], [0, 1, 1, 2])
    """

    __slots__ = ("_first", "_targets", "size", "tasks", "waits")

    def __init__(self, tasks: int, downstreams: Iterable[Iterable[int]]) -> None:
        """``downstreams`` says for each task, and then for each join, which tasks and joins wait for it."""
        self.tasks = tasks
        self._targets = array(_COUNT)
        self._first = array(_OFFSET, [0])
        for targets in downstreams:
            self._targets.extend(targets)
            self._first.append(len(self._targets))
        self.size = len(self._first) - 1
        #: how many upstreams each has
        self.waits = array(_COUNT, bytes(array(_COUNT).itemsize * self.size))
        for target in self._targets:
            self.waits[target] += 1

    def downstreams(self, position: int) -> Sequence[int]:
        """Those that wait for this one."""
        return self._targets[self._first[position] : self._first[position + 1]]
