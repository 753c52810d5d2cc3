"""``jobmon version``."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Final

import jobmon_airflow
from jobmon_airflow.cli.answers import Answer, Table

_COMPONENTS: Final = ("apache-airflow", "sqlalchemy", "alembic", "psycopg", "pymysql")


def version(*, components: bool = False) -> Answer:
    """Which version this is, and those of what it stands on."""
    ours = jobmon_airflow.__version__
    if not components:
        return Answer(f"jobmon_airflow {ours}", data={"jobmon_airflow": ours})
    found = {
        "jobmon_airflow": ours,
        "python": platform.python_version(),
        **{name: its for name in _COMPONENTS if (its := _installed(name))},
    }
    rows = [{"COMPONENT": name, "VERSION": its} for name, its in found.items()]
    return Answer(Table(["COMPONENT", "VERSION"], rows), data=found)


def _installed(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
