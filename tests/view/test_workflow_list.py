"""Workflows as a list, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.engine import claims
from jobmon_airflow.states import TASK, TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import moves_by_minute, tasks, usage_by_hour, workflow_runs
from jobmon_airflow.view import workflow as one
from jobmon_airflow.view import workflows
from jobmon_airflow.view.workflows import WorkflowFilter
from tests.attempts import attempt
from tests.workflows import three_phases

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTHING = WorkflowFilter()


def anybody(origin):
    return True


@pytest.fixture
def three(tool):
    """Three workflows of two tasks, named one, two and three; the first is of release 7."""
    echo = tool.get_task_template("echo", "echo {number}", node_args=["number"])
    made = {}
    for name, attributes in (("one", {"release": "7"}), ("two", {"release": None}), ("three", {})):
        made[name] = tool.create_workflow(f"the {name}", name=name, workflow_attributes=attributes)
        made[name].add_tasks(echo.create_tasks(number=[1, 2]))
        made[name].bind()
    return made


def names(database, tool, may_read=anybody, unwanted=NOTHING, limit=100, after=None, **wanted):
    with database.read() as connection:
        page = workflows.table(
            connection,
            may_read,
            NOW,
            wanted=WorkflowFilter(tool=[tool.name], **wanted),
            unwanted=unwanted,
            limit=limit,
            after=after,
        )
    return [row.name for row in page.items], page.next


def test_the_newest_come_first_and_pages_follow_each_other(database, tool, three):
    first, cursor = names(database, tool, limit=2)
    second, end = names(database, tool, limit=2, after=cursor)

    assert (first, second, end) == (["three", "two"], ["one"], None)


def test_a_page_is_full_although_some_may_not_be_seen(database, tool, three):
    found, cursor = names(database, tool, lambda origin: origin.name != "two", limit=2)

    assert (found, cursor) == (["three", "one"], None)


def test_who_may_see_is_asked_with_the_family(database, tool, three):
    asked = []
    names(database, tool, lambda origin: asked.append((origin.tool, origin.name, origin.dag_ids)))

    assert asked == [(tool.name, name, frozenset()) for name in ("three", "two", "one")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"name": ["TW", "ree"]}, ["three", "two"]),
        ({"args": ["the_one"]}, []),  # no letter stands for others
        ({"args": ["the one"]}, ["one"]),
        ({"attribute": ["release=7"]}, ["one"]),
        ({"attribute": ["release"]}, ["two", "one"]),
        ({"status": ["registering"]}, ["three", "two", "one"]),
        ({"status": ["D"]}, []),
        ({"user": ["nobody"]}, []),
        ({"name": ["\0"]}, []),
    ],
    ids=str,
)
def test_one_of_several_values_is_enough(database, tool, three, wanted, found):
    assert names(database, tool, **wanted)[0] == found


def test_what_is_not_wanted_is_left_out(database, tool, three):
    unwanted = WorkflowFilter(name=["two"], attribute=["release=7"])

    assert names(database, tool, unwanted=unwanted)[0] == ["three"]
    assert names(database, tool, unwanted=WorkflowFilter(user=["nobody"]))[0] == ["three", "two", "one"]


# --- how they stand -------------------------------------------------------------------------------------------------


@pytest.fixture
def running(database, url, new):
    """Eight tasks of transform, begun twelve minutes ago. What others know of its templates' times would count."""
    workflow = three_phases(url, new("running"), tool_name=new("health")).bind()
    begun = NOW - timedelta(minutes=12)
    database.write(lambda it: begin(it, workflow, begun))
    return workflow


def begin(connection, workflow, at):
    until = NOW + timedelta(seconds=60)
    args = connection, workflow.workflow_id, "ada", "0", at
    run_id = workflow_runs.register(*args, controller=claims.here(), until=until)
    for status in (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND):
        workflow_runs.go(connection, run_id, status, at)


def row_of(database, workflow, now=NOW):
    with database.read() as connection:
        [row] = workflows.rows_of(connection, [workflow.workflow_id], now)
    return row


def test_somebody_runs_it_as_long_as_the_controller_is_heard_of(database, running):
    assert row_of(database, running).is_active
    assert not row_of(database, running, NOW + timedelta(minutes=2)).is_active
    assert row_of(database, running).owner == "ada"


def test_nobody_knows_when_it_ends_before_anything_was_done(database, running):
    assert row_of(database, running).eta is None


def test_when_it_ends_follows_from_what_was_done(database, running):
    ids = run_some(database, running, 3)
    database.write(lambda it: tasks.advance(it, ids[:1], TaskStatus.DONE, NOW))
    attempt(database, ids[0], TaskInstanceStatus.DONE, wallclock=60.0, verdict="done")
    database.write(usage_by_hour.rebuild)

    eta = row_of(database, running).eta

    # Two of twelve run, and are half done: eleven minutes of work, at two minutes a minute, or 1.2 or 3.6.
    assert [round((moment - NOW) / MINUTE, 1) for moment in (eta.low, eta.median, eta.high)] == [
        3.1,
        5.5,
        9.2,
    ]


def test_slow_and_fast_times_give_the_range(database, running):
    ids = run_some(database, running, 8)
    attempt(database, ids[0], TaskInstanceStatus.DONE, wallclock=60.0, verdict="done")
    database.write(usage_by_hour.rebuild)
    every = [task.task_id for array in running.arrays.values() for task in array.tasks]
    for minutes, count in ((11, 3), (7, 2), (3, 7)):
        done, at = every[:count], NOW - timedelta(minutes=minutes)
        every = every[count:]
        database.write(lambda it, done=done, at=at: tasks.order(it, done, TASK.orders["mark done"], at))

    eta = row_of(database, running).eta

    # One is left. In three times of four minutes each, it were 3, 2 and 7; and one waits for nothing else.
    assert NOW < eta.low < eta.median < eta.high < NOW + timedelta(minutes=3)


def run_some(database, workflow, count):
    ids = [task.task_id for task in workflow.arrays["transform"].tasks]
    for status in (TaskStatus.QUEUED, TaskStatus.RUNNING):
        moved = database.write(lambda it, to=status: tasks.advance(it, ids[:count], to, NOW))
        assert len(moved) == count
    return ids


def test_one_workflow_says_the_same_as_the_list_and_more(database, running):
    with database.read() as connection:
        found = one.of(
            connection,
            running.workflow_id,
            NOW,
            may_act=lambda origin, owner: origin.tool.startswith("health ") and owner == "ada",
            dag_id_of=lambda tool, name: f"{tool}.{name}",
        )

    assert [template.name for template in found.templates] == ["transform", "aggregate", "summarize"]
    assert (found.tasks, found.may_act, found.is_active) == (13, True, True)
    assert [(run.user, run.status) for run in found.runs] == [("ada", "BOUND")]


def test_counts_are_those_of_the_sums(database, running, monkeypatch):
    """Of large workflows, tasks are not counted."""
    from jobmon_airflow.view import counting

    monkeypatch.setattr(counting, "FEW", 1)
    ids = [task.task_id for task in running.arrays["transform"].tasks]
    with database.read() as connection:
        before = counting.of_workflow(connection, running.workflow_id)
    run_some(database, running, 3)
    database.write(lambda it: tasks.advance(it, ids[:2], TaskStatus.DONE, NOW))

    with database.read() as connection:
        monkeypatch.setattr(counting.workflows, "counts_by_status", lambda *_: {})
        after = counting.of_workflow(connection, running.workflow_id)

    array = running.arrays["transform"].array_id
    assert before[running.workflow_id, array] == {"G": 8}
    assert after[running.workflow_id, array] == {"G": 5, "R": 1, "D": 2}


def test_tasks_that_were_changed_by_hand_are_counted(database, running, monkeypatch):
    from sqlalchemy import update

    from jobmon_airflow.store.schema import task
    from jobmon_airflow.view import counting

    monkeypatch.setattr(counting, "FEW", 1)
    array = running.arrays["transform"].array_id
    done = update(task).where(task.c.array_id == array).values(status=TaskStatus.DONE)
    database.write(lambda it: it.execute(done).close())

    for _ in range(2):
        with database.read() as connection:
            assert counting.of_workflow(connection, running.workflow_id)[running.workflow_id, array] == {
                "D": 8
            }


def test_the_sums_can_be_made_anew(database, running):
    run_some(database, running, 3)
    arrays = [running.arrays["transform"].array_id]

    with database.read() as connection:
        before = [tuple(row) for row in moves_by_minute.together(connection, arrays)]
    database.write(moves_by_minute.rebuild)

    with database.read() as connection:
        assert [tuple(row) for row in moves_by_minute.together(connection, arrays)] == before
