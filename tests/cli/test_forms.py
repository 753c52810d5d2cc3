"""The forms of an answer, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from jobmon_airflow.cli.answers import Answer, Exit, Share, Table
from jobmon_airflow.cli.formats import as_csv, plain, printed
from jobmon_airflow.cli.terminal import fitted
from jobmon_airflow.errors import JobmonError

ROWS = [
    {"NAME": "first", "TASKS": 3, "SAID": 'a "quoted", word', "hidden": 1},
    {"NAME": "other", "TASKS": 12, "SAID": "two\nlines", "hidden": 2},
]
TABLE = Table(["NAME", "TASKS", "SAID"], ROWS)


def test_a_pipe_gets_plain_columns_one_line_for_each_row():
    assert printed(Answer(TABLE), "table", io.StringIO()) == (
        'NAME   TASKS  SAID\nfirst      3  a "quoted", word\nother     12  two lines'
    )


def test_parts_stand_apart_and_empty_ones_are_left_out():
    assert plain(Answer(["one", "", "two"])) == "one\n\ntwo"


def test_an_empty_table_says_what_that_means_to_people_alone():
    answer = Answer(Table(["NAME"], [], "There is none."))

    assert plain(answer) == "There is none."
    assert printed(answer, "json", io.StringIO()) == "[]"
    assert as_csv(answer) == "NAME"


def test_json_holds_the_data_or_else_the_rows_or_else_the_words():
    to = io.StringIO()

    assert json.loads(printed(Answer(TABLE, data={"known": 1}), "json", to)) == {"known": 1}
    assert json.loads(printed(Answer(TABLE), "json", to)) == ROWS
    assert json.loads(printed(Answer("Done."), "json", to)) == {"message": "Done."}
    assert "\n" not in printed(Answer(TABLE), "json", to, in_one_line=True)


def test_csv_is_what_a_spreadsheet_reads():
    found = list(csv.DictReader(io.StringIO(as_csv(Answer([TABLE, "and words"])))))

    assert [row["SAID"] for row in found] == ['a "quoted", word', "two\nlines"]
    assert list(found[0]) == ["NAME", "TASKS", "SAID"]


def test_a_terminal_shows_what_part_of_all_it_is_and_programs_get_a_number():
    rows = [{"DONE": Share(1, of=3), "FATAL": Share(0, of=3)}]
    answer = Answer(Table(["DONE", "FATAL"], rows))

    assert "1 (33%)" in fitted(answer, 80)
    assert plain(answer) == "DONE  FATAL\n   1      0"
    assert as_csv(answer) == "DONE,FATAL\n1,0"
    assert json.loads(printed(answer, "json", io.StringIO())) == [{"DONE": 1, "FATAL": 0}]


def test_words_are_no_csv():
    with pytest.raises(JobmonError, match="not a table") as refused:
        as_csv(Answer("Done."))

    assert "-o json" in refused.value.remedy


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_table_fits_the_terminal_and_loses_no_letter(width):
    long = Table(["ID", "STATUS", "COMMAND"], [{"ID": 1, "STATUS": "RUNNING", "COMMAND": "x" * 90 + "end"}])

    lines = re.sub(r"\x1b\[[0-9;]*m", "", fitted(Answer([long, "words"]), width)).splitlines()

    assert max(map(len, lines)) <= width
    assert "".join(lines).count("x") == 90
    assert lines[-1].strip() == "words"


WIDE = Table(
    ["WORKFLOW_ID", "NAME", "TASKS", "PENDING", "DONE"],
    [
        {
            "WORKFLOW_ID": 12,
            "NAME": "a meal",
            "TASKS": 500_000,
            "PENDING": Share(1, of=4),
            "DONE": Share(3, of=4),
        }
    ],
)


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            80,
            [
                "WORKFLOW_ID  NAME     TASKS  PENDING     DONE",
                "         12  a meal  500000  1 (25%)  3 (75%)",
            ],
        ),
        (
            42,
            [
                "WORKFLOW_ID  NAME   TASKS  PENDING  DONE",
                "         12  a     500000        1     3",
                "             meal",
            ],
        ),
        (
            24,
            [
                "WORKFLOW_ID  12",
                "NAME         a meal",
                "TASKS        500000",
                "PENDING      1 (25%)",
                "DONE         3 (75%)",
            ],
        ),
    ],
    ids=["wide", "without percents", "as a list"],
)
def test_where_there_is_no_room_a_table_is_another(width, lines):
    said = re.sub(r"\x1b\[[0-9;]*m", "", fitted(Answer(WIDE), width)).splitlines()

    assert [line.strip() for line in said if line.strip(" ─")] == [line.strip() for line in lines]


def test_hostile_words_are_no_markup_on_a_terminal():
    said = re.sub(r"\x1b\[[0-9;]*m", "", fitted(Answer(Table(["[bold]A"], [{"[bold]A": "[red]x[/]"}])), 80))

    assert "[bold]A" in said
    assert "[red]x[/]" in said


def test_what_tasks_said_commands_neither_terminals_nor_spreadsheets():
    said = "\x1b]0;taken over\x07=SUM(A1)"

    assert "\x1b]" not in fitted(Answer([said, Table(["SAID"], [{"SAID": said}])]), 80)
    assert as_csv(Answer(Table(["SAID", "N"], [{"SAID": "=SUM(A1)", "N": -1}]))) == "SAID,N\n'=SUM(A1),-1"


def test_an_answer_knows_how_it_went():
    assert Answer("x").code == Exit.OK == 0
    assert Exit.TASKS_FAILED == 1
    assert Exit.COULD_NOT == 2
