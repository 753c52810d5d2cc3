"""The spans of a run: one for the whole, below that of Airflow's task or trigger, and one for each template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from jobmon_airflow.dags.metrics import plain
from jobmon_airflow.states import WorkflowRunStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jobmon_airflow.store.run_statistics import Part, Run

TRACER: Final = "jobmon_airflow"


def is_wanted() -> bool:
    """Whether the span of the task, or of its trigger, is kept; ours would be lost without it."""
    return trace.get_current_span().is_recording()


def trace_run(run: Run, parts: Sequence[Part]) -> None:
    """A span for the run, and one below it for each template, from when to when they were at work."""
    tracer = trace.get_tracer(TRACER)
    done, failed = sum(part.done for part in parts), sum(part.failed for part in parts)
    attributes: dict[str, str | int] = {
        "jobmon.workflow_id": run.workflow_id,
        "jobmon.workflow_run_id": run.id,
        "jobmon.tool": run.tool,
        "jobmon.workflow": run.workflow,
        "jobmon.status": run.status.label,
        "jobmon.tasks.done": done,
        "jobmon.tasks.failed": failed,
    }
    whole = tracer.start_span("jobmon.workflow_run", start_time=_ns(run.begun), attributes=attributes)
    above = trace.set_span_in_context(whole)
    for part in parts:
        span = tracer.start_span(
            f"jobmon.template.{part.template}",
            context=above,
            start_time=_ns(part.begun),
            attributes=_attributes(part),
        )
        span.set_status(Status(StatusCode.ERROR if part.failed else StatusCode.OK))
        span.end(_ns(part.ended))
    whole.set_status(Status(StatusCode.OK if run.status is WorkflowRunStatus.DONE else StatusCode.ERROR))
    whole.end(_ns(run.ended))


def _attributes(part: Part) -> dict[str, Any]:
    return {
        "jobmon.template": part.template,
        "jobmon.tasks.done": part.done,
        "jobmon.tasks.failed": part.failed,
        **{f"jobmon.verdicts.{plain(verdict)}": count for verdict, count in part.verdicts.items()},
        **{f"jobmon.retries.{plain(verdict)}": count for verdict, count in part.retries.items()},
    }


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
