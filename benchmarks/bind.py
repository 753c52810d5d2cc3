"""How fast workflows are defined, bound, and bound again, and what memory it takes.

    python benchmarks/bind.py                       1,000 to 1,000,000 tasks on SQLite
    python benchmarks/bind.py --sizes 1000 10000    only these
    python benchmarks/bind.py --database ADDRESS    on another (empty) database

Three phases (transform, aggregate, summarize) with three node args and 2.4 edges a task. Each line is a process of
its own, so that its peak memory is its own. The last lines set all-to-all dependencies beside as many ordinary
tasks, and the whole of binding beside the bare insertion of the very same rows by the sqlite3 module.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1_000, 10_000, 100_000, 1_000_000)
WIDTH = 10_000
COLUMNS = (
    "what",
    "tasks",
    "edges",
    "create s",
    "bind s",
    "again s",
    "tasks/s",
    "again/s",
    "peak MB",
    "file MB",
)
BULKY_TABLES = ("node", "node_arg", "edge", "dag_join", "task", "task_arg")


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one, asked.size, asked.database)))
        return
    print(" ".join(f"{name:>10}" if name != "what" else f"{name:<12}" for name in COLUMNS))
    for size in asked.sizes:
        show(in_a_process("three phases", size, asked.database))
    ordinary = show(in_a_process("ordinary", WIDTH, asked.database))
    all_to_all = show(in_a_process("all to all", WIDTH, asked.database))
    print(f"\nall to all / ordinary, create + bind: {took(all_to_all) / took(ordinary):.2f}")
    if not asked.database:
        floor = in_a_process("bare", 100_000, None)
        print(
            f"bind / bare insertion of the same rows, 100,000 tasks: {floor['bind s'] / floor['bare s']:.2f}"
        )


def measure(what: str, size: int, address: str | None) -> dict[str, float]:
    """Define and bind once, then as a resume would, and say what it took."""
    from jobmon_airflow.client import binding, registry, tool  # noqa: F401 - loaded before the clock starts
    from jobmon_airflow.store import migrations
    from jobmon_airflow.store.database import Database

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jobmon.db"
        address = address or f"sqlite:///{file}"
        migrations.migrate(Database.open(address))
        registry.database(address)
        shape = {"ordinary": pairs, "all to all": all_to_all}.get(what, three_phases)

        began = time.perf_counter()
        workflow, edges = shape(size, address)
        created = time.perf_counter()
        workflow.bind()
        bound = time.perf_counter()
        tasks = len(workflow.tasks)
        del workflow  # a resume is another process, with a memory of its own
        shape(size, address)[0].bind()
        again = time.perf_counter()

        report = {
            "tasks": tasks,
            "edges": edges,
            "create s": created - began,
            "bind s": bound - created,
            "again s": again - bound,
            "tasks/s": tasks / (bound - began),
            "again/s": tasks / (again - bound),
            "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "file MB": file.stat().st_size / 2**20 if file.exists() else 0,
        }
        if what == "bare":
            report["bare s"] = bare_insertion(file, Path(folder) / "bare.db")
        return {"what": what, **report}


def three_phases(size: int, address: str):
    """A fifth transforms, three fifths aggregate (three upstreams each), a fifth summarizes (three each)."""
    transform, aggregate, summarize = templates(address, "transform", "aggregate", "summarize")
    workflow = transform.tool.create_workflow(workflow_args=f"three phases of {size}")
    width = size // 5
    first = [transform.create_task(location=place, year=1990, sex=1) for place in range(width)]
    second = [
        aggregate.create_task(
            location=place,
            year=year,
            sex=1,
            upstream_tasks=[first[place], first[(place + 1) % width], first[(place + 7) % width]],
        )
        for place in range(width)
        for year in (1990, 2000, 2010)
    ]
    third = [
        summarize.create_task(location=place, year=0, sex=2, upstream_tasks=second[3 * place : 3 * place + 3])
        for place in range(width)
    ]
    for phase in (first, second, third):
        workflow.add_tasks(phase)
    return workflow, 3 * (len(second) + len(third))


def pairs(width: int, address: str):
    """Each of the second phase waits for one of the first."""
    first, second = templates(address, "first", "second")
    workflow = first.tool.create_workflow(workflow_args=f"pairs of {width}")
    upstreams = [first.create_task(location=place, year=1990, sex=1) for place in range(width)]
    workflow.add_tasks(upstreams)
    for place in range(width):
        workflow.add_task(
            second.create_task(location=place, year=1990, sex=1, upstream_tasks=upstreams[place : place + 1])
        )
    return workflow, width


def all_to_all(width: int, address: str):
    """Each of the second phase waits for all of the first."""
    first, second = templates(address, "first", "second")
    workflow = first.tool.create_workflow(workflow_args=f"all to all of {width}")
    upstreams = [first.create_task(location=place, year=1990, sex=1) for place in range(width)]
    workflow.add_tasks(upstreams)
    for place in range(width):
        workflow.add_task(second.create_task(location=place, year=1990, sex=1, upstream_tasks=upstreams))
    return workflow, width * width


def templates(address: str, *names: str):
    from jobmon_airflow import Tool

    tool = Tool("benchmark", database=address)
    tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "10m"})
    return [
        tool.get_task_template(
            name,
            f"{name}.py --location {{location}} --year {{year}} --sex {{sex}}",
            node_args=["location", "year", "sex"],
        )
        for name in names
    ]


def bare_insertion(bound: Path, bare: Path) -> float:
    """The seconds that the sqlite3 module takes for the same rows into the same tables."""
    from jobmon_airflow.store import migrations
    from jobmon_airflow.store.database import Database

    migrations.migrate(Database.open(f"sqlite:///{bare}"))
    source, target = sqlite3.connect(bound), sqlite3.connect(bare)
    target.execute("PRAGMA synchronous=NORMAL")
    target.execute("PRAGMA cache_size=-131072")
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in BULKY_TABLES}
    began = time.perf_counter()
    for table, content in rows.items():
        if content:
            target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(content[0]))})", content)
    target.commit()
    return time.perf_counter() - began


def in_a_process(what: str, size: int, address: str | None) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", what, "--size", str(size)]
    command += ["--database", address] if address else []
    path = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    answer = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, env={**os.environ, **path}
    )
    return json.loads(answer.stdout)


def show(report: dict[str, float]) -> dict[str, float]:
    cells = [f"{report['what']:<12}"]
    for name in COLUMNS[1:]:
        digits = 2 if name.endswith(" s") else 0
        cells.append(f"{report[name]:>10,.{digits}f}")
    print(" ".join(cells), flush=True)
    return report


def took(report: dict[str, float]) -> float:
    return report["create s"] + report["bind s"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--database", metavar="ADDRESS")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=WIDTH, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
