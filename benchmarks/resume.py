"""How long a resume takes to answer, or to start its first task.

    python benchmarks/resume.py
    python benchmarks/resume.py --tasks 10000 --rounds 1

Three phases with 2.4 edges a task. The finished workflow is resumed as its script does, by workflow.run(resume=True)
of a workflow that was just defined, and by its id; both answer that nothing is left to run. The other one was stopped
half-way; its resume is timed until the simulated cluster has the first batch. `define` is the script's own part:
making the tasks. Each line is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import bind
import workbench

COLUMNS = ("what", "tasks", "define s", "answer s")


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(**json.loads(asked.one))), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        for state in ("finished", "half"):
            (Path(folder) / state).mkdir()
            workbench.in_a_process(__file__, what="prepare", folder=f"{folder}/{state}", tasks=asked.tasks)
        workbench.show_head(COLUMNS)
        for state in ("finished", "half"):
            for how in ("script", "by id"):
                workbench.show(COLUMNS, typical(f"{folder}/{state}", how, asked.tasks, asked.rounds))


def typical(folder: str, how: str, tasks: int, rounds: int) -> dict:
    reports = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            reports.append(workbench.in_a_process(__file__, what=how, folder=copy, tasks=tasks))
    return {
        "what": f"{Path(folder).name}, {how}",
        "tasks": tasks,
        "define s": median(report["define s"] for report in reports),
        "answer s": median(report["answer s"] for report in reports),
    }


def measure(what: str, folder: str, tasks: int) -> dict[str, float]:
    if what == "prepare":
        workflow, _ = bind.three_phases(tasks, workbench.new_database(folder))
        workflow.bind()
        begin(workflow, tasks if folder.endswith("finished") else tasks // 2)
        return {}
    return resume_script(folder, tasks) if what == "script" else resume_by_id(folder)


def begin(workflow, until: int) -> None:
    """Run the workflow in simulated time, and stop it when so many of its tasks are done."""
    from jobmon_airflow.engine.session import Options, Session
    from jobmon_airflow.errors import WorkflowTimeout
    from jobmon_airflow.testing import SimulatedClock, SimulatedCluster

    clock = SimulatedClock()
    cluster = SimulatedCluster(
        clock, takes=lambda attempt, _: 1 if attempt.task_id <= until else 500, outlives_us=False
    )
    session = Session(
        workflow.tool.database,
        workflow.workflow_id,
        Options(timeout=100),
        distributors={"multiprocess": cluster},
        clock=clock,
        threaded=False,
    )
    try:
        clock.run(session.run())
    except WorkflowTimeout:
        assert until < len(workflow.tasks)


def resume_script(folder: str, tasks: int) -> dict[str, float]:
    from jobmon_airflow.engine import running  # noqa: F401 - loaded before the clock starts

    began = time.perf_counter()
    workflow, _ = bind.three_phases(tasks, f"sqlite:///{folder}/jobmon.db")
    defined = time.perf_counter() - began
    return {"define s": defined, "answer s": until_answered(lambda: workflow.run(resume=True), defined)}


def resume_by_id(folder: str) -> dict[str, float]:
    from jobmon_airflow import resume_workflow
    from jobmon_airflow.engine import running  # noqa: F401 - loaded before the clock starts

    address = f"sqlite:///{folder}/jobmon.db"
    return {"define s": 0.0, "answer s": until_answered(lambda: resume_workflow(1, database=address), 0.0)}


def until_answered(resume, defined: float) -> float:
    """Seconds until a resume is told that nothing is left, or else until the cluster is given something."""
    from jobmon_airflow.distributors import registry
    from jobmon_airflow.errors import WorkflowAlreadyComplete
    from jobmon_airflow.testing import SimulatedCluster

    class Watched(SimulatedCluster):
        async def submit(self, batch):
            assert batch.attempts
            report = {"define s": defined, "answer s": time.perf_counter() - began}
            print(json.dumps(report), flush=True)
            os._exit(0)  # all that is of interest is known

    registry.distributor = lambda *_: Watched()
    began = time.perf_counter()
    try:
        with workbench.quiet():
            resume()
    except WorkflowAlreadyComplete:
        return time.perf_counter() - began
    raise AssertionError("There was something left to run, and it was not submitted.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
