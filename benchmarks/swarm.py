"""What it costs to decide: the swarm alone, told of every task that it is done.

    python benchmarks/swarm.py                    10,000 to 1,500,000 tasks
    python benchmarks/swarm.py --sizes 100000

Three upstreams a task. Each line is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = (10_000, 100_000, 1_500_000)
COLUMNS = ("tasks", "edges", "build s", "run s", "us/task", "peak MB")
TOLD_AT_ONCE = 1_000


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one)))
        return
    print(" ".join(f"{name:>10}" for name in COLUMNS))
    for size in asked.sizes:
        report = in_a_process(size)
        print(
            " ".join(f"{report[name]:>10,.{2 if name.endswith((' s', 'task')) else 0}f}" for name in COLUMNS)
        )


def measure(size: int) -> dict[str, float]:
    """Build a swarm and play a run in which everything goes well."""
    from jobmon_airflow.swarm.events import Began, Done, Finish, Launch
    from jobmon_airflow.swarm.graph import Graph
    from jobmon_airflow.swarm.limits import Waiting
    from jobmon_airflow.swarm.swarm import Swarm

    width = size // 5
    began = time.process_time()
    graph = Graph(size, downstreams(size, width))
    swarm = Swarm(graph, bytearray(size), bytearray([3]) * size, Waiting())
    built = time.process_time()
    finished = False
    launched = _launched(swarm.handle(Began()), Launch)
    while not finished:
        told, launched = launched[:TOLD_AT_ONCE], launched[TOLD_AT_ONCE:]
        commands = swarm.handle(Done(told))
        launched += _launched(commands, Launch)
        finished = any(isinstance(command, Finish) for command in commands)
    ran = time.process_time()
    return {
        "tasks": size,
        "edges": sum(graph.waits),
        "build s": built - began,
        "run s": ran - built,
        "us/task": (ran - began) / size * 1e6,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def downstreams(size: int, width: int):
    """Five phases of the same width; each task waits for three of the phase before."""
    for task in range(size):
        phase, place = divmod(task, width)
        if phase < 4:
            following = (phase + 1) * width
            yield following + place, following + (place + 1) % width, following + (place + 7) % width
        else:
            yield ()


def in_a_process(size: int) -> dict[str, float]:
    path = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, __file__, "--one", str(size)]
    answer = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, env={**os.environ, **path}
    )
    return json.loads(answer.stdout)


def _launched(commands: list, kind: type) -> list[int]:
    return [task for command in commands if isinstance(command, kind) for task in command.tasks]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
