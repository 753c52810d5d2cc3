"""Single commands, handed to the one engine beside this triggerer that runs all of them.

Each triggerer starts an engine when it first needs one, for each database. Another triggerer finds in the database
which process acts for a task, as with every engine; and may speak to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow import settings
from jobmon_airflow.dags.sockets import socket_of
from jobmon_airflow.errors import RunError
from jobmon_airflow.triggers.engine_logs import EngineLog, environment_of, log_file_of

if TYPE_CHECKING:
    from jobmon_airflow.dags.engine import Order
    from jobmon_airflow.store.airflow_tasks import Try

MODULE: Final = "jobmon_airflow.dags.shared_engine"
_READY_WITHIN: Final = 60.0  # seconds
_LOOK: Final = 0.05
# Between two tries: an engine may be about to end because it had nothing to do, or be unable to begin for a while.
_RESTS: Final = (0.05, 0.5, 2.0, 5.0, 10.0)
_HEARD_WITHIN: Final = 5.0

_lock = threading.Lock()
_engines: dict[str | None, subprocess.Popen[bytes]] = {}


class Errand:
    """An order that an engine carries out."""

    def __init__(self, log: EngineLog, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._log = log
        self._writer = writer
        self._end = asyncio.create_task(_end_of(reader))

    @property
    def log_file(self) -> Path:
        return self._log.file

    @property
    def is_over(self) -> bool:
        """Whether the order was carried out, or its engine is gone."""
        return self._end.done()

    def news(self) -> list[str]:
        """The lines that were written about it since they were last asked for."""
        return self._log.news(to_the_end=self.is_over)

    def close(self) -> None:
        """Listen no longer; the order is carried out all the same."""
        self._end.cancel()
        self._writer.close()


async def begin(order: Order, database: str | None) -> Errand:
    """Have the engine of this triggerer carry an order out, and return when it has begun."""
    log = EngineLog(log_file_of(order))
    said = json.dumps({"do": order.to_json(), "log": str(log.file)}).encode()
    for rest in _RESTS:
        path = await asyncio.to_thread(_path_of_engine, database)
        with suppress(OSError):  # it has just ended, or many are at its door
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(said)
            writer.write_eof()
            if await reader.readline():
                return Errand(log, reader, writer)
            writer.close()
        await asyncio.sleep(rest)
    raise RunError(
        "The engine that runs single commands beside this triggerer does not take any.",
        remedy=f"Its log in {settings.engine_log_folder()} may say why.",
    )


def stop(process: int, this: Try) -> bool:
    """Tell the shared engine that is this process to end what it does for a try; False if it is no shared engine."""
    if not _is_shared(process):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_HEARD_WITHIN)
        line.connect(str(socket_of(process)))
        line.sendall(json.dumps({"stop": asdict(this.place), "try": this.number}).encode())
        line.shutdown(socket.SHUT_WR)
        line.recv(100)
    # If it could not be told so: it also sees in the database what is wished of the run.
    return True


async def _end_of(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        await reader.read()


def _is_shared(process: int) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return MODULE.encode() in words


# --- the engine of this triggerer -------------------------------------------------------------------------------


def _path_of_engine(database: str | None) -> Path:
    """The socket of an engine that is alive; one is started if there is none."""
    with _lock:
        process = _engines.get(database)
        if process is None or process.poll() is not None or not socket_of(process.pid).exists():
            _engines[database] = process = _started(database)
        return socket_of(process.pid)


def _started(database: str | None) -> subprocess.Popen[bytes]:
    file = settings.engine_log_folder() / f"commands-{os.getpid()}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment_of(database),
        )
    until = time.monotonic() + _READY_WITHIN
    while process.poll() is None and time.monotonic() < until:
        if socket_of(process.pid).exists():
            break
        time.sleep(_LOOK)
    return process
