"""What is to be done later, in one thread."""

from __future__ import annotations

import heapq
import itertools
import time
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Agenda:
    """Does things when their time has come, until it is closed."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._entries: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._is_closed = False
        self._thread = Thread(target=self._run, name="fake slurm agenda", daemon=True)
        self._thread.start()

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        with self._condition:
            heapq.heappush(self._entries, (time.monotonic() + seconds, next(self._numbers), what))
            self._condition.notify()

    def close(self) -> None:
        """Forget what was to be done; return when nothing is being done any more."""
        with self._condition:
            self._is_closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while (what := self._next()) is not None:
            what()

    def _next(self) -> Callable[[], object] | None:
        """Wait for what is due; None when all is over."""
        with self._condition:
            while not self._is_closed:
                rest = self._entries[0][0] - time.monotonic() if self._entries else None
                if rest is not None and rest <= 0:
                    return heapq.heappop(self._entries)[2]
                self._condition.wait(rest)
            return None
