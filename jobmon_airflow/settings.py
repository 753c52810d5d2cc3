"""Where the database is, who asks, and the options of ``[jobmon]``: what an environment says without anybody imported.

The address of the database comes from the first of these that names one:

1. the argument of the call,
2. the environment's ``JOBMON__DB__SQLALCHEMY_DATABASE_URI`` (Jobmon's own name),
3. the environment's ``AIRFLOW__JOBMON__SQL_ALCHEMY_CONN`` (Airflow's name for the same option),
4. ``[jobmon] sql_alchemy_conn`` in ``airflow.cfg``,
5. ``jobmon.db`` in ``AIRFLOW_HOME``, the embedded default.

All other options come from 3, 4 and `DEFAULTS`. A secret one may also be the output of a command, as in Airflow itself:
``AIRFLOW__JOBMON__API_TOKEN_CMD``, or ``api_token_cmd`` in ``airflow.cfg``.

``airflow.cfg`` is read here as the plain file that it is, because a scientist's script and an engine's process should
not spend two seconds on importing Airflow.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.errors import InvalidAddress, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from configparser import RawConfigParser

JOBMON_VARIABLE: Final = "JOBMON__DB__SQLALCHEMY_DATABASE_URI"
AIRFLOW_VARIABLE: Final = "AIRFLOW__JOBMON__SQL_ALCHEMY_CONN"

UNLIMITED: Final = 2**31 - 1  #: Jobmon's "no limit" for tasks that run at a time

#: The options of ``[jobmon]`` and what they are if nobody says otherwise; provider.py tells Airflow the same.
DEFAULTS: Final[Mapping[str, str]] = {
    "sql_alchemy_conn": "",
    "poll_interval": "5.0",
    "engine_log_folder": "{AIRFLOW_HOME}/logs/jobmon",
    "classic_cluster": "",
    "api_url": "",
    "api_token": "",
    "api_username": "",
    "api_password": "",
}
SECRETS: Final = frozenset({"sql_alchemy_conn", "api_token", "api_password"})

_API_URL: Final = "http://localhost:8080"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database's address, and who named it."""

    url: str
    origin: str
    is_embedded: bool = False  #: the default file, which is made and migrated without asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An option of ``[jobmon]`` as it holds here, and who says so."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where Airflow's API server is, and who asks it: a token, or a user and a password to get one."""

    url: str
    token: str | None = None
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Api(url={self.url!r}, username={self.username!r})"


# --- the database -------------------------------------------------------------------------------------------


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
    """Who is asking, for owners and default names: as the kernel says, whatever the environment claims."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user id without an entry in the password file
        return str(os.getuid())


# --- other options ------------------------------------------------------------------------------------------


def option(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """What ``[jobmon]`` says of an option, or its default.

    >>> option("poll_interval", {"AIRFLOW_HOME": "/nowhere"})
    '5.0'
    >>> option("poll_interval", {"AIRFLOW__JOBMON__POLL_INTERVAL": "2"})
    '2'
    """
    return setting(name, environ).value


def setting(name: str, environ: Mapping[str, str] = os.environ) -> Setting:
    """The same, and who says so.

    >>> setting("poll_interval", {"AIRFLOW__JOBMON__POLL_INTERVAL": "2"}).origin
    'AIRFLOW__JOBMON__POLL_INTERVAL'
    """
    defaults = (DEFAULTS[name], "the default")
    value, origin = next((found for found in _said("jobmon", name, environ) if found[0]), defaults)
    value = (value or "").replace("{AIRFLOW_HOME}", str(airflow_home(environ)))
    return Setting(name=name, value=value, origin=origin)


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Airflow's configuration, whether it is there or not."""
    return Path(environ.get("AIRFLOW_CONFIG") or airflow_home(environ) / "airflow.cfg").expanduser()


def poll_interval(environ: Mapping[str, str] = os.environ) -> float:
    """Seconds between two looks at a workflow by what waits for it in Airflow."""
    said = option("poll_interval", environ)
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidSetting(
            f"[jobmon] poll_interval is {said!r}, which is no number of seconds.",
            remedy="Write a number larger than 0, such as 5.0.",
        )
    return seconds


def engine_log_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where engines write their logs that run for Airflow's triggerer."""
    return Path(os.path.expandvars(option("engine_log_folder", environ))).expanduser()


def api(environ: Mapping[str, str] = os.environ) -> Api:
    """Airflow's API server as scripts reach it: ``[jobmon] api_url``, else ``[api] base_url``, else this machine's.

    >>> api({"AIRFLOW__API__BASE_URL": "https://airflow.org/x/", "AIRFLOW_HOME": "/nowhere"}).url
    'https://airflow.org/x'
    """
    url = option("api_url", environ) or next(
        (url for url, _ in _said("api", "base_url", environ) if url), _API_URL
    )
    return Api(
        url=url.rstrip("/"),
        token=option("api_token", environ) or None,
        username=option("api_username", environ) or None,
        password=option("api_password", environ) or None,
    )


# --- where things are said ------------------------------------------------------------------------------------


def _named(argument: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str | None, str]]:
    yield argument, "the argument"
    yield environ.get(JOBMON_VARIABLE), JOBMON_VARIABLE
    yield from _said("jobmon", "sql_alchemy_conn", environ)


def _said(section: str, name: str, environ: Mapping[str, str]) -> Iterator[tuple[str | None, str]]:
    """All that is said of an option, and where."""
    variable = f"AIRFLOW__{section}__{name}".upper()
    is_secret = section == "jobmon" and name in SECRETS
    yield environ.get(variable), variable
    if is_secret:
        yield _output(environ.get(f"{variable}_CMD"), f"{variable}_CMD"), f"{variable}_CMD"
        _refuse_backend(environ.get(f"{variable}_SECRET"), f"{variable}_SECRET", name)
    config = config_file(environ)
    yield _from_config(config, section, name), f"[{section}] {name} in {config}"
    if is_secret:
        origin = f"[{section}] {name}_cmd in {config}"
        yield _output(_from_config(config, section, f"{name}_cmd"), origin), origin
        origin = f"[{section}] {name}_secret in {config}"
        _refuse_backend(_from_config(config, section, f"{name}_secret"), origin, name)


def _from_config(config: Path, section: str, name: str) -> str | None:
    try:
        known = config.stat()
    except OSError:
        return None
    read = _read(config, known.st_mtime_ns, known.st_size, known.st_ino)
    # Airflow, which fills in what stands behind a percent sign, has it written twice where it means itself.
    return read.get(section, name, fallback="").strip().replace("%%", "%") or None


@lru_cache(maxsize=8)  # Airflow's own file is long, and each operator in a DAG file asks for an option
def _read(config: Path, *_state: int) -> RawConfigParser:
    """The configuration as it is in this state of its file."""
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (Error, UnicodeDecodeError) as error:
        raise InvalidAddress(
            f"{config} may name the Jobmon database, but cannot be read: {error}",
            remedy=f"Correct it, or name the database in {JOBMON_VARIABLE}.",
        ) from error
    return parser


def _output(command: str | None, origin: str) -> str | None:
    """What a command says that was named in place of a secret."""
    if not command:
        return None
    import shlex
    import subprocess

    try:
        done = subprocess.run(shlex.split(command), capture_output=True, check=True, text=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        # Neither the command nor what it printed: one of them may be the secret.
        raise InvalidSetting(
            f"The command in {origin} could not be run to its end ({type(error).__name__}).",
            remedy="Run it in a terminal; it must print the value and nothing else, and exit with 0.",
        ) from None
    return done.stdout.strip() or None


def _refuse_backend(said: str | None, origin: str, name: str) -> None:
    """Refuse what would be passed over in silence: another database would be used than the one that was meant."""
    if said:
        raise InvalidSetting(
            f"{origin} leads to Airflow's secrets backend, which scripts and engines cannot ask.",
            remedy=f"Name a command instead that prints the value: AIRFLOW__JOBMON__{name.upper()}_CMD.",
        )
