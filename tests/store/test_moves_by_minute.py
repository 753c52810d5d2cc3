"""Changes of tasks' statuses are summed up by the minute as they happen, and can be summed up anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import moves_by_minute, tasks
from jobmon_airflow.store.schema import moves_by_minute as table
from tests.store.building import AT, chain

LATER = AT + timedelta(seconds=59)
MUCH_LATER = AT + timedelta(minutes=2)


@pytest.fixture
def moved(database):
    """A chain of five: three of them run in the first minute, one of these is done in a later one."""
    its = chain(database, 5)
    first, second, third, *_ = its.task_ids
    database.write(lambda it: tasks.advance(it, [first, second], TaskStatus.QUEUED, AT))
    database.write(lambda it: tasks.advance(it, [third], TaskStatus.QUEUED, LATER))
    database.write(lambda it: tasks.advance(it, its.task_ids[:3], TaskStatus.RUNNING, LATER))
    database.write(lambda it: tasks.advance(it, [first], TaskStatus.DONE, MUCH_LATER))
    return its


EXPECTED = [
    (AT.replace(second=0, microsecond=0), "G", "Q", 3),
    (AT.replace(second=0, microsecond=0), "Q", "R", 3),
    (MUCH_LATER.replace(second=0, microsecond=0), "R", "D", 1),
]


def rows_of(database, array_id):
    query = select(table.c.minute, table.c.previous_status, table.c.new_status, table.c.tasks)
    with database.read() as connection:
        return sorted(tuple(row) for row in connection.execute(query.where(table.c.array_id == array_id)))


def test_what_moves_is_counted_in_its_minute(database, moved):
    assert rows_of(database, moved.array_id) == EXPECTED


def test_what_may_not_move_is_not_counted(database, moved):
    database.write(lambda it: tasks.advance(it, moved.task_ids[:1], TaskStatus.RUNNING, MUCH_LATER))

    assert rows_of(database, moved.array_id) == EXPECTED


def test_the_sums_are_those_of_the_audit(database, moved):
    database.write(moves_by_minute.rebuild)

    assert rows_of(database, moved.array_id) == EXPECTED
