"""How long the dag-processor has to do with a workflow.

    python benchmarks/parsing.py
    python benchmarks/parsing.py --rounds 3

`build` makes tasks and dependencies, which a DAG file with `to_dag` does at each parse, and one with `workflow_dag`
when the DAG runs. `to a DAG` and `serialize` are what Airflow waits for besides.

Tasks are made one by one, with 2.4 edges each; in the lines `create_tasks` all of a template at once, each of which
waits for all of the template before. Medians of some rounds in one process, in which Airflow is imported already, and
left alone by the garbage collector as in the processes that the dag-processor forks.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from statistics import median

import bind
import workbench

HOW = ("workflow_dag", "to_dag", "create_tasks")
COLUMNS = ("how", "tasks", "build s", "to a DAG s", "serialize s", "parse s", "kB")


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(**json.loads(asked.one))), flush=True)
        return
    workbench.show_head(COLUMNS)
    for how in HOW:
        for tasks in asked.tasks:
            workbench.show(
                COLUMNS, workbench.in_a_process(__file__, how=how, tasks=tasks, rounds=asked.rounds)
            )


def measure(how: str, tasks: int, rounds: int) -> dict:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    LazyDeserializedDAG.from_dag(_declared(3))  # imports and caches
    gc.collect()
    gc.freeze()
    reports = [_once(how, tasks) for _ in range(rounds)]
    return {
        "how": how,
        "tasks": tasks,
        **{name: median(report[name] for report in reports) for name in COLUMNS[2:]},
    }


def _once(how: str, tasks: int) -> dict:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    began = time.perf_counter()
    workflow = {"to_dag": _built, "create_tasks": _at_once}.get(how, lambda _: None)(tasks)
    built = time.perf_counter()
    dag = workflow.to_dag() if workflow is not None else _declared(tasks)
    made = time.perf_counter()
    serialized = LazyDeserializedDAG.from_dag(dag)
    ended = time.perf_counter()
    return {
        "build s": built - began,
        "to a DAG s": made - built,
        "serialize s": ended - made,
        "parse s": ended - began,
        "kB": len(json.dumps(serialized.data)) / 1000,
    }


def _built(tasks: int):
    workflow, _ = bind.three_phases(tasks, "sqlite:////nowhere/jobmon.db")
    return workflow


def _at_once(tasks: int):
    kinds = bind.templates("sqlite:////nowhere/jobmon.db", "transform", "aggregate", "summarize")
    workflow, earlier = kinds[0].tool.create_workflow(), []
    for kind, share in zip(kinds, (0.2, 0.6, 0.2), strict=True):
        args = {"location": range(int(tasks * share) // 2), "year": 1990, "sex": [1, 2]}
        earlier = kind.create_tasks(**args, upstream_tasks=earlier)
        workflow.add_tasks(earlier)
    return workflow


def _declared(tasks: int):
    from jobmon_airflow.client.shape import Shape
    from jobmon_airflow.dags import workflow_dag

    kinds = bind.templates("sqlite:////nowhere/jobmon.db", "transform", "aggregate", "summarize")

    @workflow_dag(templates=Shape.of(kinds[0]) >> kinds[1] >> kinds[2], params={"tasks": tasks})
    def large(tasks):
        return _built(tasks)

    return large


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
