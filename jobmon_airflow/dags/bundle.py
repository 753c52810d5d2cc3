"""The DAG bundle: every family of workflows in the Jobmon database is a DAG in Airflow.

    [dag_processor]
    dag_bundle_config_list = [
        {"name": "dags-folder", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
        {"name": "jobmon", "classpath": "jobmon_airflow.dags.bundle.JobmonDagBundle", "kwargs": {}}]

What a script has bound shows some seconds later. A family whose DAG id a DAG file uses too is that file's.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from airflow.dag_processing.bundles.base import BaseDagBundle

from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags.files import file_of
from jobmon_airflow.dags.watching import FamilyWatch
from jobmon_airflow.errors import InvalidAddress
from jobmon_airflow.settings import database_address
from jobmon_airflow.store import families, migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.words import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from jobmon_airflow.store.families import Family

REFRESH_INTERVAL: Final = 5  # seconds; Airflow's own default of five minutes is for what people commit
_FORMAT: Final = 1  # of the files; another number lets all of them be written again


class JobmonDagBundle(BaseDagBundle):
    """Shows the families of workflows in the Jobmon database as DAGs.

    ``database`` is its address, if not the usual one.
    """

    supports_versioning = False

    def __init__(
        self, *, database: str | None = None, refresh_interval: int = REFRESH_INTERVAL, **kwargs: Any
    ) -> None:
        super().__init__(refresh_interval=refresh_interval, **kwargs)
        if database is not None and urlsplit(database).password:
            raise InvalidAddress(
                f"The DAG bundle '{self.name}' names a database with a password, which it would write into files.",
                remedy="Name it in AIRFLOW__JOBMON__SQL_ALCHEMY_CONN instead, and leave it out of the bundle's kwargs.",
            )
        self._address = database
        self._watch = FamilyWatch()

    @property
    def path(self) -> Path:
        """The folder with a file for each family.

        Another database has another folder: by default, all Airflows of a machine keep their bundles in one place.
        """
        return self.base_dir / digest(database_address(self._address).url) / "dags"

    def get_current_version(self) -> None:
        """None: what is to run stands in the database, and the DAG is always the newest."""

    def initialize(self) -> None:
        """Write the files: the dag-processor once, and each task, whose worker may be on another machine."""
        with self.lock(), _reading(self._address) as connection:
            self._write(connection, claimed=self._written()["claimed"])
        super().initialize()

    def refresh(self) -> None:
        """Bring the files up to date. The dag-processor calls this, which may ask Airflow's own database too."""
        with self.lock(), _reading(self._address) as connection:
            self._write(connection, claimed=_claimed_by_others(self.name))

    def _write(self, connection: Connection, claimed: Collection[str]) -> None:
        """Write what is not written yet, and remove what is nobody's any more."""
        claimed, graphs = set(claimed), self._written()["graphs"]
        wanted = {dag_id: it for dag_id, it in self._watch.look(connection).items() if dag_id not in claimed}
        self.path.mkdir(parents=True, exist_ok=True)
        there = {file.name.removesuffix(".py") for file in self.path.glob("*.py")}
        for dag_id, family in wanted.items():
            # A family's newest workflow mostly has the graph of the one before.
            if dag_id not in there or graphs.get(dag_id) != family.dag_id:
                _replace(self.path / f"{dag_id}.py", self._text(connection, family))
        for dag_id in there - wanted.keys():
            (self.path / f"{dag_id}.py").unlink()
        graphs = {dag_id: family.dag_id for dag_id, family in wanted.items()}
        _replace(self._record, json.dumps({"format": _FORMAT, "graphs": graphs, "claimed": sorted(claimed)}))

    def _text(self, connection: Connection, family: Family) -> str:
        shape = Shape.of_names(*families.shape(connection, family.workflow_id, family.dag_id))
        return file_of(family.tool, family.name, shape, self._address)

    def _written(self) -> dict[str, Any]:
        """What is known of the files: of which graph each is, and which DAGs were others'."""
        if self._record.exists():
            found: dict[str, Any] = json.loads(self._record.read_text())
            if found["format"] == _FORMAT:
                return found
        return {"graphs": {}, "claimed": []}

    @property
    def _record(self) -> Path:
        return self.path.with_name("families.json")


@contextmanager
def _reading(address: str | None) -> Iterator[Connection]:
    # Not kept open: the dag-processor forks for each file, and a child that ends would end the connection too.
    database = Database.open(address)
    try:
        migrations.prepare(database)
        with database.read() as connection:
            yield connection
    finally:
        database.close()


def _claimed_by_others(bundle: str) -> set[str]:
    """The ids of all DAGs that come from other bundles: of one id, Airflow would take now the one, now the other."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = select(DagModel.dag_id).where(DagModel.bundle_name != bundle, DagModel.is_stale.is_(False))
    with create_session() as session:
        return set(session.scalars(query))


def _replace(file: Path, text: str) -> None:
    """Write the text, if it is another one; nobody ever sees a half."""
    if file.exists() and file.read_text() == text:
        return
    new = file.with_name(f".{os.getpid()}.new")
    new.write_text(text)
    new.replace(file)
