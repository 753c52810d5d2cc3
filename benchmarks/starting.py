"""How long commands take from Enter to the prompt, and how much of that is computed.

    python benchmarks/starting.py
    python benchmarks/starting.py --times 40

Each command is started again and again in turn, with its modules already in the system's cache. What Python and
SQLAlchemy take by themselves, which no command of ours can be quicker than, is measured in between.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import workbench

COLUMNS = ("command", "fastest ms", "median ms", "computed ms")


def main() -> None:
    asked = _parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = workbench.new_database(folder)
        workflow = workbench.no_op(address).tool.create_workflow(workflow_args="looked at", name="looked at")
        workflow.add_tasks(workbench.no_op(address).create_tasks(n=range(100), cluster_name="multiprocess"))
        workflow.bind()
        commands = {
            "bare python": ["-c", "pass"],
            "sqlalchemy": ["-c", "import sqlalchemy"],
            "version": ["-m", "jobmon_airflow", "version"],
            "--help": ["-m", "jobmon_airflow", "--help"],
            "workflow status": [
                *("-m", "jobmon_airflow", "workflow", "status", "--all", "--database", address)
            ],
            "status of one": [
                *("-m", "jobmon_airflow", "workflow", "status", str(workflow.workflow_id)),
                *("--database", address),
            ],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for number in range(asked.times + 1):
            for name, words in commands.items():
                found = started([sys.executable, *words], folder)
                if number:  # the first one fills the caches
                    taken[name].append(found)
    workbench.show_head(COLUMNS)
    for name, times in taken.items():
        walls, computed = zip(*times, strict=True)
        milliseconds = [1000 * min(walls), 1000 * median(walls), 1000 * median(computed)]
        workbench.show(COLUMNS, dict(zip(COLUMNS, [name, *milliseconds], strict=True)))


def started(words: list[str], home: str) -> tuple[float, float]:
    """Seconds that a command took, and seconds that it computed."""
    begun = time.perf_counter()
    # As pip installs it: compiled.
    environment = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPYCACHEPREFIX": f"{home}/compiled"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment, cwd=home)
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}.")
    return took, used.ru_utime + used.ru_stime


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20, help="how often each command is started")
    return parser


if __name__ == "__main__":
    main()
