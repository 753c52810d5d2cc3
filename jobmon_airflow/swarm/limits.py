"""How many may run at a time, of the workflow and of each array, and who is next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from jobmon_airflow.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Waiting:
    """The tasks that could run if there were room. Arrays take turns, so that a large one starves nobody."""

    def __init__(self, limit: int = UNLIMITED, array_limits: Mapping[int, int] | None = None) -> None:
        self._limit = limit
        self._array_limits = dict(array_limits or {})
        self._active = 0
        self._active_of: dict[int, int] = {}
        self._queues: dict[int, deque[int]] = {}
        self._turns: deque[int] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits for room."""
        return not any(self._queues.values())

    @property
    def active(self) -> int:
        """How many run."""
        return self._active

    def active_of(self, array: int) -> int:
        """How many of the array run."""
        return self._active_of.get(array, 0)

    def waiting_of(self, array: int) -> int:
        """How many of the array could run if there were room."""
        return len(self._queues.get(array, ()))

    def add(self, array: int, task: int) -> None:
        """A task queues up behind those of its array."""
        self._queue(array).append(task)

    def add_first(self, array: int, task: int) -> None:
        """A task that has waited its turn before goes to the front."""
        self._queue(array).appendleft(task)

    def set_limit(self, limit: int, array: int | None) -> None:
        """Change a limit; what runs goes on."""
        if array is None:
            self._limit = limit
        else:
            self._array_limits[array] = limit

    def take(self, array: int, count: int = 1) -> None:
        """So many more of the array run."""
        self._active += count
        self._active_of[array] = self._active_of.get(array, 0) + count

    def leave(self, array: int) -> None:
        """One of the array has ended."""
        self._active -= 1
        self._active_of[array] -= 1

    def next(self, most: int = UNLIMITED) -> Iterator[tuple[int, list[int]]]:
        """Those who may run now, by array, so many at most; they count as running from here on."""
        for array in tuple(self._turns):
            queue = self._queues[array]
            if room := min(len(queue), self._room(array), most):
                most -= room
                self.take(array, room)
                yield array, [queue.popleft() for _ in range(room)]
        self._turns.rotate(-1)

    @property
    def has_next(self) -> bool:
        """Whether somebody may run now."""
        return any(queue and self._room(array) for array, queue in self._queues.items())

    def _room(self, array: int) -> int:
        of_array = self._array_limits.get(array, UNLIMITED) - self._active_of.get(array, 0)
        return max(0, min(self._limit - self._active, of_array))

    def _queue(self, array: int) -> deque[int]:
        if array not in self._queues:
            self._queues[array] = deque()
            self._turns.append(array)
        return self._queues[array]
