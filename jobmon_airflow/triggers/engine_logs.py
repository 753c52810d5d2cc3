"""Where engines beside the triggerer write what they do, and what they inherit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jobmon_airflow import settings
from jobmon_airflow.dags.folders import log_folder

if TYPE_CHECKING:
    from pathlib import Path

    from jobmon_airflow.dags.engine import Order

_AIRFLOW_DATABASE: Final = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_AT_A_TIME: Final = 64 * 1024  # bytes


class EngineLog:
    """What is written about an order, told as it grows."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._told = file.stat().st_size if file.exists() else 0

    def news(self, *, to_the_end: bool) -> list[str]:
        """The lines that were written since they were last asked for; whole ones, unless no more will come."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as log:
            log.seek(self._told)
            text = log.read(_AT_A_TIME)
        if not to_the_end:
            text = text[: text.rfind(b"\n") + 1]
        self._told += len(text)
        return text.decode(errors="replace").splitlines()


def log_file_of(order: Order) -> Path:
    """The log of a try, which no other try shares."""
    return log_folder(order.place) / f"engine-{order.try_number}.log"


def environment_of(database: str | None) -> dict[str, str]:
    """The triggerer's own, with the database's address, which is nobody's business on a command line.

    What a DAG file imports may not look into Airflow's database, and the address that Airflow sets in order to say so
    is none that its own modules could be imported with.
    """
    named = {settings.JOBMON_VARIABLE: database} if database else {}
    return {**os.environ, _AIRFLOW_DATABASE: "sqlite://", **named}
