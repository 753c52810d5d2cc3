"""How long the dag-processor has to do with a workflow.

    python benchmarks/parsing.py
    python benchmarks/parsing.py --rounds 3

`build` makes tasks and dependencies, which a DAG file with `to_dag` does at each parse, and one with `workflow_dag`
when the DAG runs. `to a DAG` and `serialize` are what Airflow waits for besides. 2.4 edges a task; medians of some
rounds in one process, in which Airflow is imported already, as in the dag-processor.
"""

from __future__ import annotations

import argparse
import json
import time
from statistics import median

import bind
import workbench

COLUMNS = ("how", "tasks", "build s", "to a DAG s", "serialize s", "parse s", "kB")


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(**json.loads(asked.one))), flush=True)
        return
    workbench.show_head(COLUMNS)
    for how in ("workflow_dag", "to_dag"):
        for tasks in asked.tasks:
            workbench.show(
                COLUMNS, workbench.in_a_process(__file__, how=how, tasks=tasks, rounds=asked.rounds)
            )


def measure(how: str, tasks: int, rounds: int) -> dict:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    LazyDeserializedDAG.from_dag(_declared(3))  # imports and caches
    reports = [_once(how, tasks) for _ in range(rounds)]
    return {
        "how": how,
        "tasks": tasks,
        **{name: median(report[name] for report in reports) for name in COLUMNS[2:]},
    }


def _once(how: str, tasks: int) -> dict:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    began = time.perf_counter()
    workflow = _built(tasks) if how == "to_dag" else None
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
