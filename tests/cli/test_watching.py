"""--watch looks again until nothing changes any more, and prints what changed."""

from __future__ import annotations

import itertools
import json

from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.cli.commands import perform
from jobmon_airflow.cli.declaring import Command
from jobmon_airflow.cli.watching import repeated, shown


def test_it_asks_until_an_answer_says_that_it_is_the_last():
    said = iter([Answer("1 of 3"), Answer("2 of 3"), Answer("3 of 3", is_last=True), Answer("never asked")])
    slept = []

    answers = list(repeated(lambda: next(said), 2.0, slept.append))

    assert [answer.text for answer in answers] == ["1 of 3", "2 of 3", "3 of 3"]
    assert slept == [2.0, 2.0]


def test_a_database_is_not_asked_all_the_time():
    slept = []

    list(itertools.islice(repeated(lambda: Answer("x"), 0.0, slept.append), 3))

    assert min(slept) >= 0.1


def test_what_did_not_change_is_not_printed_again(capsys):
    answers = [Answer("one"), Answer("one"), Answer("two", Exit.TASKS_FAILED)]

    assert shown(answers, "table") == Exit.TASKS_FAILED
    assert capsys.readouterr().out == "one\ntwo\n"


def test_programs_read_a_line_for_each_change(capsys):
    shown([Answer("a", data={"done": 1}), Answer("b", data={"done": 2})], "json")

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"done": 1}, {"done": 2}]


def test_a_terminal_is_written_over(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    shown([Answer("one\ntwo"), Answer("three")], "table")

    written = capsys.readouterr().out
    assert written.count("\x1b[2J") == 1
    assert written.count("\x1b[H") == 2
    assert written.endswith("three\x1b[K\n\x1b[J")


def test_a_command_that_follows_something_is_followed(monkeypatch, capsys):
    monkeypatch.setattr(
        "jobmon_airflow.cli.commands._loaded",
        lambda _: lambda: iter([Answer("1"), Answer("2", Exit.TASKS_FAILED)]),
    )

    code = perform(Command(name="x", help="", does="nowhere:nothing", asks_database=False), {})

    assert code == Exit.TASKS_FAILED
    assert capsys.readouterr().out == "1\n2\n"


def test_ctrl_c_ends_it_quietly(monkeypatch, capsys):
    def interrupted():
        yield Answer("1")
        raise KeyboardInterrupt

    monkeypatch.setattr("jobmon_airflow.cli.commands._loaded", lambda _: interrupted)

    assert perform(Command(name="x", help="", does="nowhere:nothing", asks_database=False), {}) == 130
    assert capsys.readouterr().out == "1\n"
