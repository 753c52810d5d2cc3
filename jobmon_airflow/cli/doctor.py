"""``doctor``: whether all that workflows need is there and answers, and what to do where it does not."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import jobmon_airflow
from jobmon_airflow.cli.answers import Answer, Exit, Table
from jobmon_airflow.cli.examining.findings import Health, examined, ok

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobmon_airflow.cli.examining.findings import Finding

_COLUMNS: Final = ["ABOUT", "HEALTH", "FINDING"]


def examine(*, clusters: Sequence[str] | None = None, database: str | None = None) -> Answer:
    """Look at the database and its tables, at Airflow and at the clusters; nothing is repaired."""
    found = list(_findings(clusters, database))
    counts = Counter(each.health for each in found)
    remedies = [f"{each.about}: {each.remedy}" for each in found if each.remedy]
    return Answer(
        [
            Table(_COLUMNS, [_row(each) for each in found]),
            "\n".join(["What to do:", *(f"  {remedy}" for remedy in remedies)]) if remedies else "",
            _in_all(counts),
        ],
        code=Exit.COULD_NOT if counts[Health.PROBLEM] else Exit.OK,
        data=[{**_row(each), "REMEDY": each.remedy} for each in found],
    )


def _findings(clusters: Sequence[str] | None, database: str | None) -> Iterator[Finding]:
    from jobmon_airflow.cli.examining import airflow_side, places, store

    yield ok("jobmon", f"{jobmon_airflow.__version__}, Python {platform.python_version()} ({sys.executable})")
    tables = list(examined("database", lambda: store.findings(database)))
    yield from tables
    yield from examined("airflow", airflow_side.findings)
    # Where the tables are not there, nobody knows of clusters.
    if all(each.health is not Health.PROBLEM for each in tables):
        yield from examined("clusters", lambda: places.findings(database, clusters))


def _row(each: Finding) -> dict[str, Any]:
    return {"ABOUT": each.about, "HEALTH": each.health.value, "FINDING": each.says}


def _in_all(counts: Counter[Health]) -> str:
    if not counts[Health.PROBLEM] + counts[Health.WARNING]:
        return "Nothing is wrong."
    return f"Problems: {counts[Health.PROBLEM]}. Warnings: {counts[Health.WARNING]}."
