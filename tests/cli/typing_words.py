"""Typing ``jobmon ...`` in a process of its own, and reading its words without doing anything."""

from __future__ import annotations

import subprocess
import sys

from jobmon_airflow.cli.console import parser
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.cli.old_names import with_old_names

EVERYTHING = with_old_names(JOBMON)


def typed(*words: str, **options) -> subprocess.CompletedProcess[str]:
    """``jobmon <words>``, and how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "jobmon_airflow", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        **options,
    )


def read(words: str) -> dict[str, object]:
    """What a command line says, by the names that functions have for it."""
    split = words.split()
    return vars(parser(EVERYTHING, split).parse_args(split))
