"""What the pages tell whoever looks after a database server, typed as printed, on servers of the tests' own."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedCluster, simulate
from tests import servers
from tests.docs import running
from tests.docs.pages import ROOT, blocks
from tests.workflows import close, migrated, rows_of, three_phases

DATABASE, DEPLOYMENT, AIRFLOW = (
    ROOT / "docs" / f"{name}.md" for name in ("database", "deployment", "airflow")
)
PASSWORDS = {"jobmon_owner": "choose-one", "jobmon_runner": "choose-another", "jobmon_reader": "and-a-third"}
TOLD = re.compile(r"(\w+(?:\+\w+)?)://(\w+):password@[\w.]+/jobmon")


def tried_here(page):
    return [block for block in blocks(page) if block.tried_by == "tests/docs/test_servers.py"]


def told(page, word):
    """The only block that this file tries and in which the word stands."""
    [block] = [block for block in tried_here(page) if word in block.text]
    return block.text


def typed(script, server, *, keep_user=True):
    """The script with the server's address in place of the printed one; what it installs is installed already."""
    lines = [line for line in script.splitlines() if not line.startswith("pip install")]
    return running.run_script(
        TOLD.sub(lambda it: at(server, it[1], it[2] if keep_user else None), "\n".join(lines)), of(server)
    )


def at(server, driver, user):
    """The address of the database that the pages make, as one of its accounts."""
    url = make_url(server).set(drivername=driver, database="jobmon")
    if user is not None:
        url = url.set(username=user, password=PASSWORDS[user])
    return url.render_as_string(hide_password=False)


def of(server):
    """How a server's own programs find it."""
    url = make_url(server)
    return {
        "PGHOST": url.host,
        "PGPORT": str(url.port),
        "PGUSER": url.username,
        "MYSQL_HOST": url.host,
        "MYSQL_TCP_PORT": str(url.port),
    }


def send(server, script, **place):
    engine = create_engine(make_url(server).set(**place), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in filter(str.strip, script.split(";")):
            connection.execute(text(statement))


@pytest.fixture
def postgresql(postgresql_server):
    yield postgresql_server
    servers.drop_database(postgresql_server, "jobmon")
    for role in PASSWORDS:
        send(postgresql_server, f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def mariadb(mariadb_server):
    yield mariadb_server
    servers.drop_database(mariadb_server, "jobmon")
    for role in PASSWORDS:
        send(mariadb_server, f"DROP USER IF EXISTS {role}")


def test_a_database_is_made_on_postgresql(postgresql):
    said = typed(told(DATABASE, "createdb"), postgresql, keep_user=False)

    assert f"are of version {migrations.HEAD}" in said


def test_a_database_is_made_on_mariadb(mariadb):
    said = typed(told(DATABASE, "mariadb -e"), mariadb, keep_user=False)

    assert f"are of version {migrations.HEAD}" in said


@pytest.mark.long
def test_airflow_makes_the_tables_along_with_its_own(postgresql):
    servers.create_database(postgresql, "jobmon")

    typed(told(AIRFLOW, "airflow db migrate"), postgresql, keep_user=False)

    found = rows_of(at(postgresql, "postgresql+psycopg", None), f"SELECT * FROM {migrations.VERSION_TABLE}")
    assert found == [(migrations.HEAD,)]


def test_three_accounts_on_postgresql_may_do_what_they_are_for(postgresql, tmp_path, monkeypatch):
    send(postgresql, told(DEPLOYMENT, "CREATE ROLE"))
    send(postgresql, told(DEPLOYMENT, "DEFAULT PRIVILEGES"), username="jobmon_owner", database="jobmon")
    typed(told(DEPLOYMENT, "export"), postgresql)

    may_do_what_they_are_for(lambda account: at(postgresql, "postgresql+psycopg", account))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", at(postgresql, "postgresql+psycopg", "jobmon_owner")
    )
    typed(told(DEPLOYMENT, "pg_dump"), postgresql)
    assert (tmp_path / "jobmon.dump").stat().st_size > 0


def test_three_accounts_on_mariadb_may_do_what_they_are_for(mariadb):
    send(mariadb, told(DEPLOYMENT, "CREATE USER"))

    def address(account):
        return at(mariadb, "mysql+pymysql", account)

    migrated(address("jobmon_owner"))

    may_do_what_they_are_for(address)


def may_do_what_they_are_for(address):
    owner, runner, reader = map(address, PASSWORDS)

    workflow = three_phases(runner)
    assert simulate(workflow, SimulatedCluster()) == "D"
    close(runner)
    assert rows_of(reader, "SELECT count(*) FROM job WHERE status = 'D'") == [(len(workflow.tasks),)]

    for account, refused in [(reader, "UPDATE task SET status = 'G'"), (runner, "DROP TABLE action_log")]:
        with pytest.raises(DBAPIError, match=r"denied|must be owner"):
            written(account, refused)
    written(owner, told(DEPLOYMENT, "stdout_log").strip().rstrip(";"))
    migrated(owner)


def written(address, statement):
    database = Database.open(address)
    try:
        database.write(lambda connection: connection.exec_driver_sql(statement))
    finally:
        database.close()
