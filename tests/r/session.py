"""Sessions of R with the package jobmonr, each a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "r" / "jobmonr"
_NEEDED: Final = 'for (name in c("bit64", "reticulate", "testthat")) find.package(name)'


def obstacle() -> str | None:
    """Why there is no R here; nothing, if there is one with what the package needs."""
    if shutil.which("Rscript") is None:
        return "There is no R here: scripts/install-r brings it."
    asked = subprocess.run(["Rscript", "-e", _NEEDED], capture_output=True, check=False)
    return (
        "R lacks bit64, reticulate or testthat: scripts/install-r brings them." if asked.returncode else None
    )


def installed(library: Path) -> Path:
    """A library of R with the package as it is in this checkout."""
    options = ["--no-docs", "--no-test-load", "--no-byte-compile", f"--library={library}"]
    ran = subprocess.run(
        ["R", "CMD", "INSTALL", *options, PACKAGE], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return library


@dataclass(frozen=True, slots=True, kw_only=True)
class R:
    """An R whose home, folder and database are a test's own."""

    library: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What R is told. Executors of old scripts stand for this machine, whatever else is installed."""
        return {
            **os.environ,
            "R_LIBS": str(self.library),
            "RETICULATE_PYTHON": sys.executable,
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__JOBMON__CLASSIC_CLUSTER": "multiprocess",
        }

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run(
            ["Rscript", self._written(script)],
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, script: str, **more: str) -> subprocess.Popen[str]:
        """Begin to run a script, as one that a shell has in the foreground."""
        return subprocess.Popen(
            ["Rscript", self._written(script)],
            cwd=self.folder,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            restore_signals=True,
        )

    def question(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the session's database."""
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.folder / "airflow" / "jobmon.db")) as database:
            return database.execute(statement).fetchall()

    def _written(self, script: str) -> Path:
        path = self.folder / "script.R"
        path.write_text(script, encoding="utf-8")
        return path


def as_text(values: Mapping[str, str], text: str) -> str:
    """The text with each of these replaced, all of which must be there."""
    for old, new in values.items():
        assert old in text, f"{old!r} is not there to be mended"
        text = text.replace(old, new)
    return text
