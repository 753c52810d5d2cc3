"""Commands come in by a socket, each in a thread of its own, and are answered."""

from __future__ import annotations

import marshal
import shlex
import socketserver
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMMANDS: Final = ("sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "sacctmgr")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command prints, and its exit code."""

    out: str = ""
    err: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A command that somebody typed."""

    command: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str
    uid: int
    read_stdin: Callable[[], bytes]


@contextmanager
def serving(bin_folder: Path, answer: Callable[[Call], Said]) -> Iterator[None]:
    """Put the commands into a folder, and answer them until the end of the block."""
    # The path of a socket has at most 107 characters, which that of a test's folder may well exceed.
    with tempfile.TemporaryDirectory(prefix="fake-slurm-") as folder:
        where = str(Path(folder) / "socket")
        with _Server(where, _Conversation, answer) as server:
            thread = Thread(target=server.serve_forever, args=(0.05,), name="fake slurm", daemon=True)
            thread.start()
            _write_commands(bin_folder, where)
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


def _write_commands(folder: Path, where: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    python = shlex.join((sys.executable, "-I", "-S", str(Path(__file__).with_name("client.py")), where))
    for command in COMMANDS:
        program = folder / command
        program.write_text(f'#!/bin/sh\nexec {python} {command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False  # a command may hang on purpose
    request_queue_size = 128

    def __init__(self, where: str, handler: type[_Conversation], answer: Callable[[Call], Said]) -> None:
        self.answer = answer
        super().__init__(where, handler)


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            command, words, environment, cwd, uid = self._hear()
            said = self.server.answer(Call(command, tuple(words), environment, cwd, uid, self._stdin))
            self._say((said.code, said.out, said.err))
        except (BrokenPipeError, ConnectionResetError, EOFError):
            return  # whoever asked was killed meanwhile

    def _stdin(self) -> bytes:
        self._say(None)
        heard: bytes = self._hear()
        return heard

    def _say(self, what: Any) -> None:
        text = marshal.dumps(what)
        self.wfile.write(len(text).to_bytes(8, "big") + text)

    def _hear(self) -> Any:
        size = self.rfile.read(8)
        if not size:
            raise EOFError
        return marshal.loads(self.rfile.read(int.from_bytes(size, "big")))  # noqa: S302 - from our own program
