"""How soon a task is started when the one before it is done: chains of commands that do nothing.

    python benchmarks/latency.py
    python benchmarks/latency.py --levels 200 --rounds 5

A level is what a longer chain takes more than a chain of one task, which is all that a run costs once. The bare
command is started and awaited by a plain loop, in the same round. What is left of a level without it is ours: from
the end of a command to the start of the next, with two turns written to the database on the way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from statistics import median

import workbench

COLUMNS = ("round", "run of one ms", "level ms", "bare ms", "ours ms")


def main() -> None:
    asked = _parser().parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        address = workbench.new_database(folder)
        chain(address, 2, "warm up")
        workbench.show_head(COLUMNS)
        for number in range(asked.rounds):
            bare = spawn_and_wait(asked.levels) / asked.levels
            one = chain(address, 1, f"one, round {number}")
            level = (chain(address, asked.levels + 1, f"round {number}") - one) / asked.levels
            seconds = {
                "run of one ms": one,
                "level ms": level,
                "bare ms": bare,
                "ours ms": level - bare,
            }
            rounds.append({name: 1000 * value for name, value in seconds.items()})
            workbench.show(COLUMNS, {"round": str(number + 1), **rounds[-1]})
    medians = {name: median(taken[name] for taken in rounds) for name in rounds[0]}
    workbench.show(COLUMNS, {"round": "median", **medians})


def chain(address: str, tasks: int, name: str) -> float:
    template = workbench.no_op(address)
    workflow = template.tool.create_workflow(workflow_args=name)
    upstreams = []
    for number in range(tasks):
        task = template.create_task(n=number, upstream_tasks=upstreams, cluster_name="multiprocess")
        workflow.add_task(task)
        upstreams = [task]
    workflow.bind()
    return workbench.run_quietly(workflow)


def spawn_and_wait(times: int) -> float:
    program = shutil.which("true")
    assert program is not None
    began = time.perf_counter()
    for number in range(times):
        os.waitpid(os.posix_spawn(program, [program, str(number)], os.environ), 0)
    return time.perf_counter() - began


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    return parser


if __name__ == "__main__":
    main()
