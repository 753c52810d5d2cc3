"""``airflow db migrate`` looks after the Jobmon tables too, and ``airflow db reset`` leaves them alone."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect

from jobmon_airflow import settings
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing.airflow_home import AirflowHome
from tests import servers
from tests.faces import stored
from tests.workflows import close


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_home(request, tmp_path):
    """An Airflow whose own tables are in a database of this kind; nothing was migrated yet."""
    if request.param == "sqlite":
        metadata = None
    else:
        metadata = servers.create_database(request.getfixturevalue("postgresql_server"), "faces_metadata")
    home = AirflowHome(tmp_path / "home", metadata=metadata)
    home.configure()
    yield home
    close(home.jobmon_url)
    if metadata:
        servers.drop_database(request.getfixturevalue("postgresql_server"), "faces_metadata")


def version(home):
    database = Database.open(home.jobmon_url)
    try:
        with database.read() as connection:
            return migrations.version(connection)
    finally:
        database.close()


def airflows_tables(home):
    engine = create_engine(home.metadata)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.mark.long
def test_airflow_migrates_checks_and_resets_without_harm(empty_home):
    home = empty_home
    home.cli("db", "migrate")
    assert version(home) == migrations.HEAD
    assert migrations.VERSION_TABLE not in airflows_tables(home)
    assert "slot_pool" in airflows_tables(home)
    home.cli("db", "check-migrations", "-t", "1")

    # An earlier version is seen, and brought up to date by the same command as Airflow's own.
    home.cli("jobmon", "db", "migrate", migrations.REVISIONS[-2])
    with pytest.raises(JobmonError, match="unapplied migrations"):
        home.cli("db", "check-migrations", "-t", "1")
    home.cli("db", "migrate")
    assert version(home) == migrations.HEAD

    workflow = stored.failed_workflow(home.jobmon_url)
    home.cli("db", "reset", "-y")
    assert "slot_pool" in airflows_tables(home)
    with workflow.tool.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM task").scalar() == 4


@pytest.mark.long
def test_tables_that_cannot_be_made_are_an_error_of_the_migration(tmp_path):
    """As where the address is Airflow's own, whose tables are called like ours."""
    home = AirflowHome(tmp_path / "home")
    home.configure()
    home.cli("db", "migrate")
    own = {"AIRFLOW__JOBMON__SQL_ALCHEMY_CONN": home.metadata}

    with pytest.raises(JobmonError, match="has tables of these names already"):
        _with(home, own).cli("db", "migrate")


@pytest.mark.parametrize("url", ["postgresql+psycopg://ada@127.0.0.1:1/jobmon", "sqlite://"])
def test_tables_that_are_not_there_yet_are_waited_for(monkeypatch, url):
    from jobmon_airflow.db_manager import JobmonDBManager

    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, url)

    assert JobmonDBManager(session=None).check_migration() is False


def _with(home, environment):
    class Other(AirflowHome):
        def environment(self):
            return super().environment() | environment

    return Other(home.folder)
