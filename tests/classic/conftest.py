"""A place for scripts that were written for another cluster."""

from __future__ import annotations

import runpy
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow import stand_in
from jobmon_airflow.classic import executors
from tests.workflows import close, migrated, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.classic.printed import Example

# What examples run, as short as can be: what they are about is not in here.
SCRIPTS = {
    "runme.py": "import os, sys\nprint(os.environ['OP_NUM_THREADS'], *sys.argv[1:])\n",
    "test_scripts/test.py": "import sys\nprint(sys.argv[1:])\n",
    "test_scripts/transform.py": "import sys\nprint(sys.argv[1:])\n",
    "test_scripts/aggregate.py": "import sys\nprint(sys.argv[1:])\n",
    "test_scripts/summarize.py": "import sys\nprint(sys.argv[1:])\n",
    # Sleeps a hundredth of what it is told, and fails so often.
    "tests/remote_sleep_and_write.py": """
import argparse, pathlib, sys, time
parser = argparse.ArgumentParser()
for word in ("--sleep_secs", "--output_file_path", "--fail_count", "--name"):
    parser.add_argument(word)
asked = parser.parse_args()
time.sleep(int(asked.sleep_secs) / 100)
path = pathlib.Path(asked.output_file_path)
path.parent.mkdir(parents=True, exist_ok=True)
times = len(path.read_text().split()) if path.exists() else 0
path.write_text(f"{asked.name} " * (times + 1))
sys.exit(times < int(asked.fail_count))
""",
    "assign_resources.py": """
import pathlib
path = pathlib.Path(__file__).parent / "ihme/scratch/users/svcscicompci/tests/jobmon/resources.txt"
path.parent.mkdir(parents=True)
path.write_text(str({"m_mem_free": "2G", "max_runtime_seconds": "30", "num_cores": "2", "queue": "long.q"}))
""",
}


class Place:
    """A folder with what the examples need, which is also home, and a database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def play(self, example: Example) -> dict[str, Any]:
        """Run an example as the script that it is, and return its names."""
        return self.play_text(example.runnable(self.folder))

    def play_text(self, text: str) -> dict[str, Any]:
        script = self.folder / "script.py"
        script.write_text(text, encoding="utf-8")
        return runpy.run_path(str(script), run_name="__main__")

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        return rows_of(self.url, query)

    def statuses(self) -> dict[str, str]:
        """How each task stands, by its command."""
        return dict(self.asked("select command, status from task order by id"))

    def attempts(self) -> dict[str, str]:
        """How each task's attempts ended, in order, by its name."""
        found: dict[str, str] = {}
        for name, status in self.asked(
            "select t.name, i.status from task_instance i join task t on t.id = i.task_id order by i.id"
        ):
            found[name] = found.get(name, "") + status
        return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobmon: None) -> Iterator[Place]:
    for name, text in SCRIPTS.items():
        script = tmp_path / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(text, encoding="utf-8")
    python = tmp_path / "ihme/code/central_comp/miniconda/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    url = migrated(f"sqlite:///{tmp_path / 'jobmon.db'}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", url)
    monkeypatch.setenv("AIRFLOW__JOBMON__CLASSIC_CLUSTER", "multiprocess")
    monkeypatch.chdir(tmp_path)
    yield Place(tmp_path, url)
    close(url)


@pytest.fixture
def nothing_stands_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As Python begins, whatever other tests have installed."""
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if each is not stand_in._finder])
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == stand_in.ROOT]:
        del sys.modules[name]


@pytest.fixture
def jobmon(nothing_stands_in: None) -> None:
    """Jobmon's modules, as scripts import them."""
    stand_in.install()


@pytest.fixture(autouse=True)
def _every_note_is_new() -> None:
    executors._noted.cache_clear()
