"""Why tasks wait, on every database."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from jobmon_airflow.states import TASK, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import tasks, waiting, workflow_runs, workflows
from jobmon_airflow.store.schema import task, waiting_reason
from tests.store.building import AT, Chain, chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.store.database import Database

LATER = AT + timedelta(minutes=5)


def begun(database: Database, built: Chain) -> int:
    return database.write(lambda it: workflow_runs.register(it, built.workflow_id, "ada", "0", AT))


def replace(database: Database, run_id: int, reasons: Mapping[tuple[int, str], int], at=AT) -> None:
    database.write(lambda it: waiting.replace(it, run_id, reasons, at))


def reasons(database: Database, run_id: int) -> dict[int, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            array: [astuple(each) for each in found]
            for array, found in waiting.reasons(connection, run_id).items()
        }


def found(database: Database, built: Chain, run_id: int | None = None) -> waiting.Waiting:
    with database.read() as connection:
        [only] = waiting.of_workflow(connection, built.workflow_id, run_id)
        return only


def put(database: Database, task_id: int, status: TaskStatus) -> None:
    database.write(lambda it: it.execute(update(task).where(task.c.id == task_id).values(status=status)))


def test_what_most_wait_for_comes_first(database: Database) -> None:
    built = chain(database)
    run_id = begun(database, built)

    replace(database, run_id, {(built.array_id, "Priority"): 2, (built.array_id, "Resources"): 40})

    assert reasons(database, run_id) == {
        built.array_id: [("Resources", 40, AT, AT), ("Priority", 2, AT, AT)],
    }


def test_what_is_said_again_holds_since_it_was_said_first_and_what_is_not_is_forgotten(
    database: Database,
) -> None:
    built = chain(database)
    run_id, other = begun(database, built), begun(database, chain(database))
    key = (built.array_id, "Resources")
    replace(database, run_id, {key: 40, (built.array_id, "Priority"): 2})
    replace(database, other, {(built.array_id, "Priority"): 7})

    replace(database, run_id, {key: 39, (built.array_id, "PartitionDown"): 1}, LATER)

    assert reasons(database, run_id) == {
        built.array_id: [("Resources", 39, AT, LATER), ("PartitionDown", 1, LATER, LATER)],
    }
    assert reasons(database, other) == {built.array_id: [("Priority", 7, AT, AT)]}


def test_no_reasons_leave_no_rows(database: Database) -> None:
    built = chain(database)
    run_id = begun(database, built)
    replace(database, run_id, {(built.array_id, "Resources"): 40})

    replace(database, run_id, {(built.array_id, "Resources"): 0})

    with database.read() as connection:
        rows = select(waiting_reason).where(waiting_reason.c.workflow_run_id == run_id)
        assert connection.execute(rows).all() == []


def test_whatever_a_cluster_says_can_be_kept(database: Database) -> None:
    built = chain(database)
    run_id = begun(database, built)

    replace(database, run_id, {(built.array_id, "x" * 400): 1, (built.array_id, "x" * 401): 2})

    assert reasons(database, run_id) == {built.array_id: [("x" * 255, 3, AT, AT)]}


def test_nobody_waits_for_an_array_that_is_not_there(database: Database) -> None:
    run_id = begun(database, chain(database))

    with pytest.raises(IntegrityError):
        replace(database, run_id, {(0, "Priority"): 1})


def test_a_task_waits_for_room_when_all_before_it_is_done_and_for_that_otherwise(database: Database) -> None:
    built = chain(database, 4)
    put(database, built.task_ids[0], TaskStatus.DONE)

    waits = found(database, built)

    assert (waits.for_room, waits.for_upstreams, waits.for_failed, waits.with_cluster) == (1, 2, 0, 0)
    assert (waits.limit, waits.is_paused, waits.is_at_its_limit) == (100, False, False)


def test_what_a_cluster_has_waits_for_the_cluster(database: Database) -> None:
    built = chain(database, 3)
    run_id = begun(database, built)
    put(database, built.task_ids[0], TaskStatus.LAUNCHED)
    replace(database, run_id, {(built.array_id, "Priority"): 1})

    waits = found(database, built, run_id)

    assert (waits.with_cluster, waits.active, waits.running) == (1, 1, 0)
    assert [(reason.reason, reason.count) for reason in waits.reasons] == [("Priority", 1)]


def test_what_stands_below_a_failure_waits_in_vain(database: Database) -> None:
    built = chain(database, 4)
    put(database, built.task_ids[1], TaskStatus.ERROR_FATAL)
    put(database, built.task_ids[0], TaskStatus.DONE)

    waits = found(database, built)

    assert (waits.for_upstreams, waits.for_failed, waits.for_room) == (2, 2, 0)


def test_what_a_run_notes_of_its_tasks_holds_as_long_as_it_is_alive(database: Database) -> None:
    built = chain(database, 5)
    run_id = begun(database, built)
    database.write(lambda it: workflow_runs.go(it, run_id, WorkflowRunStatus.LINKING, AT))
    database.write(lambda it: waiting.note(it, run_id, {built.array_id: (4, 3)}, AT))
    database.write(lambda it: waiting.note(it, run_id, {built.array_id: (2, 1)}, AT))
    database.write(lambda it: tasks.advance(it, built.task_ids[:1], TaskStatus.QUEUED, LATER))

    waits = found(database, built)

    # One has been queued since, and waits for room, too.
    assert (waits.for_upstreams, waits.for_failed, waits.for_room) == (2, 1, 3)


def test_what_a_run_noted_at_its_end_holds_until_tasks_are_moved(database: Database) -> None:
    built = chain(database, 4)
    run_id = begun(database, built)
    database.write(lambda it: tasks.advance(it, built.task_ids[:1], TaskStatus.ERROR_FATAL, AT))
    database.write(lambda it: waiting.note(it, run_id, {built.array_id: (0, 2)}, AT))
    for status in (WorkflowRunStatus.LINKING, WorkflowRunStatus.ABORTED):
        database.write(lambda it, status=status: workflow_runs.go(it, run_id, status, AT))
    assert found(database, built).for_failed == 2

    order = TASK.orders["mark done"]
    database.write(lambda it: tasks.order(it, built.task_ids[:1], order, LATER))

    waits = found(database, built)
    assert (waits.for_upstreams, waits.for_failed, waits.for_room) == (2, 0, 1)


def test_an_array_that_somebody_pauses_is_paused_and_one_that_is_full_is_at_its_limit(
    database: Database,
) -> None:
    built = chain(database, 3)
    database.write(lambda it: workflows.set_array_limits(it, {built.array_id: 0}))
    assert found(database, built).is_paused

    database.write(lambda it: workflows.set_array_limits(it, {built.array_id: 1}))
    put(database, built.task_ids[0], TaskStatus.RUNNING)
    waits = found(database, built)
    assert (waits.is_paused, waits.is_at_its_limit, waits.active) == (False, True, 1)


def test_a_join_is_done_when_all_before_it_are(database: Database) -> None:
    """Many wait for many through a join, which nobody sees."""
    from jobmon_airflow import Tool

    url = database.engine.url.render_as_string(hide_password=False)
    tool = Tool("waiting", database=url)
    tool.set_default_cluster_name("sequential")
    first = tool.get_task_template("first", "true {number}", node_args=["number"])
    then = tool.get_task_template("then", "true {number}", node_args=["number"])
    workflow = tool.create_workflow()
    before = first.create_tasks(number=range(20))
    workflow.add_tasks([*before, *then.create_tasks(number=range(20), upstream_tasks=before)])
    workflow.bind()

    def of(name: str) -> tuple[int, int]:
        with database.read() as connection:
            every = waiting.of_workflow(connection, workflow.workflow_id, None)
            return next((each.for_room, each.for_upstreams) for each in every if each.template == name)

    assert (of("first"), of("then")) == ((20, 0), (0, 20))

    ids = [each.task_id for each in before]
    for number in ids[:-1]:
        put(database, number, TaskStatus.DONE)
    assert of("then") == (0, 20)
    put(database, ids[-1], TaskStatus.DONE)
    assert of("then") == (20, 0)
    with database.read() as connection:
        assert len(tasks.statuses(connection, workflow.workflow_id)) == 40
