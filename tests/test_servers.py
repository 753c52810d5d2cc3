from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, MetaData, NullPool, String, Table, create_engine, insert, inspect, select, text
from sqlalchemy.exc import OperationalError

from tests import servers

if TYPE_CHECKING:
    from pathlib import Path

notes = Table("note", MetaData(), Column("words", String(40)))


def test_a_database_answers_and_is_empty(database_url: str) -> None:
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
        assert inspect(connection).get_table_names() == []


def test_words_in_any_script_come_back_as_they_were_stored(database_url: str) -> None:
    words = "naïve 🚀"

    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        notes.create(connection)
        connection.execute(insert(notes).values(words=words))

    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(select(notes.c.words)) == words


def test_a_missing_server_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(
        servers.ServerIsMissing, match=r"no-such-server cannot be found\.\n.*apt-get install it"
    ):
        servers._programs("sh", "no-such-server", folders=[], package="it")


START_AND_WAIT = """
import sys
from tests import servers

with servers.mariadb() as address:
    print(address, flush=True)
    sys.stdin.read()
"""


def test_a_server_ends_when_its_tests_are_killed(
    mariadb_server: str, tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        cwd=pytestconfig.rootpath,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout
        address = tests.stdout.readline().strip()
        assert _answers(address)
        tests.kill()

    deadline = time.monotonic() + 60
    while _answers(address):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        with create_engine(address, poolclass=NullPool).connect():
            return True
    except OperationalError:
        return False
