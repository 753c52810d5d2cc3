"""The processes of one Airflow: who belongs to it, how they are ended, and what they used.

A process belongs to an Airflow by its environment (AIRFLOW_HOME, and the component that it came from), whatever its
session or parent is by now: commands of tasks lead sessions of their own, and lose their parents when a worker dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import psutil

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.testing.airflow_home import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from jobmon_airflow.testing.airflow_home import AirflowHome

COMPONENT: Final = "AIRFLOW_COMPONENT_NAME"  #: the variable by which a process knows where it came from
KINDS: Final = ("api-server", "scheduler", "dag-processor", "triggerer")
KILLED_WITHIN: Final = 10.0  #: seconds until the kernel has ended what was killed
LINES: Final = 30  #: of a log, that are worth reading first

# The API server reads the logs' files itself. Their own servers would listen on all interfaces.
_QUIETLY: Final = {"scheduler": ["--skip-serve-logs"], "triggerer": ["--skip-serve-logs"]}
_JOB_TYPES: Final = {
    "scheduler": "SchedulerJob",
    "dag-processor": "DagProcessorJob",
    "triggerer": "TriggererJob",
}


@dataclass(slots=True, kw_only=True)
class Component:
    """A scheduler, triggerer, DAG processor or API server; there may be several of a kind, by other names."""

    name: str
    kind: str
    home: AirflowHome
    process: subprocess.Popen[bytes]
    started: datetime
    job_id: int | None = field(default=None)  #: Airflow's number for it, once it was seen to be alive

    @property
    def job_type(self) -> str | None:
        """Airflow's word for the kind; an API server has none."""
        return _JOB_TYPES.get(self.kind)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def log(self) -> Path:
        return log_of(self.home, self.name)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, and to none below it."""
        if self.is_running:
            self.process.send_signal(number)

    def ends(self, within: float) -> bool:
        """Whether the process ends in time."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill9(self, *, and_all_below: bool) -> None:
        """End the process at once, and with ``and_all_below`` everything that came from it."""
        self.signal(signal.SIGKILL)
        self.process.wait()
        if and_all_below:
            kill_all(lambda: processes_of(self.home, self.name))


def launch(home: AirflowHome, kind: str, name: str) -> Component:
    """Start a component in a session of its own. It is stopped when this process dies, however that happens."""
    with log_of(home, name).open("ab") as log:
        process = subprocess.Popen(
            command(kind, *_QUIETLY.get(kind, ())),
            env=home.environment() | {COMPONENT: name},
            cwd=home.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_ends_with(os.getpid()),  # noqa: PLW1509 - no thread of ours holds a lock here
        )
    return Component(name=name, kind=kind, home=home, process=process, started=datetime.now(UTC))


def processes_of(home: AirflowHome, component: str | None = None) -> list[psutil.Process]:
    """What runs for this Airflow, or for one component of it, whoever is its parent."""
    marks = {"AIRFLOW_HOME": str(home.folder)} | ({COMPONENT: component} if component else {})
    return [process for process in psutil.process_iter() if _bears(process, marks)]


def kill_all(find: Callable[[], Iterable[psutil.Process]]) -> None:
    """Kill what is found until nothing is: what is killed may have started another a moment before."""
    deadline = time.monotonic() + KILLED_WITHIN
    while found := [process for process in find() if process.pid != os.getpid()]:
        if time.monotonic() > deadline:
            raise JobmonError(
                f"These processes cannot be killed: {', '.join(map(describe, found))}",
                remedy="They wait for a device or a file server; see their state in ps.",
            )
        for process in found:
            _kill(process)
        psutil.wait_procs(found, timeout=1)


def describe(process: psutil.Process) -> str:
    """A process in a line."""
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid}"


def log_of(home: AirflowHome, name: str) -> Path:
    return home.logs / f"{name}.log"


def end_of_logs(home: AirflowHome) -> str:
    """The last lines of what each component said."""
    return "\n".join(_ends(home))


def _ends(home: AirflowHome) -> Iterator[str]:
    for log in sorted(home.logs.glob("*.log")):
        yield f"--- the end of {log}"
        yield from log.read_text(errors="replace").splitlines()[-LINES:]


def _bears(process: psutil.Process, marks: dict[str, str]) -> bool:
    try:
        environment = process.environ()
        return process.pid != os.getpid() and marks.items() <= environment.items() and _lives(process)
    except (psutil.Error, OSError):  # it ended meanwhile, or is somebody else's
        return False


def _lives(process: psutil.Process) -> bool:
    return bool(process.status() != psutil.STATUS_ZOMBIE)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


_LIBC: Final = ctypes.CDLL(None)  # loaded before any fork
_PR_SET_PDEATHSIG: Final = 1


def _ends_with(parent: int) -> Callable[[], None]:
    """Ask the kernel to stop the child when its parent dies."""

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # the parent died first

    return ask
