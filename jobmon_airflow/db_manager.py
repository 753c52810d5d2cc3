"""The Jobmon tables among those that ``airflow db migrate`` looks after.

They live in a database of their own, so that of Airflow's manager only the occasions are taken: its session, which
leads to Airflow's metadata, is never used. `jobmon_airflow.store.migrations` makes and moves the tables, as everywhere.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.utils.db_manager import BaseDBManager
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from jobmon_airflow.errors import JobmonError, StoreError
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


class JobmonDBManager(BaseDBManager):
    """Makes the Jobmon tables, and brings them up to date, wherever ``[jobmon] sql_alchemy_conn`` leads."""

    # Airflow refuses managers whose tables are called like its own, as our `dag` is, because it expects them in its own
    # database. There are none of ours in that.
    metadata = MetaData()
    migration_dir = str(Path(migrations.__file__).parent)
    version_table_name = migrations.VERSION_TABLE
    # `airflow db reset` drops what Airflow knows. What scientists computed is not dropped along with it: who means that
    # types `airflow jobmon db migrate base`.
    supports_table_dropping = False

    def initdb(self, use_migration_files: bool = False) -> None:  # noqa: ARG002 - we always use them
        """Make the tables, or bring them up to date."""
        self.upgradedb()

    create_db_from_orm = initdb

    def upgradedb(self, *_: Any, show_sql_only: bool = False, **__: Any) -> None:
        """Bring the tables up to date; Airflow's revisions do not concern them."""
        if show_sql_only:
            self.log.info("The Jobmon tables are migrated by themselves: airflow jobmon db migrate")
            return
        with _database() as database:
            version = migrations.migrate(database)
            self.log.info("The Jobmon tables in %s are of version %s", database.name, version)

    def check_migration(self) -> bool:
        """Whether the tables are there, and as this version of the code needs them.

        A database that does not answer is not ready yet: Airflow asks again, as long as it was told to wait.
        """
        with _database() as database:
            try:
                migrations.check(database)
            except (JobmonError, DBAPIError) as error:
                self.log.warning("%s", getattr(error, "orig", error))
                return False
            return True

    def get_current_revision(self) -> str | None:
        """The version of the tables; None where there are none."""
        with _database() as database, database.read() as connection:
            return migrations.version(connection)

    def resetdb(self, skip_init: bool = False, use_migration_files: bool = False) -> None:  # noqa: ARG002
        """Leave the tables as they are, or make them if there are none."""
        if not skip_init:
            self.upgradedb()

    def drop_tables(self, connection: object) -> None:  # noqa: ARG002 - it leads to Airflow's database
        """Drop nothing."""
        self.log.info("The Jobmon tables stay. Who wants them gone types: airflow jobmon db migrate base")

    def downgrade(self, *_: Any, **__: Any) -> None:
        """Refuse: Airflow's versions are not ours."""
        raise StoreError(
            "The Jobmon tables do not go back with Airflow's.",
            remedy="Name their own version: airflow jobmon db migrate 0001.",
        )


@contextmanager
def _database() -> Iterator[Database]:
    database = Database.open()
    try:
        yield database
    finally:
        database.close()
