"""News on their way from a cluster to one controller."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.distributors.protocol import News
    from jobmon_airflow.testing.faults import Luck

_number: Final = count()


class Mailbox:
    """Keeps news until they are due, and then until they are taken.

    ``on_change`` is called when something may have become due earlier than was thought.
    """

    def __init__(self, luck: Luck, on_change: Callable[[], None]) -> None:
        self.on_change = on_change
        self._luck = luck
        self._news: list[tuple[float, int, News]] = []
        self._last_due: dict[int, float] = {}

    def post(self, news: News, at: float) -> None:
        """Send it off. It never overtakes earlier news of the same attempt."""
        self._send(news, at)
        if self._luck.has(self._luck.faults.repeat_news):
            self._send(news, at)

    def due(self) -> float | None:
        """When the next news arrive."""
        return self._news[0][0] if self._news else None

    def take(self, at: float) -> list[News]:
        """All that has arrived by then."""
        arrived = []
        while self._news and self._news[0][0] <= at:
            arrived.append(heapq.heappop(self._news)[-1])
        return self._luck.in_order_of_telling(arrived)

    def _send(self, news: News, at: float) -> None:
        if most := self._luck.faults.delay_news:
            at = max(at + self._luck.up_to(most), self._last_due.get(news.attempt, at))
            self._last_due[news.attempt] = at
        heapq.heappush(self._news, (at, next(_number), news))
