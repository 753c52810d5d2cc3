"""Controllers that may die or fall asleep at any point, on a cluster in another process.

A *point* is a place where a controller may die: before and after each commit, before each call to the cluster, and when
the cluster has done what it was asked but nobody has read the answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from sqlalchemy import event

from jobmon_airflow.distributors.protocol import Plain
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.clock import RealClock
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.errors import JobmonError, SubmissionRefused
from jobmon_airflow.testing import SimulatedClock
from jobmon_airflow.testing.clock import NEW_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from random import Random

    from jobmon_airflow.distributors.protocol import Batch, Job, News
    from jobmon_airflow.engine.clock import Clock
    from jobmon_airflow.store.database import Database
    from tests.engine.crashing import World

SIMULATED: Final = Rhythm(beat=400, lease=450, look=500)
REAL: Final = Rhythm(beat=1, lease=20, look=0.1)


class Pipe(Protocol):
    """What connects a controller with the cluster."""

    def send(self, question: Any, /) -> None: ...

    def recv(self) -> Any: ...


class Line:
    """A controller's way to the cluster, in its process."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.clock: Clock = SimulatedClock()

    @property
    def time(self) -> float:
        """Seconds since the world began."""
        return (self.clock.now() - NEW_YEAR).total_seconds()

    def ask(self, what: str, *arguments: Any) -> Any:
        self._pipe.send((self.time, what, *arguments))
        return self._pipe.recv()


class Mortal:
    """Notes the points that it passes by, and meets its fate at one of them."""

    def __init__(self, line: Line, fated: int | None = None, *, falls_asleep: bool = False) -> None:
        self.line = line
        self.passed: list[str] = []
        self._fated = fated
        self._falls_asleep = falls_asleep

    def passes(self, point: str) -> None:
        number = len(self.passed)
        self.passed.append(point)
        if number == self._fated:
            self._sleep(f"{number}: {point}") if self._falls_asleep else self._die(f"{number}: {point}")

    def _die(self, words: str) -> None:
        self.line.ask("dies", words)
        os.kill(os.getpid(), signal.SIGKILL)

    def _sleep(self, words: str) -> None:
        assert isinstance(self.line.clock, SimulatedClock)
        wakes_at = self.line.ask("sleeps", words)
        self.line.clock.pass_by(wakes_at - self.line.time)


class Dawdler(Mortal):
    """Takes its time at some points, so that others come in between."""

    def __init__(self, line: Line, rng: Random) -> None:
        super().__init__(line)
        self._rng = rng

    def passes(self, point: str) -> None:
        if self._rng.random() < 0.3:
            time.sleep(self._rng.uniform(0, 0.2))


class MortalArchive(Archive):
    """Whoever uses it may die before and after each commit."""

    def __init__(self, database: Database, mortal: Mortal) -> None:
        super().__init__(database, threaded=False)
        self._mortal = mortal
        event.listen(database.engine, "commit", self._before_a_commit)

    async def __aexit__(self, *error: object) -> None:
        event.remove(self.database.engine, "commit", self._before_a_commit)
        await super().__aexit__(*error)

    async def change(self, work: Callable[[Any], Any]) -> Any:
        result = await super().change(work)
        self._mortal.passes("after a commit")
        return result

    def _before_a_commit(self, _: object) -> None:
        self._mortal.passes("before a commit")


class RemoteCluster(Plain):
    """A distributor for a cluster in another process; whoever uses it may die with each call."""

    appetite = 1_000_000
    outlives_us = True

    def __init__(self, mortal: Mortal, delay: float) -> None:
        self._line = mortal.line
        self._mortal = mortal
        self._delay = delay  #: of each question, and again of its answer
        self._stirred = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def submit(self, batch: Batch) -> Sequence[str]:
        names: list[str] | SubmissionRefused = await self._ask("submit", batch)
        if isinstance(names, SubmissionRefused):
            raise names
        return names

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        found: set[int] = await self._ask("adopt", jobs)
        return found

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        await self._ask("cancel", set(attempts), at_once)

    async def news(self) -> Sequence[News]:
        while True:
            news, next_event = self._line.ask("news")
            if news:
                self._mortal.passes("with news that nobody has read")
                return list(news)
            await self._wait(next_event)

    async def _ask(self, what: str, *arguments: Any) -> Any:
        await asyncio.sleep(self._delay)
        self._mortal.passes(f"before it asks to {what}")
        answer = self._line.ask(what, *arguments)
        self._stirred.set()
        await asyncio.sleep(self._delay)
        self._mortal.passes(f"before it reads the answer to {what}")
        return answer

    async def _wait(self, until: float | None) -> None:
        self._stirred.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if until is None else until - self._line.time):
                await self._stirred.wait()


def simulated(mortal: Mortal, world: World, begins: float, options: dict[str, Any]) -> str:
    """Run the workflow of a world in simulated time: how that ended."""
    mortal.line.clock = clock = SimulatedClock(NEW_YEAR + timedelta(seconds=begins))
    return clock.run(_controlled(mortal, world, SIMULATED, options, delay=2))


def dawdling(line: Line, world: World, rng: Random, options: dict[str, Any]) -> str:
    """Run the workflow of a world in real time, at no even pace: how that ended."""
    line.clock = RealClock()
    return asyncio.run(_controlled(Dawdler(line, rng), world, REAL, options, delay=0.01))


async def _controlled(
    mortal: Mortal, world: World, rhythm: Rhythm, options: dict[str, Any], *, delay: float
) -> str:
    """Run the workflow: the status of the run that came of it, or the name of the error."""
    session = Session(
        world.database,
        world.workflow_id,
        Options(**options),
        distributors={"multiprocess": RemoteCluster(mortal, delay)},
        clock=mortal.line.clock,
        archive=MortalArchive(world.database, mortal),
        rhythm=rhythm,
        threaded=False,
    )
    try:
        result = await session.run()
    except JobmonError as error:
        return type(error).__name__
    return str(result.status)
