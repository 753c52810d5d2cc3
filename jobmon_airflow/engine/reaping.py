"""Ending runs whose controller is gone, and the jobs that they have left on clusters that outlive controllers.

Whoever ends a run's jobs holds its workflow meanwhile by a run of his own, which is stopped when they are gone: so
nobody resumes the workflow beside it, and if this controller dies, too, the next one finds what it has left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.clock import Clock, RealClock
from jobmon_airflow.engine.clusters import Clusters, reached
from jobmon_airflow.engine.inbox import Inbox
from jobmon_airflow.engine.journal import Journal, Rhythm, holding
from jobmon_airflow.engine.leftovers import Leftovers
from jobmon_airflow.errors import JobmonError, LeaseLost, first_of
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import workflow_runs
from jobmon_airflow.store.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from jobmon_airflow.distributors.protocol import Distributor
    from jobmon_airflow.store.database import Database

PATIENCE: Final = 300.0  #: seconds in which jobs that are told to end should be gone


@dataclass(slots=True, kw_only=True)
class Reaped:
    """What came of it."""

    runs: list[int] = field(default_factory=list)  #: that were ended
    jobs: int = 0  #: that were ended
    left: dict[int, str] = field(default_factory=dict)  #: workflows of which jobs may still be there, and why


def reap(database: Database, *, leaves_jobs: bool = False, patience: float = PATIENCE) -> Reaped:
    """End the runs whose controller was not heard of in time, and their jobs, unless those are to be left."""
    return asyncio.run(Reaper(database, leaves_jobs=leaves_jobs, patience=patience).reap())


def in_words(reaped: Reaped) -> str:
    """What came of it, for people."""
    lines = [f"runs that were ended: {', '.join(map(str, reaped.runs)) or 'none'}"]
    if reaped.jobs:
        lines.append(f"jobs that were ended: {reaped.jobs}")
    lines += [f"jobs of workflow {number} may still be there. {why}" for number, why in reaped.left.items()]
    return "\n".join(lines)


class Reaper:
    """Ends what has no controller."""

    def __init__(
        self,
        database: Database,
        *,
        leaves_jobs: bool = False,
        patience: float = PATIENCE,
        distributors: Mapping[str, Distributor] | None = None,
        clock: Clock | None = None,
        rhythm: Rhythm | None = None,
        archive: Archive | None = None,
    ) -> None:
        self._leaves_jobs = leaves_jobs
        self._patience = patience
        self._distributors = distributors or {}
        self._clock = clock or RealClock()
        self._rhythm = rhythm or Rhythm()
        self._archive = archive or Archive(database)
        self._reaped = Reaped()

    async def reap(self) -> Reaped:
        """End all of them at the same time."""
        async with self._archive:
            silent = await self._archive.read(lambda it: workflow_runs.silent(it, self._clock.now()))
            async with asyncio.TaskGroup() as tasks:
                for run in silent:
                    tasks.create_task(self._end(run))
        self._reaped.runs.sort()
        return self._reaped

    async def _end(self, run: Row[Any]) -> None:
        """End a run and its jobs. What was to be taken over by another run is left for that."""
        is_for_another = run.status == WorkflowRunStatus.HOT_RESUME
        try:
            there = {} if self._leaves_jobs or is_for_another else await self._reached(run.workflow_id)
        except JobmonError as error:
            there = {}
            self._reaped.left[run.workflow_id] = str(error)
        tries: list[tuple[int, datetime]] = []
        was_ended, ours = await self._archive.change(lambda it: self._taken(it, run, there, tries))
        if not was_ended:
            self._reaped.left.pop(run.workflow_id, None)
            return
        self._reaped.runs.append(run.id)
        if ours is not None:
            await self._end_jobs(run.workflow_id, ours, there)

    async def _reached(self, workflow_id: int) -> dict[str, Distributor]:
        """The clusters on which jobs of the workflow may still be."""
        found = await reached(
            self._archive, lambda it: Leftovers(it, workflow_id).clusters, self._distributors
        )
        return {name: distributor for name, distributor in found.items() if distributor.outlives_us}

    def _taken(
        self,
        connection: Connection,
        run: Row[Any],
        there: Collection[str],
        tries: list[tuple[int, datetime]],
    ) -> tuple[bool, int | None]:
        """Whether the run was ended, and the run that holds its workflow now, if there are jobs to be ended."""
        at = self._clock.now()
        if not (claims.end_if_silent(connection, run.id, at) or tries):
            return False, None
        if not there:
            return True, None
        lease = self._rhythm.until
        return True, claims.take(connection, run.workflow_id, at, resume=True, lease=lease, tries=tries)

    async def _end_jobs(self, workflow_id: int, run_id: int, there: Mapping[str, Distributor]) -> None:
        journal = Journal(self._archive, run_id, self._clock, self._rhythm)
        try:
            leftovers = await self._archive.read(lambda it: Leftovers(it, workflow_id, there))
            self._reaped.jobs += await self._ended(leftovers, journal, there)
        except* JobmonError as errors:
            self._reaped.left[workflow_id] = str(first_of(errors))
        finally:
            with suppress(LeaseLost):  # then somebody has ended it for us
                await journal.write(Turn(run_status=WorkflowRunStatus.STOPPED))

    async def _ended(self, leftovers: Leftovers, journal: Journal, there: Mapping[str, Distributor]) -> int:
        inbox = Inbox()
        async with holding(journal), Clusters(there, inbox, journal) as clusters:
            return await leftovers.end(clusters, inbox, journal, patience=self._patience)
