"""One run of a workflow, from taking the workflow to the end of the run.

    take ─ settle what earlier runs left ─ begin again what is not done ─ load ─ run ─ end

Whatever happens in between, the run ends in a status that can be resumed; and where nothing can be written any more,
its hold on the workflow runs out.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.clock import Clock, RealClock
from jobmon_airflow.engine.clusters import Clusters, reached
from jobmon_airflow.engine.engine import Engine
from jobmon_airflow.engine.inbox import Inbox
from jobmon_airflow.engine.journal import Journal, Rhythm, holding
from jobmon_airflow.engine.leftovers import Leftovers
from jobmon_airflow.engine.plan import Functions, Plan, load
from jobmon_airflow.engine.progress import Snapshot
from jobmon_airflow.errors import (
    JobmonError,
    LeaseLost,
    StoreIsGone,
    WorkflowNotResumable,
    WorkflowTimeout,
    first_of,
)
from jobmon_airflow.states import TASK, WorkflowRunStatus
from jobmon_airflow.store import clusters as stored_clusters
from jobmon_airflow.store import task_instances, tasks
from jobmon_airflow.store.turns import Turn
from jobmon_airflow.store.vocabulary import DEFAULT_QUEUE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.distributors.protocol import Distributor
    from jobmon_airflow.engine.attempts import Live
    from jobmon_airflow.engine.progress import Display
    from jobmon_airflow.store.database import Database

log = logging.getLogger(__name__)

_FRAME: Final = 0.25  #: seconds between two looks at how far it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a workflow is to be run."""

    resume: bool = False
    cold: bool = True  #: a resume ends what an earlier run still runs, rather than take it over
    fail_fast: bool = False
    timeout: float = 36_000.0  #: seconds
    resume_timeout: float = 300.0  #: seconds that another run has to give way
    increase_resources: bool = False  #: of tasks that failed for a resource, when they begin again


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended."""

    workflow_id: int
    workflow_run_id: int
    status: WorkflowRunStatus
    elapsed: float
    last: Snapshot


@dataclass(slots=True)
class _Wish:
    """That the run should end, said before it could be heeded."""

    at_once: bool = False
    leaves_jobs: bool = False


class Session:
    """One run of a workflow."""

    def __init__(
        self,
        database: Database,
        workflow_id: int,
        options: Options,
        *,
        functions: Functions | None = None,
        refresh: Callable[[], object] | None = None,
        noted: Callable[[Connection, int], object] | None = None,
        display: Display | None = None,
        distributors: Mapping[str, Distributor] | None = None,
        clock: Clock | None = None,
        archive: Archive | None = None,
        rhythm: Rhythm | None = None,
        threaded: bool = True,
    ) -> None:
        self.workflow_id = workflow_id
        self.workflow_run_id: int | None = None
        self._options = options
        self._functions = functions or Functions()
        self._refresh = refresh  #: writes the definition again, when no other run holds the workflow any more
        self._noted = (
            noted  #: is told the run's id in the transaction that takes the workflow, and may refuse it
        )
        self.display = display
        self._distributors = distributors or {}
        self._clock = clock or RealClock()
        self._archive = archive or Archive(database, threaded=threaded)
        self._rhythm = rhythm or Rhythm()
        self._threaded = threaded
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._is_preparing = True
        self._engine: Engine | None = None
        self._wish: _Wish | None = None
        self._is_late = False
        self._exhausted: list[Any] = []  # the last attempts of tasks that failed for a resource
        self.is_quiet = False  #: while somebody is asked something

    async def run(self) -> Result:
        """Run the workflow to its end."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        begun = self._loop.time()
        if self._wish is not None:
            self._heed()
        try:
            async with self._archive:
                result = await self._run(begun)
        except asyncio.CancelledError:
            if self._wish is None:
                raise
            raise WorkflowNotResumable(
                f"The run was stopped before it had taken workflow {self.workflow_id}.",
                remedy="No task was begun. Try again: workflow.run(resume=True).",
            ) from None
        if self._is_late and result.status is not WorkflowRunStatus.DONE:
            raise self._too_late()
        return result

    def stop(self, *, at_once: bool = False, leaves_jobs: bool = False) -> None:
        """End the run: its jobs are ended, what is known is written, and the workflow can be resumed.

        Jobs of clusters that outlive us go on if it ``leaves_jobs``, for a later run to adopt. May be called from any
        thread, and from a signal's handler.
        """
        self._wish = _Wish(at_once, leaves_jobs)
        if self._loop is not None:
            with suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._heed)

    # --- the course of a run ------------------------------------------------------------------------------

    async def _run(self, begun: float) -> Result:
        await self._make_way()
        self.workflow_run_id = run_id = await self._take()
        journal = self._journal(run_id)
        try:
            status, last = await self._run_to_end(journal, begun)
        except BaseException as error:  # noqa: BLE001 - it is raised again, without the group around it
            cause = first_of(error)
            if not self._was_stopped_early(cause):
                await self._end_badly(journal, cause)
                raise cause from None
            status, last = await self._stopped_early(journal)
        return Result(
            workflow_id=self.workflow_id,
            workflow_run_id=run_id,
            status=status,
            elapsed=_now() - begun,
            last=last,
        )

    async def _make_way(self) -> None:
        if self._options.resume:
            somebody_left = await claims.make_way(
                self._archive,
                self._clock,
                self.workflow_id,
                cold=self._options.cold,
                patience=self._options.resume_timeout,
            )
            if somebody_left and self._refresh is not None:
                await asyncio.to_thread(self._refresh)

    async def _take(self) -> int:
        tries: list[tuple[int, datetime]] = []

        def take(connection: Connection) -> int:
            at, resume, lease = self._clock.now(), self._options.resume, self._rhythm.until
            run_id = claims.take(connection, self.workflow_id, at, resume=resume, lease=lease, tries=tries)
            if self._noted is not None:
                self._noted(connection, run_id)
            return run_id

        taking = asyncio.create_task(self._archive.change(take))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # It is taken all the same, and nobody should have to wait until it counts as gone.
            run_id = await taking
            if self._wish is None:
                await self._stopped_early(self._journal(run_id))
                raise
            return run_id

    def _journal(self, run_id: int) -> Journal:
        return Journal(self._archive, run_id, self._clock, self._rhythm)

    async def _run_to_end(self, journal: Journal, begun: float) -> tuple[WorkflowRunStatus, Snapshot]:
        if self._wish is not None:  # said while the workflow was taken
            raise asyncio.CancelledError
        leftovers = await self._archive.read(self._leftovers)
        inbox = Inbox()
        async with self._reached(journal, inbox, leftovers) as clusters:
            await self._note_queues(clusters)
            plan, adopted = await self._prepared(journal, clusters, inbox, leftovers)
            engine = Engine(
                plan,
                journal,
                clusters,
                inbox,
                adopted=adopted,
                fail_fast=self._options.fail_fast,
                threaded=self._threaded,
            )
            if self._options.resume and self._options.increase_resources:
                await engine.raise_exhausted(self._exhausted)
            await journal.write(Turn(run_status=WorkflowRunStatus.RUNNING))
            self._engine, self._is_preparing = engine, False
            timer = asyncio.get_running_loop().call_later(self._options.timeout, self._out_of_time)
            clusters.start(self._show(engine, begun))
            try:
                status = await engine.run()
            finally:
                timer.cancel()
                self._engine = None
            last = engine.snapshot(_now() - begun)
        if self.display is not None:
            self.display.show(last)
        return status, last

    @asynccontextmanager
    async def _reached(self, journal: Journal, inbox: Inbox, leftovers: Leftovers) -> AsyncIterator[Clusters]:
        """The clusters of the run, which keeps its hold on the workflow while it waits for one that is silent."""
        names = self._clusters_and(leftovers.clusters)
        distributors = await reached(self._archive, names, self._distributors)
        async with AsyncExitStack() as stack:
            async with holding(journal):
                clusters = await stack.enter_async_context(Clusters(distributors, inbox, journal))
            yield clusters

    async def _note_queues(self, clusters: Clusters) -> None:
        """Write down what the clusters' queues can hold, where they say so: for this run, and for who binds next."""
        queues = await clusters.queues()

        def note(connection: Connection) -> None:
            for name, limits in queues.items():
                named = [replace(each, name=each.name or DEFAULT_QUEUE) for each in limits]
                number = stored_clusters.cluster_id(connection, name)
                stored_clusters.set_limits(connection, number, named)

        if queues:
            await self._archive.change(note)

    async def _prepared(
        self, journal: Journal, clusters: Clusters, inbox: Inbox, leftovers: Leftovers
    ) -> tuple[Plan, list[Live]]:
        """What is to be run, when nothing else is left that could run it."""
        cold, patience = self._options.cold, self._options.resume_timeout
        async with holding(journal):
            adopted = await leftovers.settle(clusters, inbox, journal, cold=cold, patience=patience)
            if ids := [live.id for live in adopted.values()]:
                await journal.change(lambda it: task_instances.hand_over(it, ids, journal.run_id))
            self._exhausted = await self._archive.read(
                lambda it: task_instances.exhausted(it, self.workflow_id)
            )
            await journal.change(lambda it: self._begin_again(it, adopted))
            plan = await self._archive.read(lambda it: load(it, self.workflow_id, self._functions))
        await journal.write(Turn(run_status=WorkflowRunStatus.BOUND))
        places = {plan.task_ids[task]: task for task in plan.active}
        for task_id, live in adopted.items():
            live.task = places[task_id]
        return plan, list(adopted.values())

    def _begin_again(self, connection: Connection, adopted: Mapping[int, Live]) -> None:
        at = self._clock.now()
        order = TASK.orders["cold resume" if self._options.cold else "hot resume"]
        tasks.begin_again(connection, self.workflow_id, order, at)
        if not self._options.cold:
            # Nothing should be left that seems to run and was not adopted; nobody would ever hear of it again.
            orphans = tasks.running(connection, self.workflow_id) - adopted.keys()
            tasks.order(connection, orphans, TASK.orders["cold resume"], at, num_attempts=0)

    def _leftovers(self, connection: Connection) -> Leftovers:
        return Leftovers(connection, self.workflow_id)

    def _clusters_and(self, also: set[str]) -> Callable[[Connection], set[str]]:
        """The clusters that the workflow's tasks go to, and some others."""
        return lambda connection: stored_clusters.of_workflow(connection, self.workflow_id) | also

    async def _end_badly(self, journal: Journal, cause: BaseException) -> None:
        """Let nobody wait for a run that has failed in itself."""
        if isinstance(cause, LeaseLost | StoreIsGone):
            return  # nothing can be written: the hold is another's, or runs out
        with suppress(JobmonError):
            await journal.write(Turn(run_status=WorkflowRunStatus.ERROR))

    def _was_stopped_early(self, cause: BaseException) -> bool:
        return isinstance(cause, asyncio.CancelledError) and self._wish is not None

    async def _stopped_early(self, journal: Journal) -> tuple[WorkflowRunStatus, Snapshot]:
        written = await journal.write(Turn(run_status=WorkflowRunStatus.STOPPED))
        nothing = Snapshot(
            workflow_id=self.workflow_id,
            workflow_run_id=journal.run_id,
            templates=[],
            done_before=0,
            elapsed=0.0,
        )
        return written.run_status, nothing

    async def _show(self, engine: Engine, begun: float) -> None:
        while self.display is not None:
            if not self.is_quiet:
                self.display.show(engine.snapshot(_now() - begun))
            await asyncio.sleep(_FRAME)

    # --- ending early -------------------------------------------------------------------------------------

    def _heed(self) -> None:
        if self._engine is not None and self._wish is not None:
            cancel, at_once = not self._wish.leaves_jobs, self._wish.at_once
            self._engine.leave(WorkflowRunStatus.STOPPED, cancel=cancel, at_once=at_once)
        elif self._is_preparing and self._task is not None:
            self._task.cancel()  # nothing runs yet

    def _out_of_time(self) -> None:
        # Who leaves already does so in another way, and may be waiting for jobs to end.
        if self._engine is not None and not self._engine.is_leaving:
            self._is_late = True
            self._engine.leave(WorkflowRunStatus.ERROR, cancel=False)

    def _too_late(self) -> WorkflowTimeout:
        return WorkflowTimeout(
            f"Not all tasks completed within the given workflow timeout length ({self._options.timeout:g} seconds). "
            "Submitted tasks will still run, but the workflow will need to be restarted.",
            remedy="Go on with workflow.run(resume=True, seconds_until_timeout=…). What ran on this machine itself "
            "was stopped.",
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
