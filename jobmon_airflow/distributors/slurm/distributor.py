"""A Slurm cluster as a distributor: what the engine sees of it.

Batches become arrays. How a command ended is read in the shared folder, where its job wrote it; slurmctld is asked once
an interval for all jobs together, to know which wait, and why one is over that wrote nothing. A command runs at most
once, because its job must claim it in the shared folder first: whoever is to be sure that it never runs claims it
before.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from jobmon_airflow.distributors.protocol import Cause, Ended, Evidence, Output, Started, family_of
from jobmon_airflow.distributors.slurm.adopting import Adopting
from jobmon_airflow.distributors.slurm.board import Board
from jobmon_airflow.distributors.slurm.ending import Endings
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.distributors.slurm.held import Book, Held
from jobmon_airflow.distributors.slurm.orders import Orders
from jobmon_airflow.distributors.slurm.submitting import Handover, Room
from jobmon_airflow.distributors.slurm.suspects import Suspects
from jobmon_airflow.distributors.slurm.throttling import shares
from jobmon_airflow.distributors.slurm.watching import Watch
from jobmon_airflow.distributors.slurm.ways import way_to
from jobmon_airflow.errors import ClusterUnreachable, SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from jobmon_airflow.distributors.protocol import Batch, Job, News
    from jobmon_airflow.distributors.slurm.orders import Order
    from jobmon_airflow.distributors.slurm.pieces import Piece
    from jobmon_airflow.distributors.slurm.seam import Elements
    from jobmon_airflow.distributors.slurm.ways import Way
    from jobmon_airflow.errors import ClusterIsFull
    from jobmon_airflow.queues import QueueLimits

_GLAD_TO_HOLD: Final = 10_000  # jobs of one workflow; more would only wait there
_REBALANCE_EVERY: Final = 5.0  # seconds
_NEW: Final = 0  # what has no number yet
# Seconds that a batch's folder is kept after anybody wrote to it. A job that waits for weeks, and then runs for weeks,
# writes nothing there in between; without the folder nobody would know whether it has begun, nor how it ended.
_KEPT: Final = 120 * 24 * 3600.0


class Slurm:
    """A Slurm cluster. Its jobs go on without us; arrays are held to their limits by Slurm itself."""

    outlives_us = True
    throttles = True

    def __init__(
        self, *, way: Way | None = None, patience: Patience | None = None, **connection: Any
    ) -> None:
        self._way = way or way_to(**connection)
        self._patience = patience or Patience()
        self._full: dict[str, ClusterIsFull] = {}  # batches, of which the rest waits for room
        self.appetite = _GLAD_TO_HOLD

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        try:
            self._controller = await self._stack.enter_async_context(self._way.controller())
            spool = self._way.spool()
            self._spool = await self._stack.enter_async_context(spool) if spool is not None else None
            self._limits = await self._controller.limits(self._way.own_folder)
        except BaseException:
            await self._stack.aclose()
            raise
        self.appetite = min(_GLAD_TO_HOLD, self._limits.max_submit or _GLAD_TO_HOLD)
        self._begin_a_book()
        if self._spool is not None:
            await self._spool.clean(_KEPT)
        return self

    def _begin_a_book(self) -> None:
        folder = self._folder()
        self._book = Book()
        self._news: list[News] = []
        self._bell = asyncio.Event()
        self._nudge = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._suspects = Suspects(folder)
        self._orders = Orders(self._way, self._limits, self._spool, self._suspects)
        self._adopting = Adopting(
            self._controller,
            self._spool,
            self._orders,
            has_accounting=self._limits.has_accounting,
            on_its_way=self._patience.on_its_way,
        )
        self._room = Room(self._limits)
        self._watch = Watch(
            self._book,
            self._controller,
            Board(self._controller, folder),
            self._spool,
            self._limits,
            self._patience,
            self._bell.set,
        )
        self._endings = Endings(self._watch, self._spool, self._suspects)
        self._at_a_time: dict[str, int] = {}  # by family of batches
        # By job: how many elements may run at a time, as Slurm was told.
        self._given: dict[int, int | None] = {}
        self._promises: dict[str, int] = {}  # the same, by name, of those that are on their way
        self._rebalance_at = 0.0

    def _folder(self) -> Path | None:
        """Where controllers of a user tell each other what they know of this cluster, and of no other."""
        if self._way.own_folder is None:
            return None
        folder = self._way.own_folder / f"of-{self._limits.name}"
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
        except OSError:  # then everybody asks, and remembers, for himself
            return None
        return folder

    async def __aexit__(self, *error: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._watch.leave()
        await self._stack.aclose()

    @property
    def asked(self) -> Counter[str]:
        """How often each of Slurm's commands was called."""
        return self._controller.asked

    @property
    def note(self) -> str:
        """What people should know, while something is wrong."""
        # Who has nothing to ask does not hear that it goes well again.
        troubles = self._watch.notes.values() if len(self._book) else ()
        return "; ".join(filter(None, [*(error.problem for error in self._full.values()), *troubles]))

    @property
    def waiting(self) -> Counter[tuple[str, str]]:
        """How many jobs wait in Slurm's queue, or to be there, by the family of their batch and by Slurm's reason."""
        waiting = self._book.waiting()
        for token, error in self._full.items():
            late = [held for held in self._book.by_step.get(token, {}).values() if not held.is_placed]
            waiting[family_of(token), error.reason or error.problem] += len(late)
        return waiting

    async def queues(self) -> Sequence[QueueLimits]:
        """What its partitions can hold; the one without a name is where those go who name none."""
        usual = self._way.defaults.queue or self._limits.default_queue
        unnamed = [replace(queue, name="") for queue in self._limits.queues if queue.name == usual]
        return [*self._limits.queues, *unnamed]

    # --- submitting -----------------------------------------------------------------------------------------------

    async def submit(self, batch: Batch) -> Sequence[str | None]:
        """Take the batch; the name is None of what was cancelled before the cluster had it."""
        order = self._orders.of(batch)
        if batch.at_a_time is not None:
            self._at_a_time[family_of(batch.token)] = batch.at_a_time
        members = order.held()
        await order.prepare()
        for held in members:
            held.since = _now()
            self._book.take(held)
        try:
            await self._hand_over(order, members)
        except BaseException:
            self._forget([held for held in members if held.job_id is None])
            raise
        finally:
            self._full.pop(batch.token, None)
        return [held.name if held.job_id is not None else None for held in members]

    async def _hand_over(self, order: Order, members: Sequence[Held]) -> None:
        """Submit what is not submitted, if need be on nodes that are not trusted."""
        handover = Handover(
            self._book,
            self._controller,
            self._room,
            lambda piece: order.submission(piece, self._promised(piece)),
            lambda piece, job_id: self._placed(members, piece, job_id),
            partial(self._note_full, order.batch.token),
            self._nudge,
        )
        try:
            await handover.run(order.batch.token, order.pack, order.most_steps)
        except SubmissionRefused:
            if not order.leaves_out:
                raise
            await self._hand_over(replace(order, leaves_out=()), members)

    def _placed(self, members: Sequence[Held], piece: Piece, job_id: int) -> None:
        self._given[job_id] = self._promises.pop(piece.name, None)
        for step in piece:
            members[step].piece, members[step].job_id = piece, job_id
            members[step].since = _now()
            members[step].submitted = datetime.now(UTC)
        self._watch.expect()
        self._bell.set()

    def _promised(self, piece: Piece) -> int | None:
        """How many elements of a new piece may run at a time; None for all."""
        limit = self._at_a_time.get(family_of(piece.token))
        if limit is None:
            return None
        given = shares(limit, {**self._open_elements(family_of(piece.token)), _NEW: piece.size})[_NEW]
        self._promises[piece.name] = given
        return given

    def _note_full(self, token: str, error: ClusterIsFull | None) -> None:
        if error is None:
            self._full.pop(token, None)
        else:
            self._full[token] = error

    def _forget(self, members: Collection[Held]) -> None:
        for held in members:
            self._book.drop(held)
        # Whoever adopts them hears all that they have told, from the beginning.
        self._watch.forget_what_is_over()

    # --- adopting -------------------------------------------------------------------------------------------------

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        ours = {job.attempt for job in jobs if job.attempt in self._book.by_attempt}
        others = [job for job in jobs if job.attempt not in ours]
        found = await self._adopting.of(others)
        for held in found:
            held.since, held.is_adopted = _now(), True
            self._book.take(held)
        self._watch.read_again({held.token for held in found})
        self._watch.hurry()
        self._bell.set()
        return ours | {held.attempt for held in found}

    # --- news -----------------------------------------------------------------------------------------------------

    async def news(self) -> Sequence[News]:
        while not self._news:
            # A look goes on when the caller goes away, or one who is never patient would never hear anything.
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_and_rest())
            await asyncio.shield(self._looking)
        news, self._news = self._news, []
        return news

    async def _look_and_rest(self) -> None:
        self._bell.clear()
        await self._look()
        if not self._news:
            await self._pause(self._watch.rest)

    async def _look(self) -> None:
        ended = await self._endings.of(await self._watch.look())
        # From here on nothing waits, so that nothing is lost if the caller goes away.
        self._news += [_started(held) for held in self._watch.take_begun() if held.over is None]
        for held, end in ended:
            self._news.append(end)
            self._book.drop(held)
        if ended:
            self._watch.forget_what_is_over()
        if not self._news:
            await self._keep_limits()

    async def _keep_limits(self) -> None:
        """Let others begin in the place of those that have ended; whoever is not heard now is told again."""
        if self._at_a_time and _now() >= self._rebalance_at:
            self._rebalance_at = _now() + _REBALANCE_EVERY
            with suppress(ClusterUnreachable):
                await self._rebalance()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass

    # --- cancelling and limiting ----------------------------------------------------------------------------------

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        members = [held for attempt in attempts if (held := self._book.by_attempt.get(attempt))]
        for held in members:
            held.is_cancelled = True
        self._nudge.set()
        late = [held for held in members if not held.is_placed]
        await self._end([held for held in members if held.is_placed], at_once=at_once)
        await self._answers_about(late)
        await self._end([held for held in late if held.is_placed], at_once=at_once)
        for held in late:
            if not held.is_placed and self._book.by_attempt.get(held.attempt) is held:
                self._news.append(_never_submitted(held))
                self._book.drop(held)
        self._watch.hurry()
        self._bell.set()

    async def _answers_about(self, members: Sequence[Held]) -> None:
        """Wait until the cluster has said whether it takes them."""
        for answered in {held.answered for held in members if held.answered is not None}:
            await answered.wait()

    async def _end(self, members: Sequence[Held], *, at_once: bool) -> None:
        elements = self._book.elements({held.attempt for held in members})
        if elements:
            await self._controller.cancel(dict(elements))
        if at_once and (begun := self._book.elements({held.attempt for held in members if held.has_begun})):
            await self._controller.cancel(dict(begun), at_once=True)
        if self._spool is not None:
            for token, steps in _packed_with_others(members, elements).items():
                await self._spool.revoke(token, steps)

    async def limit(self, family: str, at_a_time: int) -> None:
        """Let only so many of an array's tasks run at a time from now on; 0 lets none begin."""
        self._at_a_time[family] = at_a_time
        await self._rebalance(family)

    async def _rebalance(self, family: str | None = None) -> None:
        """Tell Slurm how many of each array may run, where that matters and has changed."""
        for each in [family] if family is not None else list(self._at_a_time):
            there = self._open_elements(each)
            for job_id, elements in shares(self._at_a_time[each], there).items():
                if not self._may_all_run(job_id, elements, there[job_id]):
                    await self._give(job_id, elements)
        self._given = {job_id: given for job_id, given in self._given.items() if job_id in self._book.job_ids}

    def _may_all_run(self, job_id: int, elements: int, there: int) -> bool:
        """Whether all that is left of a job may run, and was allowed to run before."""
        given = self._given.get(job_id)
        return elements == there and (given is None or given >= elements)

    async def _give(self, job_id: int, elements: int) -> None:
        before = self._given.get(job_id)
        if before == elements:
            return
        if elements == 0:
            await self._controller.hold([job_id])
        else:
            await self._controller.throttle(job_id, elements)
            if before == 0:
                await self._controller.hold([job_id], release=True)
        self._given[job_id] = elements

    def _open_elements(self, family: str) -> dict[int, int]:
        """How many elements of each of the family's jobs are not over."""
        found: dict[int, set[int]] = defaultdict(set)
        for token in self._book.tokens:
            if family_of(token) == family:
                for held in self._book.by_step[token].values():
                    if held.job_id is not None:
                        found[held.job_id].add(held.element)
        return {job_id: len(elements) for job_id, elements in sorted(found.items())}


def _packed_with_others(members: Sequence[Held], ended: Mapping[int, Elements]) -> dict[str, list[int]]:
    """Steps that share their element with others that go on, by token."""
    steps: dict[str, list[int]] = defaultdict(list)
    for held in members:
        if held.job_id is None or held.element not in ended.get(held.job_id, ()):
            steps[held.token].append(held.step)
    return steps


def _started(held: Held) -> Started:
    return Started(
        attempt=held.attempt,
        at=datetime.now(UTC),
        nodename=held.node,
        process_group_id=held.pid,
        output=Output(stdout=held.stdout, stderr=held.stderr),
    )


def _never_submitted(held: Held) -> Ended:
    evidence = Evidence(cause=Cause.CANCELLED, detail="It was cancelled before it was submitted.")
    return Ended(attempt=held.attempt, evidence=evidence)


def _now() -> float:
    return asyncio.get_running_loop().time()
