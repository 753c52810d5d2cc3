"""``import``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.errors import InvalidSetting
from jobmon_airflow.moving_in.bringing import Selection, bring
from jobmon_airflow.moving_in.report import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection

    from jobmon_airflow.moving_in.report import Report


_TOLD: Final = ("workflow", "task", "task_instance")


def bring_in(
    address: str,
    *,
    name: str | None = None,
    timezone: str | None = None,
    tools: Collection[str] = (),
    workflow_ids: Collection[int] = (),
    database: str | None = None,
) -> Answer:
    """Bring what an original Jobmon's database has and ours does not."""
    report = bring(
        registry.database(database),
        address,
        name=name,
        zone=None if timezone is None else _zone(timezone),
        only=Selection(workflow_ids=workflow_ids, tools=tools),
        tell=_tell,
    )
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    table = Table(["WHAT", "BROUGHT", "THERE ALREADY"], report.rows(), if_empty="There is nothing to bring.")
    return Answer([f"From {report.origin}:", table, "\n".join(report.remarks())], data=report.as_data())


def _tell(report: Report) -> None:
    """How far it is, for somebody who waits at a terminal."""
    if sys.stderr.isatty():
        counts = (f"{report.brought[kind]:,} {KINDS[kind]}" for kind in _TOLD)
        sys.stderr.write(f"\r{', '.join(counts)} …")
        sys.stderr.flush()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSetting(
            f"There is no time zone '{name}'.", remedy="Write UTC, or a place, such as America/Los_Angeles."
        ) from error
