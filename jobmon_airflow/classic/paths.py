"""Paths, as scripts of Jobmon 1.x and 2.x wrote them."""

from __future__ import annotations

import shutil
from pathlib import Path


def true_path(file_or_dir: str | None = None, executable: str | None = None) -> str:
    """The whole path of a file, a folder, or a program that is found along PATH.

    >>> true_path("/data/./draws.csv")
    '/data/draws.csv'
    """
    path = file_or_dir or shutil.which(executable or "") or executable or "."
    return str(Path(path).expanduser().resolve())
