"""What slurmctld said last, for all controllers of a user on this machine: whoever needs it newer asks for all.

So a cluster is asked once an interval, whatever the number of jobs, of workflows and of processes that run them.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, State
from jobmon_airflow.distributors.slurm.spool import put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jobmon_airflow.distributors.slurm.seam import Controller

_TRY_AGAIN: Final = 0.05  # seconds, while somebody else is asking
_SOMEBODY_HANGS: Final = 120.0  # seconds after which nobody waits for them any more


class Board:
    """The rows that slurmctld gave last, and when it was asked for them (a clock's time)."""

    def __init__(self, controller: Controller, folder: Path | None) -> None:
        self._controller = controller
        self._file = folder / "queue.json" if folder is not None else None
        self._lock = folder / "queue.lock" if folder is not None else None
        self._asked_at = 0.0
        self._rows: Sequence[QueueRow] = ()

    async def rows(self, asked_after: float) -> tuple[float, Sequence[QueueRow]]:
        """Rows that slurmctld was asked for after that moment, and when."""
        if self._asked_at >= asked_after:
            return self._asked_at, self._rows
        if self._file is None:
            return await self._ask()
        begun = time.monotonic()
        while True:
            if await asyncio.to_thread(self._read, asked_after):
                return self._asked_at, self._rows
            with self._locked() as is_ours:
                if is_ours or time.monotonic() - begun > _SOMEBODY_HANGS:
                    # Whoever had the lock before may have asked for us.
                    if not await asyncio.to_thread(self._read, asked_after):
                        await self._ask()
                        await asyncio.to_thread(self._write)
                    return self._asked_at, self._rows
            await asyncio.sleep(_TRY_AGAIN)

    async def _ask(self) -> tuple[float, Sequence[QueueRow]]:
        asked_at = time.time()
        self._rows = await self._controller.queue()
        self._asked_at = asked_at
        return asked_at, self._rows

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        assert self._lock is not None
        fd = os.open(self._lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            except OSError:  # a file system without locks: everybody asks for himself
                yield True
            else:
                yield True
        finally:
            os.close(fd)

    def _read(self, asked_after: float) -> bool:
        assert self._file is not None
        with suppress(OSError, ValueError, KeyError, TypeError):
            if self._file.stat().st_mtime < asked_after:
                return False
            said = json.loads(self._file.read_text())
            if asked_after <= said["asked_at"] <= time.time():
                self._asked_at, self._rows = said["asked_at"], [_row(each) for each in said["rows"]]
                return True
        return False

    def _write(self) -> None:
        assert self._file is not None
        text = json.dumps({"asked_at": self._asked_at, "rows": [_plain(row) for row in self._rows]})
        with suppress(OSError):  # who cannot read it asks for himself
            put(self._file, text.encode())


def _plain(row: QueueRow) -> list[Any]:
    """A row as JSON; by hand, for there may be many thousands."""
    ranges = [[each.start, each.stop, each.step] for each in row.elements.ranges]
    submitted = row.submitted.timestamp()
    rest = (
        *(row.name, row.word, row.reason, row.node, row.restarts),
        *(row.raw_id, row.is_whole, row.exit_code, row.signal),
    )
    return [row.job_id, ranges, row.state.name, submitted, *rest]


def _row(said: list[Any]) -> QueueRow:
    job_id, ranges, state, submitted, name, word, reason, node, restarts, *rest = said
    raw_id, is_whole, exit_code, signal = rest
    return QueueRow(
        job_id=job_id,
        elements=Elements(tuple(range(*each) for each in ranges)),
        name=name,
        state=State[state],
        word=word,
        reason=reason,
        node=node,
        submitted=datetime.fromtimestamp(submitted, UTC),
        restarts=restarts,
        raw_id=raw_id,
        is_whole=is_whole,
        exit_code=exit_code,
        signal=signal,
    )
