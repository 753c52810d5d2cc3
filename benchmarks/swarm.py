"""What it costs to decide: the swarm alone, told of every task that it is done.

    python benchmarks/swarm.py                    10,000 to 1,500,000 tasks
    python benchmarks/swarm.py --sizes 100000
    python benchmarks/swarm.py --stored           as the engine has it: read from a database, with all it must know

Five phases; a task waits for four of the phase before, which makes 3.2 edges a task. Each line is a process of its
own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time

import workbench

SIZES = (10_000, 100_000, 1_500_000)
COLUMNS = ("tasks", "edges", "build s", "run s", "us/task", "peak MB")
TOLD_AT_ONCE = 1_000
STEPS = (0, 1, 7, 13)  # a task is waited for by those that are so many places further, one phase later


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(**json.loads(asked.one))))
        return
    workbench.show_head(COLUMNS)
    for size in asked.sizes:
        workbench.show(COLUMNS, stored(size) if asked.stored else workbench.in_a_process(__file__, size=size))


def measure(size: int, folder: str | None = None, what: str = "run") -> dict[str, float]:
    """Build a swarm and play a run in which everything goes well."""
    from jobmon_airflow.swarm.events import Began, Done, Finish, Launch

    if what == "bind":
        bind(size, workbench.new_database(folder))
        return {}
    began = time.process_time()
    swarm, graph, _plan = loaded(folder) if folder else built(size)
    ready = time.process_time()
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
        "build s": ready - began,
        "run s": ran - ready,
        "us/task": (ran - began) / size * 1e6,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def built(size: int):
    from jobmon_airflow.swarm.graph import Graph
    from jobmon_airflow.swarm.limits import Waiting
    from jobmon_airflow.swarm.swarm import Swarm

    graph = Graph(size, downstreams(size))
    return Swarm(graph, bytearray(size), bytearray([3]) * size, Waiting()), graph, None


def loaded(folder: str):
    """What is stored, as a run begins with it: the plan stays, since it knows what each task asks for."""
    from jobmon_airflow.engine.plan import load
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.swarm.limits import Waiting
    from jobmon_airflow.swarm.swarm import Swarm

    with Database.open(f"sqlite:///{folder}/jobmon.db").read() as connection:
        plan = load(connection, 1)
    swarm = Swarm(plan.graph, plan.arrays, plan.max_attempts, Waiting(), done=plan.done, active=plan.active)
    return swarm, plan.graph, plan


def stored(size: int) -> dict[str, float]:
    """Bind a workflow in one process, and read it in another."""
    with tempfile.TemporaryDirectory() as folder:
        workbench.in_a_process(__file__, what="bind", size=size, folder=folder)
        return workbench.in_a_process(__file__, what="run", size=size, folder=folder)


def bind(size: int, address: str) -> None:
    template = workbench.no_op(address)
    workflow = template.tool.create_workflow(workflow_args=f"{size} tasks")
    tasks = [template.create_task(n=number, cluster_name="multiprocess") for number in range(size)]
    workflow.add_tasks(tasks)
    for task, following in zip(tasks, downstreams(size), strict=True):
        task.add_downstreams(tasks[number] for number in following)
    workflow.bind()


def downstreams(size: int):
    """Five phases of the same width."""
    width = size // 5
    for task in range(size):
        phase, place = divmod(task, width)
        following = (phase + 1) * width
        yield [following + (place + step) % width for step in STEPS] if phase < 4 else ()


def _launched(commands: list, kind: type) -> list[int]:
    return [task for command in commands if isinstance(command, kind) for task in command.tasks]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--stored", action="store_true", help="bind the workflow first, then read it")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
