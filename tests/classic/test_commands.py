"""Every command and query that Jobmon's documents print can be typed, and answers what the document says."""

from __future__ import annotations

import json
import re

import pytest

from jobmon_airflow.classic import BashTask, Workflow
from jobmon_airflow.cli.console import main
from tests.classic.printed import DOCUMENTS

DOCUMENT = (DOCUMENTS / "quickstart_2.rst").read_text(encoding="utf-8")
COMMANDS = list(dict.fromkeys(re.findall(r"``jobmon ([^`]+)``", DOCUMENT)))
#: names of commands in sentences about them
NAMES = {"workflow_status", "workflow_tasks", "task_status", "concurrency_limit", "update_task_status"}


@pytest.fixture
def typed(place, capsys):
    """Two workflows that have failed, and a way to type commands about them."""
    for args in ("one", "two"):
        workflow = Workflow(args, name=args)
        begin, broken = BashTask("echo begin", name="begin"), BashTask("false", name="broken", max_attempts=1)
        workflow.add_tasks([begin, broken, BashTask("echo waits", [broken], name="waits")])
        workflow.run()
    (user,) = {name for (name,) in place.asked("select user from workflow_run")}
    # Ids as the document has them, and words that it leaves to the reader.
    ids = {"{user}": user, "<workflow_id>": "1", "[workflow_id]": "1", "[task_ids]": "2"}

    def type_it(command, **more):
        workflows = {"9876": "1", "1234": "2"} if "workflow" in command else {"1234": "2", "7652": "1"}
        for written, meant in {**ids, **workflows, **more}.items():
            command = command.replace(written, meant)
        capsys.readouterr()
        code = main(command.split())
        return code, capsys.readouterr().out

    return type_it


def test_these_are_the_commands_that_are_printed():
    assert set(COMMANDS) > NAMES
    assert [command for command in COMMANDS if command not in NAMES] == [
        "workflow_status -u {user}",
        "workflow_status -w 9876",
        "workflow_status -w 9876 1234",
        "workflow_tasks -w 9876",
        "workflow_tasks -w 9876 -s PENDING",
        "workflow_tasks -w 9876 -s PENDING RUNNING",
        "task_status -t 1234",
        "task_status -t 1234 7652 -s done",
        "task_status -t 1234 7652 -s done -n",
        "concurrency_limit -w <workflow_id> -n 100000",
        "concurrency_limit -w <workflow_id> -n 100",
        "update_task_status -t [task_ids] -w [workflow_id] -s [status]",
    ]


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("workflow_status -u {user}", [1, 2]),
        ("workflow_status -w 9876", [1]),
        ("workflow_status -w 9876 1234", [1, 2]),
        ("workflow_tasks -w 9876", [1, 2, 3]),
        ("workflow_tasks -w 9876 -s PENDING", [3]),
        ("workflow_tasks -w 9876 -s PENDING RUNNING", [3]),
        ("task_status -t 1234", [2]),
        ("task_status -t 1234 7652 -s done", [1]),
        ("workflow_status", [1, 2]),
    ],
)
def test_what_is_asked_for_is_shown(command, rows, typed):
    code, said = typed(command)
    in_json, data = typed(f"{command} -n")

    assert (code, in_json) == (0, 0)
    assert sorted(next(iter(row.values())) for row in json.loads(data)) == rows
    assert all(re.search(rf"^\s*{row}\s", said, re.MULTILINE) for row in rows)


def test_programs_are_answered_in_json(typed):
    code, said = typed("task_status -t 1234 7652 -s done -n")

    assert code == 0
    assert [row["TASK_ID"] for row in json.loads(said)] == [1]


@pytest.mark.parametrize("limit", [100000, 100])
def test_more_or_fewer_tasks_may_run_at_a_time(limit, typed, place):
    code, _ = typed(f"concurrency_limit -w <workflow_id> -n {limit}")

    assert code == 0
    assert place.asked("select max_concurrently_running from workflow order by id") == [(limit,), (10_000,)]


@pytest.mark.parametrize(("status", "statuses"), [("D", "DDG"), ("F", "DGG")])
def test_a_task_counts_as_done_or_runs_again(status, statuses, typed, place):
    code, _ = typed("update_task_status -t [task_ids] -w [workflow_id] -s [status]", **{"[status]": status})

    assert code == 0
    assert [
        row for (row,) in place.asked("select status from task where workflow_id = 1 order by id")
    ] == list(statuses)


# Queries


def queries():
    """The printed queries, in one line each."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("quickstart_*.rst"))]
    alone = [query for text in texts for query in re.findall(r"^ +(SELECT .*)$", text, re.MULTILINE)]
    barred = [
        block for text in texts for block in re.findall(r"^ +\| SELECT.*\n(?: +\| .*\n)*", text, re.MULTILINE)
    ]
    return alone + [" ".join(re.findall(r"\| (.*)", block)) for block in barred]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("FROM job WHERE dag_id=191", [("D", 2), ("F", 2), ("G", 2)]),
        ("FROM task WHERE workflow_id=191", [("D", 1), ("F", 1), ("G", 1)]),
        ('WHERE name="<your workflow name>"', 1),
        ('WHERE workflow_run.user = "<your username>"', 2),
        ("AND t1.workflow_id = <workflow id>", 1),
        ("AND t1.workflow_run_id = <workflow_run_id>", 1),
    ],
)
def test_what_the_tables_are_asked_is_answered(words, answer, typed, place):
    (query,) = [each for each in queries() if words in each]
    (user,) = {name for (name,) in place.asked("select user from workflow_run")}
    meant = {"191": "1", "<your username>": user, "<your workflow name>": "one"}
    for written, meaning in {**meant, "<workflow id>": "1", "<workflow_run_id>": "1"}.items():
        query = query.replace(written, meaning)

    rows = place.asked(query)

    assert (rows if isinstance(answer, list) else len(rows)) == answer


def test_no_query_is_left_out():
    assert len(queries()) == 6
