"""What can befall a database while a workflow is run."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psutil
from sqlalchemy import NullPool, create_engine, event

from tests import servers

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

A_WHILE: Final = 2.0  #: seconds
_MOST_PAGES: Final = 2**30


class Disturbance:
    """Something that begins and ends."""

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError

    def begin_for_a_while(self) -> None:
        """Begin, and end by itself, as long as the loop runs."""
        self.begin()
        asyncio.get_running_loop().call_later(A_WHILE, self.end)


class Lock(Disturbance):
    """Somebody else writes to a SQLite file, and does not come to an end."""

    def __init__(self, database: Database) -> None:
        self._connection = sqlite3.connect(_path(database), timeout=60, isolation_level=None)

    def begin(self) -> None:
        self._connection.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self._connection.close()


class FullDisk(Disturbance):
    """A SQLite file cannot grow."""

    def __init__(self, database: Database) -> None:
        self._pages = _MOST_PAGES
        event.listen(database.engine, "checkout", self._limit)

    def begin(self) -> None:
        self._pages = 1  # which SQLite takes for as many as there are

    def end(self) -> None:
        self._pages = _MOST_PAGES

    def _limit(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={self._pages}").close()


class Outage(Disturbance):
    """A PostgreSQL server is gone, as if its machine had lost its power, until it is started again."""

    def __init__(self, server: str) -> None:
        folder = Path(_ask(server, "SHOW data_directory"))
        self._process = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        self._command, self._folder = self._process.cmdline(), self._process.cwd()
        self._user, self._group = self._process.uids().real, self._process.gids().real

    def begin(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(servers.STOP_WITHIN)

    def end(self) -> None:
        self._process = psutil.Popen(
            self._command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=servers._ends_with(os.getpid(), signal.SIGINT),
            **self._whose(),
        )

    def _whose(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        return {"user": self._user, "group": self._group, "extra_groups": []}


class UnansweredCommit:
    """A PostgreSQL connection that breaks at one commit: before it is done, or when it is and nobody has heard so."""

    def __init__(self, database: Database, number: int, *, is_done: bool) -> None:
        self._database = database
        self._numbers = count()
        self._number = number
        self._is_done = is_done
        self.came = False

    def __enter__(self) -> Self:
        event.listen(self._database.engine, "commit", self._break)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._database.engine, "commit", self._break)

    def _break(self, connection: Connection) -> None:
        if next(self._numbers) != self._number:
            return
        self.came = True
        driver: Any = connection.connection.driver_connection
        if self._is_done:
            driver.commit()
            driver.close()
        else:
            _ask(_address(self._database), f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")


def set_on_connections(database: Database, pragma: str) -> None:
    """Let all connections to a SQLite file be made like this, from now on."""
    event.listen(database.engine, "checkout", lambda it, *_: it.execute(f"PRAGMA {pragma}").close())


def _path(database: Database) -> str:
    path = database.engine.url.database
    assert path is not None
    return path


def _address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def _ask(address: str, question: str) -> Any:
    with create_engine(address, poolclass=NullPool).connect() as connection:
        return connection.exec_driver_sql(question).scalar_one()
