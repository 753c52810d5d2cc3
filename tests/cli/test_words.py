"""How words are read: lists in both spellings, numbers with a flag or without, and what cannot be read."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.cli.commands import perform
from jobmon_airflow.cli.declaring import Argument, Command
from tests.cli.typing_words import read, typed


@pytest.mark.parametrize(
    "words",
    [
        "workflow status -w 1 2 3",
        "workflow status -w 1 -w 2 -w 3",
        "workflow status -w 1 2 --workflow-id 3",
        "workflow status 1 2 3",
        "workflow status 1 2 3 -l 2",
        "workflow_status -w 1 2 3",
        "workflow_status -w 1 -w 2 --workflow_id 3",
    ],
)
def test_a_list_is_spelt_either_way(words):
    assert read(words)["workflow_ids"] == [1, 2, 3]


@pytest.mark.parametrize("words", ["task explain 12", "task explain -t 12", "task explain --task-id 12"])
def test_a_number_needs_no_flag(words):
    assert read(words)["task_id"] == 12


def test_a_limit_is_read_by_place_and_by_flag():
    for words in (
        "workflow limit 12 100",
        "workflow limit -w 12 -m 100",
        "workflow concurrency -w 12 -m 100",
    ):
        told = read(words)
        assert (told["workflow_id"], told["tasks"]) == (12, 100)


def test_flags_that_were_left_out_say_nothing():
    told = read("workflow status")

    assert told["workflow_ids"] is None
    assert told["users"] is None
    assert told["watch"] is None
    assert (told["limit"], told["output"]) == (5, "table")


def test_json_has_two_spellings():
    assert read("workflow status -n")["output"] == read("workflow status -o json")["output"] == "json"


def test_watching_knows_how_often_by_itself():
    assert read("workflow status --watch")["watch"] == 2.0
    assert read("workflow status --watch 10 -w 1")["watch"] == 10.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("workflow", "COMMAND"),
        ("workflow dance", "dance"),
        ("workflow status --cleverly", "--cleverly"),
        ("workflow status -w twelve", "twelve"),
        ("workflow status -l 0", "-l"),
        ("workflow status -o sculpture", "sculpture"),
    ],
)
def test_what_cannot_be_read_is_named(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        read(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_what_is_missing_is_named_with_its_flag():
    done = typed("workflow", "limit", "12")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "TASKS is missing.\nAdd it: -m TASKS\n"


def test_no_words_at_all_list_the_commands_without_old_names():
    done = typed()

    assert done.returncode == 0
    assert {"workflow", "task", "config", "db"} <= set(done.stdout.split())
    assert "workflow_status" not in done.stdout


def test_what_was_left_out_is_the_function_s_business(monkeypatch):
    told = []
    monkeypatch.setattr(
        "jobmon_airflow.cli.commands._loaded", lambda _: lambda **it: told.append(it) or Answer(".")
    )
    command = Command(
        name="x",
        help="",
        does="nowhere:nothing",
        asks_database=False,
        arguments=(
            Argument(name="one", flags=("--one",), help=""),
            Argument(name="other", flags=("--other",), help=""),
        ),
    )

    perform(command, {"one": 1, "other": None, "verbose": True})

    assert told == [{"one": 1}]
