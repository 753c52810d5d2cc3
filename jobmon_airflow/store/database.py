"""Opening a database, and the two ways to talk to it: reading, and writing in one transaction.

A function that writes may be called again when the database asked for it (a deadlock, a lock that took too
long, a connection that broke before the commit), so it must be a function of its connection alone.
"""

from __future__ import annotations

import logging
import os
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import Pool, QueuePool

from jobmon_airflow import settings
from jobmon_airflow.errors import InvalidAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.settings import Address

log = logging.getLogger(__name__)

Result = TypeVar("Result")

TRIES: Final = 8  # about a minute of waiting in all
_WRITES: Final = "jobmon_writes"
_PATIENCE: Final = 600.0  # seconds for one of the few connections that hundreds of threads may share
_DIALECTS: Final = ("sqlite", "postgresql", "mysql", "mariadb")

# What a database says when another transaction was in the way and the same one may be sent again.
_TRY_AGAIN: Final[frozenset[object]] = frozenset(
    {
        *("40001", "40P01", "55P03"),  # PostgreSQL: serialization failure, deadlock, lock not available
        *(
            1205,
            1213,
            1467,
        ),  # MySQL, MariaDB: lock wait timeout, deadlock, no auto-increment value under load
        *("database is locked", "database table is locked"),  # SQLite
    }
)


class Database:
    """A database with our tables.

    >>> database = Database.open("sqlite://")
    >>> with database.read() as connection:
    ...     connection.exec_driver_sql("SELECT 'ready'").scalar()
    'ready'
    >>> database.close()
    """

    def __init__(self, engine: Engine, *, is_embedded: bool = False) -> None:
        self.engine = engine
        self.is_embedded = is_embedded  #: the default file, which is migrated without asking
        self._pid = os.getpid()
        self._rng = random.Random()  # noqa: S311 - spreads retries, keeps no secret

    @classmethod
    def open(cls, address: str | Address | None = None) -> Database:
        """The database at an address, or where the settings say. The tables are not looked at yet."""
        if not isinstance(address, settings.Address):
            address = settings.database_address(address)
        return cls(_engine(_url(address), address.origin), is_embedded=address.is_embedded)

    @property
    def name(self) -> str:
        """The address as it may be shown: without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def write(self, work: Callable[[Connection], Result], *, in_bulk: bool = False) -> Result:
        """Do the work in one transaction, again if the database asks for it.

        Work ``in_bulk`` enters many rows whose references it has just read: SQLite, which would look each of
        them up again, is spared that.
        """
        for attempt in range(1, TRIES + 1):
            is_done = False
            try:
                with (
                    self._connect(writes=True) as connection,
                    _trusted(connection, in_bulk),
                    connection.begin(),
                ):
                    result = work(connection)
                    is_done = True
            except DBAPIError as error:
                if attempt == TRIES or not _may_try_again(error, committing=is_done):
                    raise
                log.info("transaction.repeated", extra={"attempt": attempt, "reason": str(error.orig)})
                time.sleep(self._rng.uniform(0, 0.05 * 2**attempt))
            else:
                return result
        raise AssertionError("unreachable")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database and changes nothing."""
        with self._connect(writes=False) as connection:
            yield connection
            connection.rollback()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _connect(self, *, writes: bool) -> Connection:
        if self._pid != os.getpid():  # a connection cannot be shared with the process that forked us
            self.engine.dispose(close=False)
            self._pid = os.getpid()
        connection = self.engine.connect()
        return connection.execution_options(**{_WRITES: writes})


def dialect_name(connection: Connection) -> str:
    """One of sqlite, postgresql, mysql (which MariaDB is to us)."""
    name = connection.dialect.name
    return "mysql" if name == "mariadb" else name


def _url(address: Address) -> URL:
    try:
        url = make_url(address.url)
        dialect = url.get_dialect().name
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidAddress(
            f"The address of the Jobmon database, from {address.origin}, cannot be read.",
            remedy="Write 'sqlite:////folder/jobmon.db', 'postgresql+psycopg://user:password@host/name' "
            "or 'mysql+pymysql://user:password@host/name'.",
        ) from error
    if dialect not in _DIALECTS:
        raise InvalidAddress(
            f"The address of the Jobmon database, from {address.origin}, names {dialect}.",
            remedy="Jobmon's tables live in SQLite, PostgreSQL, MariaDB or MySQL.",
        )
    return url


def _engine(url: URL, origin: str) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        engine = create_engine(url, pool_pre_ping=True, pool_recycle=1800, pool_timeout=_PATIENCE)
    except ModuleNotFoundError as error:
        raise InvalidAddress(
            f"The driver for {url.drivername}, which {origin} names, is not installed: {error}.",
            remedy="Install it, or begin the address with 'postgresql+psycopg:' or 'mysql+pymysql:', whose drivers "
            "come with pip install 'jobmon_airflow[postgres]' and 'jobmon_airflow[mysql]'.",
        ) from error
    if url.get_backend_name() in {"mysql", "mariadb"}:
        event.listen(engine, "connect", _prepare_mysql)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_on_server)
    return engine


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        from pathlib import Path

        Path(url.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
    # One that is in memory has a connection for each thread, and no pool to wait for.
    pool = {"pool_timeout": _PATIENCE} if issubclass(_pool_of(url), QueuePool) else {}
    engine = create_engine(url, connect_args={"timeout": 60, "check_same_thread": False}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _pool_of(url: URL) -> type[Pool]:
    dialect: Any = url.get_dialect()
    found: type[Pool] = dialect.get_pool_class(url)
    return found


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL is part of a transaction too
    for pragma in (
        "journal_mode=WAL",  # readers go on while one writes
        "synchronous=NORMAL",  # enough in WAL: a power cut loses the last transactions, never the file
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-131072",  # kB; a bulk bind keeps its indexes in memory
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that has read first would be refused the upgrade under load.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_mysql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        # Each statement sees what others have committed, as on PostgreSQL; and text that is too long for its
        # column is an error, not a shorter text.
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        # To compile a question takes longer than any of ours takes without that.
        cursor.execute("SET jit = off")
    connection.commit()  # or it would be undone with the first transaction that is


def _begin_on_server(connection: Connection) -> None:
    # A reader's answers belong together; a writer sees what others have just committed.
    if connection.get_execution_options().get(_WRITES) is False:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@contextmanager
def _trusted(connection: Connection, in_bulk: bool) -> Iterator[None]:
    if not in_bulk or dialect_name(connection) != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF").close()  # does nothing within a transaction, so it comes first
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON").close()


def _may_try_again(error: DBAPIError, *, committing: bool) -> bool:
    if error.connection_invalidated:
        return not committing  # else the work may be there already
    original = error.orig
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    number = original.args[0] if original is not None and original.args else None
    return code in _TRY_AGAIN or number in _TRY_AGAIN
