"""The clusters of a run: hands batches over, ends jobs, and gathers what is told.

A cluster may be full, out of reach, or silent about whether it took what it was given. All that is settled here;
the engine is told what came of it. Nothing is ever sent twice: after a doubtful answer the cluster is asked which of
the attempts it has, and only those that it does not have, and never will, are reported as not taken.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from contextlib import AsyncExitStack, suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from jobmon_airflow.distributors import registry
from jobmon_airflow.distributors.protocol import Job, family_of
from jobmon_airflow.engine import verdict as verdicts
from jobmon_airflow.engine.inbox import Accepted, NotTaken
from jobmon_airflow.errors import ClusterIsFull, ClusterIsSilent, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.store import clusters as stored_clusters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.distributors.protocol import Batch, Distributor
    from jobmon_airflow.engine.archive import Archive
    from jobmon_airflow.engine.inbox import Inbox
    from jobmon_airflow.queues import QueueLimits

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_FULL: Final = "the cluster is full"
_FIRST_REST: Final = 0.5
_LONGEST_REST: Final = 60.0
_SILENCE: Final = 180.0  # seconds that a cluster may be silent when a run begins


class Hold(Protocol):
    """Whether the run is still ours to act for."""

    @property
    def is_held(self) -> bool: ...

    async def is_still_ours(self) -> bool: ...


async def reached(
    archive: Archive, names: Callable[[Connection], Collection[str]], given: Mapping[str, Distributor]
) -> dict[str, Distributor]:
    """The distributors of those clusters: the given ones, and others as the database says how they are reached."""

    def ask(connection: Connection) -> dict[str, tuple[str, dict[str, Any]]]:
        return {name: stored_clusters.connection_of(connection, name) for name in sorted(names(connection))}

    return {
        name: given.get(name) or registry.distributor(name, *how)
        for name, how in (await archive.read(ask)).items()
    }


class Clusters:
    """The clusters that the tasks of a run go to, by name."""

    def __init__(self, distributors: Mapping[str, Distributor], inbox: Inbox, hold: Hold) -> None:
        self._distributors = distributors
        self._inbox = inbox
        self._hold = hold
        self._in_flight = 0
        self._unwanted: set[int] = set()  # attempts that were cancelled, perhaps before they were taken
        self._stopped = asyncio.Event()
        self._nudge = asyncio.Event()  # rings when whoever waits for a full cluster should look again
        self._notes: dict[str, str] = {}
        self._held_back: dict[
            str, tuple[str, int]
        ] = {}  # batches of which a full cluster took nothing: why, how many
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        try:
            for name, distributor in self._distributors.items():
                # A cluster that is silent may be busy, or just started again. What else is wrong is said at once.
                enter = partial(self._stack.enter_async_context, distributor)
                await self._answer_of(name, enter, waits_out=ClusterIsSilent, within=_SILENCE)
            self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        except BaseException:
            await self._stack.aclose()
            raise
        for name, distributor in self._distributors.items():
            self.start(self._listen(name, distributor))
        return self

    async def __aexit__(self, *error: object) -> bool | None:
        self._stopped.set()
        for task in self._running:
            task.cancel()
        return await self._stack.__aexit__(*error)  # type: ignore[arg-type]

    @property
    def appetite(self) -> int:
        """How many jobs they are glad to hold."""
        return sum(distributor.appetite for distributor in self._distributors.values())

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way to a cluster: no batch that may be taken, no order to end jobs."""
        return self._in_flight == 0

    @property
    def note(self) -> str:
        """What people should know of them, while something is wrong."""
        own = {name: distributor.note for name, distributor in self._distributors.items()}
        said = {name: self._notes.get(name) or own[name] for name in own}
        return "; ".join(f"{name}: {note}" for name, note in said.items() if note)

    @property
    def waiting(self) -> Counter[tuple[str, str]]:
        """How many jobs wait in clusters' queues, by the family of their batch and by the cluster's reason."""
        waiting = sum(
            (Counter(each.waiting) for each in self._distributors.values()), Counter[tuple[str, str]]()
        )
        for token, (reason, count) in self._held_back.items():
            waiting[family_of(token), reason] += count
        return waiting

    async def queues(self) -> dict[str, Sequence[QueueLimits]]:
        """What the clusters' queues can hold, of those that say so."""
        found = {name: await each.queues() for name, each in self._distributors.items()}
        return {name: queues for name, queues in found.items() if queues}

    def throttles(self, name: str) -> bool:
        """Whether it holds arrays to their limits itself."""
        return self._distributors[name].throttles

    def limit(self, name: str, family: str, at_a_time: int) -> None:
        """Let only so many of an array's tasks run at a time there."""
        self.start(self._limit(name, family, at_a_time))

    def outlives_us(self, name: str) -> bool:
        """Whether its jobs go on without us."""
        return self._distributors[name].outlives_us

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something besides, which ends with the run at the latest."""
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def submit(self, name: str, batch: Batch) -> None:
        """Hand a batch over; the inbox will say what came of it."""
        self._in_flight += 1
        self.start(self._submit(name, batch))

    def cancel(self, name: str, attempts: Collection[int], *, at_once: bool = False) -> None:
        """End the jobs of attempts, and those that are not there yet as soon as they are."""
        self._unwanted.update(attempts)
        self._nudge.set()
        self._in_flight += 1
        self.start(self._cancel(name, attempts, at_once=at_once))

    def stop(self) -> None:
        """Hand nothing more over."""
        self._stopped.set()
        self._nudge.set()

    async def adopt(self, name: str, jobs: Sequence[Job]) -> set[int]:
        """Which of these the cluster has; it is asked until it answers."""
        return set(await self._answer_of(name, lambda: self._distributors[name].adopt(jobs)))

    async def _listen(self, name: str, distributor: Distributor) -> None:
        while True:
            self._inbox.put(*await self._answer_of(name, distributor.news))

    async def _answer_of(
        self,
        name: str,
        ask: Callable[[], Awaitable[Answer]],
        *,
        waits_out: type[ClusterUnreachable] = ClusterUnreachable,
        within: float = inf,
    ) -> Answer:
        """Ask a cluster something that may be asked again, until it answers."""
        rest, until = _FIRST_REST, asyncio.get_running_loop().time() + within
        while True:
            try:
                answer = await ask()
            except waits_out as error:
                if asyncio.get_running_loop().time() > until:
                    raise
                self._notes[name] = error.problem
                log.warning("cluster.unreachable", extra={"cluster": name, "reason": error.problem})
                await asyncio.sleep(rest)
                rest = min(_LONGEST_REST, rest * 2)
            else:
                self._notes[name] = ""
                return answer

    async def _submit(self, name: str, batch: Batch) -> None:
        try:
            outcome = await self._handed_over(name, batch)
        finally:
            self._in_flight -= 1
            self._held_back.pop(batch.token, None)
        self._inbox.put(*outcome)
        self._cancel_unwanted(name, outcome)

    async def _handed_over(self, name: str, batch: Batch) -> list[Accepted | NotTaken]:
        ids = [attempt.id for attempt in batch.attempts]
        rest, is_first = _FIRST_REST, True
        while not self._stopped.is_set():
            if self._unwanted.issuperset(ids):
                return [NotTaken(ids, verdicts.KILLED, "It was ended before its cluster had taken it.")]
            # After a while another controller may act: then this one is about to learn so.
            if not self._hold.is_held or not (is_first or await self._hold.is_still_ours()):
                await self._pause(1.0)
                continue
            is_first = False
            try:
                names = await self._distributors[name].submit(batch)
            except ClusterIsFull as error:
                self._notes[name] = error.problem
                self._held_back[batch.token] = error.reason or _FULL, len(ids)
                await self._pause(rest)
                rest = min(_LONGEST_REST, rest * 2)
            except SubmissionRefused as error:
                return [NotTaken(ids, verdicts.REFUSED, str(error))]
            except Exception as error:  # noqa: BLE001 - whatever it was, the cluster knows what it took
                return await self._settled(name, batch, error)
            else:
                self._notes[name] = ""
                return [Accepted(list(zip(ids, names, strict=True)))]
        return [NotTaken(ids, verdicts.KILLED, "The run was stopped before it was submitted.")]

    async def _settled(self, name: str, batch: Batch, error: Exception) -> list[Accepted | NotTaken]:
        """Ask what became of a batch whose submission did not answer properly."""
        log.warning(
            "submission.in_doubt", extra={"cluster": name, "batch": batch.token, "reason": str(error)}
        )
        jobs = [
            Job(
                attempt=attempt.id,
                token=batch.token,
                step=step,
                resources=batch.resources,
                name=attempt.name,
            )
            for step, attempt in enumerate(batch.attempts)
        ]
        found = await self.adopt(name, jobs)
        missing = [job.attempt for job in jobs if job.attempt not in found]
        account = "".join(traceback.format_exception(error)).strip()
        return [
            Accepted([(job.attempt, None) for job in jobs if job.attempt in found]),
            NotTaken(missing, verdicts.NOT_SUBMITTED, f"Not submitted: {account}"),
        ]

    async def _limit(self, name: str, family: str, at_a_time: int) -> None:
        await self._answer_of(name, lambda: self._distributors[name].limit(family, at_a_time))

    def _cancel_unwanted(self, name: str, outcome: list[Accepted | NotTaken]) -> None:
        if not self._unwanted:
            return
        taken = [attempt for item in outcome if isinstance(item, Accepted) for attempt, _ in item.names]
        if unwanted := self._unwanted.intersection(taken):
            self.cancel(name, unwanted)

    async def _cancel(self, name: str, attempts: Collection[int], *, at_once: bool) -> None:
        try:
            await self._answer_of(name, lambda: self._distributors[name].cancel(attempts, at_once=at_once))
        finally:
            self._in_flight -= 1
            self._inbox.put()  # who waits for all to be settled looks again

    async def _pause(self, seconds: float) -> None:
        if not self._stopped.is_set():
            self._nudge.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
