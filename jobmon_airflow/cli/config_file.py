"""One value in Airflow's configuration, set so that all else in the file stays as it is, comments too."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECTION: Final = re.compile(r"\[([^\]]+)\]")


def with_value(text: str, section: str, name: str, value: str) -> str:
    r"""A configuration in which an option of a section has this value.

    >>> print(with_value("[jobmon]\n# Seconds.\npoll_interval = 5.0\n[other]\n", "jobmon", "poll_interval", "2"))
    [jobmon]
    # Seconds.
    poll_interval = 2
    [other]
    """
    lines = text.removesuffix("\n").split("\n") if text else []
    line = f"{name} = {value}"
    begin, end = _section(lines, section)
    if begin is None:
        gap = [""] if lines and lines[-1].strip() else []
        return _joined([*lines, *gap, f"[{section}]", line])
    for number in range(begin, end):
        if re.match(rf"{re.escape(name)}\s*[=:]", lines[number], re.IGNORECASE):
            behind = _end_of_value(lines, number, end)
            return _joined([*lines[:number], line, *lines[behind:]])
    return _joined([*lines[:begin], line, *lines[begin:]])


def write(path: Path, text: str) -> None:
    """Put a text in place of a file's at once, so that nobody ever reads half of it; who may read it stays."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    place = path.resolve()  # a link stays one
    try:
        descriptor, written = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(written).chmod(mode)
        Path(written).replace(place)
    except OSError as error:
        raise InvalidSetting(
            f"{path} cannot be written: {error.strerror}.",
            remedy="Name a file that you may write: --config-file; or say it in the environment instead: "
            "AIRFLOW__JOBMON__<OPTION>.",
        ) from error


def _section(lines: Sequence[str], section: str) -> tuple[int | None, int]:
    """The lines of a section: the first behind its head, and the first that is not its own any more."""
    begin: int | None = None
    for number, line in enumerate(lines):
        if (head := _SECTION.match(line)) is None:
            continue
        if begin is not None:
            return begin, number
        if head[1] == section:
            begin = number + 1
    return begin, len(lines)


def _end_of_value(lines: Sequence[str], number: int, end: int) -> int:
    """The first line behind a value, which goes on in lines that begin with a space."""
    behind = number + 1
    while behind < end and lines[behind][:1].isspace() and lines[behind].strip():
        behind += 1
    return behind


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
