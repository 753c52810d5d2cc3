"""What a command's ending is told by: words on stdout, what went wrong on stderr, and an exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from jobmon_airflow.cli.answers import Answer, Exit, Table
from jobmon_airflow.cli.commands import perform
from jobmon_airflow.cli.declaring import Command
from jobmon_airflow.errors import JobmonError
from tests.cli.typing_words import typed

COMMAND = Command(name="x", help="", does="nowhere:nothing", asks_database=False)


@pytest.fixture
def doing(monkeypatch):
    """Lets the command do something else."""
    return lambda work: monkeypatch.setattr("jobmon_airflow.cli.commands._loaded", lambda _: work)


def refused():
    raise JobmonError("The tray is empty.", remedy="Put paper in.")


def test_an_error_is_told_with_its_remedy_on_stderr_alone(doing, capfd):
    doing(refused)

    assert perform(COMMAND, {}) == Exit.COULD_NOT
    assert capfd.readouterr() == ("", "The tray is empty.\nPut paper in.\n")


def test_debug_shows_where_it_arose(doing, capfd):
    doing(refused)

    assert perform(COMMAND, {}, debug=True) == Exit.COULD_NOT
    assert "in refused" in capfd.readouterr().err


def test_an_error_that_nobody_foresaw_is_shown_in_full_and_is_no_failed_task(doing, capfd):
    doing(lambda: {}["nothing"])

    assert perform(COMMAND, {}) == Exit.COULD_NOT
    assert "KeyError: 'nothing'" in capfd.readouterr().err


def test_what_is_written_meanwhile_is_no_part_of_the_answer(doing, capfd):
    def talk():
        os.write(1, b"logged\n")
        return Answer("answered")

    doing(talk)

    assert perform(COMMAND, {}) == Exit.OK
    assert capfd.readouterr() == ("answered\n", "logged\n")


def test_what_is_written_while_something_is_followed_is_none_either(doing, capfd):
    def follow():
        os.write(1, b"logged\n")
        yield Answer("answered")

    doing(follow)

    assert perform(COMMAND, {}) == Exit.OK
    assert capfd.readouterr() == ("answered\n", "logged\n")


@pytest.mark.parametrize("to", ["answer.csv", ["f", "answer.csv"]])
def test_an_answer_is_written_to_a_file_instead(doing, capfd, tmp_path, monkeypatch, to):
    monkeypatch.chdir(tmp_path)
    doing(lambda: Answer(Table(["A"], [{"A": 1}])))

    assert perform(COMMAND, {"output": "csv", "to": to}) == Exit.OK
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "answer.csv").read_text() == "A\n1\n"


def test_a_file_that_cannot_be_written_is_named(doing, capfd, tmp_path):
    doing(lambda: Answer("answered"))

    assert perform(COMMAND, {"to": str(tmp_path)}) == Exit.COULD_NOT
    assert f"{tmp_path} cannot be written" in capfd.readouterr().err


def test_failed_tasks_are_told_by_the_exit_code(doing):
    doing(lambda: Answer("1 task failed", Exit.TASKS_FAILED))

    assert perform(COMMAND, {}) == 1


def test_a_database_that_does_not_answer_is_named_in_words():
    done = typed("workflow", "status", "--database", "postgresql+psycopg://jobmon@127.0.0.1:1/nowhere")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The Jobmon database does not answer:")
    assert "jobmon db address" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_who_has_seen_enough_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "jobmon_airflow", "version"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_gets_a_table_that_fits_it():
    above, below = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "jobmon_airflow", "version", "--components"],
        stdout=below,
        env={**os.environ, "COLUMNS": "20"},
    ) as process:
        os.close(below)
        written = b"".join(iter(lambda: _read(above), b"")).decode()
    os.close(above)

    lines = re.sub(r"\x1b\[[0-9;]*m", "", written).splitlines()
    assert process.returncode == 0
    assert "\x1b[1m" in written
    assert max(map(len, lines)) <= 20


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so when nobody has the other end open any more
        return b""


def test_versions_are_told():
    assert typed("version").stdout.startswith("jobmon_airflow ")
    assert set(json.loads(typed("version", "--components", "-n").stdout)) >= {"jobmon_airflow", "sqlalchemy"}
