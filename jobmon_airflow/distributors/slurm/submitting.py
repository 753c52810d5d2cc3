"""Handing a batch over: cut into arrays that the cluster takes, and with patience while it is full."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.refusals import ArrayIsTooLarge
from jobmon_airflow.errors import ClusterIsFull

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jobmon_airflow.distributors.slurm.held import Book
    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Controller, Submission

log = logging.getLogger(__name__)

_FIRST_REST: Final = 2.0  # seconds
_LONGEST_REST: Final = 60.0


class Room:
    """How large a piece may be: as the cluster says, and as it turned out."""

    def __init__(self, limits: ClusterLimits) -> None:
        self._most = max(1, min(limits.max_array_size, limits.max_jobs, limits.max_submit or limits.max_jobs))
        self._is_array = limits.max_array_size > 1
        self._fits = self._most

    @property
    def elements(self) -> int:
        """So many elements may be submitted together."""
        return self._fits if self._is_array else 1

    def was_taken(self, elements: int) -> None:
        """A piece of this size was taken: one twice as large may be, too."""
        if elements >= self._fits:
            self._fits = min(self._most, self._fits * 2)

    def was_refused(self, elements: int) -> bool:
        """A piece of this size was too large. Whether a smaller one is worth a try."""
        self._fits = max(1, min(self._fits, elements // 2))
        return elements > 1


class Handover:
    """One batch on its way to the cluster."""

    def __init__(
        self,
        book: Book,
        controller: Controller,
        room: Room,
        submission_of: Callable[[Piece], Awaitable[Submission]],
        placed: Callable[[Piece, int], None],
        is_full: Callable[[ClusterIsFull | None], None],
        nudge: asyncio.Event,
    ) -> None:
        self._book = book
        self._controller = controller
        self._room = room
        self._submission_of = submission_of
        self._placed = placed
        self._is_full = is_full  # is told while the rest of the batch waits for room
        self._nudge = nudge  # rings when it may be that nothing more need be submitted
        self._most: int | None = None  # elements, where those whom the batch is counted for may have no more
        self._has_taken = False

    async def run(self, token: str, pack: int, most_steps: Callable[[int], int]) -> None:
        """Submit all steps that are still wanted.

        `ClusterIsFull` only if nothing was taken; once the cluster has begun to take a batch, the rest waits here.
        """
        rest = _FIRST_REST
        while (piece := self._next(token, pack, most_steps)) is not None:
            try:
                await self._submit(piece)
            except ArrayIsTooLarge as error:
                if not 0 < error.most < piece.size:
                    raise
                self._most = error.most
            except ClusterIsFull as error:
                if self._room.was_refused(piece.size):
                    continue
                if not self._has_taken:
                    raise
                self._is_full(error)
                await self._pause(rest)
                rest = min(_LONGEST_REST, rest * 2)
            else:
                self._has_taken, rest = True, _FIRST_REST
                self._is_full(None)
                self._room.was_taken(piece.size)

    async def _submit(self, piece: Piece) -> None:
        answered, members = asyncio.Event(), self._book.by_step.get(piece.token, {})
        for step in piece:
            members[step].answered = answered
        try:
            self._placed(piece, await self._controller.submit(await self._submission_of(piece)))
        finally:
            answered.set()

    async def _pause(self, seconds: float) -> None:
        self._nudge.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()

    def _next(self, token: str, pack: int, most_steps: Callable[[int], int]) -> Piece | None:
        """The first run of steps that are wanted and not submitted, as long as may be."""
        wanted = self._book.by_step.get(token, {})
        left = sorted(step for step, held in wanted.items() if not (held.is_placed or held.is_cancelled))
        if not left:
            return None
        elements = min(self._room.elements, self._most or self._room.elements)
        most = min(elements * pack, most_steps(left[0]))
        last = left[0]
        for step in left[1:most]:
            if step != last + 1:
                break
            last = step
        return Piece(token, left[0], last, pack)
