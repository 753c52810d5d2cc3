"""The database: where it is, whether it answers, its tables, its clock, and runs that nobody controls any more."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from jobmon_airflow import settings
from jobmon_airflow.cli.examining.findings import examined, note, ok, problem, warning
from jobmon_airflow.store import migrations, workflow_runs
from jobmon_airflow.store.database import Database, dialect_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.cli.examining.findings import Finding

_DATABASE: Final = "database"
_TABLES: Final = "tables"
_SLOW: Final = 0.25  # seconds for an answer
_APART: Final = 5.0  # seconds between two clocks
_NAMED: Final = 5

# SQLite's locks do not hold there: https://www.sqlite.org/howtocorrupt.html, section 2.
_SHARED_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "afs", "9p"}
)
_NOW: Final = {
    "postgresql": "SELECT now() AT TIME ZONE 'utc'",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
}


def findings(address: str | None) -> Iterator[Finding]:
    """All about the database."""
    where = settings.database_address(address)
    database = Database.open(where)
    try:
        yield from _place(database, where.origin)
        if (trouble := _trouble(database)) is not None:
            yield trouble
            return
        yield from examined(_TABLES, lambda: _tables(database))
    finally:
        database.close()


def _place(database: Database, origin: str) -> Iterator[Finding]:
    yield ok("address", f"{database.name}, from {origin}")
    file = database.engine.url.database
    if database.engine.dialect.name != "sqlite" or not file or file == ":memory:":
        return
    kind = file_system(Path(file).expanduser().absolute())
    if kind in _SHARED_FILE_SYSTEMS:
        yield warning(
            _DATABASE,
            f"The file is on a shared file system ({kind}), where SQLite's locks do not hold.",
            "Put it on a disk of this machine; for several machines, take PostgreSQL or MariaDB.",
        )


def _trouble(database: Database) -> Finding | None:
    try:
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        return problem(
            _DATABASE,
            f"It does not answer: {str(error.orig).strip()}",
            "Is its server up, and may this machine and this user reach it? Another address is given by "
            f"{settings.JOBMON_VARIABLE}, or by: jobmon config set sql_alchemy_conn ADDRESS",
        )
    return None


def _tables(database: Database) -> Iterator[Finding]:
    with database.read() as connection:
        found = migrations.version(connection)
        yield _pace(connection)
        yield from _clocks(connection)
    if found is None and database.is_embedded:
        yield note(_TABLES, "There are none yet; the first workflow, or the first question, makes them.")
        return
    migrations.check(database)
    yield ok(_TABLES, f"They are of version {migrations.HEAD}, as they should be.")
    with database.read() as connection:
        yield _runs(connection)


def _pace(connection: Connection) -> Finding:
    begun = time.perf_counter()
    connection.execute(text("SELECT 1"))
    took = time.perf_counter() - begun
    says = f"It answers in {took * 1000:.1f} ms ({dialect_name(connection)})."
    if took < _SLOW:
        return ok(_DATABASE, says)
    return warning(_DATABASE, says, "Workflows will be slow. Is it far from here, or busy?")


def _clocks(connection: Connection) -> Iterator[Finding]:
    if (query := _NOW.get(dialect_name(connection))) is None:
        return
    theirs: datetime = connection.execute(text(query)).scalar_one()
    apart = (datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds()
    if abs(apart) > _APART:
        yield warning(
            "clocks",
            f"This machine's is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} that of the database.",
            "Runs are taken for dead whose controllers' clocks are minutes behind. Keep both by NTP.",
        )


def _runs(connection: Connection) -> Finding:
    lost = workflow_runs.silent(connection, datetime.now(UTC) - timedelta(seconds=1))
    if not lost:
        return ok("runs", "Every run that goes on has a controller.")
    named = ", ".join(f"{run.workflow_id} (run {run.id} of {run.user})" for run in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
    return warning(
        "runs",
        f"Nobody runs these any more, which have lost their controllers: workflow {named}{more}.",
        "End them and their jobs: jobmon reap. Or go on with one: jobmon workflow resume -w WORKFLOW_ID",
    )


def file_system(path: Path, mounts: str | None = None) -> str | None:
    """The kind of file system that a file is on; None where that cannot be known.

    >>> file_system(Path("/data/x/jobmon.db"), "/dev/sda1 / ext4 rw 0 0" + chr(10) + "srv:/d /data nfs4 rw 0 0")
    'nfs4'
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
    rows = [line.split() for line in mounts.splitlines()]
    over = [(row[1], row[2]) for row in rows if len(row) > 2 and path.is_relative_to(row[1])]
    return max(over, key=lambda it: len(it[0]))[1] if over else None
