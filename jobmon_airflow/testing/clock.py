"""Time that passes in an instant: whoever sleeps for a week in it is back at once.

    >>> import asyncio
    >>> from jobmon_airflow.testing import SimulatedClock
    >>> clock = SimulatedClock()
    >>> async def a_week() -> str:
    ...     await asyncio.sleep(7 * 24 * 3600)
    ...     return f"It is {clock.now():%d %B %Y}."
    >>> clock.run(a_week())
    'It is 08 January 2026.'

Everything that asyncio times follows this clock: sleeps, timeouts, `call_later`. What is ready to run is run first,
sockets included; only when nothing is ready does the clock go to the next timer.

The clock stands still while work that was given to a thread by `asyncio.to_thread` or `run_in_executor` is done.
Threads and processes that were started in other ways must not be awaited here: the clock knows nothing of them, and
timeouts would run out at once.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

NEW_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)


class NothingWillHappen(RuntimeError):
    """The program waits, and there is nothing left that could ever wake it."""


class SimulatedClock:
    """A clock that goes as fast as it can. It keeps its time from one program to the next."""

    def __init__(self, start: datetime = NEW_YEAR) -> None:
        self._start = start
        self._elapsed = 0.0
        self._jumped = 0.0

    def now(self) -> datetime:
        """What the clock on the wall shows, in UTC."""
        return self.at(self._elapsed)

    def monotonic(self) -> float:
        """The seconds that have passed since the clock was made, whatever the wall shows."""
        return self._elapsed

    def at(self, elapsed: float) -> datetime:
        """What the wall shows when so many seconds have passed."""
        return self._start + timedelta(seconds=elapsed + self._jumped)

    def jump(self, seconds: float) -> None:
        """Set the clock on the wall forwards, or backwards. No time passes."""
        self._jumped += seconds

    def run(self, program: Coroutine[Any, Any, T]) -> T:
        """Run an asyncio program in this time, as `asyncio.run` does in ours."""
        with asyncio.Runner(loop_factory=lambda: _SimulatedLoop(self)) as runner:
            return runner.run(program)

    def is_of_this_loop(self) -> bool:
        """Whether the running loop goes by this clock."""
        return asyncio.get_running_loop().time() == self._elapsed

    def pass_by(self, seconds: float) -> None:
        """Let time pass. For the loop; a program sleeps, and `run(asyncio.sleep(60))` does outside of one."""
        self._elapsed += seconds


class _SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._simulated = _SimulatedSelector(clock)
        super().__init__(self._simulated)

    @property
    def _clock_resolution(self) -> float:
        """How early a timer may ring: not at all.

        By asyncio's own nanosecond, timers would ring early today and, for want of digits, never after some months.
        """
        return math.ulp(self.time())

    @_clock_resolution.setter
    def _clock_resolution(self, of_the_real_clock: float) -> None: ...

    def time(self) -> float:
        return self._clock.monotonic()

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Arguments]], T],
        *args: *Arguments,
    ) -> asyncio.Future[T]:
        work = super().run_in_executor(executor, func, *args)
        self._simulated.threads_at_work += 1
        work.add_done_callback(self._work_is_done)
        return work

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        self._simulated.threads_at_work += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._simulated.threads_at_work -= 1

    def _work_is_done(self, _: asyncio.Future[Any]) -> None:
        self._simulated.threads_at_work -= 1


class _SimulatedSelector(selectors.DefaultSelector):
    """Looks for what is ready, and lets simulated time pass where others wait."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Answer as the real one does, once `timeout` simulated seconds have passed if need be."""
        if ready := super().select(0):
            return ready
        if timeout != 0 and self.threads_at_work:
            return super().select(None)
        if timeout is None:
            raise NothingWillHappen(_who_waits())
        self._clock.pass_by(timeout)
        return []


def _who_waits() -> str:
    tasks = asyncio.all_tasks(asyncio.get_running_loop())
    names = ", ".join(sorted(f"{task.get_name()} ({_name_of(task)})" for task in tasks))
    return (
        f"The program waits, but no timer is set and nothing is ready: {names}.\n"
        "Look for what was to wake it. Work in threads may be awaited by way of asyncio.to_thread only."
    )


def _name_of(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", "?")
