"""What a batch says to a supervisor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobmon_airflow.distributors.shell import words_of
from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.protocol import Attempt, Batch

_STDOUT: Final = ("stdout", "standard_output")
_STDERR: Final = ("stderr", "standard_error")
_WORKING_DIR: Final = ("working_dir", "working_directory")
_LONGEST_NAME: Final = 200  # bytes; file systems allow 255, and the attempt's number follows


class Order(NamedTuple):
    """What is remembered of an attempt until it has ended."""

    token: str
    stdout: str | None
    stderr: str | None


def order_of(batch: Batch) -> tuple[dict[int, Order], dict[str, Any]]:
    """What to remember of the batch's attempts, and the message that has them run."""
    extra = batch.resources.extra
    out, err = _directory(extra, _STDOUT), _directory(extra, _STDERR)
    orders = {
        attempt.id: Order(batch.token, _file(out, attempt, "o"), _file(err, attempt, "e"))
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
    cwd = _directory(asked.extra, _WORKING_DIR)
    return {
        "token": batch.token,
        "cwd": str(cwd) if cwd else None,
        "cores": asked.cores,
        "memory": asked.memory.bytes if asked.memory else None,
        "runtime": asked.runtime.seconds if asked.runtime else None,
        "env": _environment(asked.extra),
    }


def _directory(extra: Mapping[str, Any], keys: tuple[str, ...]) -> Path | None:
    for key in keys:
        match extra.get(key):
            case None | "":
                continue
            case str() as directory if "\0" not in directory:
                return Path(directory).absolute()
            case other:
                raise SubmissionRefused(
                    f"{key} is {other!r}, which is not a directory's path.",
                    remedy=f"Write it as text, such as {key}: '/tmp/logs', or leave {key} out.",
                )
    return None


def _file(directory: Path | None, attempt: Attempt, letter: str) -> str | None:
    if directory is None:
        return None
    name = attempt.name.replace("/", "_").encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return str(directory / f"{name}.{letter}{attempt.id}")


def _environment(extra: Mapping[str, Any]) -> dict[str, str]:
    env = extra.get("env") or {}
    if isinstance(env, dict) and all(_is_variable(name, value) for name, value in env.items()):
        return env
    raise SubmissionRefused(
        f"env is {env!r}, which is not a mapping of names to texts.",
        remedy="Write names without '=' and values as text, such as env: {'OMP_NUM_THREADS': '1'}.",
    )


def _is_variable(name: object, value: object) -> bool:
    """Whether both can stand in an environment, which knows no NUL and nothing but text."""
    if not (isinstance(name, str) and isinstance(value, str) and name) or "=" in name:
        return False
    try:
        return b"\0" not in (name + value).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
