"""The same commands that do nothing, run by one real Airflow in several ways.

    python benchmarks/inside_airflow.py                 each 1,000 times, some 10,000 times: half an hour
    python benchmarks/inside_airflow.py --few 200       fewer where each command is an Airflow task

(a) a BashOperator for each, in one DAG; (b) one BashOperator, mapped; (c) a workflow with granularity="task", where
each task is Airflow's; (d) the same workflow as one task of Airflow, a WorkflowOperator; (e) the DAG that its to_dag()
makes, with a mirror of its template; (f) that beside the triggerer, with deferrable=True. Each is a DAG in a file of
its own, one after the other, with the same settings: LocalExecutor, SQLite, and Airflow's own limits out of the way.
Every way has run two commands before, and our modules are compiled, as those of everything that pip installs.

`wall s` is from the request that starts the DAG run to its end, mirrors of templates included; after `begun s` Airflow
had begun it, and `engine s` is what the workflow's own run took. `CPU` and `memory` are those of all of Airflow's
processes. `times (a)` compares tasks/s.

Part of (d) to (f) is fixed, whatever the number of commands: Airflow's SQLite begins a DAG run with the next full
second, and a mirror lasts 2 to 3 s: the triggerer takes up triggers once a second, hands them a second later to its
process that runs them, and hears from that once a second what has ended. (g) and (h) are (e) and (f) with ten times
the commands.
"""

from __future__ import annotations

import argparse
import compileall
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import workbench

if TYPE_CHECKING:
    from jobmon_airflow.testing.airflow_api import DagRun
    from jobmon_airflow.testing.local_airflow import LocalAirflow

COLUMNS = (
    "how",
    "tasks",
    "wall s",
    "tasks/s",
    "times (a)",
    "begun s",
    "CPU ms/task",
    "peak MiB",
    "engine s",
    "engine/s",
    "load",
)
WITHIN = 3600.0
SETTLED = 2.0  # seconds: a worker lives on for a moment after its task has ended, and its CPU is known when it has gone

OPERATORS = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG({dag_id!r}, schedule=None):
    for number in range({tasks}):
        BashOperator(task_id=f"true_{{number}}", bash_command=f"true {{number}}")
"""
MAPPED = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG({dag_id!r}, schedule=None):
    commands = [f"true {{number}}" for number in range({tasks})]
    BashOperator.partial(task_id="true").expand(bash_command=commands)
"""
WORKFLOW = """
from jobmon_airflow import Tool

tool = Tool("benchmark", database=None)
template = tool.get_task_template("true", "true {{number}}", node_args=["number"])
workflow = tool.create_workflow(name={dag_id!r})
workflow.add_tasks(template.create_tasks(number=list(range({tasks})), cluster_name="multiprocess"))
dag = workflow.to_dag({dag_id!r}, {options})
"""
ALONE = """
from airflow.sdk import DAG
from jobmon_airflow import Tool
from jobmon_airflow.operators.workflow import WorkflowOperator

tool = Tool("benchmark", database=None)
template = tool.get_task_template("true", "true {{number}}", node_args=["number"])
workflow = tool.create_workflow(name={dag_id!r})
workflow.add_tasks(template.create_tasks(number=list(range({tasks})), cluster_name="multiprocess"))
with DAG({dag_id!r}, schedule=None):
    WorkflowOperator(task_id="run", workflow=workflow)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How the commands are run."""

    name: str
    text: str
    options: str = ""
    is_airflows: bool = False  #: each command is a task of Airflow
    times: int = 1  #: as many commands

    def file(self, dag_id: str, tasks: int) -> str:
        return self.text.format(dag_id=dag_id, tasks=tasks, options=self.options)


WAYS = {
    "a": Way("(a) operators", OPERATORS, is_airflows=True),
    "b": Way("(b) mapped", MAPPED, is_airflows=True),
    "c": Way("(c) each a task", WORKFLOW, "granularity='task'", is_airflows=True),
    "d": Way("(d) one workflow", ALONE),
    "e": Way("(e) with mirrors", WORKFLOW, "deferrable=False"),
    "f": Way("(f) deferrable", WORKFLOW, "deferrable=True"),
    "g": Way("(g) as (e)", WORKFLOW, "deferrable=False", times=10),
    "h": Way("(h) as (f)", WORKFLOW, "deferrable=True", times=10),
}


def main() -> None:
    from jobmon_airflow.testing.airflow_home import AirflowHome
    from jobmon_airflow.testing.local_airflow import LocalAirflow

    asked = _parser().parse_args()
    for package in ("jobmon_airflow", "operators", "hooks", "plugins"):  # links are not followed
        compileall.compile_dir(Path(__file__).parents[1] / package, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        home = AirflowHome(Path(folder), options=options(asked.parallelism))
        home.configure()
        home.migrate()
        sizes = {key: size(WAYS[key], asked) for key in asked.ways}
        for key, tasks in sizes.items():
            (home.dags / f"{key}.py").write_text(WAYS[key].file(key, tasks))
            (home.dags / f"warm_{key}.py").write_text(WAYS[key].file(f"warm_{key}", 2))
        with LocalAirflow(home) as airflow:
            measure_all(airflow, sizes, asked)


def options(parallelism: int) -> dict[str, object]:
    """What every way is run with: nothing holds tasks back but the machine."""
    return {
        "core.parallelism": parallelism,
        "core.max_active_tasks_per_dag": 1_000,
        "core.default_pool_task_slot_count": 1_000,
        "core.max_map_length": 10_000,
        "scheduler.max_tis_per_query": 64,
        "core.dagbag_import_timeout": 120,
        "scheduler.scheduler_health_check_threshold": 60,
    }


def measure_all(airflow: LocalAirflow, sizes: dict[str, int], asked: argparse.Namespace) -> None:
    wanted = {dag_id for key in sizes for dag_id in (key, f"warm_{key}")}
    airflow.wait_for(lambda: wanted <= airflow.api.dag_ids(), within=600)
    for key in sizes:
        warm = airflow.api.trigger(f"warm_{key}")
        airflow.wait_for(warm.has_ended, within=WITHIN)
    workbench.show_head(COLUMNS)
    rows: dict[str, list[dict]] = {}
    for number in range(asked.rounds):
        for key, tasks in sizes.items():
            # What is quick is measured more often: its time is short against what else the machine does.
            for _ in range(1 if WAYS[key].is_airflows else asked.quick):
                rows.setdefault(key, []).append(measure(airflow, key, tasks))
                show(rows, rows[key][-1])
        if asked.rounds > 1:
            print(f"round {number + 1} of {asked.rounds}", flush=True)
    print("medians", flush=True)
    for found in rows.values():
        middle = sorted(found, key=lambda row: row["wall s"])[len(found) // 2]
        show(rows, middle)


def measure(airflow: LocalAirflow, key: str, tasks: int) -> dict:
    from jobmon_airflow.testing.airflow_usage import measured

    time.sleep(3)  # what the last run left to do
    load = os.getloadavg()[0]
    with measured(airflow.home) as usage:
        posted = datetime.now(UTC)
        run = airflow.api.trigger(key)
        # Asking costs the API server time, too. The end's moment is told by Airflow.
        airflow.wait_for(run.has_ended, within=WITHIN, every=1.0 if WAYS[key].is_airflows else 0.5)
        time.sleep(SETTLED)
    begun, wall = (
        (datetime.fromisoformat(run.row()[name]) - posted).total_seconds()
        for name in ("start_date", "end_date")
    )
    assert run.state() == "success", airflow.describe()
    engine = engine_seconds(airflow, run) if not WAYS[key].is_airflows else None
    return {
        "how": WAYS[key].name,
        "tasks": tasks,
        "wall s": wall,
        "tasks/s": f"{tasks / wall:,.1f}",
        "begun s": begun,
        "CPU ms/task": usage.cpu_seconds / tasks * 1000,
        "peak MiB": usage.peak_memory / 2**20,
        "engine s": engine if engine is not None else "",
        "engine/s": tasks / engine if engine is not None else "",
        "load": f"{load:.1f}",
    }


def engine_seconds(airflow: LocalAirflow, run: DagRun) -> float:
    """How long the workflow's own run took, from its registration to its end."""
    from jobmon_airflow.store import workflow_runs
    from jobmon_airflow.store.database import Database

    database = Database.open(airflow.home.jobmon_url)
    try:
        with database.read() as connection:
            row = workflow_runs.row(connection, run.xcom("run")["workflow_run_id"])
        return (row.status_date - row.created_date).total_seconds()
    finally:
        database.close()


def show(rows: dict[str, list[dict]], row: dict) -> None:
    workbench.show(COLUMNS, {**row, "times (a)": times_a(rows, row)})


def times_a(rows: dict[str, list[dict]], row: dict) -> str:
    if "a" not in rows:
        return ""
    of_a = sorted(each["wall s"] / each["tasks"] for each in rows["a"])
    return f"{of_a[len(of_a) // 2] / (row['wall s'] / row['tasks']):,.1f}"


def size(way: Way, asked: argparse.Namespace) -> int:
    return (asked.few or asked.tasks) if way.is_airflows else asked.tasks * way.times


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--few", type=int, help="commands where each is a task of Airflow, if not as many")
    parser.add_argument("--ways", default="abcdefgh", help="some of abcdefgh")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", type=int, default=3, help="how often (d) to (h) are measured in a round")
    parser.add_argument("--parallelism", type=int, default=8)
    return parser


if __name__ == "__main__":
    main()
