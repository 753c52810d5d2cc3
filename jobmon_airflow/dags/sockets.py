"""Where the engines of this user on this machine are spoken to: sockets in a folder that nobody else can enter."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from jobmon_airflow.errors import InvalidSetting

_LONGEST: Final = 80  # bytes of the folder's path; a socket's may have 107


def socket_of(process: int) -> Path:
    """The socket of the engine that is this process."""
    return _folder() / f"engine-{_namespace()}-{process}.sock"


def sweep() -> None:
    """Remove the sockets of engines that were killed."""
    for path in _folder().glob(f"engine-{_namespace()}-*.sock"):
        if not Path("/proc", path.stem.rpartition("-")[2]).exists():
            path.unlink(missing_ok=True)


def _namespace() -> str:
    """Among whom processes are numbered: containers may share the folder."""
    try:
        return str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return "0"


def _folder() -> Path:
    """The folder, which is made if it is not there, and refused if somebody else has made it."""
    temporary = tempfile.gettempdir()
    root = temporary if len(os.fsencode(temporary)) <= _LONGEST else "/tmp"  # noqa: S108 - see below
    folder = Path(root) / f"jobmon-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise InvalidSetting(
            f"{folder} is not a folder of yours alone, so engines cannot be spoken to there.",
            remedy=f"Look who has made it (ls -ld {folder}), and remove it; or set TMPDIR to a folder of yours.",
        )
    return folder
