"""What an Airflow uses: seconds, CPU and memory of all its processes, those of its tasks included."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from jobmon_airflow.testing.airflow_processes import processes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobmon_airflow.testing.airflow_home import AirflowHome

LOOK_EVERY: Final = 0.5  #: seconds between two looks at the memory


@dataclass(slots=True)
class Usage:
    """What was used so far; complete when the block that measures it has ended."""

    seconds: float = 0.0
    #: Of all that lived at both ends, and of their children that ended between them. A component that is killed
    #: takes its past along, so measure between two deaths.
    cpu_seconds: float = 0.0
    peak_memory: int = 0  #: bytes, with pages that processes share counted once

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.cpu_seconds:.1f} s of CPU, {self.peak_memory / 2**20:.0f} MiB at most"


@contextmanager
def measured(home: AirflowHome) -> Iterator[Usage]:
    """What the Airflow of this home uses in the block."""
    usage, done = Usage(), threading.Event()
    looks = threading.Thread(target=_watch_memory, args=(home, usage, done), daemon=True)
    cpu, began = cpu_seconds(processes_of(home)), time.monotonic()
    looks.start()
    try:
        yield usage
    finally:
        usage.seconds = time.monotonic() - began
        usage.cpu_seconds = cpu_seconds(processes_of(home)) - cpu
        done.set()
        looks.join()


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """What the processes and their ended children have used since they were started."""
    return sum(map(_cpu_seconds, processes))


def memory(processes: Iterable[psutil.Process]) -> int:
    """Bytes that the processes hold; a page that several share is counted once."""
    return sum(map(_memory, processes))


def _watch_memory(home: AirflowHome, usage: Usage, done: threading.Event) -> None:
    while True:
        usage.peak_memory = max(usage.peak_memory, memory(processes_of(home)))
        if done.wait(LOOK_EVERY):
            return


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    except psutil.Error:  # it ended meanwhile; its parent's count has it now
        return 0.0


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
