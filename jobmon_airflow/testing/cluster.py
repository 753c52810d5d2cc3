"""A cluster that is nothing but arithmetic: commands are not run, only timed.

>>> import asyncio
>>> from jobmon_airflow.distributors.protocol import Attempt, Batch
>>> from jobmon_airflow.resources import Resources
>>> from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
>>> clock = SimulatedClock()
>>> cluster = SimulatedCluster(clock, takes=3600, slots=1)
>>> attempts = [Attempt(1, 1, "a", "transform 1990"), Attempt(2, 2, "b", "transform 1991")]
>>> batch = Batch(
...     token="t", workflow_id=1, workflow_run_id=1, array="transform", resources=Resources(), attempts=attempts
... )
>>> async def watch() -> None:
...     async with cluster, asyncio.timeout(3 * 3600):
...         await cluster.submit(batch)
...         while len(cluster.ends) < 2:
...             for news in await cluster.news():
...                 print(f"{clock.now():%H:%M}", type(news).__name__, news.attempt)
>>> clock.run(watch())
00:00 Started 1
01:00 Ended 1
01:00 Started 2
02:00 Ended 2
>>> cluster.attempts, cluster.most_at_once, cluster.overlapping
({'a': 1, 'b': 1}, 1, set())
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from jobmon_airflow.testing.access import Access
from jobmon_airflow.testing.behaviour import Behaviour
from jobmon_airflow.testing.diary import Diary
from jobmon_airflow.testing.faults import Faults, Luck
from jobmon_airflow.testing.state import ClusterState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.testing.behaviour import ExitCode, MemoryNeeds, RuntimeNeeds, Seconds
    from jobmon_airflow.testing.clock import SimulatedClock


class SimulatedCluster(Access, Diary):
    """A cluster in simulated time. By default it runs everything at once, in no time, and all goes well.

    What commands do:

    * ``takes``: how many seconds; a number, or a function of the attempt and of which try at its task it is, from 1
    * ``fail_first``: ``{"a": 2}`` ends the first two tries at the task named ``a`` with exit code 1
    * ``exit_code``: a function, like that of ``takes``, for more than that
    * ``needs_memory``: ``{"a": "3G"}``, or a function; who asked for less is ended half-way, `Cause.OVER_MEMORY`
    * ``needs_runtime``: ``{"a": "2h"}``, or a function; what it takes, or `Cause.OVER_RUNTIME` if it asked for less

    What the cluster does: ``slots`` commands run at a time, first come, first served, ``queue_delay`` seconds after
    they were submitted; ``grace`` seconds is how long a command takes to end when it is asked to. ``faults`` can go
    wrong, drawn from ``rng``.

    Without a clock everything happens as soon as somebody asks, in whatever loop.

    The cluster outlives its controllers: one after another may enter it, and jobs go on in between; `another_access`
    is for two at a time. See `Diary` for what it keeps for assertions; what happens while nobody asks is written there
    when somebody does, or by `catch_up()`.
    """

    def __init__(
        self,
        clock: SimulatedClock | None = None,
        *,
        takes: Seconds = 0,
        fail_first: Mapping[str, int] | None = None,
        exit_code: ExitCode | None = None,
        needs_memory: MemoryNeeds | None = None,
        needs_runtime: RuntimeNeeds | None = None,
        slots: int | None = None,
        queue_delay: float = 0,
        grace: float = 0,
        appetite: int = 1_000_000,
        outlives_us: bool = True,
        faults: Faults | None = None,
        rng: Random | None = None,
    ) -> None:
        Diary.__init__(self)
        behaviour = Behaviour(
            takes=takes,
            fail_first=fail_first or {},
            exit_code=exit_code,
            needs_memory=needs_memory or {},
            needs_runtime=needs_runtime or {},
        )
        luck = Luck(faults or Faults(), rng or Random(0))  # noqa: S311  (it is to repeat itself)
        state = ClusterState(
            behaviour,
            luck,
            slots=slots,
            queue_delay=queue_delay,
            grace=grace,
            wall=clock.at if clock else None,
            diary=self,
        )
        Access.__init__(self, state, luck, clock, appetite=appetite, outlives_us=outlives_us)

    @property
    def running(self) -> list[str]:
        """The names of the tasks whose commands run now, in the order in which they began."""
        self.catch_up()
        return self._state.running

    def another_access(self) -> Access:
        """The same cluster, as a second controller reaches it."""
        return Access(
            self._state, self._luck, self.clock, appetite=self.appetite, outlives_us=self.outlives_us
        )
