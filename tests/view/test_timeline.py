"""When attempts waited and ran, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobmon_airflow.engine.verdict import KILLED
from jobmon_airflow.states import TaskInstanceStatus, WorkflowRunStatus
from jobmon_airflow.store import samples, workflow_runs
from jobmon_airflow.view import timeline
from jobmon_airflow.view.timeline import By
from tests.attempts import AT, attempt
from tests.view.past import ended
from tests.workflows import three_phases


@pytest.fixture
def workflow(url, new):
    return three_phases(url, new("timeline")).bind()


@pytest.fixture
def ids(workflow):
    return [task.task_id for task in workflow.arrays["transform"].tasks]


@pytest.fixture
def history(database, workflow, ids):
    """Two waited for 60 of their 100 seconds, on different nodes; one was killed while it waited."""
    ended(database, ids[0], wallclock=40.0, nodename="n1")
    ended(database, ids[1], wallclock=40.0, nodename="n2")
    ended(database, ids[2], KILLED, kind="killed", after=50.0)


def seen(database, workflow, by=By.TEMPLATE, now=None):
    with database.read() as connection:
        return timeline.of_workflow(connection, workflow.workflow_id, by, now)


def test_a_row_says_how_many_waited_and_ran(database, workflow, history):
    found = seen(database, workflow)
    [row] = found.rows

    assert (found.attempts, found.sampled, found.begin, found.end) == (3, 3, AT, AT + timedelta(seconds=100))
    assert (row.name, row.attempts, row.begin, row.end) == ("transform", 3, found.begin, found.end)
    assert found.slot == 1.0
    assert row.waiting[:61] == pytest.approx([3.0] * 50 + [2.0] * 10 + [0.0])
    assert row.running[:101] == pytest.approx([0.0] * 60 + [2.0] * 40 + [0.0])
    assert (row.waited.median, row.waited.max) == pytest.approx((60, 60))
    assert (row.ran.median, row.ran.max) == pytest.approx((40, 40))


def test_few_attempts_are_bars(database, workflow, ids, history):
    bars = seen(database, workflow).bars

    assert bars.task_id == ids[:3]
    assert bars.row == [0, 0, 0]
    begin = AT.timestamp()
    assert bars.begin == pytest.approx([begin] * 3)
    assert bars.started == pytest.approx([begin + 60, begin + 60, begin + 50])
    assert bars.end == pytest.approx([begin + 100, begin + 100, begin + 50])
    assert [bars.verdicts[at] for at in bars.verdict] == ["done", "done", "killed"]


def test_rows_may_be_nodes(database, workflow, history):
    found = seen(database, workflow, By.NODE)

    assert sorted(row.name for row in found.rows) == ["n1", "n2"]
    assert (found.attempts, found.more_rows) == (3, 0)


def test_what_runs_has_run_until_now(database, workflow, ids, history):
    with database.read() as connection:
        run = workflow_runs.of_workflow(connection, workflow.workflow_id)[0].id
    for status in (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING):
        database.write(lambda it, status=status: workflow_runs.go(it, run, status, AT))
    attempt(database, ids[3], at=AT + timedelta(seconds=20))
    waits = attempt_that_waits(database, ids[4])

    found = seen(database, workflow, now=AT + timedelta(seconds=200))

    assert found.is_active
    assert found.end == AT + timedelta(seconds=200)
    row = found.rows[0]
    assert row.running[150 * 200 // 200 - 2] == pytest.approx(1.0)
    at = found.bars.attempt_id.index(waits)
    assert found.bars.started[at] == found.bars.end[at] == (AT + timedelta(seconds=200)).timestamp()


def attempt_that_waits(database, task_id):
    from sqlalchemy import select

    from jobmon_airflow.store import task_instances
    from jobmon_airflow.store.schema import task

    def go(connection):
        row = connection.execute(select(task).where(task.c.id == task_id)).one()
        run = workflow_runs.of_workflow(connection, row.workflow_id)[0].id
        batch = task_instances.last_batch(connection, row.array_id) + 1
        asked = {task_id: row.task_resources_id}
        ids = task_instances.queue(
            connection, run, row.array_id, batch, asked, AT, status=TaskInstanceStatus.INSTANTIATED
        )
        return ids[task_id]

    return database.write(go)


def test_nobody_knows_how_what_was_abandoned_fares(database, workflow, ids, history):
    attempt(database, ids[3], at=AT + timedelta(seconds=20))

    assert seen(database, workflow).end == AT + timedelta(seconds=100)


def test_a_workflow_without_attempts_has_no_rows(database, workflow):
    found = seen(database, workflow)

    assert (found.rows, found.begin, found.end, found.attempts) == ([], None, None, 0)
    assert found.bars.attempt_id == []


def test_many_attempts_are_represented_by_some_each_for_its_share(
    database, workflow, ids, history, monkeypatch
):
    for task_id in ids[3:8]:
        ended(database, task_id, wallclock=40.0, nodename="n1")
    monkeypatch.setattr(timeline, "_READ", 4)
    monkeypatch.setattr(timeline, "_READ_AT_LEAST", 1)
    monkeypatch.setattr(samples, "_NEIGHBOURS", 1)

    found = seen(database, workflow)

    assert 0 < found.sampled < 8
    assert found.attempts == 8
    assert found.rows[0].attempts == pytest.approx(8)
    assert found.bars is None
