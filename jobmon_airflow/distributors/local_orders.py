"""What a batch says to a supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jobmon_airflow.distributors.places import (
    STDERR,
    STDOUT,
    WORKING_DIR,
    directory,
    environment,
    output_file,
)
from jobmon_airflow.distributors.shell import words_of

if TYPE_CHECKING:
    from jobmon_airflow.distributors.protocol import Batch


class Order(NamedTuple):
    """What is remembered of an attempt until it has ended."""

    token: str
    stdout: str | None
    stderr: str | None


def order_of(batch: Batch) -> tuple[dict[int, Order], dict[str, Any]]:
    """What to remember of the batch's attempts, and the message that has them run."""
    extra = batch.resources.extra
    out, err = directory(extra, STDOUT), directory(extra, STDERR)
    orders = {
        attempt.id: Order(batch.token, output_file(out, attempt, "o"), output_file(err, attempt, "e"))
        for attempt in batch.attempts
    }
    jobs = [
        [
            attempt.id,
            words_of(attempt.command) or attempt.command,
            dict(batch.environment(attempt)),
            orders[attempt.id].stdout,
            orders[attempt.id].stderr,
        ]
        for attempt in batch.attempts
    ]
    return orders, {"run": _common(batch), "jobs": jobs}


def _common(batch: Batch) -> dict[str, Any]:
    asked = batch.resources
    cwd = directory(asked.extra, WORKING_DIR)
    return {
        "token": batch.token,
        "cwd": str(cwd) if cwd else None,
        "cores": asked.cores,
        "memory": asked.memory.bytes if asked.memory else None,
        "runtime": asked.runtime.seconds if asked.runtime else None,
        "env": environment(asked.extra),
    }
