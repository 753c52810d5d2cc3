"""Write docs/metrics.md, what Airflow's metrics and traces tell of workflows, from jobmon_airflow/dags/metrics.py.

Run it after every change there; ``--check`` only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the metrics of this checkout, installed or not

from jobmon_airflow.dags import metrics
from scripts import pages
from scripts.pages import table

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
SOURCE = "jobmon_airflow/dags/metrics.py"
COMMAND = "python scripts/draw_metrics.py"

ABOUT = f"""\
# Metrics and traces

<!-- Written by `{COMMAND}` from {SOURCE}. Do not edit. -->

Airflow's own configuration turns them on: `statsd_on`, `statsd_datadog_enabled` or `otel_on` in its section
`[metrics]`, `otel_on` in `[traces]`. They are told once, when an Airflow task that ran a workflow or a single command
ends, by its worker or by the triggerer. Where nobody listens they cost nothing.

## Metrics

Each has two names. The first needs its tags, which StatsD knows only with `statsd_influxdb_enabled`. The second says
all by itself; it is sent too unless `legacy_names_on` is off, as with Airflow's own metrics. What stands before a name
is Airflow's prefix: `statsd_prefix` or `otel_prefix`. Characters that a metrics system would not read as part of a
word become `_`, and points within a name become `__`.

"""

TIMES = f"""\

Timers are in milliseconds. Times of single tasks are a sample, evenly spread over the run: up to {metrics.SAMPLE:,}
attempts, so that a large workflow costs no more than a small one. A run that Airflow's tries or clears come back to is
told by the one that saw its end.

"""

SPANS = """\
## Traces

Below the span of the task in its worker, or of its trigger, there is a span `jobmon.workflow_run` from the run's
registration to its end, and below this a span `jobmon.template.<template>` for each template, from its first attempt
to its last.

"""

RUN_ATTRIBUTES = {
    "`jobmon.workflow_id`, `jobmon.workflow_run_id`": "the ids in the database",
    "`jobmon.tool`, `jobmon.workflow`": "the names",
    "`jobmon.status`": "how the run ended, such as `DONE`; the span's own status is an error unless it is this",
    "`jobmon.tasks.done`, `jobmon.tasks.failed`": "tasks that came to their end in this run",
}
TEMPLATE_ATTRIBUTES = {
    "`jobmon.template`": "the name",
    "`jobmon.tasks.done`, `jobmon.tasks.failed`": "its tasks that came to their end in this run",
    "`jobmon.verdicts.<verdict>`": "attempts that ended so",
    "`jobmon.retries.<verdict>`": "attempts that followed one which ended so",
}


def main() -> int:
    return pages.write_or_check(PAGE, render(), source=SOURCE, command=COMMAND, about=__doc__)


def render() -> str:
    """Return the page."""
    rows = (
        [f"`{metric.name}`<br>`{metric.legacy_name}`", metric.kind, tags(metric), metric.description]
        for metric in metrics.METRICS
    )
    return "".join(
        [
            ABOUT,
            table(["Name", "Kind", "Tags", ""], rows),
            "\n",
            TIMES,
            SPANS,
            attributes("`jobmon.workflow_run`", RUN_ATTRIBUTES),
            "\n\n",
            attributes("`jobmon.template.<template>`", TEMPLATE_ATTRIBUTES),
            "\n",
        ]
    )


def tags(metric: metrics.Metric) -> str:
    return ", ".join(f"`{tag}`" for tag in metric.tags)


def attributes(span: str, known: dict[str, str]) -> str:
    return table([f"Attributes of {span}", ""], ([name, meaning] for name, meaning in known.items()))


if __name__ == "__main__":
    sys.exit(main())
