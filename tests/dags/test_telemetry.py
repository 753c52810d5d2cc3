"""What Airflow's metrics and traces learn of the runs of workflows."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import event

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.dags import metrics, telemetry
from jobmon_airflow.engine.outcomes import Outcome
from jobmon_airflow.states import WorkflowRunStatus
from scripts import draw_metrics
from tests import statsd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

    from tests.statsd import StatsdServer

TRACES = InMemorySpanExporter()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsdServer]:
    """Where this process's metrics go, as where Airflow's configuration is read anew."""
    with statsd.listening() as server:
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(server.port))
        _set_up_again()
        yield server
    monkeypatch.undo()
    _set_up_again()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of this process."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(TRACES))
        trace.set_tracer_provider(provider)
    TRACES.clear()
    yield TRACES
    TRACES.clear()


def _set_up_again() -> None:
    from airflow.sdk._shared.observability.metrics import stats

    if client := getattr(stats._backend, "statsd", None):
        client.close()  # Airflow leaves that to the end of its process
    metrics.prepare.cache_clear()
    metrics.prepare()


def ran(lite: str, tmp_path: Path, name: str = "burden") -> Outcome:
    """A run of a workflow in which one task is tried twice, and one of two reports fails for good."""
    tool = Tool("my tool", database=lite)
    tool.set_default_cluster_name("multiprocess")
    flag = tmp_path / "flag"
    command = "test -e {flag} || (touch {flag}; exit {code})"
    twice = tool.get_task_template("try.twice", command, node_args=["flag", "code"])
    report = tool.get_task_template("report", "exit {code}", node_args=["code"])
    workflow = tool.create_workflow(name=name, workflow_args=name)
    first = twice.create_task(flag=str(flag), code=137, max_attempts=2)
    workflow.add_tasks([first, *report.create_tasks(code=[0, 1], max_attempts=1, upstream_tasks=[first])])
    status = workflow.run()
    return Outcome(
        status=WorkflowRunStatus.of(status),
        workflow_id=workflow.workflow_id,
        workflow_run_id=workflow.last_workflow_run_id,
    )


def context(begun: datetime | None = None) -> Any:
    """Of a task in a DAG run that began a moment ago."""
    return {
        "ti": SimpleNamespace(dag_id="health.burden", task_id="run"),
        "dag_run": SimpleNamespace(start_date=begun or datetime.now(UTC) - timedelta(hours=1)),
    }


def received(server: StatsdServer) -> StatsdServer:
    """The server, once it has all that was sent until now."""
    from airflow.sdk.observability import stats

    stats.incr("the_end")
    deadline = time.monotonic() + 60
    while not server.counts("airflow.the_end"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return server


# --- metrics ------------------------------------------------------------------------------------------------


def test_a_run_is_counted_with_its_tasks_and_retries(lite, tmp_path, server):
    telemetry.tell(registry.database(lite), context(), ran(lite, tmp_path))

    assert received(server).counts("airflow.jobmon.") == {
        "workflow_run.ended": 1,
        "workflow_run.ended.health__burden.error": 1,
        "tasks.ended": 3,
        "tasks.ended.health__burden.try__twice.done": 1,
        "tasks.ended.health__burden.report.done": 1,
        "tasks.ended.health__burden.report.error_fatal": 1,
        "retries": 1,
        "retries.health__burden.try__twice.out_of_memory": 1,
    }
    times = server.times("airflow.jobmon.")
    assert set(times) == {
        "workflow_run.duration",
        "workflow_run.duration.health__burden.error",
        *("task.queue_wait", "task.duration"),
        *(
            f"task.{what}.health__burden.{of}"
            for what in ("queue_wait", "duration")
            for of in ("try__twice", "report")
        ),
    }
    assert len(times["task.duration"]) == len(times["task.queue_wait"]) == 2
    assert 0 < min(times["task.duration"]) < times["workflow_run.duration"][0]


def test_metrics_have_tags_where_the_server_knows_them(lite, tmp_path, server, monkeypatch):
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", "True")
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    _set_up_again()

    telemetry.tell(registry.database(lite), context(), ran(lite, tmp_path, "what, if = |?"))

    run = "dag_id=health.burden,task_id=run,tool=my_tool,workflow=what__if_____"
    counted = received(server).counts("airflow.jobmon.")
    assert counted == {
        f"workflow_run.ended,{run},status=error": 1,
        f"tasks.ended,{run},template=try.twice,status=done": 1,
        f"tasks.ended,{run},template=report,status=done": 1,
        f"tasks.ended,{run},template=report,status=error_fatal": 1,
        f"retries,{run},template=try.twice,verdict=out_of_memory": 1,
    }


def test_a_run_that_ended_before_the_dag_run_began_is_not_counted_again(lite, tmp_path, server):
    outcome = ran(lite, tmp_path)

    telemetry.tell(registry.database(lite), context(datetime.now(UTC)), outcome)

    assert received(server).counts("airflow.jobmon.") == {}


def test_without_a_listener_the_database_is_not_asked(lite, tmp_path):
    database, outcome = registry.database(lite), ran(lite, tmp_path)
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    telemetry.tell(database, context(), outcome)

    assert asked == []


def test_what_goes_wrong_is_a_warning(lite, server, caplog):
    nobody = Outcome(status=WorkflowRunStatus.DONE, workflow_id=1, workflow_run_id=4711)

    with caplog.at_level(logging.WARNING):
        telemetry.tell(registry.database(lite), context(), nobody)

    assert [record.getMessage() for record in caplog.records if record.name == telemetry.__name__] == [
        "Metrics and spans of workflow run 4711 are lost."
    ]


def test_a_trigger_is_not_failed_by_its_telemetry_either(lite, tmp_path, server, caplog):
    def get_template_context():
        raise RuntimeError("The DAG run is gone.")

    telemetry.tell_from_triggerer(
        registry.database(lite),
        SimpleNamespace(get_template_context=get_template_context),
        ran(lite, tmp_path),
    )

    assert "The DAG run is gone." in caplog.text


# --- traces -------------------------------------------------------------------------------------------------


def test_a_run_and_its_templates_have_spans_below_that_of_the_task(lite, tmp_path, spans):
    outcome = ran(lite, tmp_path)

    with trace.get_tracer("airflow").start_as_current_span("worker.run"):
        telemetry.tell(registry.database(lite), context(), outcome)

    found: dict[str, ReadableSpan] = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {
        *("worker.run", "jobmon.workflow_run", "jobmon.template.try.twice", "jobmon.template.report")
    }
    whole, twice, report = (
        found[f"jobmon.{name}"] for name in ("workflow_run", "template.try.twice", "template.report")
    )
    assert whole.parent.span_id == found["worker.run"].context.span_id
    assert twice.parent.span_id == report.parent.span_id == whole.context.span_id
    assert whole.start_time <= twice.start_time < twice.end_time <= report.start_time < report.end_time
    assert report.end_time <= whole.end_time < found["worker.run"].start_time
    assert whole.attributes == {
        "jobmon.workflow_id": outcome.workflow_id,
        "jobmon.workflow_run_id": outcome.workflow_run_id,
        "jobmon.tool": "my tool",
        "jobmon.workflow": "burden",
        "jobmon.status": "ERROR",
        "jobmon.tasks.done": 2,
        "jobmon.tasks.failed": 1,
    }
    assert twice.attributes == {
        "jobmon.template": "try.twice",
        "jobmon.tasks.done": 1,
        "jobmon.tasks.failed": 0,
        "jobmon.verdicts.done": 1,
        "jobmon.verdicts.out_of_memory": 1,
        "jobmon.retries.out_of_memory": 1,
    }
    assert [span.status.status_code.name for span in (whole, twice, report)] == ["ERROR", "OK", "ERROR"]


def test_there_are_no_spans_without_one_above_them(lite, tmp_path, spans):
    telemetry.tell(registry.database(lite), context(), ran(lite, tmp_path))

    assert spans.get_finished_spans() == ()


# --- the page -----------------------------------------------------------------------------------------------


def test_the_page_shows_the_metrics_that_there_are():
    assert draw_metrics.PAGE.read_text() == draw_metrics.render()


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_a_metrics_older_name_says_what_its_tags_say(metric):
    tags = {name: f"<{name}>" for name in metric.tags}

    name, rest = metrics._legacy(metric, tags)

    assert name.startswith(f"{metric.name}.<dag_id>")
    assert {tag for tag in tags.values() if tag in name} | set(rest.values()) == set(tags.values())
