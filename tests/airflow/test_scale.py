"""Twenty thousand tasks in one DAG run, and what that costs Airflow."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.testing.airflow_api import AirflowApi
from jobmon_airflow.testing.airflow_processes import KINDS
from jobmon_airflow.testing.airflow_usage import cpu_seconds, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.testing.airflow_api import DagRun
    from tests.airflow.real_airflow import RealAirflow

pytestmark = pytest.mark.long

TASKS = 20_000
LOCATIONS = 200
EACH = 98  # transforms of a location; with its aggregate and its summary they are a hundred
LARGE = f"""
from jobmon_airflow import Tool
from jobmon_airflow.dags import workflow_dag

tool = Tool("scale")
tool.set_default_cluster_name("multiprocess")
transform = tool.get_task_template("transform", "true {{place}} {{part}}", node_args=["place", "part"])
aggregate = tool.get_task_template("aggregate", "true {{place}}", node_args=["place"])
summarize = tool.get_task_template("summarize", "true {{place}}", node_args=["place"])


@workflow_dag(
    templates=transform >> aggregate >> summarize,
    dag_id="scale",
    params={{"locations": {LOCATIONS}, "each": {EACH}}},
)
def scale(locations, each):
    workflow = tool.create_workflow(name="scale")
    aggregates = []
    for place in range(locations):
        transforms = transform.create_tasks(place=place, part=range(each))
        aggregates.append(aggregate.create_task(place=place, upstream_tasks=transforms))
        workflow.add_tasks([*transforms, aggregates[-1]])
    workflow.add_tasks(summarize.create_tasks(place=range(locations), upstream_tasks=aggregates))
    return workflow
"""


@dataclass
class Visitor:
    """Somebody who looks at Airflow's pages meanwhile."""

    run: DagRun
    waits: list[float] = field(default_factory=list)  #: seconds for each answer
    ill: list[str] = field(default_factory=list)  #: components that Airflow took for dead

    def look(self, api: AirflowApi) -> None:
        for path in (f"{self.run.path}/taskInstances", self.run.path, "/dags", "/dags/scale/details"):
            begun = time.monotonic()
            api.get(path)
            self.waits.append(time.monotonic() - begun)
        self.ill += [name for name, said in api.health().items() if said["status"] == "unhealthy"]

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.waits, n=20)[-1]


@contextmanager
def visited(airflow: RealAirflow, run: DagRun) -> Iterator[Visitor]:
    """Somebody looks every second, as long as the block runs."""
    visitor, is_over = Visitor(run), threading.Event()
    api = AirflowApi(airflow.home.url, "admin", airflow.home.passwords()["admin"])

    def look() -> None:
        while not is_over.wait(1.0):
            visitor.look(api)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield visitor
    finally:
        is_over.set()
        thread.join()
        api.close()


@pytest.fixture
def own_airflow(airflows):
    """An Airflow that calls its components ill when Airflow does by default, and not as soon as other tests want."""
    options = dict.fromkeys(
        ["scheduler.scheduler_health_check_threshold", "triggerer.triggerer_health_check_threshold"], 30
    )
    with airflows.running(options=options) as airflow:
        yield airflow


def test_twenty_thousand_tasks_are_run_in_one_dag_run_and_airflow_stays_well(own_airflow, capsys):
    own_airflow.write_dag("scale", LARGE)
    before = {name: cpu_seconds(own_airflow.processes(name)) for name in KINDS}

    with own_airflow.measured() as usage:
        run = own_airflow.trigger("scale")
        with visited(own_airflow, run) as visitor:
            own_airflow.wait_until_ended(run, within=600)
        time.sleep(2)  # a worker lives on for a moment, and its CPU is known when it has gone

    used = {name: cpu_seconds(own_airflow.processes(name)) - before[name] for name in KINDS}
    now = {name: memory(own_airflow.processes(name)) / 2**20 for name in KINDS}
    result = run.xcom("run")
    with capsys.disabled():
        sys.stdout.write(
            f"\n{TASKS:,} tasks in {run.seconds():.1f} s: {usage}\n"
            f"{len(visitor.waits)} answers of the API server: p95 {visitor.p95 * 1000:.0f} ms\n"
            + "".join(
                f"{name:<14}{used[name]:8.1f} s of CPU{now[name]:8.0f} MiB at the end\n" for name in KINDS
            )
        )
    assert run.states() == dict.fromkeys(["run", "transform", "aggregate", "summarize"], "success")
    assert (result["total"], result["done"], result["failed"]) == (TASKS, TASKS, 0)
    assert {name: counts["done"] for name, counts in result["templates"].items()} == {
        "transform": LOCATIONS * EACH,
        "aggregate": LOCATIONS,
        "summarize": LOCATIONS,
    }
    assert visitor.ill == []
    assert visitor.p95 < 5.0
    assert usage.peak_memory < 3 * 2**30
    # Its worker comes from the scheduler, which with the others would need a hundred times as much for Airflow's own.
    assert usage.cpu_seconds / TASKS < 0.02
