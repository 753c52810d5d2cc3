"""A folder in which an Airflow lives: its configuration, its passwords, and the command ``airflow`` in it.

All that is particular to it stands in its ``airflow.cfg``, so that who types ``AIRFLOW_HOME=<folder> airflow ...`` in
another terminal speaks to the same Airflow. It listens on 127.0.0.1 only, and reacts within seconds: it is for tests
and demonstrations, on a machine that has nothing else to do. Airflow itself is run, never imported.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.settings import AIRFLOW_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCALHOST: Final = "127.0.0.1"
CLI_WITHIN: Final = 120.0  #: seconds; the command alone takes six, on a machine with nothing else to do

#: What every Airflow of ours wants, whatever it is for. Intervals are in seconds.
OPTIONS: Final[Mapping[str, object]] = {
    "core.executor": "LocalExecutor",
    "core.parallelism": 4,
    "core.load_examples": False,
    "core.dags_are_paused_at_creation": False,
    # A file that is changed twice in a row is a new version twice.
    "core.min_serialized_dag_update_interval": 0,
    "core.simple_auth_manager_users": "admin:admin,viewer:viewer",
    # No name server is asked who we are.
    "core.hostname_callable": "socket.gethostname",
    "logging.colored_console_log": False,
    # What each request and each look into a folder would write hides the rest.
    "logging.namespace_levels": (
        "http.access=WARNING airflow.dag_processing.manager.DagFileProcessorManager=WARNING"
    ),
    "api.workers": 1,
    "api.log_fetch_timeout_sec": 2,
    "workers.min_heartbeat_interval": 2,
    "scheduler.scheduler_heartbeat_sec": 1,
    "scheduler.job_heartbeat_sec": 2,
    "scheduler.scheduler_idle_sleep_time": 0.5,
    "scheduler.scheduler_health_check_threshold": 10,
    "scheduler.orphaned_tasks_check_interval": 5,
    "scheduler.trigger_timeout_check_interval": 2,
    "scheduler.task_instance_heartbeat_timeout": 20,
    "scheduler.task_instance_heartbeat_timeout_detection_interval": 2,
    "triggerer.job_heartbeat_sec": 1,
    "triggerer.triggerer_health_check_threshold": 10,
    "dag_processor.refresh_interval": 1,
    "dag_processor.bundle_refresh_check_interval": 1,
    # A file that was changed is parsed at once whatever this says; to parse the others again only costs time.
    "dag_processor.min_file_process_interval": 600,
    "dag_processor.parsing_processes": 1,
}


class AirflowHome:
    """An AIRFLOW_HOME. ``options`` are added to the configuration, as ``{"core.parallelism": 8}``.

    ``metadata`` is the address of Airflow's own database, and ``jobmon`` of Jobmon's tables; where none is given, both
    are SQLite files in the folder. The API server listens on ``port`` if that is free, and serves below ``path``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        metadata: str | None = None,
        jobmon: str | None = None,
        options: Mapping[str, object] | None = None,
        port: int = 0,
        path: str = "",
    ) -> None:
        self.folder = folder.absolute()
        self.metadata = metadata or f"sqlite:///{self.folder / 'airflow.db'}"
        self.jobmon_url = jobmon or f"sqlite:///{self.folder / 'jobmon.db'}"
        self.options = dict(options or {})
        self.port = port  #: of the API server; settled by configure()
        self.path = path  #: such as "/airflow"

    @property
    def dags(self) -> Path:
        return self.folder / "dags"

    @property
    def logs(self) -> Path:
        """What the components themselves say; the tasks' logs are in ``logs/`` beside it."""
        return self.folder / "components"

    @property
    def url(self) -> str:
        return f"http://{LOCALHOST}:{self.port}{self.path}"

    def configure(self) -> None:
        """Write the configuration, with ports that are free now. Passwords and secrets stay what they were."""
        for folder in (self.folder, self.dags, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = free_port(self.port)
        self._write_privately(
            "airflow.cfg", _as_config({**OPTIONS, **self._places(), **self._secrets(), **self.options})
        )
        self._write_privately(_PASSWORDS, json.dumps(self.passwords()))

    def passwords(self) -> dict[str, str]:
        """The password of each user."""
        file = self.folder / _PASSWORDS
        if file.is_file():
            return dict(json.loads(file.read_text()))
        return {user: secrets.token_urlsafe(9) for user in ("admin", "viewer")}

    def environment(self) -> dict[str, str]:
        """The caller's environment, with this Airflow and this Jobmon in place of any other."""
        foreign = ("AIRFLOW_", "JOBMON_", "_AIRFLOW_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return kept | {
            "AIRFLOW_HOME": str(self.folder),
            AIRFLOW_VARIABLE: self.jobmon_url,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            # Airflow's processes name themselves, by default over their environment, by which we know them.
            "SPT_NOENV": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def cli(self, *words: str, within: float = CLI_WITHIN) -> str:
        """Type ``airflow <words>`` in this home, and return what it prints."""
        done = subprocess.run(
            command(*words),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if done.returncode:
            raise JobmonError(
                f"'airflow {' '.join(words)}' ended with {done.returncode}.\n{done.stdout}{done.stderr}".rstrip(),
                remedy=f"Try it: AIRFLOW_HOME={self.folder} airflow {' '.join(words)}",
            )
        return done.stdout

    def migrate(self) -> None:
        """Make the tables of Airflow and of Jobmon, or bring them up to date."""
        from jobmon_airflow.store import migrations
        from jobmon_airflow.store.database import Database

        self.cli("db", "migrate")
        database = Database.open(self.jobmon_url)
        try:
            migrations.migrate(database)
        finally:
            database.close()

    def _places(self) -> dict[str, object]:
        return {
            "core.dags_folder": self.dags,
            "core.plugins_folder": self.folder / "plugins",
            "core.execution_api_server_url": f"{self.url}/execution/",
            "core.simple_auth_manager_passwords_file": self.folder / _PASSWORDS,
            "database.sql_alchemy_conn": self.metadata,
            "jobmon.sql_alchemy_conn": self.jobmon_url,
            # The driver that we install for PostgreSQL speaks both ways; Airflow would look for another.
            **(
                {}
                if self.metadata.startswith("sqlite")
                else {"database.sql_alchemy_conn_async": self.metadata}
            ),
            "logging.base_log_folder": self.folder / "logs",
            "api.host": LOCALHOST,
            "api.port": self.port,
            "api.base_url": self.url,
            # Nobody listens here: the API server reads the logs' files itself. Nor is it another Airflow who does.
            "logging.worker_log_server_port": free_port(),
            "logging.trigger_log_server_port": free_port(),
        }

    def _secrets(self) -> dict[str, object]:
        known = RawConfigParser()
        known.read(self.folder / "airflow.cfg", encoding="utf-8")
        return {
            option: known.get(*option.split("."), fallback=None) or made()
            for option, made in _SECRETS.items()
        }

    def _write_privately(self, name: str, text: str) -> None:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(text)


def command(*words: str) -> list[str]:
    """How to run ``airflow``, of the same environment as this Python."""
    return [sys.executable, "-m", "airflow", *words]


def free_port(wanted: int = 0) -> int:
    """A port of 127.0.0.1 on which nobody listens: the one that is wanted, or any."""
    with socket.socket() as probe:
        # Connections that ended a moment ago are no reason to refuse it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, wanted))
        except OSError:
            probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


_PASSWORDS: Final = "simple_auth_manager_passwords.json.generated"
_SECRETS: Final[Mapping[str, Callable[[], str]]] = {
    "core.fernet_key": _fernet_key,
    "api.secret_key": secrets.token_urlsafe,
    "api_auth.jwt_secret": lambda: secrets.token_urlsafe(64),
}


def _as_config(options: Mapping[str, object]) -> str:
    sections: dict[str, list[str]] = {}
    for option, value in options.items():
        section, name = option.split(".", 1)
        # Airflow reads % as the begin of a reference to another option.
        sections.setdefault(section, []).append(f"{name} = {str(value).replace('%', '%%')}")
    return "\n".join(line for section, lines in sections.items() for line in [f"[{section}]", *lines, ""])
