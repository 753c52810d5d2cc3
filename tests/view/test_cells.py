"""Every task as a letter, and what went on, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import tasks
from jobmon_airflow.store.cells import ranges
from jobmon_airflow.view import activity, cells
from tests.workflows import three_phases

AT = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def workflow(url, new):
    return three_phases(url, new("cells")).bind()


def go(database, ids, status, at=AT):
    assert database.write(lambda it: tasks.advance(it, ids, status, at)) == set(ids)


def statuses(database, workflow):
    with database.read() as connection:
        found = cells.of_workflow(connection, workflow.workflow_id, AT)
    return {each.template: each.statuses for each in found.templates}


def test_each_task_has_a_letter_at_its_place(database, workflow):
    ids = sorted(task.task_id for task in workflow.arrays["transform"].tasks)
    go(database, ids, TaskStatus.QUEUED)
    go(database, ids[1:6], TaskStatus.DONE)
    go(database, ids[7:], TaskStatus.ERROR_FATAL)

    assert statuses(database, workflow) == {"transform": "QDDDDDQF", "aggregate": "GGGG", "summarize": "G"}


def test_ids_with_gaps_have_letters_too(database, url, new, workflow):
    """Where two bind at the same time, their tasks stand between each other's."""
    from sqlalchemy import update

    from jobmon_airflow.store.schema import task

    ids = sorted(task.task_id for task in workflow.arrays["transform"].tasks)
    go(database, ids[3:], TaskStatus.QUEUED)
    aggregate = workflow.arrays["aggregate"].array_id
    taken = update(task).where(task.c.id == ids[4]).values(array_id=aggregate)
    database.write(lambda it: it.execute(taken).close())

    with database.read() as connection:
        transform, other, _ = cells.of_workflow(connection, workflow.workflow_id, AT).templates

    assert (list(transform.ids), transform.statuses) == ([(ids[0], ids[3]), (ids[5], ids[7])], "GGGQQQQ")
    assert sorted(other.statuses) == list("GGGGQ")
    assert (ids[4], ids[4]) in other.ids


def test_node_args_come_in_the_order_of_the_ids(database, workflow):
    ids = sorted(task.task_id for task in workflow.arrays["transform"].tasks)

    with database.read() as connection:
        found = cells.args(connection, workflow.workflow_id, "transform", ids[1])

    shown = {name: [coded.values[code] for code in coded.codes] for name, coded in found.args.items()}
    assert list(found.ids) == [(ids[1], ids[-1])]
    tasks_of = {task.task_id: task.node_args for task in workflow.arrays["transform"].tasks}
    assert shown == {
        name: [str(tasks_of[number][name]) for number in ids[1:]] for name in ("location", "sex")
    }


@pytest.mark.parametrize(("ids", "expected"), [([], []), ([5], [(5, 5)]), ([1, 3, 4], [(1, 1), (3, 4)])])
def test_ranges_hold_what_follows_each_other(ids, expected):
    assert ranges(ids) == expected


# --- what went on ---------------------------------------------------------------------------------------------------


def of(database, workflow, **between):
    with database.read() as connection:
        return activity.of_workflow(connection, workflow.workflow_id, AT, **between)


@pytest.fixture
def begun(database, workflow):
    """Of eight tasks four ran at once; two of them are done a second later, one has failed after ten."""
    ids = sorted(task.task_id for task in workflow.arrays["transform"].tasks)
    go(database, ids[:4], TaskStatus.QUEUED)
    go(database, ids[:4], TaskStatus.RUNNING)
    go(database, ids[:2], TaskStatus.DONE, AT + timedelta(seconds=1))
    go(database, ids[2:3], TaskStatus.ERROR_FATAL, AT + timedelta(seconds=10))
    return ids


def test_a_short_run_is_shown_by_the_second(database, workflow, begun):
    found = of(database, workflow)

    transform = found.templates[0]
    assert (found.begin, found.step, transform.template) == (AT, 1, "transform")
    assert (transform.done, transform.failed) == ([0, 2, *[0] * 9], [*[0] * 10, 1])
    assert transform.levels[TaskBucket.RUNNING] == [4, *[2] * 9, 1]
    assert transform.levels[TaskBucket.PENDING] == [4] * 11
    assert transform.levels[TaskBucket.DONE][-1] == 2


def test_a_long_one_by_the_minute_or_more(database, workflow, begun):
    go(database, begun[3:4], TaskStatus.DONE, AT + timedelta(hours=12))

    found = of(database, workflow)

    transform = found.templates[0]
    assert (found.step, found.begin) == (300, AT.replace(second=0))
    assert (sum(transform.done), transform.done[0], transform.done[-1]) == (3, 2, 1)
    assert {sum(each[place] for each in transform.levels.values()) for place in (0, 50, -1)} == {8}


def test_a_part_of_it_begins_with_what_was_before(database, workflow, begun):
    found = of(database, workflow, since=AT + timedelta(seconds=5), until=AT + timedelta(seconds=8))

    transform = found.templates[0]
    assert transform.levels[TaskBucket.RUNNING] == [2, 2, 2]
    assert sum(transform.done) == 0


@pytest.mark.parametrize("hours", [-1, 24 * 365 * 50])
def test_any_time_may_be_asked_for(database, workflow, begun, hours):
    found = of(database, workflow, since=AT, until=AT + timedelta(hours=hours))

    assert 1 <= len(found.templates[0].done) <= activity.STRETCHES


def test_where_nothing_has_happened_there_is_nothing(database, workflow):
    assert (of(database, workflow).begin, of(database, workflow).templates) == (None, [])
