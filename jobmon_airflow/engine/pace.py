"""How fast a run is, and how long it will take, in words that a person would choose."""

from __future__ import annotations

from collections import deque
from typing import Final


class Pace:
    """How many tasks end per second: over the last minute, or over the last few tasks if these took longer."""

    WINDOW: Final = 60.0  # seconds
    FEW: Final = 5  # tasks
    MEMORY: Final = 2 * 3600.0  # seconds; if nothing ended in all that time, nothing moves
    _SPACING: Final = 2.0  # seconds between what is remembered

    def __init__(self, ended_before: int = 0) -> None:
        self._seen: deque[tuple[float, int]] = deque([(0.0, ended_before)])
        self._now = 0.0, ended_before

    def saw(self, at: float, ended: int) -> None:
        """So many had ended by then."""
        self._now = at, ended
        if at - self._seen[-1][0] >= self._SPACING:
            self._seen.append(self._now)
        while len(self._seen) > 1 and at - self._seen[1][0] >= self.MEMORY:
            self._seen.popleft()

    def per_second(self) -> float | None:
        """The rate; None as long as nothing can be said."""
        at, ended = self._now
        since, before = self._base()
        return max(0, ended - before) / (at - since) if at > since else None

    def left(self, remaining: int) -> float | None:
        """Seconds until so many more have ended; None if nobody knows."""
        rate = self.per_second()
        return remaining / rate if rate else None

    def _base(self) -> tuple[float, int]:
        at, ended = self._now
        long_ago = (
            (since, before)
            for since, before in reversed(self._seen)
            if at - since >= self.WINDOW and ended - before >= self.FEW
        )
        return next(long_ago, self._seen[0])


def rate_in_words(per_second: float | None) -> str:
    """A rate in the unit that a person would choose.

    >>> rate_in_words(52.4), rate_in_words(3.25 / 60), rate_in_words(2 / 3600), rate_in_words(None)
    ('52/s', '3.2/min', '2.0/h', '')
    """
    if not per_second:
        return ""
    unit, seconds = next((u for u in (("s", 1), ("min", 60)) if per_second * u[1] >= 1), ("h", 3600))
    rate = per_second * seconds
    return f"{rate:,.0f}/{unit}" if rate >= 10 else f"{rate:.1f}/{unit}"


def tasks_in_words(count: int) -> str:
    """So many tasks.

    >>> tasks_in_words(1), tasks_in_words(2500)
    ('1 task', '2,500 tasks')
    """
    return "1 task" if count == 1 else f"{count:,} tasks"


def time_in_words(seconds: float) -> str:
    """A time as exactly as a person would say it.

    >>> time_in_words(35), time_in_words(150), time_in_words(12_060), time_in_words(190_000)
    ('35 s', '2 min', '3 h 21 min', '2 d 4 h')
    """
    minutes, hours, days = (int(seconds) // unit for unit in (60, 3600, 86400))
    if days:
        return f"{days:,} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
