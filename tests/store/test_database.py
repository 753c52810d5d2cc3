from __future__ import annotations

import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from jobmon_airflow.store import schema, sets
from jobmon_airflow.store.database import TRIES, Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

notes = Table(
    "note",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("page", String(40), nullable=False),
    Column("words", String(40)),
    mysql_charset="utf8mb4",
)


@pytest.fixture
def page(database: Database, new: Callable[[str], str]) -> str:
    """Where this test writes, in a table that all tests of one database share."""
    database.write(lambda connection: notes.create(connection, checkfirst=True))
    return new("page")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, in place of pausing."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def write(connection: Connection, page: str, words: str) -> int:
    result = connection.execute(insert(notes).values(page=page, words=words))
    assert result.inserted_primary_key
    return int(result.inserted_primary_key[0])


def written(database: Database, page: str) -> list[str]:
    with database.read() as connection:
        return _words(connection, page)


def _words(connection: Connection, page: str) -> list[str]:
    query = select(notes.c.words).where(notes.c.page == page).order_by(notes.c.id)
    return list(connection.execute(query).scalars())


# --- one transaction -----------------------------------------------------------------------------------------


def test_a_write_is_there_when_it_returns_and_gives_the_works_answer(database: Database, page: str) -> None:
    assert database.write(lambda it: write(it, page, "a")) > 0

    assert written(database, page) == ["a"]


def test_a_write_that_fails_leaves_nothing(database: Database, page: str) -> None:
    def fail(connection: Connection) -> None:
        write(connection, page, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)

    assert written(database, page) == []


def test_reading_changes_nothing(database: Database, page: str) -> None:
    try:
        with database.read() as connection:
            write(connection, page, "a")
    except DBAPIError:
        pass  # PostgreSQL and MariaDB refuse it at once

    assert written(database, page) == []


def test_a_reader_sees_one_state_while_others_write(database: Database, page: str) -> None:
    database.write(lambda it: write(it, page, "before"))

    with database.read() as connection:
        assert _words(connection, page) == ["before"]
        database.write(lambda it: write(it, page, "meanwhile"))
        assert _words(connection, page) == ["before"]

    assert written(database, page) == ["before", "meanwhile"]


@pytest.mark.kinds("postgresql", "mariadb")  # SQLite has one writer at a time
def test_a_writer_sees_what_others_have_committed(database: Database, page: str) -> None:
    def look_twice(connection: Connection) -> list[list[str]]:
        first = _words(connection, page)
        database.write(lambda it: write(it, page, "meanwhile"))
        return [first, _words(connection, page)]

    assert database.write(look_twice) == [[], ["meanwhile"]]


# --- again -----------------------------------------------------------------------------------------------------


@pytest.mark.kinds("postgresql", "mariadb")
def test_of_two_writers_in_a_deadlock_one_begins_again_and_both_succeed(
    database: Database, page: str, kind: str
) -> None:
    ids = [database.write(lambda it: write(it, page, "")) for _ in range(2)]
    both_hold_a_row = threading.Barrier(2)
    tries: list[str] = []

    def change(name: str, first: int, second: int) -> None:
        def work(connection: Connection) -> None:
            tries.append(name)
            if kind == "postgresql":
                connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            _change(connection, first, name)
            if len(tries) <= 2:
                both_hold_a_row.wait(10)
            _change(connection, second, name)

        database.write(work)

    _at_once(lambda: change("a", ids[0], ids[1]), lambda: change("b", ids[1], ids[0]))

    assert len(tries) == 3
    assert set(tries) == {"a", "b"}
    assert written(database, page) == [tries[-1]] * 2


@pytest.mark.kinds("postgresql", "mariadb")
def test_a_lock_that_takes_too_long_is_asked_for_again(database: Database, page: str, kind: str) -> None:
    number = database.write(lambda it: write(it, page, "before"))
    patience = (
        "SET LOCAL lock_timeout = '50ms'" if kind == "postgresql" else "SET innodb_lock_wait_timeout = 1"
    )
    tries: list[str] = []
    held = threading.Event()
    refused = threading.Event()

    def hold(connection: Connection) -> None:
        _change(connection, number, "holder")
        held.set()
        refused.wait(10)

    def wait_for_it(connection: Connection) -> None:
        held.wait(10)
        tries.append("again" if tries else "once")
        if len(tries) > 1:
            refused.set()
        connection.execute(text(patience))
        _change(connection, number, "waiter")

    _at_once(lambda: database.write(hold), lambda: database.write(wait_for_it))

    assert len(tries) > 1
    assert written(database, page) == ["waiter"]


@pytest.fixture
def hasty(tmp_path: Any) -> Iterator[Database]:
    """A SQLite file whose lock is waited for only a moment."""
    database = Database.open(f"sqlite:///{tmp_path / 'hasty.db'}")
    event.listen(database.engine, "connect", lambda it, _: it.execute("PRAGMA busy_timeout=10").close())
    database.write(notes.create)
    yield database
    database.close()


def test_a_locked_file_is_tried_again(hasty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with _locked(hasty) as holder:
        monkeypatch.setattr("time.sleep", lambda _: holder.rollback())
        hasty.write(lambda it: write(it, "page", "a"))

    assert written(hasty, "page") == ["a"]


def test_in_the_end_the_databases_own_error_is_shown(hasty: Database, waits: list[float]) -> None:
    with _locked(hasty), pytest.raises(OperationalError, match="database is locked"):
        hasty.write(lambda it: write(it, "page", "a"))

    assert len(waits) == TRIES - 1
    assert all(pause <= 0.05 * 2**attempt for attempt, pause in enumerate(waits, start=1))


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO note (words) VALUES ('nowhere')", DBAPIError),
        ("SELECT nothing FROM nowhere", (ProgrammingError, OperationalError)),
    ],
)
def test_other_errors_are_not_tried_again(
    database: Database, page: str, waits: list[float], statement: str, error: Any
) -> None:
    tries: list[str] = []

    def work(connection: Connection) -> None:
        tries.append(statement)
        connection.execute(text(statement))

    with pytest.raises(error):
        database.write(work)

    assert len(tries) == 1
    assert waits == []


@pytest.mark.kinds("postgresql", "mariadb")
def test_work_whose_connection_broke_is_done_again(database: Database, page: str, waits: list[float]) -> None:
    tries: list[str] = []

    def work(connection: Connection) -> None:
        write(connection, page, f"try {len(tries)}")
        tries.append("")
        if len(tries) == 1:
            _break(database, connection)
            _words(connection, page)

    database.write(work)

    assert written(database, page) == ["try 1"]


@pytest.mark.kinds("postgresql", "mariadb")
def test_work_is_not_done_again_when_nobody_knows_whether_it_was_committed(
    database: Database, page: str, waits: list[float]
) -> None:
    tries: list[str] = []

    def work(connection: Connection) -> None:
        tries.append("")
        write(connection, page, "a")
        _break(database, connection)

    with pytest.raises(OperationalError):
        database.write(work)

    assert len(tries) == 1


# --- other processes -----------------------------------------------------------------------------------------


def test_a_forked_child_has_connections_of_its_own(database: Database, page: str) -> None:
    database.write(lambda it: write(it, page, "parent"))

    child = os.fork()
    if not child:
        try:
            database.write(lambda it: write(it, page, "child"))
            os._exit(0 if written(database, page) == ["parent", "child"] else 1)
        finally:
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    database.write(lambda it: write(it, page, "parent again"))
    assert written(database, page) == ["parent", "child", "parent again"]


# --- in bulk -------------------------------------------------------------------------------------------------


def test_bulk_work_is_one_transaction_too(database: Database, page: str) -> None:
    def fail(connection: Connection) -> None:
        write(connection, page, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail, in_bulk=True)
    database.write(lambda it: write(it, page, "b"), in_bulk=True)

    assert written(database, page) == ["b"]


@pytest.mark.parametrize("fails", [False, True])
def test_after_bulk_work_references_are_checked_again(
    database: Database, new: Callable[[str], str], fails: bool
) -> None:
    name = new("tool")

    def work(connection: Connection) -> None:
        sets.insert(connection, schema.tool, ("name",), [(name,)])
        if fails:
            raise ZeroDivisionError

    try:
        database.write(work, in_bulk=True)
    except ZeroDivisionError:
        assert fails

    with pytest.raises(IntegrityError):
        database.write(lambda it: sets.insert(it, schema.tool_version, ("tool_id",), [(-1,)]))


@pytest.mark.kinds("sqlite")
def test_what_was_bound_in_bulk_refers_to_what_is_there(database: Database) -> None:
    from tests.store.building import chain

    chain(database)

    with database.read() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://ada:secret@host/db", "mysql+pymysql://ada:secret@host/db"]
)
def test_a_databases_name_hides_its_password(url: str) -> None:
    assert Database.open(url).name == url.replace("secret", "***")


def test_the_folder_of_a_new_file_is_made(tmp_path: Any) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/new/folder/jobmon.db")

    database.write(notes.create)

    assert (tmp_path / "new/folder/jobmon.db").is_file()
    database.close()


def _change(connection: Connection, number: int, words: str) -> None:
    connection.execute(update(notes).where(notes.c.id == number).values(words=words))


def _at_once(*calls: Callable[[], Any]) -> None:
    errors: list[BaseException] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


class _locked:  # noqa: N801 - reads as `with _locked(database)`
    """Another process's transaction, in effect."""

    def __init__(self, database: Database) -> None:
        self.holder = sqlite3.connect(str(database.engine.url.database), isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        self.holder.execute("BEGIN IMMEDIATE")
        return self.holder

    def __exit__(self, *_: object) -> None:
        self.holder.close()


def _break(database: Database, connection: Connection) -> None:
    """End a connection from the server's side."""
    if connection.dialect.name == "postgresql":
        number = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        end = f"SELECT pg_terminate_backend({number})"
    else:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar()
        end = f"KILL {number}"
    with database.engine.connect() as other:
        other.execute(text(end)).close()
