"""Engines beside the triggerer: starting one, hearing of it, ending it.

An engine is a process with a session of its own, so that it outlives the triggerer. Another triggerer, on this machine
or elsewhere, finds in the database that it is at work and waits for its outcome. A workflow has an engine of its own;
single commands share one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobmon_airflow.engine import claims
from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.triggers import errands
from jobmon_airflow.triggers.engine_logs import EngineLog, environment_of, log_file_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Row

    from jobmon_airflow.dags.engine import Order
    from jobmon_airflow.store.airflow_tasks import Try
    from jobmon_airflow.triggers.errands import Errand


async def begin(order: Order, database: str | None) -> Engine | Errand:
    """Have an engine carry an order out: its own, or the one that all single commands share."""
    if order.command is not None:
        return await errands.begin(order, database)
    return await asyncio.to_thread(Engine, order, database)


class Engine:
    """A process that runs a workflow."""

    def __init__(self, order: Order, database: str | None) -> None:
        self._log = EngineLog(log_file_of(order))
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jobmon_airflow.dags.engine"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment_of(database),
            )
        assert self._process.stdin is not None
        # One that dies at once says why in its log.
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(order.to_json().encode())

    @property
    def log_file(self) -> Path:
        return self._log.file

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def news(self) -> list[str]:
        """The lines that it has written since it was last asked."""
        return self._log.news(to_the_end=self.is_over)

    def close(self) -> None:
        """Listen no longer; it goes on."""


def is_at_work(row: Row[Any]) -> bool:
    """Whether an engine acts for the place."""
    return airflow_tasks.is_attended(row, datetime.now(UTC)) and not claims.is_gone(row.engine)


def end(row: Row[Any], this: Try) -> None:
    """Tell the engine of a place to end what it does for a try, if it is on this machine."""
    number = claims.number_here(row.engine)
    if number is None or claims.is_gone(row.engine) or errands.stop(number, this):
        return
    with suppress(ProcessLookupError, PermissionError):
        os.kill(number, signal.SIGTERM)


def known(this: Try, database: Any) -> Row[Any] | None:
    """What the database knows of the try's place; None if it is another try's by now."""
    with database.read() as connection:
        row: Row[Any] | None = airflow_tasks.row(connection, this.place)
    return row if row is not None and row.try_number == this.number else None
