"""What the benchmarks of the engine share: a database of their own, workflows, and processes for honest numbers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

FIGURES = {
    "s": 2,
    "ms": 2,
    "ratio": 2,
    "ms/task": 3,
    "us/task": 2,
}  # digits behind the point, by a column's last word


def new_database(folder: str) -> str:
    """An empty database in this folder; its address."""
    from jobmon_airflow.client import registry
    from jobmon_airflow.store import migrations
    from jobmon_airflow.store.database import Database

    address = f"sqlite:///{folder}/jobmon.db"
    migrations.migrate(Database.open(address))
    registry.database(address)
    return address


def no_op(address: str):
    """The template of a command that does nothing."""
    from jobmon_airflow import Tool

    return Tool("benchmark", database=address).get_task_template("no-op", "true {n}", node_args=["n"])


def run_quietly(workflow, **options) -> float:
    """Run a workflow as a script does, but for the words on the screen; return how many seconds it took."""
    began = time.perf_counter()
    with quiet():
        status = workflow.run(**options)
    assert status == "D", status
    return time.perf_counter() - began


@contextmanager
def quiet():
    """Let nothing be shown."""
    with redirect_stderr(io.StringIO()):
        yield


def in_a_process(script: str, **asked) -> dict:
    """What the script says of ``asked`` in a process of its own, whose memory is its own too."""
    repository = Path(__file__).parent.parent
    answer = subprocess.run(
        [sys.executable, script, "--one", json.dumps(asked)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    return json.loads(answer.stdout)


def show_head(columns) -> None:
    show(columns, {name: name for name in columns})


def show(columns, report: dict) -> None:
    first, *rest = columns
    print(
        f"{cell(first, report[first]):<16}",
        *(f"{cell(name, report[name]):>13}" for name in rest),
        flush=True,
    )


def cell(name: str, value) -> str:
    unit = name.rsplit(maxsplit=1)[-1]
    return value if isinstance(value, str) else f"{value:,.{FIGURES.get(unit, 0)}f}"
