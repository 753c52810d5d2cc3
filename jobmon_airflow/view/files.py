"""Opening a file of others' so that no link, pipe or device can stand in for it.

Each part of the path is opened from the one before it, and none may be a link: so what is read lies where it was
recorded to lie, whoever changes names meanwhile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import PurePosixPath
from typing import Final

_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotShown(Exception):
    """A file that is not shown, and why."""


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A descriptor of a plain file; `NotShown` if it is none, and OSError if it is not there."""
    with ExitStack() as stack:
        parts = _parts(path)
        folder = _kept(stack, os.open("/", _FOLDER))
        for number, part in enumerate(parts[:-1], start=1):
            folder = _kept(stack, _below(folder, part, "/" + "/".join(parts[:number])))
        found = _kept(stack, os.open(parts[-1], _LOOK, dir_fd=folder))
        _require_plain(found, path)
        # What was looked at is opened again by its descriptor: nobody can have put something else there.
        yield _kept(stack, os.open(f"/proc/self/fd/{found}", _READ))


def _parts(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or len(pure.parts) < 2 or ".." in pure.parts or "\0" in path:
        raise NotShown(f"{path!r} is no path that begins at the root and goes on downwards.")
    return pure.parts[1:]


def _below(folder: int, part: str, path: str) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except NotADirectoryError:
        is_link = stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode)
        what = "a link: name the folder by its real path, and it is shown" if is_link else "no folder"
        raise NotShown(f"{path} is {what}.") from None


def _require_plain(found: int, path: str) -> None:
    known = os.fstat(found)
    if stat.S_ISLNK(known.st_mode):
        raise NotShown(f"{path} is a link, and links are not followed.")
    if not stat.S_ISREG(known.st_mode):
        raise NotShown(f"{path} is no plain file.")
    if known.st_nlink > 1:
        raise NotShown(f"{path} has several names, so that it may belong elsewhere.")


def _kept(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor
