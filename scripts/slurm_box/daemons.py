"""Processes that outlive whoever starts them, known by their pid and by the box that their environment names."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.slurm_box.settings import FOLDER, BoxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from scripts.slurm_box.settings import Settings

PATIENCE: Final = 60.0  #: seconds for a daemon to answer, on a busy machine

# The shell writes its pid and becomes the daemon, in a session of its own; nobody has to wait for it.
_BECOME: Final = ("setsid", "--fork", "sh", "-c", 'echo $$ >"$0.new" && mv "$0.new" "$0" && exec "$@"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """One server of a box."""

    name: str
    box: Settings
    command: tuple[str, ...]
    answers: Callable[[], bool]
    user: str | None = None  #: None: root
    group: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()

    def start(self) -> None:
        """Start it, if it does not run, without waiting until it answers."""
        if self.is_alive:
            return
        self._pid_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            subprocess.run(
                [*_BECOME, str(self._pid_file), *self._as_user, *self.command],
                env={**_bare_environment(), **self.box.environment, **self.environment},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )
        wait_until(self._pid_file.exists, f"{self.name} did not start; see {self.log}", within=10)

    def wait(self) -> None:
        """Wait until it answers. A daemon that ended will not."""
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if not self.is_alive or time.monotonic() > until:
                raise BoxError(
                    f"{self.name} {'does not answer' if self.is_alive else 'ended as soon as it was started'}."
                    f"\n{self.end_of_log}",
                    remedy=f"Its logs are in {self.box.log}. `scripts/slurm-up --fresh` begins anew.",
                )
            time.sleep(0.02)

    def end(self, how: signal.Signals = signal.SIGTERM, *, patience: float = 10) -> None:
        """End it, by force if it takes too long, and return when it is gone."""
        end([self], how, patience=patience)

    def kill(self) -> None:
        """End it as a crash would."""
        self.end(signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """Its process; None if it does not run."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if is_of_box(pid, self.box) else None

    @property
    def is_alive(self) -> bool:
        return self.pid is not None

    @property
    def log(self) -> Path:
        return self.box.log / f"{self.name}.out"

    @property
    def end_of_log(self) -> str:
        files = (self.log, self.box.log / f"{self.name}.log")
        lines = [
            line for file in files if file.exists() for line in file.read_text(errors="replace").splitlines()
        ]
        return "\n".join(lines[-12:])

    @property
    def _pid_file(self) -> Path:
        return self.box.run / f"{self.name}.pid"

    @property
    def _as_user(self) -> tuple[str, ...]:
        if self.user is None:
            return ()
        groups = "--init-groups" if self.group is None else "--clear-groups"
        return ("setpriv", f"--reuid={self.user}", f"--regid={self.group or self.user}", groups)


def end(daemons: Iterable[Daemon], how: signal.Signals = signal.SIGTERM, *, patience: float) -> None:
    """End several at a time; who is still there after ``patience`` seconds is killed."""
    pids = {daemon.pid for daemon in daemons} - {None}
    end_processes(pids, how, patience=patience)


def end_processes(
    pids: Iterable[int | None], how: signal.Signals = signal.SIGKILL, *, patience: float = 5
) -> None:
    """Signal processes, and wait until they are gone."""
    left = {pid for pid in pids if pid is not None}
    _signal(left, how)
    until = time.monotonic() + patience
    while left := {pid for pid in left if is_running(pid)}:
        if time.monotonic() > until:
            if how is signal.SIGKILL:
                raise BoxError(f"Processes {sorted(left)} can't be killed.", remedy="Look at them with `ps`.")
            end_processes(left)
            return
        time.sleep(0.02)


def _signal(pids: Iterable[int], how: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            continue


def processes_with(*wanted: str) -> Iterator[int]:
    """Processes that have these in their environment (``NAME=VALUE``, or ``NAME=`` for any value)."""
    for pid in _processes():
        variables = environment_of(pid)
        names = {variable.partition("=")[0] + "=" for variable in variables}
        if names.union(variables).issuperset(wanted):
            yield pid


def named(name: str) -> Iterator[int]:
    """Processes whose name begins so."""
    return (pid for pid in _processes() if _read(f"/proc/{pid}/comm").startswith(name.encode()))


def uses(pid: int, folder: Path) -> bool:
    """Whether the process has a file open there."""
    try:
        return any(file.readlink().is_relative_to(folder) for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def environment_of(pid: int) -> list[str]:
    """What a process was started with; nothing if it is over."""
    return _read(f"/proc/{pid}/environ").decode(errors="replace").split("\0")


def _settled_environment_of(pid: int) -> list[str]:
    """The same of a process that may just become another program, and has no environment for a moment."""
    for _ in range(50):
        if (variables := environment_of(pid)) != [""] or not is_running(pid):
            return variables
        time.sleep(0.02)
    return []


def _processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def _read(file: str) -> bytes:
    """A file of /proc; nothing if its process is over."""
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""


def is_of_box(pid: int, box: Settings) -> bool:
    """Whether the process lives and is the box's; pids are used again."""
    return is_running(pid) and f"{FOLDER}={box.folder}" in _settled_environment_of(pid)


def is_running(pid: int) -> bool:
    """Whether the process is there, and not just waits for somebody to ask how it ended."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"], [b"X"])


def wait_until(holds: Callable[[], bool], otherwise: str, *, within: float = PATIENCE) -> None:
    """Wait until it holds."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            raise BoxError(otherwise, remedy="`scripts/slurm-up --fresh` begins anew.")
        time.sleep(0.02)


def _bare_environment() -> dict[str, str]:
    """Nothing of the caller's: jobs, and whoever looks for processes by their environment, would meet it again."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
