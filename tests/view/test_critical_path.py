"""What a workflow's length came from, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobmon_airflow.engine.verdict import APPLICATION
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import paths, tasks
from jobmon_airflow.view import critical_path
from tests.attempts import AT
from tests.view.past import ended
from tests.workflows import all_to_all, three_phases


@pytest.fixture
def workflow(url, new):
    return three_phases(url, new("path")).bind()


def task_of(workflow, template, **args):
    [found] = workflow.get_tasks_by_node_args(template, **{name: str(value) for name, value in args.items()})
    return found.task_id


def go(database, task_id, status, after):
    at = AT + timedelta(seconds=after)
    assert database.write(lambda it: tasks.advance(it, [task_id], status, at)) == {task_id}


def run(database, task_id, begin, end, status=TaskStatus.DONE):
    go(database, task_id, TaskStatus.QUEUED, begin)
    go(database, task_id, status, end)


def path(database, workflow):
    with database.read() as connection:
        return critical_path.of_workflow(connection, workflow.workflow_id)


def run_all(database, workflow):
    """Location 2's second task is the last of its phase, location 1's aggregate is the last of the next."""
    for location in range(4):
        for sex in (1, 2):
            run(database, task_of(workflow, "transform", location=location, sex=sex), 1, 10 * location + sex)
    for location in range(4):
        end = 100 if location == 1 else 50 + location
        run(database, task_of(workflow, "aggregate", location=location), 32 + location, end)
    run(database, workflow.arrays["summarize"].tasks[0].task_id, 101, 130)


def test_the_path_leads_from_the_last_task_to_the_one_it_waited_for_last(database, workflow):
    run_all(database, workflow)

    found = path(database, workflow)

    assert [step.task_id for step in found.steps] == [
        task_of(workflow, "transform", location=1, sex=2),
        task_of(workflow, "aggregate", location=1),
        workflow.arrays["summarize"].tasks[0].task_id,
    ]
    assert [step.template for step in found.steps] == ["transform", "aggregate", "summarize"]
    assert [step.ended for step in found.steps] == [AT + timedelta(seconds=end) for end in (12, 100, 130)]
    assert [step.ready for step in found.steps[1:]] == [step.ended for step in found.steps[:-1]]
    assert (found.is_cut, found.is_active) == (False, False)


def test_a_step_says_what_its_time_went_into(database, workflow):
    last = workflow.arrays["summarize"].tasks[0].task_id
    run_all(database, workflow)
    ended(database, last, APPLICATION, kind="x", after=5.0, wallclock=1.0)
    ended(database, last, after=130.0, wallclock=20.0, nodename="n1")

    step = path(database, workflow).steps[-1]

    assert (step.attempts, step.node, step.status) == (2, "n1", "DONE")
    assert (step.queued, step.ran) == pytest.approx((110, 20))
    assert step.started == AT + timedelta(seconds=110)
    [total] = [total for total in path(database, workflow).totals if total.template == "summarize"]
    assert (total.steps, total.queued, total.ran) == pytest.approx((1, 110, 20))


def test_of_a_workflow_that_goes_on_the_path_leads_to_what_ended_last(database, workflow):
    first = task_of(workflow, "transform", location=0, sex=1)
    run(database, first, 1, 2)
    run(database, task_of(workflow, "transform", location=0, sex=2), 1, 3, TaskStatus.ERROR_FATAL)

    [step] = path(database, workflow).steps

    assert (step.task_id, step.status) == (task_of(workflow, "transform", location=0, sex=2), "FATAL")


def test_a_workflow_in_which_nothing_has_ended_has_no_path(database, workflow):
    found = path(database, workflow)

    assert (found.steps, found.totals, found.seconds, found.is_cut) == ([], [], 0, False)


def test_a_long_path_is_cut_at_its_begin(database, workflow, monkeypatch):
    monkeypatch.setattr(critical_path, "STEPS", 2)
    run_all(database, workflow)

    found = path(database, workflow)

    assert [step.template for step in found.steps] == ["aggregate", "summarize"]
    assert found.is_cut


@pytest.mark.parametrize("part", [1, 3, 100])
@pytest.mark.parametrize("parts", [1, 100])
def test_among_many_tasks_before_one_the_last_is_found(database, url, new, monkeypatch, part, parts):
    """Whether it is found among the last changes, or by looking at all tasks."""
    monkeypatch.setattr(paths, "_FEW", 5)
    monkeypatch.setattr(paths, "_PART", part)
    monkeypatch.setattr(paths, "_PARTS", parts)
    workflow = all_to_all(url, new("many"), width=12).bind()
    firsts = [task.task_id for task in workflow.arrays["first"].tasks]
    for number, task_id in enumerate(firsts):
        go(database, task_id, TaskStatus.QUEUED, 0)
        go(database, task_id, TaskStatus.DONE, 20 + number)
    seconds = [task.task_id for task in workflow.arrays["second"].tasks]
    # What was done meanwhile stands between.
    for number, task_id in enumerate(seconds[:4]):
        run(database, task_id, 40, 50 + number)
    run(database, seconds[4], 60, 70)

    found = path(database, workflow)

    assert [step.task_id for step in found.steps] == [firsts[-1], seconds[4]]


def test_what_was_set_back_and_ran_again_waited_for_what_ran_again(database, url, new, monkeypatch):
    monkeypatch.setattr(paths, "_FEW", 1)
    workflow = all_to_all(url, new("again"), width=3).bind()
    first, other, _ = [task.task_id for task in workflow.arrays["first"].tasks]
    second = workflow.arrays["second"].tasks[0].task_id
    for number, task_id in enumerate([task.task_id for task in workflow.arrays["first"].tasks]):
        run(database, task_id, 0, 1 + number)
    run(database, second, 5, 6)
    from jobmon_airflow.states import TASK

    again = TASK.orders["set back"]
    database.write(lambda it: tasks.order(it, [first, second], again, AT + timedelta(seconds=10)))
    run(database, first, 11, 12)
    run(database, second, 13, 14)

    assert [step.task_id for step in path(database, workflow).steps] == [first, second]
    assert other not in [step.task_id for step in path(database, workflow).steps]
