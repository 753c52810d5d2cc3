"""Metrics of a real Airflow, as a StatsD server hears them, and spans as the tasks' own processes print them."""

from __future__ import annotations

import pytest

from tests import statsd
from tests.airflow.studies import ALL, Study

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server():
    with statsd.listening() as server:
        yield server


@pytest.fixture(scope="module")
def measured(airflows, server):
    """An Airflow that tells a StatsD server how it fares."""
    options = {
        "metrics.statsd_on": True,
        "metrics.statsd_host": "127.0.0.1",
        "metrics.statsd_port": server.port,
    }
    with airflows.running(options=options) as airflow:
        yield airflow


@pytest.mark.parametrize("where", ["worker", "triggerer"])
def test_metrics_of_a_run_arrive_from_workers_and_triggerers(measured, server, tmp_path, where):
    study = Study.written(
        measured, tmp_path, f"metrics_{where}", options=f"deferrable={where == 'triggerer'}"
    )
    dag = study.dag_id.replace(".", "__")

    measured.run(study.dag_id)

    measured.wait_for(lambda: server.counts(f"airflow.jobmon.workflow_run.ended.{dag}."), within=120)
    assert server.counts(f"airflow.jobmon.workflow_run.ended.{dag}.") == {"done": 1}
    assert server.counts(f"airflow.jobmon.tasks.ended.{dag}.") == {
        "transform.done": 3,
        "aggregate.done": 2,
        "summarize.done": 1,
        "report.done": 2,
    }
    times = server.times(f"airflow.jobmon.task.queue_wait.{dag}.")
    assert sum(map(len, times.values())) == len(ALL)
    assert server.counts(f"airflow.ti.finish.{dag}.run.") == {"success": 1} or where == "triggerer"


def test_what_failed_is_counted_as_such_and_nothing_twice_when_it_is_cleared(measured, server, tmp_path):
    study = Study.written(measured, tmp_path, "metrics_fail")
    study.break_("aggregate-a")
    run = measured.run(study.dag_id, state="failed")

    study.mend()
    run.clear(only_failed=True)
    measured.wait_until_ended(run)

    dag = study.dag_id.replace(".", "__")
    measured.wait_for(lambda: server.counts(f"airflow.jobmon.workflow_run.ended.{dag}.done"), within=120)
    assert server.counts(f"airflow.jobmon.workflow_run.ended.{dag}.") == {"error": 1, "done": 1}
    assert server.counts(f"airflow.jobmon.tasks.ended.{dag}.") == {
        "transform.done": 3,
        "aggregate.done": 2,
        "aggregate.error_fatal": 1,
        "summarize.done": 1,
        "report.done": 2,
    }
    assert server.counts(f"airflow.jobmon.retries.{dag}.") == {"aggregate.application_error": 1}


@pytest.mark.parametrize("where", ["worker", "triggerer"])
def test_a_run_that_a_person_ends_is_counted_too(measured, server, tmp_path, where):
    study = Study.written(
        measured, tmp_path, f"metrics_kill_{where}", options=f"deferrable={where == 'triggerer'}"
    )
    study.shut("transform-0")
    run = measured.trigger(study.dag_id)
    study.wait_until_began("transform-0", "report-x", "report-y")

    run.mark_task("run", "failed")

    dag = study.dag_id.replace(".", "__")
    ended = f"airflow.jobmon.workflow_run.ended.{dag}."
    measured.wait_for(lambda: server.counts(ended), within=120)
    assert sum(server.counts(ended).values()) == 1
    assert set(server.counts(ended)) <= {"stopped", "terminated"}
