"""What people order, and that it is kept who did, on every database."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.errors import InvalidDefinition, RunError, UnknownName
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import task_instances, tasks, workflow_runs, workflows
from jobmon_airflow.view import orders
from tests.attempts import AT, attempt
from tests.workflows import all_to_all, three_phases


@pytest.fixture
def workflow(url, new):
    return three_phases(url, new("orders")).bind()


def run(database, workflow, lease=60):
    """Let somebody run it, who is heard of for so many seconds."""
    at = datetime.now(UTC)
    return database.write(
        lambda it: claims.take(it, workflow.workflow_id, at, resume=False, lease=timedelta(seconds=lease))
    )


def ended(database, workflow, *, failed=()):
    """Let a run of it have ended: its tasks are done, but those of these names, which have failed."""
    number = run(database, workflow)
    ids = {task.task_id: task.name for task in workflow.tasks}
    failed = [task_id for task_id, name in ids.items() if name in failed]
    done = sorted(ids.keys() - set(failed))

    def go(connection):
        tasks.advance(connection, list(ids), TaskStatus.QUEUED, AT)
        tasks.advance(connection, done, TaskStatus.DONE, AT)
        tasks.advance(connection, failed, TaskStatus.ERROR_FATAL, AT)
        for status in (WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING):
            workflow_runs.go(connection, number, status, AT)
        end = WorkflowRunStatus.ERROR if failed else WorkflowRunStatus.DONE
        workflow_runs.go(connection, number, end, AT)

    database.write(go)


def history(database, workflow, **page):
    with database.read() as connection:
        return orders.history(connection, workflow.workflow_id, **page)


def kept(database, workflow):
    return [(it.user, it.action) for it in history(database, workflow).items]


def status(database, workflow):
    with database.read() as connection:
        return workflows.row(connection, workflow.workflow_id).status


def statuses(database, workflow):
    with database.read() as connection:
        found = tasks.statuses(connection, workflow.workflow_id)
    return {task.name: found[task.task_id] for task in workflow.tasks}


def task_of(workflow, template, number=0):
    return workflow.arrays[template].tasks[number]


# --- limits -----------------------------------------------------------------------------------------------------


def test_a_limit_is_set_and_it_is_kept_who_did(database, workflow):
    paused = orders.set_limit(database, workflow.workflow_id, 0, None, "ada")
    orders.set_limit(database, workflow.workflow_id, 3, "transform", "bob")
    orders.set_limit(database, workflow.workflow_id, UNLIMITED, None, "ada")

    with database.read() as connection:
        limit, arrays = workflows.limits(connection, workflow.workflow_id)
    assert limit == UNLIMITED
    assert arrays[workflow.arrays["transform"].array_id] == 3
    assert arrays[workflow.arrays["aggregate"].array_id] == UNLIMITED
    assert "Paused" in paused.message
    assert not paused.is_heard_later, "nobody runs it"
    assert kept(database, workflow) == [("ada", "limit"), ("bob", "limit"), ("ada", "limit")]
    details = [it.detail for it in history(database, workflow).items]
    assert details[1] == "Of template 'transform' at most 3 tasks run at a time."


def test_what_cannot_be_a_limit_changes_nothing(database, workflow):
    for limit in (-1, 2**31):
        with pytest.raises(InvalidDefinition):
            orders.set_limit(database, workflow.workflow_id, limit, None, "ada")
    with pytest.raises(UnknownName, match="no template 'nothing'"):
        orders.set_limit(database, workflow.workflow_id, 1, "nothing", "ada")
    with pytest.raises(UnknownName, match="no workflow"):
        orders.set_limit(database, 10**9, 1, None, "ada")

    assert kept(database, workflow) == []


def test_orders_come_in_pages_newest_first(database, workflow):
    for limit in range(1, 6):
        orders.set_limit(database, workflow.workflow_id, limit, None, "ada")

    first = history(database, workflow, limit=2)
    second = history(database, workflow, limit=2, after=first.next)
    third = history(database, workflow, limit=2, after=second.next)

    assert ["5" in it.detail for it in first.items] == [True, False]
    assert len({it.id for page in (first, second, third) for it in page.items}) == 5
    assert third.next is None


def test_a_user_of_any_name_is_kept(database, workflow):
    orders.set_limit(database, workflow.workflow_id, 1, None, "é\0" * 300)

    [user] = {user for user, _ in kept(database, workflow)}
    assert len(user) == 255
    assert "\0" not in user


def test_orders_are_logged(database, workflow, caplog):
    with caplog.at_level(logging.INFO, logger="jobmon_airflow.view.orders"):
        orders.set_limit(database, workflow.workflow_id, 1, None, "ada")

    [record] = caplog.records
    assert (record.message, record.user, record.action) == ("workflow.ordered", "ada", "limit")
    assert record.workflow_id == workflow.workflow_id


# --- ends -------------------------------------------------------------------------------------------------------


def test_nothing_is_stopped_where_nobody_runs(database, workflow):
    for how in Stop:
        with pytest.raises(RunError, match="Nobody runs workflow"):
            orders.stop(database, workflow.workflow_id, how, "ada")


def test_a_run_is_told_to_end_what_it_runs(database, workflow):
    number = run(database, workflow)

    told = orders.stop(database, workflow.workflow_id, Stop.KILL, "ada")

    with database.read() as connection:
        assert workflow_runs.status(connection, number) == WorkflowRunStatus.COLD_RESUME
    assert told.is_heard_later
    assert kept(database, workflow) == [("ada", "stop: kill")]
    assert history(database, workflow).items[0].workflow_run_id == number


def test_a_run_is_told_to_begin_nothing_more(database, workflow):
    number = run(database, workflow)

    orders.stop(database, workflow.workflow_id, Stop.DRAIN, "ada")

    with database.read() as connection:
        assert workflow_runs.orders(connection, number) == (WorkflowRunStatus.LINKING, True)
    assert kept(database, workflow) == [("ada", "stop: drain")]


@pytest.mark.parametrize("how", list(Stop))
def test_a_run_without_a_controller_is_over(database, workflow, how):
    number = run(database, workflow, lease=-1)

    told = orders.stop(database, workflow.workflow_id, how, "ada")

    with database.read() as connection:
        assert workflow_runs.status(connection, number).is_final
    assert not told.is_heard_later
    assert "lost its controller" in told.message


# --- tasks ------------------------------------------------------------------------------------------------------


def test_a_task_counts_as_done(database, workflow):
    ended(database, workflow, failed=["summarize"])
    summarize = task_of(workflow, "summarize")

    first = orders.mark_done(database, summarize.task_id, "ada")
    second = orders.mark_done(database, summarize.task_id, "bob")

    assert statuses(database, workflow)["summarize"] == "D"
    assert status(database, workflow) == "D", "it was the last one"
    assert (first.tasks, second.tasks) == (1, 0)
    assert kept(database, workflow) == [("ada", "mark done")]
    assert history(database, workflow).items[0].task_id == summarize.task_id


def test_a_workflow_with_work_left_is_not_done(database, workflow):
    transform = task_of(workflow, "transform")
    ended(database, workflow, failed=["summarize", transform.name])

    orders.mark_done(database, transform.task_id, "ada")

    assert status(database, workflow) == "F"


def test_a_task_runs_again_with_all_that_was_made_of_its_result(database, workflow):
    ended(database, workflow)
    transform = task_of(workflow, "transform")

    told = orders.run_again(database, transform.task_id, "ada", downstream=True)

    again = {name for name, letter in statuses(database, workflow).items() if letter == "G"}
    [aggregate] = [it.name for it in workflow.arrays["aggregate"].tasks if transform in it.upstream_tasks]
    assert again == {transform.name, aggregate, "summarize"}
    assert told.tasks == 3
    assert status(database, workflow) == "F", "there is work for a resume"
    assert kept(database, workflow) == [("ada", "run again, with downstreams")]


def test_a_task_runs_again_alone(database, workflow):
    ended(database, workflow)
    transform = task_of(workflow, "transform")

    told = orders.run_again(database, transform.task_id, "ada", downstream=False)

    again = {name for name, letter in statuses(database, workflow).items() if letter == "G"}
    assert again == {transform.name}
    assert told.tasks == 1


def test_a_task_that_waits_anyway_stays_so(database, workflow):
    told = orders.run_again(database, task_of(workflow, "summarize").task_id, "ada", downstream=True)

    assert (told.tasks, kept(database, workflow)) == (0, [])


def test_what_waits_through_a_join_runs_again(database, url, new):
    workflow = all_to_all(url, new("again"), width=12).bind()
    ended(database, workflow)

    told = orders.run_again(database, task_of(workflow, "first").task_id, "ada", downstream=True)

    assert told.tasks == 13


CHANGES = {
    "done": lambda database, number: orders.mark_done(database, number, "ada"),
    "again": lambda database, number: orders.run_again(database, number, "ada", downstream=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_tasks_of_a_workflow_that_is_run_are_left_alone(database, workflow, change):
    run(database, workflow)
    before = statuses(database, workflow)

    with pytest.raises(RunError, match="is being run") as refusal:
        change(database, task_of(workflow, "transform").task_id)

    assert "Stop it first" in refusal.value.remedy
    assert statuses(database, workflow) == before
    assert kept(database, workflow) == []


def test_what_an_earlier_run_has_left_of_a_task_is_to_end(database, workflow):
    transform = task_of(workflow, "transform")
    number = attempt(database, transform.task_id)

    orders.mark_done(database, transform.task_id, "ada")

    with database.read() as connection:
        [row] = task_instances.of_tasks(connection, [transform.task_id])
    assert (row.id, row.status) == (number, TaskInstanceStatus.KILL_SELF)


def test_a_task_that_is_not_there_is_said_so(database):
    with pytest.raises(UnknownName, match="no task"):
        orders.mark_done(database, 10**9, "ada")
