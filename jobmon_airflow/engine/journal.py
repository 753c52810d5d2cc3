"""What the controller of a run writes down, and its hold on the run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from jobmon_airflow.store import turns, workflow_runs
from jobmon_airflow.store.turns import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.engine.archive import Archive
    from jobmon_airflow.engine.clock import Clock
    from jobmon_airflow.store.turns import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a controller does what nobody has to tell it; in seconds."""

    beat: float = 30.0  #: after which it says that it is there, if there is nothing else to say
    lease: float = 90.0  #: after which it counts as gone, if it was not heard of
    look: float = 2.0  #: between two looks at what people have ordered

    @property
    def hold(self) -> float:
        """After which it stops acting, if it could not say that it is there: before anybody else may begin."""
        return self.lease * 2 / 3

    @property
    def until(self) -> timedelta:
        """How long it may be silent."""
        return timedelta(seconds=self.lease)


class Journal:
    """The turns of one run. Who holds the run is known from the last one that was written."""

    def __init__(self, archive: Archive, run_id: int, clock: Clock, rhythm: Rhythm) -> None:
        self.archive = archive
        self.run_id = run_id
        self._turn = 0  # the last one that was written, as far as we know
        self._is_sure = True
        self.rhythm = rhythm
        self._clock = clock
        self._writing = asyncio.Lock()
        self._held_until = asyncio.get_running_loop().time() + rhythm.hold

    async def write(self, turn: Turn) -> Written:
        """Write the next turn; an error if the run is not ours any more."""
        async with self._writing:
            return await self._write(turn)

    async def _write(self, turn: Turn) -> Written:
        # One that was interrupted may have been written all the same.
        if not self._is_sure:
            self._turn = await self.archive.read(lambda it: turns.last(it, self.run_id))
        self._is_sure = False
        turn.number = self._turn + 1
        begun = asyncio.get_running_loop().time()

        def work(connection: Connection) -> Written:
            at = self._clock.now()
            return turns.write(connection, self.run_id, turn, at, at + self.rhythm.until)

        written = await self.archive.change(work)
        self._turn, self._is_sure = turn.number, True
        self._held_until = begun + self.rhythm.hold
        return written

    async def change(self, work: Callable[[Connection], object]) -> None:
        """Do some other work for the run, if it is still ours; it must be repeatable."""

        def guarded(connection: Connection) -> None:
            turns.require_alive(connection, self.run_id)
            work(connection)

        await self.archive.change(guarded)

    def now(self) -> datetime:
        """The moment of what is written now."""
        return self._clock.now()

    async def is_still_ours(self) -> bool:
        """Whether the run is alive; asked anew, for whoever comes back to something after a while."""
        status = await self.archive.read(lambda it: workflow_runs.status(it, self.run_id))
        return status.is_alive

    @property
    def is_held(self) -> bool:
        """Whether nobody else can have taken the run yet."""
        return asyncio.get_running_loop().time() < self._held_until


@asynccontextmanager
async def holding(journal: Journal) -> AsyncIterator[None]:
    """Say again and again that the run has a controller, as long as the block takes."""
    is_over = asyncio.Event()

    async def beat() -> None:
        while not is_over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(journal.rhythm.beat):
                    await is_over.wait()
                    return
            await journal.write(Turn())

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        is_over.set()
        await beating
