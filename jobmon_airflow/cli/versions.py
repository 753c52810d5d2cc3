"""``jobmon version``."""

from __future__ import annotations

from typing import Final

import jobmon_airflow
from jobmon_airflow.cli.answers import Answer, Table

_COMPONENTS: Final = ("apache-airflow", "sqlalchemy", "alembic", "psycopg", "pymysql")


def ours(*, components: bool = False) -> Answer:
    """Which version this is, and those of what it stands on."""
    this = jobmon_airflow.__version__
    if not components:
        return Answer(f"jobmon_airflow {this}", data={"jobmon_airflow": this})
    import platform

    found = {
        "jobmon_airflow": this,
        "python": platform.python_version(),
        **{name: its for name in _COMPONENTS if (its := _installed(name))},
    }
    rows = [{"COMPONENT": name, "VERSION": its} for name, its in found.items()]
    return Answer(Table(["COMPONENT", "VERSION"], rows), data=found)


def _installed(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
