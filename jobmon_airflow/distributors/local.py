"""This machine as a cluster: commands run beside the engine, as long as it lives.

A supervisor (`jobmon_airflow.worker.supervisor`) runs them and holds them to their limits; here is what the engine
sees of it. What of a request is read: cores, memory, runtime, and of the rest

    stdout, stderr    directories in which an attempt's output is kept, in files {name}.o{attempt} and {name}.e{attempt}
    working_dir       where commands run
    env               a mapping that is added to their environment

Other keys are for other clusters.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from platform import node
from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.distributors.local_leftovers import end_commands, end_supervisors
from jobmon_airflow.distributors.local_line import SupervisorLine
from jobmon_airflow.distributors.local_orders import Order, order_of
from jobmon_airflow.distributors.protocol import Cause, Ended, Evidence, Output, Plain, Started, Usage
from jobmon_airflow.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jobmon_airflow.distributors.protocol import Batch, Job, News


class LocalDistributor(Plain):
    """Runs commands on this machine, as many at a time as have cores. Other machines are not seen."""

    outlives_us = False

    def __init__(self, cores: int, *, grace: float = 10.0) -> None:
        self.cores = cores
        self.grace = grace
        self.appetite = max(1000, 50 * cores)
        self._node = node()
        self._line: SupervisorLine | None = None

    async def __aenter__(self) -> Self:
        self._open: dict[int, Order] = {}  # by attempt, until its end is told
        self._tokens: set[str] = set()
        self._news: list[News] = []
        self._bell = asyncio.Event()
        self._line_is_changing = asyncio.Lock()
        await self._working_line()
        return self

    async def __aexit__(self, *error: object) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.leave()

    async def submit(self, batch: Batch) -> Sequence[str]:
        orders, message = order_of(batch)
        line = await self._working_line()
        self._open.update(orders)
        self._tokens.add(batch.token)
        line.tell(message)
        return [str(attempt.id) for attempt in batch.attempts]

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        """Name our own. What another controller left on this machine is ended, for nobody can wait for it."""
        others = [(job.token, job.attempt) for job in jobs if job.token not in self._tokens]
        if others:
            await end_supervisors({token for token, _ in others}, but=self._supervisor())
            await end_commands(others, grace=self.grace)
        return [job.attempt for job in jobs if job.token in self._tokens]

    async def news(self) -> Sequence[News]:
        while not self._news:
            await self._bell.wait()
            await self._bury_a_dead_line()
            self._bell.clear()  # from here on nothing waits, so that nothing is lost if the caller goes away
            self._hear()
        news, self._news = self._news, []
        return news

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        ours = [attempt for attempt in attempts if attempt in self._open]
        if ours and self._line is not None:
            self._line.tell({"end": ours, "at_once": at_once})

    async def _working_line(self) -> SupervisorLine:
        await self._bury_a_dead_line()
        async with self._line_is_changing:
            if self._line is None:
                self._line = await self._new_line()
            return self._line

    async def _new_line(self) -> SupervisorLine:
        try:
            return await SupervisorLine.open(self.cores, self.grace, self._bell.set)
        except OSError as error:
            raise ClusterUnreachable(
                f"This machine cannot start the process that runs commands: {error}.",
                remedy="Free memory, processes or open files (ulimit -a), then try again.",
            ) from error

    async def _bury_a_dead_line(self) -> None:
        """After a supervisor's death end what it ran, and say so of every attempt that it still had."""
        async with self._line_is_changing:
            if self._line is None or not self._line.is_cut:
                return
            self._hear()
            self._line.close()
            await end_commands([(order.token, attempt) for attempt, order in self._open.items()], grace=0)
            self._line = None
            self._news += [self._lost(attempt, order) for attempt, order in self._open.items()]
            self._open.clear()
            self._bell.set()

    def _supervisor(self) -> int | None:
        return self._line.process.pid if self._line else None

    def _hear(self) -> None:
        if self._line is not None:
            self._news += map(self._read, self._line.take_news())

    def _read(self, item: list[Any]) -> News:
        return self._started(*item) if len(item) == 3 else self._ended(*item)

    def _started(self, attempt: int, at: float, pid: int) -> Started:
        begin = datetime.fromtimestamp(at, UTC)
        order = self._open.get(attempt)
        output = Output() if order is None else Output(stdout=order.stdout, stderr=order.stderr)
        return Started(attempt=attempt, at=begin, nodename=self._node, process_group_id=pid, output=output)

    def _ended(
        self,
        attempt: int,
        exit_code: int | None,
        signal: int | None,
        cause: str | None,
        detail: str,
        wallclock: float | None,
        cpu: float | None,
        maxrss: int | None,
        *tails: str,
    ) -> Ended:
        order = self._open.pop(attempt)
        return Ended(
            attempt=attempt,
            evidence=Evidence(
                exit_code=exit_code, signal=signal, cause=Cause(cause) if cause else None, detail=detail
            ),
            usage=Usage(wallclock=wallclock, cpu=cpu, maxrss=maxrss),
            output=Output(stdout=order.stdout, stderr=order.stderr, stdout_log=tails[0], stderr_log=tails[1]),
            nodename=self._node,
        )

    def _lost(self, attempt: int, order: Order) -> Ended:
        return Ended(
            attempt=attempt,
            evidence=Evidence(cause=Cause.NODE_FAILED, detail="the local supervisor ended"),
            output=Output(stdout=order.stdout, stderr=order.stderr),
            nodename=self._node,
        )


class Multiprocess(LocalDistributor):
    """Several commands at a time: on all cores that this process may use, or on as many as are named."""

    def __init__(self, cores: int | None = None, *, grace: float = 10.0) -> None:
        super().__init__(cores or len(os.sched_getaffinity(0)), grace=grace)


class Sequential(LocalDistributor):
    """One command after the other, whatever it asks for, in the order in which they were submitted."""

    def __init__(self, *, grace: float = 10.0) -> None:
        super().__init__(1, grace=grace)
