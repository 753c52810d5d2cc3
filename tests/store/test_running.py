"""What a run asks of the store besides its turns, on every database."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.errors import UnknownCluster
from jobmon_airflow.resources import Resources
from jobmon_airflow.states import (
    TASK,
    WORKFLOW,
    TaskInstanceStatus,
    TaskStatus,
    WorkflowRunStatus,
    WorkflowStatus,
)
from jobmon_airflow.store import clusters, task_instances, tasks, vocabulary, workflow_runs, workflows
from tests.attempts import attempt, end
from tests.store.building import AT, Chain, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

LATER = AT + timedelta(minutes=1)
DONE, ERROR = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR
RESOURCE_ERROR = TaskInstanceStatus.RESOURCE_ERROR


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


@pytest.fixture
def run(database: Database, row: Chain) -> int:
    return register(database, row)


def register(database: Database, of: Chain) -> int:
    return database.write(lambda it: workflow_runs.register(it, of.workflow_id, "ada", "1.0", AT))


def go(database: Database, run: int, *targets: WorkflowRunStatus) -> list[WorkflowRunStatus]:
    moves = (partial(workflow_runs.go, run_id=run, target=target, at=LATER) for target in targets)
    return [database.write(move) for move in moves]


def status_of(database: Database, of: Chain) -> str:
    with database.read() as connection:
        workflow = workflows.row(connection, of.workflow_id)
    assert workflow
    return str(workflow.status)


def move(database: Database, task_ids: Iterable[int], *targets: TaskStatus, **values: Any) -> None:
    for target in targets:
        database.write(
            lambda it, target=target: tasks.advance(it, list(task_ids), target, AT, **values)  # type: ignore[misc]
        )


def seen(database: Database, of: Chain) -> list[tuple[str, int]]:
    """Status and counted attempts of each task."""
    with database.read() as connection:
        return [(it.status, it.num_attempts) for it in tasks.page(connection, of.workflow_id)]


# --- runs ------------------------------------------------------------------------------------------------------


def test_a_run_comes_with_its_controller_and_when_it_will_be_heard_of(
    database: Database, row: Chain, run: int
) -> None:
    held = database.write(
        lambda it: workflow_runs.register(
            it, row.workflow_id, "ada", "1.0", AT, controller="node7, process 4711", until=LATER
        )
    )

    with database.read() as connection:
        found, nobodys = (workflow_runs.row(connection, number) for number in (held, run))
    assert (found.status, found.turn, found.controller, found.heartbeat_date) == (
        *("G", 0, "node7, process 4711", LATER),
    )
    assert (nobodys.status, nobodys.turn, nobodys.controller, nobodys.heartbeat_date) == ("G", 0, None, None)


def test_a_workflow_follows_its_run(database: Database, row: Chain, run: int) -> None:
    way = [
        (WorkflowRunStatus.LINKING, "G"),
        (WorkflowRunStatus.BOUND, "Q"),
        (WorkflowRunStatus.INSTANTIATED, "I"),
        (WorkflowRunStatus.LAUNCHED, "O"),
        (WorkflowRunStatus.RUNNING, "R"),
        (WorkflowRunStatus.HOT_RESUME, "R"),
        (WorkflowRunStatus.COLD_RESUME, "R"),
        (WorkflowRunStatus.TERMINATED, "H"),
    ]

    for target, follows in way:
        assert go(database, run, target) == [target]
        assert status_of(database, row) == follows


def test_a_run_that_may_not_go_there_stays_and_so_does_its_workflow(
    database: Database, row: Chain, run: int
) -> None:
    go(database, run, WorkflowRunStatus.LINKING, WorkflowRunStatus.ERROR)
    again = register(database, row)
    database.write(lambda it: workflows.order(it, [row.workflow_id], WORKFLOW.orders["resume"], AT))
    go(database, again, WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND)

    ended = WorkflowRunStatus.ERROR
    assert go(database, run, WorkflowRunStatus.DONE, WorkflowRunStatus.RUNNING) == [ended, ended]

    assert status_of(database, row) == "Q"
    with database.read() as connection:
        assert [workflow_runs.status(connection, it) for it in (run, again)] == ["E", "B"]


def test_a_run_is_alive_while_it_holds_its_workflow(database: Database, row: Chain, run: int) -> None:
    def alive() -> int | None:
        with database.read() as connection:
            found = workflow_runs.alive(connection, row.workflow_id)
        return found.id if found else None

    assert alive() is None
    go(database, run, WorkflowRunStatus.LINKING)
    assert alive() == run
    go(database, run, WorkflowRunStatus.STOPPED)
    assert alive() is None

    other = register(database, chain(database))
    go(database, other, WorkflowRunStatus.LINKING)
    assert alive() is None


# --- tasks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cold resume", "hot resume"])
def test_what_is_not_done_begins_again_with_all_its_attempts(database: Database, name: str) -> None:
    row = chain(database, 8)
    done, fatal, launched, runs, adjusting, waiting, handed_over, _ = row.task_ids
    move(database, row.task_ids[:7], TaskStatus.INSTANTIATING, num_attempts=2)
    move(database, [done], TaskStatus.DONE)
    move(database, [fatal], TaskStatus.ERROR_FATAL)
    move(database, [launched], TaskStatus.LAUNCHED)
    move(database, [runs], TaskStatus.RUNNING)
    move(database, [adjusting], TaskStatus.ADJUSTING_RESOURCES)
    move(database, [waiting], TaskStatus.REGISTERING)  # a run that was stopped sent it back
    other = chain(database, 1)
    move(database, other.task_ids, TaskStatus.INSTANTIATING, num_attempts=2)

    order = TASK.orders[name]
    database.write(lambda it: tasks.begin_again(it, row.workflow_id, order, LATER))

    again = ("G", 0)
    on_cluster = [again, again] if name == "cold resume" else [("O", 2), ("R", 2)]
    assert seen(database, row) == [("D", 2), again, *on_cluster, again, again, again, again]
    assert seen(database, other) == [("I", 2)]
    with database.read() as connection:
        changes = {
            it.task_id: (it.previous, it.new, it.at) for it in tasks.changes(connection, row.workflow_id)
        }
        running = tasks.running(connection, row.workflow_id)
    assert changes[handed_over] == (TaskStatus.INSTANTIATING, TaskStatus.REGISTERING, LATER)
    assert running == (set() if name == "cold resume" else {launched, runs})


def test_a_workflow_that_was_never_run_begins_as_it_is(database: Database, row: Chain) -> None:
    database.write(lambda it: tasks.begin_again(it, row.workflow_id, TASK.orders["cold resume"], LATER))

    assert seen(database, row) == [("G", 0)] * 3
    with database.read() as connection:
        assert tasks.changes(connection, row.workflow_id) == []


def test_all_tasks_of_a_workflow_come_with_what_a_run_must_know(database: Database, row: Chain) -> None:
    first, second, third = row.task_ids
    move(database, [first], TaskStatus.INSTANTIATING, TaskStatus.DONE, num_attempts=1)
    database.write(
        lambda it: tasks.redefine(
            it, [(second, "b", "run b", 7, row.resources_id, '{"memory": 2}', '["long.q"]', "here.ask")]
        )
    )
    chain(database)

    with database.read() as connection:
        found = {tuple(it) for it in tasks.to_run(connection, row.workflow_id)}
        statuses = tasks.statuses(connection, row.workflow_id)

    a, b, c = row.node_ids
    asked = row.resources_id
    assert found == {
        (first, a, row.array_id, "D", 3, 1, asked, None, None, None),
        (second, b, row.array_id, "G", 7, 0, asked, '{"memory": 2}', '["long.q"]', "here.ask"),
        (third, c, row.array_id, "G", 3, 0, asked, None, None, None),
    }
    assert statuses == {first: "D", second: "G", third: "G"}


def test_commands_are_read_for_the_tasks_that_are_about_to_run(database: Database) -> None:
    many = chain(database, 2_500)

    with database.read() as connection:
        found = tasks.commands(connection, [*many.task_ids, -1])
        assert tasks.commands(connection, []) == {}

    assert found == {
        task_id: (f"step_{number}", f"step {number} data") for number, task_id in enumerate(many.task_ids)
    }


def test_tasks_may_ask_for_more_the_next_time(database: Database, row: Chain) -> None:
    first, second, _ = row.task_ids

    def ask(connection: Connection) -> int:
        cluster_id = clusters.cluster_id(connection, "multiprocess")
        queue_id = clusters.queue_ids(connection, cluster_id, ["all.q"])["all.q"]
        request = (queue_id, Resources.parse({"memory": "7G"}))
        larger = clusters.bind_resources(connection, [request], vocabulary.ADJUSTED)[request]
        tasks.request(connection, [(first, larger), (second, larger)])
        tasks.request(connection, [])
        return larger

    larger = database.write(ask)

    with database.read() as connection:
        asked = [it.task_resources_id for it in tasks.page(connection, row.workflow_id)]
    assert asked == [larger, larger, row.resources_id]


# --- attempts --------------------------------------------------------------------------------------------------


def queue(database: Database, run: int, of: Chain, batch: int, task_ids: Iterable[int]) -> list[int]:
    asked = dict.fromkeys(task_ids, of.resources_id)
    made = database.write(lambda it: task_instances.queue(it, run, of.array_id, batch, asked, AT))
    return list(made.values())


def test_attempts_that_may_still_run_are_found_in_all_runs(database: Database, row: Chain, run: int) -> None:
    statuses = list(TaskInstanceStatus)
    ways = {status: _way_to(status) for status in statuses}
    another = register(database, row)
    ids: dict[TaskInstanceStatus, int] = {}
    for number, status in enumerate(statuses):
        owner = run if number % 2 else another
        (ids[status],) = queue(database, owner, row, number + 1, row.task_ids[:1])
        for target in ways[status]:
            database.write(partial(task_instances.advance, ids=[ids[status]], target=target, at=AT))
    other = chain(database)
    queue(database, register(database, other), other, 1, other.task_ids)

    with database.read() as connection:
        found = task_instances.open_of_workflow(connection, row.workflow_id)

    assert [(it.id, it.status) for it in found] == [
        (ids[status], status) for status in statuses if status.is_active
    ]


def test_attempts_may_be_handed_over_to_another_run(database: Database, row: Chain, run: int) -> None:
    ids = queue(database, run, row, 1, row.task_ids)
    another = register(database, row)

    database.write(lambda it: task_instances.hand_over(it, ids[:2], another))
    database.write(lambda it: task_instances.hand_over(it, [], another))

    with database.read() as connection:
        owners = [it.workflow_run_id for it in task_instances.of_tasks(connection, row.task_ids)]
    assert owners == [another, another, run]


def test_tasks_that_failed_last_for_a_resource_are_found(database: Database) -> None:
    row = chain(database, 6)
    exhausted, later_failed, in_time, not_fatal, other_kind, late = row.task_ids
    for task_id in (exhausted, later_failed, in_time, not_fatal):
        attempt(database, task_id, RESOURCE_ERROR, verdict="out of memory")
    attempt(database, exhausted, RESOURCE_ERROR, verdict="out of time")
    attempt(database, later_failed, ERROR, verdict="application error")
    attempt(database, other_kind, ERROR, verdict="application error")
    for _ in range(2):
        attempt(database, late, RESOURCE_ERROR, verdict="out of memory")
    end(database, [exhausted, later_failed, other_kind, late], TaskStatus.ERROR_FATAL)
    end(database, [in_time], TaskStatus.DONE)

    with database.read() as connection:
        found = task_instances.exhausted(connection, row.workflow_id)
        assert task_instances.exhausted(connection, chain(database).workflow_id) == []

    assert [tuple(it) for it in found] == [
        (exhausted, "out of time", row.resources_id, 0),
        (late, "out of memory", row.resources_id, 1),
    ]


def test_the_last_attempts_of_failed_tasks_come_with_what_people_ask(database: Database, row: Chain) -> None:
    first, second, third = row.task_ids
    attempt(database, first, ERROR)
    last = [
        attempt(database, first, ERROR, says=["because", "of this"], exit_code=3),
        attempt(database, second, RESOURCE_ERROR),
    ]
    attempt(database, third, ERROR)
    end(database, [first, second], TaskStatus.ERROR_FATAL)

    with database.read() as connection:
        found = task_instances.last_of_failed(connection, row.workflow_id, 10)
        assert task_instances.last_of_failed(connection, row.workflow_id, 1) == found[:1]
        accounts = task_instances.accounts(connection, last)
        assert task_instances.accounts(connection, []) == {}

    assert [(it.id, it.status, it.exit_code, it.name, it.template) for it in found] == [
        (last[0], "E", 3, "step_0", "step"),
        (last[1], "Z", None, "step_1", "step"),
    ]
    assert json.loads(found[0].requested_resources) == json.loads(Resources.parse({"memory": "1G"}).to_json())
    assert accounts == {last[0]: "because"}


def test_batches_are_counted_by_array_and_found_again(database: Database, row: Chain, run: int) -> None:
    first, second, third = row.task_ids
    one, two = queue(database, run, row, 1, [third, first])
    (three,) = queue(database, run, row, 2, [second])
    other = chain(database)

    with database.read() as connection:
        assert list(task_instances.of_batch(connection, row.array_id, 1).items()) == [
            *((third, one), (first, two)),
        ]
        assert task_instances.of_batch(connection, row.array_id, 2) == {second: three}
        assert task_instances.of_batch(connection, row.array_id, 3) == {}
        assert task_instances.of_batch(connection, other.array_id, 1) == {}
        assert task_instances.last_batches(connection, [row.array_id, other.array_id]) == {
            row.array_id: 2,
            other.array_id: 0,
        }


# --- workflows -------------------------------------------------------------------------------------------------


def test_a_resume_is_ordered_of_a_workflow_that_rests(database: Database, row: Chain, run: int) -> None:
    def resume() -> set[int]:
        order = WORKFLOW.orders["resume"]
        return database.write(lambda it: workflows.order(it, [row.workflow_id], order, LATER))

    assert resume() == set()
    go(database, run, WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND)
    assert resume() == set()
    go(database, run, WorkflowRunStatus.STOPPED)
    assert resume() == {row.workflow_id}
    assert status_of(database, row) == WorkflowStatus.REGISTERING


def test_a_workflow_knows_its_limits_and_its_arrays(database: Database, row: Chain) -> None:
    database.write(lambda it: workflows.set_limit(it, row.workflow_id, 7))
    chain(database)

    with database.read() as connection:
        assert workflows.limits(connection, row.workflow_id) == (7, {row.array_id: 100})
        assert workflows.array_names(connection, row.workflow_id) == {row.array_id: "step"}
        assert workflows.row(connection, -1) is None


# --- clusters --------------------------------------------------------------------------------------------------


def test_a_cluster_says_how_it_is_reached(database: Database, new: Callable[[str], str]) -> None:
    name = new("cluster")
    database.write(lambda it: clusters.register(it, name, "slurm", {"host": "a", "é": [1]}))

    with database.read() as connection:
        assert clusters.connection_of(connection, name) == ("slurm", {"host": "a", "é": [1]})
        assert clusters.connection_of(connection, "multiprocess") == ("multiprocess", {})
        with pytest.raises(UnknownCluster):
            clusters.connection_of(connection, "moon")


def test_a_workflows_clusters_are_those_that_its_tasks_ask(
    database: Database, row: Chain, new: Callable[[str], str]
) -> None:
    name = new("cluster")

    def move_one(connection: Connection) -> int:
        cluster_id = clusters.register(connection, name, "slurm")
        queue_id = clusters.queue_ids(connection, cluster_id, ["long.q"])["long.q"]
        request = (queue_id, Resources.parse({"memory": "1G"}))
        asked = clusters.bind_resources(connection, [request], vocabulary.ORIGINAL)[request]
        tasks.request(connection, [(row.task_ids[0], asked)])
        return asked

    asked = database.write(move_one)

    with database.read() as connection:
        assert clusters.of_workflow(connection, row.workflow_id) == {"multiprocess", name}
        assert clusters.of_workflow(connection, -1) == set()
        (found,) = clusters.requests(connection, [asked, -1]).values()
        assert clusters.requests(connection, []) == {}
    assert (found.id, found.cluster_name, found.queue_name) == (asked, name, "long.q")
    assert Resources.from_json(found.requested_resources) == Resources.parse({"memory": "1G"})


def _way_to(status: TaskInstanceStatus) -> list[TaskInstanceStatus]:
    """What an attempt goes through on its way from Q."""
    one = TaskInstanceStatus
    match status:
        case one.QUEUED:
            return []
        case one.INSTANTIATED | one.KILL_SELF:
            return [status]
        case one.TRIAGING:
            return [one.INSTANTIATED, one.RUNNING, status]
        case one.NO_HEARTBEAT:
            return [one.INSTANTIATED, one.LAUNCHED, status]
        case _:
            return [one.INSTANTIATED, status]
