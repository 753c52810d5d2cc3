"""``jobmon workflow watch`` tells how a workflow goes on, until nobody runs it any more."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli import following
from jobmon_airflow.cli.answers import Exit
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import tasks, workflow_runs
from jobmon_airflow.store.database import Database
from tests.attempts import AT
from tests.cli.on_databases.runs import going_on, over
from tests.workflows import close, migrated, three_phases


@pytest.fixture
def url(sqlite_url):
    yield migrated(sqlite_url)
    close(sqlite_url)


@pytest.fixture
def database(url):
    database = Database.open(url)
    yield database
    database.close()


@pytest.fixture
def workflow(url):
    return three_phases(url).bind()


def watched(workflow, url, *steps):
    """All answers, while one of these steps is taken in each pause."""
    pauses = iter(steps)
    return list(following.workflow(workflow.workflow_id, database=url, sleep=lambda _: next(pauses)()))


def moved(database, ids, *path):
    for status in path:
        database.write(lambda it, status=status: tasks.advance(it, ids, status, AT))


def test_each_look_says_how_far_it_is_and_the_last_how_it_ended(database, url, workflow):
    run = going_on(database, workflow)
    ids = [task.task_id for task in workflow.tasks]

    def begin():
        moved(database, ids, TaskStatus.QUEUED, TaskStatus.LAUNCHED, TaskStatus.RUNNING)

    def fail():
        moved(database, ids[1:], TaskStatus.DONE)
        moved(database, ids[:1], TaskStatus.ERROR_FATAL)
        database.write(lambda it: workflow_runs.go(it, run, WorkflowRunStatus.ERROR, AT))

    first, second, last = watched(workflow, url, begin, fail)

    assert "is RUNNING: 0 of 13 done (0 %)." in first.text
    assert (first.code, first.is_last) == (Exit.OK, False)
    assert "13 running" in second.text
    assert "is FAILED: 12 of 13 done (92 %), 1 failed." in last.text
    assert f"airflow jobmon workflow resume {workflow.workflow_id}" in last.text
    assert (last.code, last.is_last) == (Exit.TASKS_FAILED, True)
    assert last.data["counts"]["FATAL"] == 1


def test_a_workflow_that_is_done_is_looked_at_once(database, url, workflow):
    over(database, workflow)

    [only] = watched(workflow, url)

    assert "is DONE" in only.text
    assert only.code == Exit.OK


def test_one_that_was_not_begun_yet_is_waited_for(database, url, workflow):
    first, last = watched(workflow, url, lambda: over(database, workflow))

    assert not first.is_last
    assert "is DONE" in last.text


def test_a_run_that_lost_its_controller_is_not_waited_for(database, url, workflow):
    going_on(database, workflow)
    database.write(
        lambda it: it.exec_driver_sql("UPDATE workflow_run SET heartbeat_date = '2024-01-01 00:00:00'")
    )

    [only] = watched(workflow, url)

    assert only.is_last
    assert only.code == Exit.TASKS_FAILED
    assert "has lost its controller" in only.text


def test_a_terminal_is_shown_the_whole_picture(database, url, workflow, monkeypatch):
    going_on(database, workflow)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    picture = next(following.workflow(workflow.workflow_id, database=url))

    assert picture.table.columns[0] == "TEMPLATE"
    assert "is at work" in picture.text


def test_a_workflow_that_is_not_there_is_said_so(url):
    with pytest.raises(UnknownName):
        next(following.workflow(10**9, database=url))
