"""Bringing a database's tables up to date, and refusing those that are not.

Only the embedded default is migrated without asking; everybody else's database is somebody's to look after,
and the error says what to type.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from jobmon_airflow import settings
from jobmon_airflow.errors import (
    NotOurDatabase,
    SchemaIsMissing,
    SchemaIsNewer,
    SchemaIsOlder,
    StoreError,
    UnknownVersion,
)
from jobmon_airflow.store import schema, views, vocabulary
from jobmon_airflow.store.database import dialect_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

# Not alembic's usual name: should somebody point us at Airflow's database, its own version stays untouched.
VERSION_TABLE: Final = "jobmon_schema_version"
# First to last. Written out, because a script that binds a workflow should not load alembic for a comparison.
REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
HEAD: Final = REVISIONS[-1]
STORE: Final = "jobmon db"
_LOCK: Final = 0x6A6F626D  # 'jobm'; any number that nobody else uses


def prepare(database: Database) -> None:
    """Make sure that the tables are those that this version knows; make them in the embedded default."""
    if database.is_embedded and _is_earlier(_found(database)):
        migrate(database)
    check(database)


def check(database: Database) -> None:
    """Refuse tables of another version, and say what to type."""
    found = _found(database)
    if found == HEAD:
        return
    if found is None:
        raise SchemaIsMissing(
            f"The database {database.name} has no Jobmon tables yet.",
            remedy=f"Make them: {_command(database)}",
        )
    if _is_earlier(found):
        raise SchemaIsOlder(
            f"The Jobmon tables in {database.name} are of version {found}; this code needs {HEAD}.",
            remedy=f"Bring them up to date: {_command(database)}",
        )
    raise SchemaIsNewer(
        f"The Jobmon tables in {database.name} are of version {found}, which this code does not know yet.",
        remedy="Upgrade the package: pip install --upgrade jobmon_airflow",
    )


def migrate(database: Database, revision: str = "head") -> str | None:
    """Bring the tables to a revision, forwards or, by naming an earlier one, backwards; return where they are."""
    if revision not in {"head", "base", *REVISIONS}:
        raise UnknownVersion(
            f"The tables have no version {revision!r}.",
            remedy=f"Choose head, which is {HEAD}, one of {', '.join(REVISIONS)}, or base, which removes them.",
        )
    with database.read() as connection:
        _refuse_foreign_tables(connection, database.name)
    if not _is_known(_found(database)):
        check(database)
    database.write(lambda connection: _move(connection, revision))
    return _found(database)


def version(connection: Connection) -> str | None:
    """The version of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def _found(database: Database) -> str | None:
    with database.read() as connection:
        return version(connection)


def _move(connection: Connection, revision: str) -> None:
    from alembic import command

    with _alone(connection):
        views.drop(connection)  # they hold nothing, and would be in the way of the tables they show
        config = _config()
        config.attributes["connection"] = connection
        backwards = revision != "head" and _position(revision) < _position(version(connection))
        (command.downgrade if backwards else command.upgrade)(config, revision)
        if version(connection) == HEAD:
            views.create(connection)
            vocabulary.fill(connection)


def _command(database: Database) -> str:
    """What to type; it names the database if that is not the usual one."""
    usual = settings.database_address().url == database.engine.url.render_as_string(hide_password=False)
    return f"{STORE} migrate" if usual else f"{STORE} migrate --database '{database.name}'"


def _is_known(found: str | None) -> bool:
    return found is None or found in REVISIONS


def _is_earlier(found: str | None) -> bool:
    return _position(found) < _position(HEAD)


def _position(revision: str | None) -> int:
    if revision in {None, "base"}:
        return 0
    return REVISIONS.index(revision) + 1 if revision in REVISIONS else len(REVISIONS) + 1


def _refuse_foreign_tables(connection: Connection, name: str) -> None:
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables and (taken := sorted(tables & set(schema.metadata.tables))):
        raise NotOurDatabase(
            f"The database {name} has tables of these names already: {', '.join(taken)}.",
            remedy="Give Jobmon a database of its own; Airflow's metadata or the original Jobmon's tables "
            f"cannot hold ours. Who named this one: {STORE} address",
        )


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One process migrates at a time; SQLite's write lock is that already."""
    match dialect_name(connection):
        case "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield
        case "mysql":
            if connection.execute(text("SELECT GET_LOCK(:lock, 600)"), {"lock": str(_LOCK)}).scalar() != 1:
                raise StoreError(
                    "Another process has been migrating the Jobmon tables for ten minutes.",
                    remedy="Wait for it, or find out with SHOW PROCESSLIST why it does not end; then try again.",
                )
            try:
                yield
            finally:
                connection.execute(text("SELECT RELEASE_LOCK(:lock)"), {"lock": str(_LOCK)})
        case _:
            yield


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
