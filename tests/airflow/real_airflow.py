"""A real Airflow for tests: four processes, a metadata database of its own, and the way to speak to it.

Ask for the fixture ``airflow``, which a file's tests share, for ``mortal`` to kill its components, and for
``airflows.running(...)`` where it must be configured. Airflow is not imported here: it is run, typed to and asked.

    def test_a_command_succeeds(airflow):
        airflow.write_dag("greet", BASH.format(dag_id="greet", command="echo hello"))
        run = airflow.run("greet")

        assert run.states() == {"say": "success"}
        assert "hello" in run.log("say")

``run`` waits for the end; ``trigger`` does not. What a DagRun can be asked and told: testing/airflow_api.py.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import psutil
from sqlalchemy import create_engine, make_url

from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.airflow_usage import measured
from jobmon_airflow.testing.local_airflow import LocalAirflow
from tests import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from jobmon_airflow.testing.airflow_api import DagRun
    from jobmon_airflow.testing.airflow_processes import Component
    from jobmon_airflow.testing.airflow_usage import Usage

PARSED_WITHIN: Final = 120.0
RUN_WITHIN: Final = 240.0
DATABASES: Final = ("airflow.db", "jobmon.db")


class RealAirflow(LocalAirflow):
    """An Airflow that a test speaks to."""

    @property
    def jobmon_url(self) -> str:
        """The address of the Jobmon tables that this Airflow uses."""
        return self.home.jobmon_url

    def write_dag(self, name: str, text: str) -> None:
        """Write ``<name>.py`` into the DAGs' folder, and wait until it is parsed as it is now."""
        file = self.home.dags / f"{name}.py"
        beside = file.with_suffix(".new")
        beside.write_text(text)
        beside.rename(file)  # nobody shall read half of it
        self.wait_until_parsed(name, since=datetime.now(UTC))

    def wait_until_parsed(self, name: str, *, since: datetime) -> None:
        """Until ``<name>.py`` was parsed after this moment. Errors in it are the test's failure."""
        self.wait_for(lambda: self._was_parsed(f"{name}.py", since), within=PARSED_WITHIN)

    def parse_again(self, name: str) -> None:
        """Have a file that did not change parsed again, and wait for that."""
        since = datetime.now(UTC)
        row = next(dag for dag in self._dags() if dag["relative_fileloc"] == f"{name}.py")
        self.api.request("PUT", f"/parseDagFile/{row['file_token']}")
        self.wait_until_parsed(name, since=since)

    def trigger(
        self, dag_id: str, *, conf: dict[str, Any] | None = None, run_id: str | None = None
    ) -> DagRun:
        """Start a run, and return at once."""
        return self.api.trigger(dag_id, conf=conf, run_id=run_id)

    def run(
        self,
        dag_id: str,
        *,
        conf: dict[str, Any] | None = None,
        within: float = RUN_WITHIN,
        state: str = "success",
    ) -> DagRun:
        """Start a run, wait for its end, and see that it ended so."""
        return self.wait_until_ended(self.trigger(dag_id, conf=conf), state, within=within)

    def wait_until_ended(self, run: DagRun, state: str = "success", *, within: float = RUN_WITHIN) -> DagRun:
        """Wait for the end of a run, and see that it ended so."""
        self.wait_for(run.has_ended, within=within)
        assert run.state() == state, f"{run.state()}, not {state}\n{self.describe()}\n{self.failed_logs(run)}"
        return run

    def wait_until_running(
        self, run: DagRun, task_id: str, *, within: float = RUN_WITHIN, map_index: int = -1
    ) -> int:
        """Wait until a worker runs the task's code, and return the number of that process."""
        return self.wait_for(lambda: _pid_while_running(run, task_id, map_index), within=within)

    def kill9_task(self, run: DagRun, task_id: str, *, and_its_supervisor: bool = False) -> None:
        """Kill the process that runs the task's code; with its supervisor nobody is left to say so."""
        process = psutil.Process(self.wait_until_running(run, task_id))
        if and_its_supervisor:
            process.parent().kill()
        process.send_signal(signal.SIGKILL)

    def recover(self) -> None:
        """Have the components that it had at first, and only these, and end what still runs."""
        for name, its in tuple(self.components.items()):
            if name not in self.kinds or not _works(its):
                self.kill9(name, and_all_below=True)
        self.start(*[kind for kind in self.kinds if kind not in self.components])
        for run in self.api.runs():
            if not run.has_ended():
                run.mark("failed")

    def running(self, module: str) -> list[psutil.Process]:
        """The processes that run a module for this Airflow, such as an engine; other tests may have theirs."""
        return [each for each in psutil.process_iter(["cmdline"]) if self._runs(each, module)]

    def _runs(self, process: psutil.Process, module: str) -> bool:
        if (process.info["cmdline"] or [""])[-1] != module:
            return False
        try:
            return process.environ().get("AIRFLOW_HOME") == str(self.home.folder)
        except psutil.NoSuchProcess:
            return False

    def failed_logs(self, run: DagRun) -> str:
        """The logs of the run's failed tasks."""
        failed = [task for task in run.tasks() if task.state == "failed"]
        return "\n".join(
            f"--- {task.task_id}, try {task.try_number}\n{run.log(task.task_id, task.try_number, task.map_index)}"
            for task in failed
        )

    def cli(self, *words: str) -> str:
        """Type ``airflow <words>`` in this home, and return what it prints."""
        return self.home.cli(*words)

    def measured(self) -> AbstractContextManager[Usage]:
        """How long the block takes, and the CPU and memory of all processes meanwhile."""
        return measured(self.home)

    def _was_parsed(self, file: str, since: datetime) -> bool:
        for error in self.api.all("/importErrors", "import_errors"):
            if error["filename"].endswith(file) and datetime.fromisoformat(error["timestamp"]) >= since:
                raise AssertionError(f"{file} cannot be read:\n{error['stack_trace']}")
        return any(dag["relative_fileloc"] == file and _parsed_at(dag) >= since for dag in self._dags())

    def _dags(self) -> list[dict[str, Any]]:
        return self.api.all("/dags", "dags", exclude_stale=True)


@dataclass
class Airflows:
    """Makes Airflows, each in a folder and with databases of its own, from templates that were migrated once."""

    folder: Callable[[str], Path]
    postgresql: Callable[[], str]  #: starts the server when it is first asked
    _templates: dict[str, AirflowHome] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def running(
        self, *, metadata: str = "sqlite", options: Mapping[str, object] | None = None
    ) -> Iterator[RealAirflow]:
        """A running Airflow whose databases are ``sqlite`` or ``postgresql``; nothing of it is left afterwards."""
        with self.home(metadata=metadata, options=options) as home, RealAirflow(home) as airflow:
            yield airflow

    @contextmanager
    def home(
        self, *, metadata: str = "sqlite", options: Mapping[str, object] | None = None
    ) -> Iterator[AirflowHome]:
        """A migrated home in which nothing runs yet. Jobmon's tables are in a database of the same kind."""
        make = {"sqlite": self._on_sqlite, "postgresql": self._on_postgresql}[metadata]
        with make(options) as home:
            home.configure()
            yield home

    @contextmanager
    def _on_sqlite(self, options: Mapping[str, object] | None) -> Iterator[AirflowHome]:
        template = self._template("sqlite", lambda: AirflowHome(self.folder("airflow-template")))
        home = AirflowHome(self.folder("airflow"), options=options)
        for file in DATABASES:
            _fold_journal(template.folder / file)
            shutil.copy(template.folder / file, home.folder)
        yield home

    @contextmanager
    def _on_postgresql(self, options: Mapping[str, object] | None) -> Iterator[AirflowHome]:
        server = self.postgresql()
        template = self._template("postgresql", lambda: self._home_in(server, f"template_{os.getpid()}"))
        home = self._home_in(server, f"{os.getpid()}_{next(self._numbers)}", like=template, options=options)
        try:
            yield home
        finally:
            for address in (home.metadata, home.jobmon_url):
                servers.drop_database(server, _name(address))

    def _template(self, kind: str, make: Callable[[], AirflowHome]) -> AirflowHome:
        if kind not in self._templates:
            home = make()
            home.configure()
            home.migrate()
            self._templates[kind] = home
        return self._templates[kind]

    def _home_in(self, server: str, name: str, like: AirflowHome | None = None, **more: Any) -> AirflowHome:
        """A home with two databases on the server, empty or copied."""
        metadata = _create_database(server, f"airflow_{name}", like and like.metadata)
        jobmon = _create_database(server, f"jobmon_{name}", like and like.jobmon_url)
        return AirflowHome(self.folder("airflow-postgresql"), metadata=metadata, jobmon=jobmon, **more)


def _works(component: Component) -> bool:
    return component.is_running and psutil.Process(component.process.pid).status() != psutil.STATUS_STOPPED


def _parsed_at(dag: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(dag["last_parsed_time"])


def _pid_while_running(run: DagRun, task_id: str, map_index: int) -> int | None:
    task = run.task(task_id, map_index)
    return task.pid if task.state == "running" else None


def _fold_journal(file: Path) -> None:
    """Bring all that was written into the one file that is copied."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _create_database(server: str, name: str, like: str | None) -> str:
    template = f' TEMPLATE "{_name(like)}"' if like else ""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"{template}')
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _name(address: str) -> str:
    return str(make_url(address).database)
