"""The metrics of runs of workflows: their names, and how they are sent by Airflow's own stats.

docs/metrics.md is drawn from `METRICS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jobmon_airflow.store.run_statistics import Part, Run, Timed

    #: a metric, its count or seconds, and the tags that are not every metric's
    Measured = tuple["Metric", float, Mapping[str, str]]

SAMPLE: Final = 1_000  #: attempts of a run whose times are told at most

_SWITCHES: Final = ("statsd_on", "statsd_datadog_enabled", "otel_on")
_OF_A_RUN: Final = ("dag_id", "task_id", "tool", "workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric under its two names: one that needs its tags, and one that says all by itself."""

    name: str
    kind: Literal["counter", "timer"]
    tags: tuple[str, ...]
    legacy_name: str
    description: str


ENDED: Final = Metric(
    name="jobmon.workflow_run.ended",
    kind="counter",
    tags=(*_OF_A_RUN, "status"),
    legacy_name="jobmon.workflow_run.ended.{dag_id}.{status}",
    description="Runs of workflows that have ended, by how: `done`, `error`, `stopped`, `terminated`, `aborted`.",
)
RUN_DURATION: Final = Metric(
    name="jobmon.workflow_run.duration",
    kind="timer",
    tags=(*_OF_A_RUN, "status"),
    legacy_name="jobmon.workflow_run.duration.{dag_id}.{status}",
    description="How long a run took, from its registration to its end.",
)
TASKS: Final = Metric(
    name="jobmon.tasks.ended",
    kind="counter",
    tags=(*_OF_A_RUN, "template", "status"),
    legacy_name="jobmon.tasks.ended.{dag_id}.{template}.{status}",
    description="Tasks that came to their end in a run: `done`, or `error_fatal` for those that failed for good.",
)
RETRIES: Final = Metric(
    name="jobmon.retries",
    kind="counter",
    tags=(*_OF_A_RUN, "template", "verdict"),
    legacy_name="jobmon.retries.{dag_id}.{template}.{verdict}",
    description="Attempts that followed a failed one, by the verdict on that: `out_of_memory`, `node_failed`, …",
)
QUEUE_WAIT: Final = Metric(
    name="jobmon.task.queue_wait",
    kind="timer",
    tags=(*_OF_A_RUN, "template"),
    legacy_name="jobmon.task.queue_wait.{dag_id}.{template}",
    description="How long a task that succeeded had waited on its cluster, from its submission to its start.",
)
DURATION: Final = Metric(
    name="jobmon.task.duration",
    kind="timer",
    tags=(*_OF_A_RUN, "template"),
    legacy_name="jobmon.task.duration.{dag_id}.{template}",
    description="How long a task that succeeded ran.",
)
METRICS: Final = (ENDED, RUN_DURATION, TASKS, RETRIES, QUEUE_WAIT, DURATION)


def is_wanted() -> bool:
    """Whether Airflow sends metrics anywhere."""
    from airflow.sdk.configuration import conf

    return any(conf.getboolean("metrics", name, fallback=False) for name in _SWITCHES)


def send(run: Run, parts: Sequence[Part], times: Iterable[Timed], *, dag_id: str, task_id: str) -> None:
    """Send what is known of a run.

    Under two names where Airflow does so with its own metrics: the older one holds some of the tags, and the others
    remain its tags.
    """
    from airflow.sdk.configuration import conf

    has_legacy_names = conf.getboolean("metrics", "legacy_names_on")
    of_all = {"dag_id": dag_id, "task_id": task_id, "tool": run.tool, "workflow": run.workflow}
    for metric, value, of_this in _measured(run, parts, times):
        tags = {name: plain(tag) for name, tag in {**of_all, **of_this}.items() if tag}
        _put(metric, metric.name, tags, value)
        if has_legacy_names:
            _put(metric, *_legacy(metric, tags), value)


@cache
def prepare() -> None:
    """Make the SDK's stats ready in a triggerer, which itself uses another copy of them."""
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    stats.initialize(
        factory=stats_utils.get_stats_factory(),
        export_legacy_names=conf.getboolean("metrics", "legacy_names_on"),
    )


def plain(tag: str) -> str:
    """What every metrics system reads as one word."""
    from airflow.sdk.observability import stats

    return stats.normalize_name_for_stats(tag, log_warning=False)


def _measured(run: Run, parts: Sequence[Part], times: Iterable[Timed]) -> Iterator[Measured]:
    status = {"status": run.status.label.lower()}
    yield ENDED, 1, status
    yield RUN_DURATION, (run.ended - run.begun).total_seconds(), status
    for part in parts:
        template = {"template": part.template}
        yield TASKS, part.done, {**template, "status": "done"}
        yield TASKS, part.failed, {**template, "status": "error_fatal"}
        for verdict, count in part.retries.items():
            yield RETRIES, count, {**template, "verdict": verdict}
    for timed in times:
        template = {"template": timed.template}
        yield QUEUE_WAIT, timed.waited, template
        yield DURATION, timed.ran, template


def _legacy(metric: Metric, tags: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The older name, and the tags that it does not hold."""
    rest = {name: tag for name, tag in tags.items() if f"{{{name}}}" not in metric.legacy_name}
    # A point within a name would look like the end of a part of the whole one.
    words = {name: tag.replace(".", "__") for name, tag in tags.items()}
    return metric.legacy_name.format(**words), rest


def _put(metric: Metric, name: str, tags: dict[str, str], value: float) -> None:
    from airflow.sdk.observability import stats

    if metric.kind == "timer":
        stats.timing(name, timedelta(seconds=value), tags=tags)
    elif value:
        stats.incr(name, int(value), tags=tags)
