"""Who may change what by ``jobmon task update``, ``workflow reset``, ``limit`` and ``stop``, and what comes of it."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli import changing, orders
from jobmon_airflow.errors import (
    InvalidQuestion,
    NotYourWorkflow,
    RunError,
    UnknownName,
    WorkflowNotResumable,
)
from jobmon_airflow.states import TaskInstanceStatus, WorkflowRunStatus
from jobmon_airflow.store import task_instances, workflow_runs
from tests.attempts import AT, attempt
from tests.cli.on_databases.runs import going_on, over, statuses, workflow_status
from tests.workflows import three_phases


def ids(workflow, *names):
    return [task.task_id for task in workflow.tasks if task.name in names]


def named(database, workflow, letter):
    return {name for name, status in statuses(database, workflow).items() if status == letter}


@pytest.fixture
def first(workflow):
    """A task of the first phase, and the names of those that depend on it."""
    task = workflow.arrays["transform"].tasks[0]
    [aggregate] = task.downstream_tasks
    return task, {task.name, aggregate.name, "summarize"}


# --- update -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["D", "done"])
def test_tasks_count_as_done_and_no_others(database, url, workflow, word):
    over(database, workflow, failed=["summarize"])

    answer = changing.update(ids(workflow, "summarize"), status=word, database=url)

    assert answer.text == "1 task counts as done."
    assert named(database, workflow, "D") == {task.name for task in workflow.tasks}
    assert workflow_status(database, workflow) == "D", "it was the last one"


def test_with_all_that_they_depend_on_if_that_is_insisted_on(database, url, workflow):
    aggregate = workflow.arrays["aggregate"].tasks[0]
    before = {aggregate.name, *(task.name for task in aggregate.upstream_tasks)}
    over(database, workflow, failed=before, waiting=["summarize"])
    asked = {"status": "D", "recursive": True, "workflow_id": workflow.workflow_id, "database": url}

    with pytest.raises(InvalidQuestion, match="--recursive"):
        changing.update([aggregate.task_id], **asked)
    assert named(database, workflow, "F") == before

    changing.update([aggregate.task_id], force=True, **asked)

    assert named(database, workflow, "F") == set()
    assert named(database, workflow, "G") == {"summarize"}, "what depends on them is left alone"


@pytest.mark.parametrize("word", ["G", "registered", "F"])
def test_tasks_run_again_with_all_that_depends_on_them(database, url, workflow, first, word):
    task, behind = first
    over(database, workflow)

    answer = changing.update([task.task_id], status=word, workflow_id=workflow.workflow_id, database=url)

    assert "3 tasks will run again" in answer.text
    assert named(database, workflow, "G") == behind
    assert workflow_status(database, workflow) == "F", "there is work for a resume"


def test_what_is_left_of_their_attempts_is_to_end(database, url, workflow, first):
    task, _ = first
    number = attempt(database, task.task_id)
    over(database, workflow)

    changing.update([task.task_id], status="G", database=url)

    with database.read() as connection:
        [row] = task_instances.of_tasks(connection, [task.task_id])
    assert (row.id, row.status) == (number, TaskInstanceStatus.KILL_SELF)


def test_tasks_of_another_workflow_are_refused_and_nothing_changes(database, url, new, workflow):
    other = three_phases(url, new("other")).bind()
    over(database, workflow)
    over(database, other)
    mixed = [*ids(workflow, "summarize"), *ids(other, "summarize")]

    for force in (False, True):
        with pytest.raises(UnknownName, match="has no task"):
            changing.update(mixed, status="G", force=force, database=url)

    assert named(database, workflow, "G") == named(database, other, "G") == set()


def test_what_no_task_can_be_made_is_refused(url, workflow):
    with pytest.raises(InvalidQuestion, match="made 'R'"):
        changing.update(ids(workflow, "summarize"), status="R", database=url)


def test_many_tasks_at_once_must_be_insisted_on(database, url, workflow, first, monkeypatch):
    task, behind = first
    over(database, workflow)
    monkeypatch.setattr(changing, "MOST", 2)

    with pytest.raises(RunError, match="change 3 tasks"):
        changing.update([task.task_id], status="G", database=url)
    assert named(database, workflow, "G") == set()

    changing.update([task.task_id], status="G", force=True, database=url)
    assert named(database, workflow, "G") == behind


# --- while somebody runs it -------------------------------------------------------------------------------------


def test_tasks_of_a_workflow_that_is_run_are_left_alone(database, url, workflow):
    going_on(database, workflow)
    before = statuses(database, workflow)

    with pytest.raises(RunError, match="is being run"):
        changing.update(ids(workflow, "summarize"), status="D", database=url)
    with pytest.raises(RunError, match="is being run"):
        orders.reset(workflow.workflow_id, database=url)

    assert statuses(database, workflow) == before


def test_a_run_is_ended_first_if_that_is_insisted_on(database, url, workflow, monkeypatch):
    run = going_on(database, workflow)

    def leaves(_seconds):
        with database.read() as connection:
            assert workflow_runs.status(connection, run) == WorkflowRunStatus.COLD_RESUME, "it was told to"
        database.write(lambda it: workflow_runs.go(it, run, WorkflowRunStatus.TERMINATED, AT))

    monkeypatch.setattr(changing.time, "sleep", leaves)

    changing.update(ids(workflow, "summarize"), status="D", force=True, database=url)

    assert statuses(database, workflow)["summarize"] == "D"


def test_a_run_that_does_not_end_in_time_keeps_its_tasks(database, url, workflow):
    going_on(database, workflow)

    with pytest.raises(WorkflowNotResumable, match="was told to end"):
        changing.update(ids(workflow, "summarize"), status="D", force=True, patience=0, database=url)

    assert statuses(database, workflow)["summarize"] == "G"


def test_wrong_tasks_end_no_run(database, url, workflow):
    run = going_on(database, workflow)

    with pytest.raises(UnknownName):
        changing.update([10**9], status="D", workflow_id=workflow.workflow_id, force=True, database=url)

    with database.read() as connection:
        assert workflow_runs.status(connection, run) == WorkflowRunStatus.RUNNING


# --- whose it is ------------------------------------------------------------------------------------------------


def test_others_may_change_nothing_of_a_workflow(database, url, workflow, monkeypatch):
    going_on(database, workflow, user="ada")
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "ada")  # the environment may say what it likes
    task, number = workflow.tasks[0].task_id, workflow.workflow_id
    before = statuses(database, workflow)

    for order in (
        lambda: changing.update([task], status="D", database=url),
        lambda: changing.update([task], status="D", force=True, database=url),
        lambda: changing.update([task], status="G", database=url),
        lambda: orders.done(task, database=url),
        lambda: orders.again(task, database=url),
        lambda: orders.limit(number, 0, database=url),
        lambda: orders.stop(number, database=url),
        lambda: orders.reset(number, database=url),
    ):
        with pytest.raises(NotYourWorkflow, match="ada") as refusal:
            order()
        assert "ada do it" in refusal.value.remedy

    assert statuses(database, workflow) == before
    with database.read() as connection:
        run = workflow_runs.alive(connection, number)
    assert run.status == WorkflowRunStatus.RUNNING


def test_whoever_ran_it_once_may_change_it_although_somebody_else_ran_it_since(database, url, workflow):
    over(database, workflow, failed=["summarize"])
    over(database, workflow, user="ada", failed=["summarize"])

    assert "1 task counts" in changing.update(ids(workflow, "summarize"), status="D", database=url).text


def test_a_workflow_that_was_never_run_may_be_limited_by_everybody_and_its_tasks_changed_by_nobody(
    database, url, workflow
):
    assert "Paused" in orders.limit(workflow.workflow_id, 0, database=url).text

    with pytest.raises(NotYourWorkflow, match="never run"):
        changing.update(ids(workflow, "summarize"), status="D", database=url)


# --- reset ------------------------------------------------------------------------------------------------------


def test_a_workflow_begins_from_its_beginning(database, url, workflow):
    number = attempt(database, workflow.tasks[0].task_id)
    over(database, workflow, failed=["summarize"])

    answer = orders.reset(workflow.workflow_id, database=url)

    assert "13 tasks will run again" in answer.text
    assert named(database, workflow, "G") == {task.name for task in workflow.tasks}
    with database.read() as connection:
        [left] = task_instances.open_of_workflow(connection, workflow.workflow_id)
    assert (left.id, left.status) == (number, TaskInstanceStatus.KILL_SELF)


def test_a_partial_reset_leaves_what_is_done(database, url, workflow):
    over(database, workflow, failed=["summarize"])

    answer = orders.reset(workflow.workflow_id, partial=True, database=url)

    assert "1 task will run again" in answer.text
    assert named(database, workflow, "G") == {"summarize"}
    assert "waits to be run" in orders.reset(workflow.workflow_id, partial=True, database=url).text


def test_it_is_reset_by_whose_run_of_it_failed_last(database, url, workflow):
    over(database, workflow, failed=["summarize"])
    over(database, workflow, user="ada", failed=["summarize"])

    with pytest.raises(NotYourWorkflow, match="is ada's"):
        orders.reset(workflow.workflow_id, database=url)

    over(database, workflow, failed=["summarize"])
    assert "13 tasks" in orders.reset(workflow.workflow_id, database=url).text


def test_what_never_failed_is_not_reset(database, url, workflow):
    over(database, workflow)

    with pytest.raises(NotYourWorkflow, match="No run of workflow"):
        orders.reset(workflow.workflow_id, database=url)

    assert workflow_status(database, workflow) == "D"
