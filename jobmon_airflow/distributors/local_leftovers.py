"""What another controller may have left on this machine: found in /proc, and ended.

A supervisor that still runs is found by the list of batches that it keeps, a command by its environment. Only
processes of our own user are looked at, and never our own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jobmon_airflow.errors import ClusterUnreachable
from jobmon_airflow.worker.supervisor import BATCHES, LEAVE_WITHIN, contents, origin_of, stat_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_LOOK_EVERY = 0.02
_TRIES = 5


class Process(NamedTuple):
    """A process, told by its start from a later one with the same number."""

    pid: int
    start: bytes


async def end_supervisors(tokens: Collection[str], *, but: int | None) -> None:
    """Have the supervisors that were given these batches end all that they run, and wait until they are gone."""
    wanted = frozenset(token.encode() for token in tokens)
    await _end_all(lambda pid: pid != but and not wanted.isdisjoint(_batches_of(pid)), grace=2 * LEAVE_WITHIN)


async def end_commands(jobs: Collection[tuple[str, int]], *, grace: float) -> None:
    """End what runs for these attempts, each named with its batch's token, and wait until it is gone."""
    wanted = frozenset(jobs)
    await _end_all(lambda pid: origin_of(pid) in wanted, grace=grace)


async def _end_all(is_meant: Callable[[int], bool], *, grace: float) -> None:
    """Look again after each round, because what is being ended may still start something."""
    for _ in range(_TRIES):
        left = [process for process in _own_processes() if is_meant(process.pid)]
        if not left:
            return
        await _end(left, grace)
    raise ClusterUnreachable(
        "Processes of an earlier run do not end, although they were killed.",
        remedy="Look what they wait for (ps -eo pid,stat,wchan,cmd | grep ' D'), then try again.",
    )


async def _end(processes: Collection[Process], grace: float) -> None:
    if grace:
        _signal(processes, signal.SIGTERM)
        await _wait_for(processes, grace)
    _signal([process for process in processes if _lives(process)], signal.SIGKILL)
    await _wait_for(processes, LEAVE_WITHIN)


async def _wait_for(processes: Collection[Process], seconds: float) -> None:
    until = time.monotonic() + seconds
    while any(map(_lives, processes)) and time.monotonic() < until:  # noqa: ASYNC110  (others' children)
        await asyncio.sleep(_LOOK_EVERY)


def _signal(processes: Collection[Process], number: int) -> None:
    """Tell them and their process groups, in which some may hide their environment."""
    groups = set()
    for process in processes:
        with suppress(OSError):
            groups.add(os.getpgid(process.pid))
            os.kill(process.pid, number)
    for group in groups - {os.getpgrp()}:
        with suppress(OSError):
            os.killpg(group, number)


def _lives(process: Process) -> bool:
    return _process(process.pid) == process


def _own_processes() -> Iterator[Process]:
    others = (
        entry for entry in os.scandir("/proc") if entry.name.isdigit() and int(entry.name) != os.getpid()
    )
    for entry in others:
        with suppress(OSError):
            if entry.stat().st_uid == os.geteuid() and (process := _process(int(entry.name))):
                yield process


def _process(pid: int) -> Process | None:
    """None if it is gone, or has ended and only waits for its parent to notice."""
    fields = stat_of(str(pid))
    return Process(pid, fields[19]) if fields and fields[0] not in b"ZX" else None


def _batches_of(pid: int) -> Collection[bytes]:
    """The tokens that a supervisor was given; nothing of any other process."""
    if b"supervisor" not in contents(f"/proc/{pid}/cmdline"):
        return ()
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(file).startswith(f"/memfd:{BATCHES}"):  # noqa: PTH115  (as text, it leads nowhere)
                return file.read_bytes().split()
    return ()
