"""How fast an original Jobmon's history is brought, and what memory it takes.

    python benchmarks/importing.py                            100,000 tasks in workflows of 1,000, on SQLite
    python benchmarks/importing.py --tasks 20000 --each 20000  one large workflow
    python benchmarks/importing.py --database ADDRESS         to another (empty) database
    python benchmarks/importing.py --from ADDRESS             from another (empty) database, which is filled first

Each workflow has three phases: most tasks wait for one of the first, and one waits for all. Nine of ten attempts are
done, the others failed with an error log and were tried again. The import is a process of its own, so that its peak
memory is its own; then it is repeated, when there is nothing new.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/moving_in makes originals

AT = datetime(2024, 2, 29, 12, 0, 0)  # noqa: DTZ001 - as theirs, which have no zone
COLUMNS = ("tasks", "attempts", "error logs", "import s", "tasks/s", "rows/s", "again s", "peak MB")


def main() -> None:
    asked = _parser().parse_args()
    if asked.bring:
        print(json.dumps(measure(asked.bring, asked.database)))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = asked.source or f"sqlite:///{folder}/original.db"
        target = asked.database or f"sqlite:///{folder}/ours.db"
        fill(source, asked.tasks, asked.each)
        found = in_a_process(source, target)
        again = in_a_process(source, target)
    found["again s"] = again["import s"]
    print(" ".join(f"{name:>10}" for name in COLUMNS))
    print(" ".join(f"{found[name]:>10,.{1 if name.endswith(' s') else 0}f}" for name in COLUMNS))


def measure(source: str, target: str) -> dict[str, float]:
    """Bring everything, and say what it took."""
    from jobmon_airflow.moving_in.bringing import bring
    from jobmon_airflow.store import migrations
    from jobmon_airflow.store.database import Database

    database = Database.open(target)
    migrations.migrate(database)
    before, began = peak(), time.perf_counter()
    report = bring(database, source)
    took = time.perf_counter() - began
    database.close()
    return {
        "tasks": report.brought["task"],
        "attempts": report.brought["task_instance"],
        "error logs": report.brought["task_instance_error_log"],
        "import s": took,
        "tasks/s": report.brought["task"] / took,
        "rows/s": sum(report.brought.values()) / took,
        "peak MB": peak() - before,
    }


def peak() -> float:
    """Of this process alone; what getrusage tells begins with the memory of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def in_a_process(source: str, target: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--bring", source, "--database", target]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout)


# --- an original ------------------------------------------------------------------------------------------------


def fill(address: str, tasks: int, each: int) -> None:
    from tests.moving_in.originals import Original

    original = Original.at(address)
    version = original.add_tool("burden")[0]
    template = original.add_template(
        version,
        "transform",
        "transform.py {year} {location} {out}",
        node_args=["year", "location"],
        task_args=["out"],
    )
    last = original.add_template(version, "summarise", "summarise.py")
    request = original.add_request(memory=2, runtime=600, cores=1)
    for number in range(max(1, tasks // each)):
        Filler(original, version, template, last, request).workflow(number, each)
    original.engine.dispose()


class Filler:
    """Writes one workflow in a few statements, with ids that it knows beforehand."""

    def __init__(self, original, version, template, last, request) -> None:
        self.original, self.version, self.request = original, version, request
        self.template, self.last = template, last

    def workflow(self, number: int, count: int) -> None:
        from tests.moving_in import originals as its

        insert, insert_all = self.original.insert, self.original.insert_all
        dag = insert(its.dag, hash=f"{number}", created_date=AT)
        first = number * count + 1
        ids = list(range(first, first + count))
        insert_all(its.node, [self._node(each, each == ids[-1]) for each in ids])
        insert_all(its.node_arg, [row for each in ids[:-1] for row in self._node_args(each, first)])
        insert_all(its.edge, self._edges(dag, ids))
        workflow = insert(
            its.workflow,
            tool_version_id=self.version,
            dag_id=dag,
            workflow_args_hash="w",
            task_hash="t",
            description="",
            name=f"burden {number}",
            workflow_args=f"release {number}",
            max_concurrently_running=10_000,
            status="D",
            created_date=AT,
            status_date=AT,
        )
        run = insert(
            its.workflow_run,
            workflow_id=workflow,
            user="ada",
            jobmon_version="3.6.1",
            status="D",
            created_date=AT,
            status_date=AT,
            heartbeat_date=AT,
        )
        arrays = [
            insert(its.array, name=name, task_template_version_id=template.id, workflow_id=workflow)
            for name, template in (("transform", self.template), ("summarise", self.last))
        ]
        insert_all(its.task, [self._task(workflow, arrays[each == ids[-1]], each) for each in ids])
        out = self.template.args["out"][0]
        insert_all(its.task_arg, [{"task_id": each, "arg_id": out, "val": "/data/out"} for each in ids[:-1]])
        attempts = [row for each in ids for row in self._attempts(run, arrays[each == ids[-1]], each)]
        insert_all(its.task_instance, attempts)
        failed = [row["id"] for row in attempts if row["status"] == "E"]
        said = "Traceback (most recent call last):\n  File \"x.py\"\nKeyError: 'draw_7'"
        insert_all(
            its.task_instance_error_log,
            [{"task_instance_id": each, "error_time": AT, "description": said} for each in failed],
        )

    def _node(self, number: int, is_last: bool) -> dict:
        template = self.last if is_last else self.template
        return {"id": number, "task_template_version_id": template.id, "node_args_hash": f"{number:064}"}

    def _node_args(self, number: int, first: int) -> list[dict]:
        place = number - first
        values = {"year": str(1990 + place % 30), "location": str(number // 30)}
        return [
            {"node_id": number, "arg_id": self.template.args[name][0], "val": val}
            for name, val in values.items()
        ]

    def _edges(self, dag: int, ids: list[int]) -> list[dict]:
        half, last = len(ids) // 2, ids[-1]
        rows = []
        for place, number in enumerate(ids[:-1]):
            waits = [ids[place - half]] if place >= half else None
            before = [ids[place + half]] if place + half < len(ids) - 1 else []
            rows.append(
                {
                    "dag_id": dag,
                    "node_id": number,
                    "upstream_node_ids": waits,
                    "downstream_node_ids": [*before, last],
                }
            )
        rows.append(
            {"dag_id": dag, "node_id": last, "upstream_node_ids": ids[:-1], "downstream_node_ids": None}
        )
        return rows

    def _task(self, workflow: int, array: int, number: int) -> dict:
        return {
            "id": number,
            "workflow_id": workflow,
            "node_id": number,
            "task_args_hash": f"{number:064}",
            "array_id": array,
            "name": f"transform_{number}",
            "command": f"/bin/python transform.py {number} /data/out",
            "task_resources_id": self.request,
            "num_attempts": 1 + (number % 10 == 0),
            "max_attempts": 3,
            "resource_scales": "{'memory': 0.5, 'runtime': 0.5}",
            "fallback_queues": "[]",
            "status": "D",
            "status_date": AT,
        }

    def _attempts(self, run: int, array: int, number: int) -> list[dict]:
        statuses = ["E", "D"] if number % 10 == 0 else ["D"]
        return [
            {
                "id": number * 2 + place,
                "workflow_run_id": run,
                "array_id": array,
                "distributor_id": f"{number}_{place}",
                "task_id": number,
                "task_resources_id": self.request,
                "array_batch_num": 1,
                "array_step_id": number % 1000,
                "nodename": "node07",
                "wallclock": "61.5",
                "maxrss": "104857600",
                "cpu": "58",
                "stdout_log": "done",
                "stderr_log": "",
                "status": status,
                "submitted_date": AT,
                "status_date": AT + timedelta(seconds=number % 86400),
            }
            for place, status in enumerate(statuses)
        ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=1_000, help="tasks of a workflow")
    parser.add_argument("--from", dest="source", help="an empty database that becomes the original")
    parser.add_argument("--database", help="an empty database to bring it to")
    parser.add_argument("--bring", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
