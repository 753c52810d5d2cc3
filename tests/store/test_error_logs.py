"""What tasks said when they last failed, on every database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import error_logs
from tests.attempts import AT, attempt, end
from tests.store.building import Chain, chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database
    from jobmon_airflow.store.error_logs import Told

DONE, ERROR = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


def minute(number: int) -> datetime:
    return AT + timedelta(minutes=number)


def read(database: Database, ask: Callable[[Connection], list[Told]]) -> list[Told]:
    """The answer, which takes one statement."""
    statements: list[str] = []
    with database.read() as connection:
        connection.begin()
        event.listen(
            connection, "before_cursor_execute", lambda *said: statements.append(said[2]), named=False
        )
        answer = ask(connection)
    assert len(statements) == 1
    return answer


def test_a_task_says_what_its_most_recent_attempt_with_errors_said(database: Database, row: Chain) -> None:
    first, second, _ = row.task_ids
    attempt(database, first, ERROR, says=["first attempt"])
    latest = attempt(database, first, ERROR, says=["one\n{brace} 100%", "two"], at=minute(1))
    attempt(database, first, ERROR)
    attempt(database, second, ERROR, says=["somebody else"], at=minute(2))

    told = read(database, lambda it: error_logs.of_task(it, first))

    assert [(it.task_id, it.task_name, it.task_instance_id, it.description) for it in told] == [
        (first, "step_0", latest, "one\n{brace} 100%"),
        (first, "step_0", latest, "two"),
    ]
    assert {it.error_time for it in told} == {minute(1)}
    assert told[0].id != told[1].id


def test_a_task_that_never_failed_says_nothing(database: Database, row: Chain) -> None:
    attempt(database, row.task_ids[0], DONE)

    for task_id in (*row.task_ids, -1):
        assert read(database, partial(error_logs.of_task, task_id=task_id)) == []


def test_a_workflow_tells_of_the_tasks_that_failed_last_and_of_as_many_as_asked(
    database: Database, row: Chain
) -> None:
    first, second, third = row.task_ids
    attempt(database, first, ERROR, says=["old"])
    attempt(database, third, ERROR, says=["middle", "more"], at=minute(1))
    attempt(database, second, ERROR, says=["late"], at=minute(2))
    attempt(database, first, ERROR, says=["latest"], at=minute(3))
    attempt(database, first, DONE, at=minute(4))
    attempt(database, chain(database).task_ids[0], ERROR, says=["somebody else"])

    def told(limit: int | None) -> list[tuple[int, str | None]]:
        answer = read(database, lambda it: error_logs.of_workflow(it, row.workflow_id, limit))
        return [(it.task_id, it.description) for it in answer]

    everything = [(first, "latest"), (second, "late"), (third, "middle"), (third, "more")]
    assert told(None) == told(3) == everything
    assert told(2) == everything[:2]
    assert told(0) == []


def test_fatal_tasks_are_told_of_even_if_they_said_nothing(database: Database, row: Chain) -> None:
    first, second, third = row.task_ids
    attempt(database, first, ERROR)
    attempt(database, second, ERROR, says=["it is late"])
    attempt(database, third, ERROR, says=["it may still work"])
    end(database, [first, second], TaskStatus.ERROR_FATAL)

    told = read(database, lambda it: error_logs.of_fatal_tasks(it, row.workflow_id))

    assert [(it.task_id, it.description) for it in told] == [(second, "it is late"), (first, None)]
    assert told[1] == error_logs.Told(first, "step_0", None, None, None, None)
