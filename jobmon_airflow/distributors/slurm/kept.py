"""What slurmdbd said lately, for all controllers of a user: whoever begins within some minutes does not ask it again.

Only limits are kept, which Slurm itself holds whatever we believe of them: who believes too much of them is refused and
waits, and who believes too little submits in smaller pieces, for some minutes.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.slurm.spool import put

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

FOR: Final = 300.0  #: seconds

Answers = dict[str, Any]  # by question; None where there was no answer


async def kept(
    folder: Path | None, whose: Mapping[str, str], ask: Callable[[], Awaitable[Answers]]
) -> Answers:
    """What was said within the last minutes, else what is said now, which is kept if nothing of it is missing.

    ``whose`` says of what it was asked; what was said of another user or cluster is of no use.
    """
    if folder is None:
        return await ask()
    file = folder / "accounts.json"
    known = await asyncio.to_thread(_read, file, whose)
    if known is not None:
        return known
    asked_at = time.time()
    answers = await ask()
    if None not in answers.values():
        await asyncio.to_thread(
            _write, file, {"whose": dict(whose), "asked_at": asked_at, "answers": answers}
        )
    return answers


def _read(file: Path, whose: Mapping[str, str]) -> Answers | None:
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        said = json.loads(file.read_text())
        if said["whose"] == whose and 0 <= time.time() - said["asked_at"] < FOR:
            return dict(said["answers"])
    return None


def _write(file: Path, what: Mapping[str, Any]) -> None:
    with suppress(OSError):  # then everybody asks for himself
        file.parent.mkdir(0o700, parents=True, exist_ok=True)
        put(file, json.dumps(what).encode())
