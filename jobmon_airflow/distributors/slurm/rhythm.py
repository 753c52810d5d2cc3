"""How often somebody is asked: soon after something happened, seldom while nothing does, and never so often that asking
becomes the work.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Rhythm:
    """When to ask next. Times are a loop's.

    >>> rhythm = Rhythm(shortest=1, longest=10, growth=2)
    >>> rhythm.asked(at=100, took=0.01, has_changed=True); rhythm.due - 100
    1
    >>> rhythm.asked(at=101, took=0.01, has_changed=False); rhythm.due - 101
    2
    >>> rhythm.hurry(); rhythm.due
    0.0
    >>> rhythm.asked(at=102, took=4, has_changed=True); rhythm.due - 102
    80.0
    """

    shortest: float  #: seconds between two questions
    longest: float
    growth: float = 1.5  #: of the interval, while nothing changes
    share: float = 0.05  #: of the time, that asking may take at most
    due: float = 0.0  #: when to ask next
    interval: float = 0.0

    def asked(self, *, at: float, took: float, has_changed: bool) -> None:
        """It was asked, which took so long."""
        slower = max(self.interval * self.growth, self.shortest)
        self.interval = self.shortest if has_changed else min(self.longest, slower)
        self.due = at + max(self.interval, took / self.share)

    def hurry(self) -> None:
        """Ask as soon as possible."""
        self.due, self.interval = 0.0, 0.0

    def expect(self, now: float) -> None:
        """Ask soon, though there is no hurry: what others heard a moment ago is new enough."""
        self.interval = min(self.interval, self.shortest)
        self.due = min(self.due, now + self.shortest)

    def is_due(self, now: float) -> bool:
        return now >= self.due
