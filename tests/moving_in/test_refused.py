"""What is no original is refused with a word on what to do, and an original is never written to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from jobmon_airflow.cli import console
from jobmon_airflow.errors import InvalidAddress, InvalidSetting, NotOurDatabase, UnknownName
from jobmon_airflow.moving_in.bringing import Selection, bring
from jobmon_airflow.moving_in.original import Original as Opened
from tests.moving_in import burden
from tests.moving_in.originals import Original

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jobmon_airflow.store.database import Database


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "cannot be read"),
        ("postgresql://host/name", "keeps nothing in postgresql"),
        ("sqlite:////no/such/file.db", "There is no file"),
        ("mysql+nothing://host/name", "cannot be read"),
        ("mysql+pymysql://ada:secret@127.0.0.1:1/name", "does not answer"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(ours: Database, address: str, says: str) -> None:
    with pytest.raises(InvalidAddress, match=says) as refused:
        bring(ours, address)

    assert "secret" not in str(refused.value)
    assert "mysql+pymysql://user:password@host" in refused.value.remedy


def test_our_own_database_is_no_original(ours: Database) -> None:
    with pytest.raises(NotOurDatabase, match="of this package"):
        bring(ours, ours.engine.url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (["job", "job_instance", "task_dag"], "Jobmon 1.x or 2.x"),
        (["dag", "dag_run"], "no database of Jobmon 3.x"),
    ],
)
def test_other_tables_are_no_original(ours: Database, tmp_path: Path, tables: list[str], says: str) -> None:
    address = f"sqlite:///{tmp_path / 'other.db'}"
    engine = create_engine(address)
    with engine.begin() as connection:
        for name in tables:
            connection.execute(text(f"CREATE TABLE {name} (id INTEGER)"))
    engine.dispose()

    with pytest.raises(NotOurDatabase, match=says):
        bring(ours, address)


def test_a_clock_that_is_not_utc_is_not_guessed_at(ours: Database, address_of: Callable[[str], str]) -> None:
    original = Original.at(address_of("mariadb"))
    burden.there(original)
    west = f"{original.address}?init_command=SET time_zone='-08:00'"

    with pytest.raises(InvalidSetting, match=r"-8 hours") as refused:
        bring(ours, west)
    assert "--timezone" in refused.value.remedy

    from zoneinfo import ZoneInfo

    assert bring(ours, west, zone=ZoneInfo("America/Los_Angeles")).brought["workflow"] == 1
    original.engine.dispose()


def test_an_unknown_tool_is_refused(original: Original, ours: Database) -> None:
    burden.there(original)

    with pytest.raises(UnknownName, match="no tool nothing"):
        bring(ours, original.address, only=Selection(tools=["nothing"]))


def test_a_file_stays_as_it_is(original: Original, ours: Database, tmp_path: Path) -> None:
    burden.there(original)
    original.engine.dispose()
    before = _digest(tmp_path / "original.db")

    bring(ours, original.address)

    assert _digest(tmp_path / "original.db") == before
    assert [file.name for file in tmp_path.glob("original.db*")] == ["original.db"]


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
def test_nothing_can_be_written_there(kind: str, address_of: Callable[[str], str]) -> None:
    from datetime import UTC

    original = Original.at(address_of(kind))
    original.engine.dispose()

    with (
        Opened.opened(original.address, UTC) as opened,
        opened.engine.connect() as connection,
        pytest.raises(DBAPIError, match=r"(?i)read.?only"),
    ):
        connection.execute(text("DELETE FROM tool"))


def test_a_password_is_told_to_nobody(ours: Database, address_of: Callable[[str], str]) -> None:
    original = Original.at(address_of("mariadb"))
    burden.there(original)

    report = bring(ours, original.address.replace("root@", "root:@"))

    assert report.origin.startswith("mysql://127.0.0.1:")
    assert "root" not in report.origin
    original.engine.dispose()


def test_the_terminal_says_what_is_wrong(ours: Database, capsys: pytest.CaptureFixture[str]) -> None:
    address = ours.engine.url.render_as_string(hide_password=False)

    code = console.main(["import", "--from", "sqlite:////no/such.db", "--database", address])
    assert (code, capsys.readouterr().out) == (2, "")
    code = console.main(
        ["import", "--from", "sqlite:////no/such.db", "--timezone", "Mars", "--database", address]
    )
    assert code == 2
    assert "There is no time zone 'Mars'" in capsys.readouterr().err


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
