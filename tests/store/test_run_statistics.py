"""What became of a run, in figures, on every database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import run_statistics, workflow_runs
from jobmon_airflow.store.schema import task, task_instance, workflow_run
from tests.store.building import AT, Chain, chain

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database
    from jobmon_airflow.store.run_statistics import Part

DONE, ERROR, RESOURCE = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR, TaskInstanceStatus.RESOURCE_ERROR


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


def new_run(database: Database, of: Chain) -> int:
    def make(connection: Connection) -> int:
        over = update(workflow_run).where(workflow_run.c.workflow_id == of.workflow_id)
        connection.execute(over.values(status="E"))
        return workflow_runs.register(connection, of.workflow_id, "ada", "1.0", AT)

    return database.write(make)


def attempt(database: Database, of: Chain, run: int, number: int, status: str, **values: Any) -> None:
    """An attempt at a task of the chain, submitted ten seconds before its end."""
    known = {"submitted_date": AT, "status_date": AT + timedelta(seconds=10), **values}
    its = {"workflow_run_id": run, "array_id": of.array_id, "task_id": of.task_ids[number], "status": status}
    database.write(lambda it: it.execute(task_instance.insert().values(**its, **known)))


def fail_for_good(database: Database, of: Chain, number: int) -> None:
    query = update(task).where(task.c.id == of.task_ids[number]).values(status=TaskStatus.ERROR_FATAL)
    database.write(lambda it: it.execute(query))


def parts(database: Database, run: int) -> list[Part]:
    with database.read() as connection:
        return run_statistics.parts(connection, run_statistics.run(connection, run))


def sample(database: Database, run: int, most: int) -> list[tuple[str, float, float]]:
    with database.read() as connection:
        of = run_statistics.run(connection, run)
        return sorted(map(tuple, run_statistics.sample(connection, of, most)))


def test_a_run_knows_whose_it_is(database: Database, row: Chain) -> None:
    run = new_run(database, row)

    with database.read() as connection:
        found = run_statistics.run(connection, run)

    assert (found.id, found.workflow_id) == (run, row.workflow_id)
    assert found.tool == found.workflow == row.identity.workflow_args
    assert (found.begun, found.ended, found.status.label) == (AT, AT, "REGISTERED")


def test_tasks_count_by_their_end_and_attempts_by_their_verdicts(database: Database, row: Chain) -> None:
    run = new_run(database, row)
    attempt(database, row, run, 0, RESOURCE, verdict="out of memory")
    attempt(database, row, run, 0, DONE, verdict="done", submitted_date=AT + timedelta(seconds=10))
    attempt(database, row, run, 1, ERROR, verdict="application error")
    attempt(database, row, run, 1, ERROR, verdict="application error", status_date=AT + timedelta(hours=1))
    attempt(database, row, run, 2, TaskInstanceStatus.RUNNING, status_date=AT + timedelta(days=1))
    fail_for_good(database, row, 1)

    (part,) = parts(database, run)

    assert (part.template, part.done, part.failed) == ("step", 1, 1)
    assert part.verdicts == {"out of memory": 1, "done": 1, "application error": 2}
    assert part.retries == {"out of memory": 1, "application error": 1}
    assert (part.begun, part.ended) == (AT, AT + timedelta(hours=1))


def test_a_retry_belongs_to_the_run_that_made_it(database: Database, row: Chain) -> None:
    first = new_run(database, row)
    attempt(database, row, first, 0, ERROR, verdict="application error")
    attempt(database, row, first, 0, RESOURCE, verdict="out of time")
    attempt(database, row, first, 1, DONE, verdict="done")
    second = new_run(database, row)
    attempt(database, row, second, 0, DONE, verdict="done")
    attempt(database, row, second, 1, DONE, verdict="done")  # it was set back

    assert [part.retries for part in parts(database, first)] == [{"application error": 1}]
    assert [part.retries for part in parts(database, second)] == [{"out of time": 1}]


def test_what_failed_in_an_earlier_run_alone_is_not_counted_again(database: Database, row: Chain) -> None:
    first = new_run(database, row)
    attempt(database, row, first, 0, ERROR, verdict="application error")
    fail_for_good(database, row, 0)
    second = new_run(database, row)
    attempt(database, row, second, 1, DONE, verdict="done")

    assert [(part.done, part.failed) for part in parts(database, first)] == [(0, 1)]
    assert [(part.done, part.failed) for part in parts(database, second)] == [(1, 0)]


def test_a_run_without_attempts_has_no_parts(database: Database, row: Chain) -> None:
    run = new_run(database, row)

    assert parts(database, run) == []
    assert sample(database, run, 10) == []


def test_what_was_no_runtime_was_waiting(database: Database, row: Chain) -> None:
    run = new_run(database, row)
    attempt(database, row, run, 0, DONE, wallclock=4.0)
    attempt(database, row, run, 1, DONE, wallclock=10.5)  # by the clock of another machine
    attempt(database, row, run, 2, DONE)  # nobody measured
    attempt(database, row, run, 2, ERROR, wallclock=4.0)

    assert sample(database, run, 10) == [("step", 0.0, 10.5), ("step", 6.0, 4.0)]


def test_a_sample_is_spread_over_the_run(database: Database) -> None:
    row = chain(database, 100)
    run = new_run(database, row)
    for number in range(100):
        attempt(database, row, run, number, DONE, wallclock=float(number))

    assert len(sample(database, run, 100)) == 100
    assert [ran for _, _, ran in sorted(sample(database, run, 10), key=lambda timed: timed[2])] == [
        float(number) for number in range(0, 100, 10)
    ]
