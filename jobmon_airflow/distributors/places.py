"""Where a command runs, where its output goes and what it finds in its environment, as its request says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.protocol import Attempt

STDOUT: Final = ("stdout", "standard_output")
STDERR: Final = ("stderr", "standard_error")
WORKING_DIR: Final = ("working_dir", "working_directory")
_LONGEST_NAME: Final = 200  # bytes; file systems allow 255, and the attempt's number follows


def directory(extra: Mapping[str, Any], keys: tuple[str, ...]) -> Path | None:
    """The directory that is named under one of these keys."""
    for key in keys:
        match extra.get(key):
            case None | "":
                continue
            case str() as path if "\0" not in path:
                return Path(path).absolute()
            case other:
                raise SubmissionRefused(
                    f"{key} is {other!r}, which is not a directory's path.",
                    remedy=f"Write it as text, such as {key}: '/tmp/logs', or leave {key} out.",
                )
    return None


def output_file(folder: Path | None, attempt: Attempt, letter: str) -> str | None:
    """The file of one attempt, which no other attempt writes to."""
    return None if folder is None else str(folder / f"{file_stem(attempt)}.{letter}{attempt.id}")


def file_stem(attempt: Attempt) -> str:
    """The task's name, as far as it can be a file's."""
    name = re.sub(r"[/\0]", "_", attempt.name).encode("utf-8", "replace")
    return name[:_LONGEST_NAME].decode("utf-8", "ignore")


def environment(extra: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the request adds."""
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
