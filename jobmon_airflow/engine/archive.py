"""The database, asked without making an event loop wait, and with patience.

It is asked in a thread of its own, one question at a time. While it does not answer, whoever asks waits: for some
minutes, because databases are restarted, moved and full at times, and a workflow of three weeks should live on.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from jobmon_airflow.errors import StoreIsGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

log = logging.getLogger(__name__)

Result = TypeVar("Result")

PATIENCE: Final = 600.0  #: seconds that it waits for a database that does not answer
_FIRST_REST: Final = 0.25
_LONGEST_REST: Final = 30.0


class Archive:
    """A database, as an event loop sees it; without a thread (``threaded=False``) in simulated time."""

    def __init__(self, database: Database, *, threaded: bool = True, patience: float = PATIENCE) -> None:
        self.database = database
        self.note = ""  #: what people should know of it, while something is wrong
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jobmon-store") if threaded else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)

    async def change(self, work: Callable[[Connection], Result]) -> Result:
        """Do some work in one transaction, as often as it takes: it must be repeatable."""
        return await self._patiently(partial(self.database.write, work))

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Ask something."""

        def ask() -> Result:
            with self.database.read() as connection:
                return work(connection)

        return await self._patiently(ask)

    async def _patiently(self, work: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        begun, rest = loop.time(), _FIRST_REST
        while True:
            try:
                result = await self._in_thread(work)
            except DBAPIError as error:
                if isinstance(error, IntegrityError | ProgrammingError):
                    raise  # our own mistake, which no waiting mends
                if loop.time() - begun >= self._patience:
                    raise self._given_up(error) from error
                self.note = f"the database does not answer: {error.orig}"
                log.warning("store.waiting", extra={"reason": str(error.orig)})
                await asyncio.sleep(rest)
                rest = min(_LONGEST_REST, rest * 2)
            else:
                self.note = ""
                return result

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._thread is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _given_up(self, error: DBAPIError) -> StoreIsGone:
        original: Any = error.orig
        return StoreIsGone(
            f"The database {self.database.name} has not answered for {self._patience:.0f} seconds: {original}",
            remedy="When it is back, resume the workflow: workflow.run(resume=True). What is done stays done.",
        )
