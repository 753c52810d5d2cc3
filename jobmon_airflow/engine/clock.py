"""What time it is. How long to wait is asyncio's business, whose time a simulation may replace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time that is stored."""

    def now(self) -> datetime:
        """The moment, with its time zone."""


class RealClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)
