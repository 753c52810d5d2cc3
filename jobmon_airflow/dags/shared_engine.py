"""One engine for many single commands, in a process beside the triggerer: each has its own thread, log and end.

It is spoken to over a socket, a JSON object at a time:

    {"do": an order, "log": its file}    answered by {"taken": true}, and by the end of the connection when it is over
    {"stop": a place, "try": a number}   answered by {"stopped": whether it was there}

Outcomes stay in the database, so that nobody need listen. It goes on when the triggerer dies, and ends when it has had
nothing to do for a while.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client import registry
from jobmon_airflow.dags import commanding, order_logs
from jobmon_airflow.dags.attempt import attempt_of, last_words
from jobmon_airflow.dags.engine import Order, attendance_of
from jobmon_airflow.dags.sockets import socket_of, sweep
from jobmon_airflow.store.airflow_tasks import Place, Try

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.engine.attending import Attendance
    from jobmon_airflow.engine.outcomes import Outcome

log = logging.getLogger("jobmon_airflow.engine")

_IDLE: Final = 600.0  # seconds without an order, after which it ends
_ORPHANED: Final = 15.0  # the same, when whoever started it is gone
_LOOK: Final = 5.0
_AT_THE_DOOR: Final = 1000  # who wait to be heard


@dataclass(slots=True)
class _Doing:
    """An order that is being carried out."""

    attendance: Attendance
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class SharedEngine:
    """Takes orders until it has had none for a while, or is told to end."""

    def __init__(
        self,
        attendance: Callable[[Order], Attendance] = attendance_of,
        *,
        idle: float = _IDLE,
        orphaned: float = _ORPHANED,
        look: float = _LOOK,
    ) -> None:
        self._attendance = attendance
        self._idle, self._orphaned, self._look = idle, orphaned, look
        self._parent = os.getppid()
        self._doing: dict[Try, _Doing] = {}
        self._is_ending = False
        self._bell = asyncio.Event()

    async def serve(self, path: Path) -> None:
        """Take orders at a socket."""
        self._loop = asyncio.get_running_loop()
        _remove(path)  # of a process that had this number before
        server = await asyncio.start_unix_server(self._meet, path, backlog=_AT_THE_DOOR)
        try:
            async with server:
                await self._until_idle(path)
        finally:
            _remove(path)
        for doing in list(self._doing.values()):  # whoever came at the last moment
            await doing.is_over.wait()

    def stop_all(self) -> None:
        """End everything, and then itself."""
        self._is_ending = True
        for doing in self._doing.values():
            doing.attendance.stop()
        self._bell.set()

    async def _until_idle(self, path: Path) -> None:
        idle_since = self._loop.time()
        while True:
            if self._doing:
                idle_since = self._loop.time()
            elif self._is_ending or self._loop.time() - idle_since >= self._patience:
                return
            with suppress(FileNotFoundError):
                os.utime(path)  # what is old is swept away from temporary folders
            self._bell.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await self._bell.wait()

    @property
    def _patience(self) -> float:
        return self._idle if os.getppid() == self._parent else self._orphaned

    # --- those who speak to it ----------------------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # nobody need listen
            said = json.loads(await reader.read())
            if "stop" in said:
                this = Try(place=Place(**said["stop"]), number=said["try"])
                _answer(writer, stopped=self._stop(this))
            else:
                doing = self._begin(Order.from_json(said["do"]), Path(said["log"]))
                _answer(writer, taken=True)
                await writer.drain()
                await doing.is_over.wait()
        writer.close()

    def _stop(self, this: Try) -> bool:
        doing = self._doing.get(this)
        if doing is not None:
            doing.attendance.stop()
        return doing is not None

    def _begin(self, order: Order, log_file: Path) -> _Doing:
        """Carry an order out; one that is under way already is not begun again."""
        this = order.this
        if this not in self._doing:
            self._doing[this] = doing = _Doing(self._attendance(order))
            if self._is_ending:
                doing.attendance.stop()
            threading.Thread(
                target=copy_context().run,
                args=(self._carry_out, order, log_file, doing),
                name=f"jobmon-{this.place}",
                daemon=True,
            ).start()
        return self._doing[this]

    def _carry_out(self, order: Order, log_file: Path, doing: _Doing) -> None:
        try:
            with order_logs.kept_in(log_file):
                outcome = _outcome(order, doing.attendance)
                order_logs.write(outcome.message)
        except Exception:
            log.exception("%s ended without an outcome.", order.place)
        finally:
            self._loop.call_soon_threadsafe(self._over, order.this, doing)

    def _over(self, this: Try, doing: _Doing) -> None:
        del self._doing[this]
        doing.is_over.set()
        self._bell.set()


def main() -> int:
    """Take orders until there have been none for a while."""
    order_logs.set_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sweep()
    registry.database(None)  # looked at once, before many threads want it
    asyncio.run(_serve())
    return 0


async def _serve() -> None:
    engine = SharedEngine()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.stop_all)
    await engine.serve(socket_of(os.getpid()))


def _outcome(order: Order, attendance: Attendance) -> Outcome:
    """Run a command, and tell what it says: while it runs, or, if that is not seen from here, when it has ended."""
    assert order.command is not None
    database = registry.database(None)
    folder = commanding.output_folder(order.command, order.place, database, order.clusters)
    here = copy_context()  # it is told from a thread of its own, one line at a time
    with (
        commanding.environment(order.env),
        commanding.told_live(order.command, folder, lambda line: here.run(order_logs.write, line)),
    ):
        outcome = attendance.run()
    if folder is None:
        for line in last_words(database, attempt_of(database, outcome)):
            order_logs.write(line)
    return outcome


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _answer(writer: asyncio.StreamWriter, **said: bool) -> None:
    writer.write(json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
