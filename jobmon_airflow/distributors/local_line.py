"""The engine's end of the line to a supervisor: starts it, talks to it, and sees it off."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from jobmon_airflow.distributors import inherited
from jobmon_airflow.worker import supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

_PYTHON: Final = (sys.executable or "python3", "-I", "-S", "-X", "utf8")

# Imported rather than run as a file, so that it need not be compiled each time. What is Python's own comes first.
_PROGRAM: Final = "import sys; sys.path.append(sys.argv.pop(1)); import supervisor; supervisor.main()"


class SupervisorLine(asyncio.Protocol):
    """A supervisor that runs, until `leave` or its own end."""

    def __init__(self, process: subprocess.Popen[bytes], rings: Callable[[], None]) -> None:
        self.process = process
        self.is_cut = False
        self._rings = rings
        self._unread = bytearray()
        self._news: list[list[Any]] = []
        self._transport: asyncio.WriteTransport | None = None
        self._gone = asyncio.Event()

    @classmethod
    async def open(cls, cores: int, grace: float, rings: Callable[[], None]) -> Self:
        """Start a supervisor; ``rings`` is called when there is news, or none will come any more."""
        ours, its = socket.socketpair()
        with its:
            line = cls(_start(its.fileno(), cores, grace), rings)
        try:
            await asyncio.get_running_loop().create_connection(lambda: line, sock=ours)
        except BaseException:
            ours.close()  # which the supervisor takes as its end
            line.close()
            raise
        return line

    def tell(self, message: dict[str, Any]) -> None:
        assert self._transport is not None
        self._transport.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def take_news(self) -> list[list[Any]]:
        news, self._news = self._news, []
        return news

    async def leave(self) -> None:
        """Have everything ended, and wait until it is."""
        if not self.is_cut:
            self.tell({"leave": True})
        try:
            await self._gone.wait()
        finally:
            self.close()

    def close(self) -> None:
        """Take the line away, which ends the supervisor, and collect what is left of it."""
        if self._transport is not None:
            self._transport.abort()
        self.process.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if b"\n" not in data:
            return
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._news += json.loads(line)["news"]
        self._rings()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  (whatever it was, it is over)
        self.is_cut = True
        self._gone.set()
        self._rings()


def _start(fd: int, cores: int, grace: float) -> subprocess.Popen[bytes]:
    """In a session of its own: what the terminal signals is for the engine to judge."""
    return subprocess.Popen(
        (*_PYTHON, "-c", _PROGRAM, str(Path(supervisor.__file__).parent), str(fd), str(cores), str(grace)),
        pass_fds=(fd,),
        env=inherited.environment(),  # which the commands inherit
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
