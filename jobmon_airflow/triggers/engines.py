"""Engines beside the triggerer: starting one, hearing of it, ending it.

An engine is a process with a session of its own, so that it outlives the triggerer. Another triggerer, on this machine
or elsewhere, finds in the database that it is at work and waits for its outcome.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobmon_airflow import settings
from jobmon_airflow.dags.folders import log_folder
from jobmon_airflow.engine import claims
from jobmon_airflow.store import airflow_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Row

    from jobmon_airflow.dags.engine import Order
    from jobmon_airflow.store.airflow_tasks import Try

_AIRFLOW_DATABASE: Final = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_AT_A_TIME: Final = 64 * 1024  # bytes of an engine's log


class Engine:
    """A process that runs a workflow."""

    def __init__(self, order: Order, database: str | None) -> None:
        self.log_file = _log_file(order)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self._told = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jobmon_airflow.dags.engine"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(database),
            )
        assert self._process.stdin is not None
        # One that dies at once says why in its log.
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(order.to_json().encode())

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def news(self) -> Iterator[str]:
        """The lines that it has written since it was last asked."""
        with self.log_file.open("rb") as log:
            log.seek(self._told)
            text = log.read(_AT_A_TIME)
        if not self.is_over:
            text = text[: text.rfind(b"\n") + 1]
        self._told += len(text)
        yield from text.decode(errors="replace").splitlines()


def is_at_work(row: Row[Any]) -> bool:
    """Whether an engine acts for the place."""
    return airflow_tasks.is_attended(row, datetime.now(UTC)) and not claims.is_gone(row.engine)


def end(row: Row[Any]) -> None:
    """Tell the engine of a place to end, if it is on this machine."""
    number = claims.number_here(row.engine)
    if number is not None and not claims.is_gone(row.engine):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGTERM)


def _environment(database: str | None) -> dict[str, str]:
    """The triggerer's own, with the database's address, which is nobody's business on a command line.

    What a DAG file imports may not look into Airflow's database, and the address that Airflow sets in order to say so
    is none that its own modules could be imported with.
    """
    named = {settings.JOBMON_VARIABLE: database} if database else {}
    return {**os.environ, _AIRFLOW_DATABASE: "sqlite://", **named}


def _log_file(order: Order) -> Path:
    return log_folder(order.place) / f"engine-{order.try_number}.log"


def known(this: Try, database: Any) -> Row[Any] | None:
    """What the database knows of the try's place; None if it is another try's by now."""
    with database.read() as connection:
        row: Row[Any] | None = airflow_tasks.row(connection, this.place)
    return row if row is not None and row.try_number == this.number else None
