"""How long the tasks of an array take, for clusters that pack short ones into one job."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENOUGH: Final = 100  # attempts


class Typical:
    """Seconds that an array's tasks take: by those of this run that succeeded, else by earlier ones.

    >>> typical = Typical({7: 60.0, 8: None})
    >>> typical.runtime(7), typical.runtime(8)
    (60.0, None)
    >>> for seconds in (1.0, 2.0, 9.0): typical.note(7, seconds)
    >>> typical.runtime(7)
    2.0
    """

    def __init__(self, before: Mapping[int, float | None]) -> None:
        self._before = before
        self._seen: dict[int, deque[float]] = {}

    def note(self, array: int, seconds: float) -> None:
        """A task of the array took so long; of no interest, if nobody asks for the array."""
        if array not in self._before:
            return
        self._seen.setdefault(array, deque(maxlen=_ENOUGH)).append(seconds)

    def runtime(self, array: int) -> float | None:
        """What is typical; None if nothing is known."""
        seen = self._seen.get(array)
        return median(seen) if seen else self._before.get(array)
