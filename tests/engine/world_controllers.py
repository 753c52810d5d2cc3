"""Controllers that may die at any moment, and a database that at times does not answer."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from jobmon_airflow.distributors.protocol import Plain
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.store import workflow_runs
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import task_instance, task_status_audit
from tests.engine.worlds import When

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from random import Random

    from sqlalchemy import Connection

    from jobmon_airflow.distributors.protocol import Batch, Distributor, Job, News
    from jobmon_airflow.engine.session import Result, Session
    from jobmon_airflow.testing import SimulatedClock

Answer = TypeVar("Answer")


class Failing(Database):
    """A database that at times does not answer."""

    def __init__(self, database: Database, clock: SimulatedClock, random: Random) -> None:
        super().__init__(database.engine)
        self._silent_until = 0.0
        self._hears = 0.0
        self._clock = clock
        self._random = random

    def fall_silent(self, seconds: float, hears: float) -> None:
        """Answer nothing for a while, and do what is asked with this chance."""
        self._silent_until = self._clock.monotonic() + seconds
        self._hears = hears

    def write(self, work: Callable[[Connection], Answer], *, in_bulk: bool = False) -> Answer:
        if self._is_silent and self._random.random() >= self._hears:
            raise _no_answer()
        result = super().write(work, in_bulk=in_bulk)
        if self._is_silent:
            raise _no_answer()
        return result

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._is_silent:
            raise _no_answer()
        with super().read() as connection:
            yield connection

    @property
    def _is_silent(self) -> bool:
        return self._clock.monotonic() < self._silent_until


def _no_answer() -> OperationalError:
    return OperationalError("COMMIT", {}, ConnectionError("nobody answers"))


class PowerCut(BaseException):
    """The controller is gone, with all that it knew."""


class Life:
    """A controller's, which may end at a moment that somebody else chose."""

    def __init__(self) -> None:
        self.ends: When | None = None
        self.is_over = False

    def reaches(self, moment: When) -> None:
        """Die here, if this is the moment; the dead do nothing."""
        self.is_over = self.is_over or self.ends is moment
        if self.is_over:
            raise PowerCut


class MortalArchive(Archive):
    """The database of a controller, which notes what it changes when its run is over."""

    def __init__(self, database: Database, life: Life) -> None:
        super().__init__(database, threaded=False)
        self.run_id: Callable[[], int | None] = lambda: None
        self.changed_when_over: list[str] = []
        self._life = life

    async def change(self, work: Callable[[Connection], Answer]) -> Answer:
        self._life.reaches(When.BEFORE_A_WRITE)
        result = await super().change(lambda connection: self._watched(work, connection))
        self._life.reaches(When.AFTER_A_WRITE)
        return result

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        self._life.reaches(When.NOW)
        return await super().read(work)

    def _watched(self, work: Callable[[Connection], Answer], connection: Connection) -> Answer:
        run_id = self.run_id()
        if run_id is None or workflow_runs.status(connection, run_id).is_alive:
            return work(connection)
        before = _progress(connection)
        result = work(connection)
        if _progress(connection) != before:
            self.changed_when_over.append(f"run {run_id}: {work}")
        return result


def _progress(connection: Connection) -> list[Any]:
    attempts = select(task_instance.c.id, task_instance.c.status, task_instance.c.workflow_run_id)
    changes = select(task_status_audit.c.id)
    return [*connection.execute(attempts), *connection.execute(changes)]


class MortalAccess(Plain):
    """A controller's way to the cluster."""

    def __init__(self, access: Distributor, life: Life) -> None:
        self.appetite = access.appetite
        self.outlives_us = access.outlives_us
        self._access = access
        self._life = life

    async def __aenter__(self) -> Self:
        await self._access.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._access.__aexit__(*error)

    async def submit(self, batch: Batch) -> Sequence[str]:
        self._life.reaches(When.BEFORE_A_SUBMISSION)
        names = await self._access.submit(batch)
        self._life.reaches(When.AFTER_A_SUBMISSION)
        return names

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        self._life.reaches(When.NOW)
        return await self._access.adopt(jobs)

    async def news(self) -> Sequence[News]:
        self._life.reaches(When.NOW)
        return await self._access.news()

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        self._life.reaches(When.NOW)
        await self._access.cancel(attempts, at_once=at_once)


class Controller:
    """One run of the workflow, by somebody who may die."""

    def __init__(self, session: Session, archive: MortalArchive, database: Failing, life: Life) -> None:
        self.life = life
        self.database = database
        self.archive = archive
        archive.run_id = lambda: session.workflow_run_id
        self.outcome: Result | BaseException | None = None
        self.task = asyncio.create_task(self._run())
        self._session = session

    async def _run(self) -> None:
        try:
            self.outcome = await self._session.run()
        except BaseException as error:  # noqa: BLE001 - the test says which are in order
            self.outcome = error

    def stop(self, *, at_once: bool) -> None:
        """End the run, as a person does."""
        self._session.stop(at_once=at_once)

    def die(self, when: When) -> None:
        """End the controller, as a power cut does."""
        self.life.ends = when
        if when is When.NOW:
            self.life.is_over = True
            self.task.cancel()
