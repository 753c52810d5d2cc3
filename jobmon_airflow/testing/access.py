"""One controller's way to a simulated cluster, with all that can go wrong on the way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

from jobmon_airflow.distributors.protocol import Plain
from jobmon_airflow.errors import ClusterIsFull, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.testing.faults import Call, Misfortune

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from jobmon_airflow.distributors.protocol import Batch, Job, News
    from jobmon_airflow.testing.clock import SimulatedClock
    from jobmon_airflow.testing.faults import Luck
    from jobmon_airflow.testing.mailbox import Mailbox
    from jobmon_airflow.testing.state import ClusterState

T = TypeVar("T")


class Access(Plain):
    """A distributor. Jobs stand in the state, so that they outlive whoever submitted them."""

    def __init__(
        self,
        state: ClusterState,
        luck: Luck,
        clock: SimulatedClock | None,
        *,
        appetite: int,
        outlives_us: bool,
    ) -> None:
        self.appetite = appetite
        self.outlives_us = outlives_us
        self._state = state
        self._luck = luck
        self.clock = clock
        self._mailbox: Mailbox | None = None
        self._stirred = asyncio.Event()

    async def __aenter__(self) -> Self:
        assert self.clock is None or self.clock.is_of_this_loop(), "Run it in its time: clock.run(...)."
        self._leave()  # a controller that was killed did not come to it
        self._stirred = asyncio.Event()
        self._mailbox = self._state.connect(self._stirred.set)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    def catch_up(self) -> None:
        """See what has happened on the cluster, also while nobody asked."""
        self._state.advance(self._time())

    async def submit(self, batch: Batch) -> Sequence[str]:
        return await self._ask(Call.SUBMIT, partial(self._state.submit, batch, self._entered()))

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        return await self._ask(Call.ADOPT, partial(self._state.adopt, jobs, self._entered()))

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        await self._ask(Call.CANCEL, partial(self._state.cancel, attempts, at_once=at_once))

    async def news(self) -> Sequence[News]:
        mailbox = self._entered()
        if self._misfortune_of(Call.NEWS):
            await self._time_out()
        while not (news := self._take(mailbox)):
            await self._wait(mailbox)
            if self._luck.is_out(self._time()):
                await self._time_out()
        return news

    async def _ask(self, call: Call, answer: Callable[[], T]) -> T:
        misfortune = self._misfortune_of(call)
        await self._prevent(misfortune)
        answered = answer()
        if misfortune is Misfortune.LOST_ANSWER:
            await self._time_out()
        await self._pause(self._luck.up_to(self._luck.faults.delay_answers))
        return answered

    def _misfortune_of(self, call: Call) -> Misfortune | None:
        self.catch_up()
        return self._luck.of_call(call, self._state.time, self._state.held)

    async def _prevent(self, misfortune: Misfortune | None) -> None:
        match misfortune:
            case Misfortune.LOST_REQUEST:
                await self._time_out()
            case Misfortune.FULL:
                raise ClusterIsFull("The simulated cluster is full.", remedy="Ask again later.")
            case Misfortune.REFUSED:
                raise SubmissionRefused(
                    "The simulated cluster refuses these jobs.", remedy="Change what they ask for."
                )

    def _take(self, mailbox: Mailbox) -> list[News]:
        self.catch_up()
        return mailbox.take(self._time())

    async def _wait(self, mailbox: Mailbox) -> None:
        """Until the next event, or until somebody stirs the cluster."""
        self._stirred.clear()
        whens = (when for when in (self._state.next_event(), mailbox.due()) if when is not None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(whens, default=None)):
                await self._stirred.wait()

    async def _time_out(self) -> NoReturn:
        await self._pause(self._luck.faults.times_out_after)
        raise ClusterUnreachable(
            "The simulated cluster does not answer.",
            remedy="Ask adopt() what became of the jobs, and go on when it answers.",
        )

    def _time(self) -> float:
        """Without a clock it is always late enough."""
        return inf if self.clock is None else self.clock.monotonic()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds if self.clock else 0)

    def _entered(self) -> Mailbox:
        assert self._mailbox is not None, "Enter the cluster first: async with cluster."
        return self._mailbox

    def _leave(self) -> None:
        if self._mailbox is not None:
            self.catch_up()
            self._state.disconnect(self._mailbox, end_its_jobs=not self.outlives_us)
            self._mailbox = None
