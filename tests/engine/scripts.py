"""Scripts as people write them, run as people run them: in a shell's background, and in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.engine.real import MARK, PATIENCE, eventually, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]

#: Two tasks, of which the second waits until there is a file `go`.
SLOW = """\
import sys
from pathlib import Path

from jobmon_airflow import Tool

here = Path(__file__).parent
tool = Tool("story")
shell = tool.get_task_template("shell", "{command}", node_args=["command"])
workflow = tool.create_workflow("story", default_cluster_name="multiprocess")
quick = shell.create_task(name="quick", command="echo quick")
waits = "until test -e go; do sleep 0.05; done"
slow = shell.create_task(
    name="slow",
    command=f"cd {here}; {'trap : TERM;' if 'deaf' in sys.argv else ''} sleep 600 & touch begun; {waits}; kill $!",
    upstream_tasks=[quick],
)
workflow.add_tasks([quick, slow])
status = workflow.run(resume="resume" in sys.argv)
print(f"it ended {status}, and the script goes on", flush=True)
"""

# As a shell would: with signals as they are by default, and in a terminal as its owner.
_STARTER = """\
import fcntl, os, signal, sys, termios
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Script:
    """A script in a folder of its own."""

    def __init__(self, text: str, folder: Path, url: str) -> None:
        self.folder = folder
        self.path = folder / "script.py"
        self.path.write_text(text)
        self.mark = uuid.uuid4().hex
        self._environment = {
            **os.environ,
            "JOBMON__DB__SQLALCHEMY_DATABASE_URI": url,
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
            MARK: self.mark,
        }
        self._environment.pop("CI", None)
        self._started: list[subprocess.Popen[Any]] = []

    def start(self, *words: str, before: Iterable[str] = ()) -> subprocess.Popen[str]:
        """Run it in the background, with pipes."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return self._start(words, before=before, text=True, **pipes)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        process = self.start(*words)
        said = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(words, process.returncode, *said)

    def start_in_terminal(self, *words: str) -> Terminal:
        """Run it as a person would who then watches it."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        try:
            process = self._start(words, stdin=its, stdout=its, stderr=its, start_new_session=True)
        finally:
            os.close(its)
        return Terminal(ours, process)

    def has_begun(self) -> bool:
        """Wait until the slow task runs."""
        return eventually((self.folder / "begun").exists)

    def may_end(self) -> None:
        """Let the slow task end."""
        (self.folder / "go").touch()

    def left(self) -> set[int]:
        """What runs of all that it started."""
        return marked(self.mark) - {process.pid for process in self._started}

    def close(self) -> None:
        """Leave nothing behind, whatever went wrong."""
        for pid in marked(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self._started:
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def _start(
        self, words: Iterable[str], *, before: Iterable[str] = (), **how: Any
    ) -> subprocess.Popen[Any]:
        command = [*before, sys.executable, str(self.path), *words]
        starter = [sys.executable, "-I", "-S", "-c", _STARTER, *command]
        process = subprocess.Popen(starter, env=self._environment, cwd=self.folder, **how)
        self._started.append(process)
        return process


class Terminal:
    """A terminal in which something runs, and the person who sits there."""

    def __init__(self, ours: int, process: subprocess.Popen[Any]) -> None:
        self._ours: int | None = ours
        self.process = process
        self._raw = b""
        self._seen = 0

    def type(self, text: str) -> None:
        """Press keys."""
        assert self._ours is not None
        os.write(self._ours, text.encode())

    def shows(self, words: str) -> bool:
        """Watch until the words are there, behind those that were watched for before; colours do not count."""
        if found := self._watch(lambda: words in self.said[self._seen :]):
            self._seen = self.said.index(words, self._seen) + len(words)
        return found

    def ends(self) -> int:
        """Watch until it has ended, and return its exit code."""
        assert self._watch(lambda: self.process.poll() is not None), self.said
        self._read(0)
        return int(self.process.returncode)

    def hang_up(self) -> None:
        """Close the window."""
        if self._ours is not None:
            os.close(self._ours)
            self._ours = None

    @property
    def said(self) -> str:
        """All that was shown."""
        return _ANSI.sub("", self._raw.decode(errors="replace"))

    def _watch(self, holds: Callable[[], bool]) -> bool:
        until = time.monotonic() + PATIENCE
        while not holds() and time.monotonic() < until:
            self._read(0.05)
        return holds()

    def _read(self, patience: float) -> None:
        if self._ours is None:
            time.sleep(patience)
            return
        while select.select([self._ours], [], [], patience)[0]:
            try:
                self._raw += os.read(self._ours, 65_536)
            except OSError:  # nobody has the other end any more
                time.sleep(patience)
                return
            patience = 0
