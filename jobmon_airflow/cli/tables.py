"""``db address``, ``db check``, ``db migrate``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobmon_airflow import settings
from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


def address(database: str | None = None) -> Answer:
    """Where the database is, and who says so."""
    with _opened(database) as found:
        origin = settings.database_address(database).origin
        return Answer(f"{found.name}, from {origin}", data={"address": found.name, "origin": origin})


def check(database: str | None = None) -> Answer:
    """Whether the tables are those that this version needs; an error says what to type if not."""
    with _opened(database) as found:
        migrations.check(found)
        return Answer(f"The tables in {found.name} are of version {migrations.HEAD}, as they should be.")


def migrate(revision: str = "head", database: str | None = None) -> Answer:
    """Make the tables or bring them up to date; or, by naming it, to another version; 'base' removes them."""
    with _opened(database) as found:
        version = migrations.migrate(found, revision)
        return Answer(f"The tables in {found.name} are of version {version or 'none: they are gone'}.")


def terminate(*, yes: bool = False, database: str | None = None) -> Answer:
    """Remove the tables and all that they hold, if it is meant."""
    with _opened(database) as found:
        if not yes:
            raise JobmonError(
                f"This removes all Jobmon tables in {found.name}, with every workflow in them.",
                remedy="If that is meant, add --yes.",
            )
    return migrate("base", database)


@contextmanager
def _opened(address: str | None) -> Iterator[Database]:
    database = Database.open(address)
    try:
        yield database
    finally:
        database.close()
