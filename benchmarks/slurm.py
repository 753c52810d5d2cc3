"""The same commands that do nothing, on one Slurm: as it runs them by itself, and as we have it run them.

    make slurm-up; export SLURM_CONF=…        a cluster, if there is none
    python benchmarks/slurm.py                1,000 and 10,000 commands: a quarter of an hour
    python benchmarks/slurm.py --tasks 1000 --rounds 3

(a) a bare `sbatch --array`, each element of which is `true`; (b) a workflow, whose tasks become arrays; (c) a bare loop
over `true` in one job; (d) the same workflow, packed into one job; (e) packed as we would by ourselves (pack="auto",
after earlier runs).

`wall s` is from the moment in which the first job is submitted until all have ended: of bare jobs by squeue, asked
for the one job twice a second; of workflows, whose binding is not counted, until the run has returned with every task
done in the database. `of bare` compares tasks/s with (a), or with (c) for what is packed. `calls` are the Slurm
commands that were started on the way. Ways follow each other within a round, so that all have the same neighbours.

All ask for five minutes: with a job of ours that asks for ten or more comes somebody who looks whether its time is
over, which costs its node a millisecond.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import workbench

from jobmon_airflow import Tool
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.store import clusters, migrations
from jobmon_airflow.store.database import Database

COLUMNS = ("how", "tasks", "wall s", "tasks/s", "of bare", "CPU ms/task", "load", "calls")
LOOK_EVERY = 0.5  # seconds
ASKED = ("--cpus-per-task=1", "--mem=32M", "--time=5")
REQUEST = {"cores": 1, "memory": "32M", "runtime": "5m"}

ELEMENT = "#!/bin/sh\ntrue\n"
LOOP = "#!/bin/sh\ni=0\nwhile [ $i -lt {tasks} ]; do /bin/true $i; i=$((i + 1)); done\n"


def bare(script: str, folder: Path, *options: str) -> tuple[float, Counter]:
    """Submit a script, and wait until all of it is over."""
    begun = time.perf_counter()
    words = ("sbatch", "--parsable", *ASKED, f"--output={folder}/%A_%a.out", *options)
    said = subprocess.run(words, input=script, text=True, capture_output=True, check=True, cwd=folder)
    job = said.stdout.strip()
    while subprocess.run(("squeue", "-h", "-j", job), text=True, capture_output=True, check=True).stdout:
        time.sleep(LOOK_EVERY)
    return time.perf_counter() - begun, Counter()


class Workflows:
    """A database of their own, in which every workflow is new and every template is known from the one before."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'jobmon.db'}"
        self.spool = str(folder / "spool")
        self.database = Database.open(self.url)
        migrations.migrate(self.database)
        self.database.write(lambda it: clusters.register(it, "slurm", "slurm", {"spool": self.spool}))

    def run(self, tasks: int, template: str, **request: object) -> tuple[float, Counter]:
        tool = Tool("benchmark", database=self.url)
        task_template = tool.get_task_template(template, "true {number}", node_args=["number"])
        workflow = tool.create_workflow(workflow_args=str(time.time_ns()), default_cluster_name="slurm")
        workflow.add_tasks(
            task_template.create_tasks(
                number=list(range(tasks)), compute_resources={**REQUEST, **request}, max_attempts=1
            )
        )
        workflow.bind()
        slurm = Slurm(spool=self.spool)
        session = Session(self.database, workflow.workflow_id, Options(), distributors={"slurm": slurm})
        begun = time.perf_counter()
        result = asyncio.run(session.run())
        wall = time.perf_counter() - begun
        assert result.status == "D", result
        return wall, slurm.asked


def measured(way: str, tasks: int, folder: Path, ours: Workflows) -> tuple[float, Counter]:
    match way:
        case "a":
            return bare(ELEMENT, folder, f"--array=0-{tasks - 1}")
        case "b":
            return ours.run(tasks, "arrays")
        case "c":
            return bare(LOOP.format(tasks=tasks), folder)
        case "d":
            return ours.run(tasks, "packed", pack=tasks)
        case _:
            return ours.run(tasks, "packed by itself", pack="auto")


NAMES = {
    "a": "(a) bare array",
    "b": "(b) arrays",
    "c": "(c) bare loop",
    "d": "(d) one pack",
    "e": "(e) auto packs",
}
COMPARED_WITH = {"a": "a", "b": "a", "c": "c", "d": "c", "e": "c"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--ways", default="abcde", help="some of abcde")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()

    workbench.show_head(COLUMNS)
    with tempfile.TemporaryDirectory(prefix="jobmon-bench-") as name:
        ours = Workflows(Path(name))
        ours.run(20, "packed by itself", pack="auto")  # so that it is known how long its tasks take
        for tasks in asked.tasks:
            walls = defaultdict(list)
            for _ in range(asked.rounds):
                for way in asked.ways:
                    measure(way, tasks, Path(name), ours, walls)
            if asked.rounds > 1:
                for way, each in walls.items():
                    pairs = zip(walls.get(COMPARED_WITH[way], each), each, strict=True)
                    # Neighbours are compared: from round to round a shared machine is another one.
                    compared = median(bare / wall for bare, wall in pairs)
                    print(
                        f"medians of {NAMES[way]}: {tasks / median(each):,.1f} tasks/s, {compared:.0%} of bare"
                    )


def measure(way: str, tasks: int, folder: Path, ours: Workflows, walls: dict[str, list[float]]) -> None:
    before = time.process_time()
    wall, calls = measured(way, tasks, folder, ours)
    cpu = (time.process_time() - before) * 1000 / tasks
    walls[way].append(wall)
    compared = walls[COMPARED_WITH[way]][-1] / wall if walls.get(COMPARED_WITH[way]) else None
    report = {
        "how": NAMES[way],
        "tasks": tasks,
        "wall s": wall,
        "tasks/s": f"{tasks / wall:,.1f}",
        "of bare": f"{compared:.0%}" if compared else "",
        "calls": " ".join(f"{count} {name}" for name, count in sorted(calls.items())) or "1 sbatch",
        "CPU ms/task": cpu,
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    workbench.show(COLUMNS, report)


if __name__ == "__main__":
    main()
