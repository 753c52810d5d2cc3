"""Where the database is, and who asks: what an environment says without anybody being imported.

The address of the database comes from the first of these that names one:

1. the argument of the call,
2. the environment's ``JOBMON__DB__SQLALCHEMY_DATABASE_URI`` (Jobmon's own name),
3. the environment's ``AIRFLOW__JOBMON__SQL_ALCHEMY_CONN`` (Airflow's name for the same option),
4. ``[jobmon] sql_alchemy_conn`` in ``airflow.cfg``,
5. ``jobmon.db`` in ``AIRFLOW_HOME``, the embedded default.

``airflow.cfg`` is read here as the plain file that it is, because a scientist's script should not
spend two seconds on importing Airflow.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.errors import InvalidAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JOBMON_VARIABLE: Final = "JOBMON__DB__SQLALCHEMY_DATABASE_URI"
AIRFLOW_VARIABLE: Final = "AIRFLOW__JOBMON__SQL_ALCHEMY_CONN"

UNLIMITED: Final = 2**31 - 1  #: Jobmon's "no limit" for tasks that run at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database's address, and who named it."""

    url: str
    origin: str
    is_embedded: bool = False  #: the default file, which is made and migrated without asking


def database_address(argument: str | None = None, environ: Mapping[str, str] = os.environ) -> Address:
    """Where the Jobmon tables are, by the order in this module's docstring.

    >>> database_address("sqlite:////tmp/mine.db").origin
    'the argument'
    >>> database_address(environ={"AIRFLOW_HOME": "/srv/airflow"}).url
    'sqlite:////srv/airflow/jobmon.db'
    """
    for url, origin in _named(argument, environ):
        if url:
            return Address(url=url, origin=origin)
    home = airflow_home(environ)
    return Address(url=f"sqlite:///{home / 'jobmon.db'}", origin=f"the default in {home}", is_embedded=True)


def airflow_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that Airflow calls home."""
    return Path(environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def user_name() -> str:
    """Who is asking, for owners and default names."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without an entry in the password file
        return str(os.getuid())


def _named(argument: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str | None, str]]:
    yield argument, "the argument"
    yield environ.get(JOBMON_VARIABLE), JOBMON_VARIABLE
    yield environ.get(AIRFLOW_VARIABLE), AIRFLOW_VARIABLE
    config = Path(environ.get("AIRFLOW_CONFIG") or airflow_home(environ) / "airflow.cfg").expanduser()
    yield _from_config(config), f"[jobmon] sql_alchemy_conn in {config}"


def _from_config(config: Path) -> str | None:
    if not config.is_file():
        return None
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (Error, UnicodeDecodeError) as error:
        raise InvalidAddress(
            f"{config} may name the Jobmon database, but cannot be read: {error}",
            remedy=f"Correct it, or name the database in {JOBMON_VARIABLE}.",
        ) from error
    return parser.get("jobmon", "sql_alchemy_conn", fallback="").strip() or None
