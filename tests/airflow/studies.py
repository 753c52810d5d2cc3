"""A workflow whose commands tell that they began, and wait until they may end: for tests that disturb it meanwhile.

    transform 0, 1, 2  ->  aggregate a, b  ->  summarize            report x, y  (waits for nothing)

Each command writes its name into the study's diary when it begins. A command whose gate is shut waits; one whose fault
is there fails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil
from sqlalchemy import select

from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import task, workflow, workflow_run

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

    from tests.airflow.real_airflow import RealAirflow

TRANSFORMS: Final = ("transform-0", "transform-1", "transform-2")
AGGREGATES: Final = ("aggregate-a", "aggregate-b")
REPORTS: Final = ("report-x", "report-y")
ALL: Final = (*TRANSFORMS, *AGGREGATES, "summarize-all", *REPORTS)

_FILE: Final = """
from datetime import timedelta

from airflow.sdk import task

from jobmon_airflow import Tool
from jobmon_airflow.dags import templates, run_of

tool = Tool("studies", database=None)
tool.set_default_cluster_name("multiprocess")


def template(name):
    command = "sh {folder}/command " + name + "-{{which}}"
    return tool.get_task_template(name, command, node_args=["which"])


workflow = tool.create_workflow(name={name!r})
transforms = template("transform").create_tasks(which=["0", "1", "2"], max_attempts=1)
aggregates = template("aggregate").create_tasks(which=["a", "b"], upstream_tasks=transforms, max_attempts=1)
reports = template("report").create_tasks(which=["x", "y"], max_attempts=1)
summary = template("summarize").create_task(which="all", upstream_tasks=aggregates, max_attempts=1)
workflow.add_tasks([*transforms, *aggregates, *reports, summary])

dag = workflow.to_dag({dag_id!r}, poll_interval=1, {options})
with dag:
    @task
    def notify(ti=None):
        return ti.xcom_pull(task_ids="aggregate")["done"]

    templates(dag)["aggregate"] >> notify()
run_of(dag).retries, run_of(dag).retry_delay = {retries}, timedelta(0)
"""

_COMMAND: Final = """
echo "$1" >> {folder}/diary
echo "$1 begins"
while test -e "{folder}/shut-$1"; do sleep 0.1; done
! test -e "{folder}/fault-$1"
"""


@dataclass(frozen=True, slots=True)
class Study:
    """A workflow in a DAG of its own, in a folder of its own."""

    airflow: RealAirflow
    folder: Path
    name: str

    @property
    def dag_id(self) -> str:
        return f"studies.{self.name}"

    @classmethod
    def written(
        cls, airflow: RealAirflow, folder: Path, name: str, *, options: str = "", retries: int = 0
    ) -> Study:
        """The study, as Airflow has parsed it."""
        (folder / "command").write_text(_COMMAND.format(folder=folder))
        (folder / "diary").touch()
        study = cls(airflow, folder, name)
        text = _FILE.format(folder=folder, name=name, dag_id=study.dag_id, options=options, retries=retries)
        airflow.write_dag(name, text)
        return study

    # --- what is done to it -------------------------------------------------------------------------------

    def shut(self, *commands: str) -> None:
        """Let these commands wait."""
        for command in commands:
            (self.folder / f"shut-{command}").touch()

    def open(self, *commands: str) -> None:
        """Let these commands end; all of them, if none is named."""
        for file in [self.folder / f"shut-{name}" for name in commands] or self.folder.glob("shut-*"):
            file.unlink()

    def break_(self, *commands: str) -> None:
        """Let these commands fail."""
        for command in commands:
            (self.folder / f"fault-{command}").touch()

    def mend(self) -> None:
        """Let no command fail any more."""
        for file in self.folder.glob("fault-*"):
            file.unlink()

    # --- what is seen of it -------------------------------------------------------------------------------

    def began(self) -> Counter[str]:
        """How often each command began."""
        return Counter((self.folder / "diary").read_text().split())

    def wait_until_began(self, *commands: str) -> None:
        """Until each of these commands began."""
        self.airflow.wait_for(lambda: self.began().keys() >= set(commands), within=120)

    def running(self) -> list[psutil.Process]:
        """The commands' processes."""
        mine = str(self.folder / "command")
        return [
            process for process in psutil.process_iter(["cmdline"]) if mine in (process.info["cmdline"] or [])
        ]

    def done(self) -> int:
        """How many of its tasks are done, in all its workflows."""
        return sum(status == "D" for status in self._statuses(task))

    def runs(self) -> list[str]:
        """How the runs of its workflows ended, or how they are."""
        return self._statuses(workflow_run)

    def _statuses(self, table: Table) -> list[str]:
        mine = select(workflow.c.id).where(workflow.c.name == self.name)
        query = select(table.c.status).where(table.c.workflow_id.in_(mine)).order_by(table.c.id)
        database = Database.open(self.airflow.jobmon_url)
        try:
            with database.read() as connection:
                return list(connection.execute(query).scalars())
        finally:
            database.close()
