"""A StatsD server, as far as tests want one: it keeps what it is sent."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StatsdServer:
    """What has arrived on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 2**20)
        self._socket.bind(("127.0.0.1", 0))
        self._lines: list[str] = []

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def counts(self, prefix: str) -> dict[str, int]:
        """The counters whose names begin like this, by what follows."""
        return {name: sum(map(int, values)) for name, values in self._values(prefix, "c").items()}

    def times(self, prefix: str) -> dict[str, list[float]]:
        """The timers whose names begin like this, by what follows: all their milliseconds."""
        return {name: list(map(float, values)) for name, values in self._values(prefix, "ms").items()}

    def _values(self, prefix: str, kind: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in tuple(self._lines):
            name, _, rest = line.rpartition(":")
            value, _, of_kind = rest.partition("|")
            if name.startswith(prefix) and of_kind == kind:
                found.setdefault(name.removeprefix(prefix), []).append(value)
        return found

    def _listen(self) -> None:
        while packet := self._socket.recv(65_536):
            self._lines += packet.decode().splitlines()


@contextmanager
def listening() -> Iterator[StatsdServer]:
    """A server, as long as the block runs."""
    server = StatsdServer()
    thread = threading.Thread(target=server._listen, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", ("127.0.0.1", server.port))
        thread.join()
        server._socket.close()
