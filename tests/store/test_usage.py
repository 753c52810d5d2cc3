"""What attempts used, on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import usage
from tests.attempts import attempt
from tests.store.building import Chain, chain

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database

DONE, ERROR = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


def of_arrays(database: Database, *arrays: int, **node_args: list[str]) -> list[Any]:
    with database.read() as connection:
        return sorted(map(tuple, usage.of_arrays(connection, arrays, node_args)))


def test_a_tasks_usage_is_that_of_its_latest_success(database: Database, row: Chain) -> None:
    first, second, _ = row.task_ids
    attempt(database, first, DONE, maxrss=1, wallclock=1.0)
    attempt(database, first, DONE, maxrss=2**40, wallclock=0.5, cpu=0.25, nodename="node7")
    attempt(database, first, ERROR, maxrss=3, wallclock=3.0)
    attempt(database, second, ERROR, maxrss=3, wallclock=3.0)

    with database.read() as connection:
        found = [usage.of_task(connection, task_id) for task_id in row.task_ids]

    assert found[0] == usage.Used(memory=2**40, nodename="node7", num_attempts=0, runtime=0.5, cpu=0.25)
    nothing = usage.Used(memory=None, nodename=None, num_attempts=0, runtime=None, cpu=None)
    assert found[1:] == [nothing, nothing]


def test_a_versions_arrays_are_found_by_their_workflows(database: Database, row: Chain) -> None:
    other = chain(database)

    with database.read() as connection:
        assert usage.arrays_of_version(connection, row.version_id) == {row.workflow_id: row.array_id}
        assert usage.arrays_of_version(connection, other.version_id) == {other.workflow_id: other.array_id}
        assert usage.arrays_of_version(connection, -1) == {}


def test_all_attempts_that_ended_count_however_they_ended(database: Database, row: Chain) -> None:
    first, second, third = row.task_ids
    for size, status in enumerate(usage.ENDED):
        attempt(database, first, status, maxrss=size, wallclock=1.0)
    attempt(database, second, maxrss=77, wallclock=1.0)  # still running
    attempt(database, third, DONE)

    assert of_arrays(database, row.array_id) == [
        *((first, size, 1.0) for size in range(len(usage.ENDED))),
        (third, None, None),
    ]


def test_only_the_attempts_of_the_arrays_that_are_asked_for_count(database: Database, row: Chain) -> None:
    other = chain(database)
    for task_id in (row.task_ids[0], other.task_ids[0]):
        attempt(database, task_id, DONE, maxrss=1, wallclock=1.0)

    mine, theirs = (row.task_ids[0], 1, 1.0), (other.task_ids[0], 1, 1.0)
    assert of_arrays(database, row.array_id) == [mine]
    assert of_arrays(database, row.array_id, other.array_id) == sorted([mine, theirs])
    assert of_arrays(database) == []


def test_node_args_choose_the_tasks(database: Database, row: Chain) -> None:
    for task_id in row.task_ids:
        attempt(database, task_id, DONE, maxrss=1, wallclock=1.0)

    def chosen(**node_args: list[str]) -> list[int]:
        return [task_id for task_id, *_ in of_arrays(database, row.array_id, **node_args)]

    assert chosen(number=["1"]) == row.task_ids[1:2]
    assert chosen(number=["2", "0", "it's 100 %"]) == [row.task_ids[0], row.task_ids[2]]
    assert chosen(number=[]) == []
    assert chosen(number=["1"], data=["data"]) == []  # a task arg, of which nodes know nothing
