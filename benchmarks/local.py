"""How fast this machine runs commands that do nothing, beside xargs on the same commands.

    python benchmarks/local.py                          10,000 tasks, three rounds
    python benchmarks/local.py --tasks 1000 --rounds 5

A round is xargs first, then workflow.run(). The workflow is bound before; what is timed is all of the rest: taking
the workflow, starting the supervisor, every attempt in the database, and the report. The loop is plain Python, one
command after the other, over a tenth of them.

`ratio` is our throughput to that of xargs. `cpu ratio` is the same of processor time, commands included: on a busy
machine, where whoever has more processes gets more of it, that is the one to trust.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from statistics import median

import workbench

COLUMNS = ("round", "xargs s", "ours s", "xargs/s", "ours/s", "loop/s", "ratio", "cpu ratio")


def main() -> None:
    asked = _parser().parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        address = workbench.new_database(folder)
        workbench.run_quietly(bound(address, 10, "warm up"))
        workbench.show_head(COLUMNS)
        for number in range(asked.rounds):
            theirs, their_cpu = timed(lambda: xargs(asked.tasks))
            workflow = bound(address, asked.tasks, f"round {number}")
            mine, my_cpu = timed(lambda: workbench.run_quietly(workflow))  # noqa: B023 - called at once
            taken = {
                "xargs s": theirs,
                "ours s": mine,
                "loop s": loop(asked.tasks // 10) * 10,
                "cpu ratio": their_cpu / my_cpu,
            }
            rounds.append(taken)
            workbench.show(COLUMNS, _row(str(number + 1), taken, asked.tasks))
    medians = {name: median(taken[name] for taken in rounds) for name in rounds[0]}
    workbench.show(COLUMNS, _row("median", medians, asked.tasks))


def xargs(tasks: int) -> None:
    """As many at a time as there are cores, like us."""
    numbers = "".join(f"{number}\n" for number in range(tasks)).encode()
    command = ["xargs", "-n", "1", "-P", str(len(os.sched_getaffinity(0))), "true"]
    subprocess.run(command, input=numbers, check=True)


def bound(address: str, tasks: int, name: str):
    template = workbench.no_op(address)
    workflow = template.tool.create_workflow(workflow_args=name)
    workflow.add_tasks(template.create_tasks(n=list(range(tasks)), cluster_name="multiprocess"))
    return workflow.bind()


def timed(work) -> tuple[float, float]:
    """Seconds, and those of processors: of this process and of all that it started and that has ended."""
    began, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - began, sum(os.times()[:4]) - before


def loop(tasks: int) -> float:
    began = time.perf_counter()
    for number in range(tasks):
        subprocess.run(["true", str(number)], check=True)
    return time.perf_counter() - began


def _row(name: str, taken: dict[str, float], tasks: int) -> dict:
    return {
        "round": name,
        **taken,
        **{f"{who}/s": tasks / taken[f"{who} s"] for who in ("xargs", "ours", "loop")},
        "ratio": taken["xargs s"] / taken["ours s"],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser


if __name__ == "__main__":
    main()
