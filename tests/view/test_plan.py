"""What a resume would do, on every database; and that it then does that."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.client.resuming import resume_workflow
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import clusters, resumes, tasks
from jobmon_airflow.view import attempts, plan
from jobmon_airflow.view.plan import How
from tests.attempts import AT, attempt


@pytest.fixture
def workflow(database, url, new):
    """Four tasks on a Slurm cluster, and two on this machine."""
    name = new("slurm")
    database.write(lambda it: clusters.register(it, name, "slurm"))
    tool = Tool(new("plan"), database=url)
    far = tool.get_task_template("far", "far {number}", node_args=["number"], default_cluster_name=name)
    near = tool.get_task_template(
        "near", "near {number}", node_args=["number"], default_cluster_name="multiprocess"
    )
    workflow = tool.create_workflow()
    asked = {"memory": "1G", "runtime": "1h", "cores": 1, "queue": "all.q"}
    workflow.add_tasks(far.create_tasks(number=range(4), compute_resources=asked))
    workflow.add_tasks(near.create_tasks(number=range(2), compute_resources=asked))
    return workflow.bind()


def go(database, ids, *statuses):
    for status in (TaskStatus.QUEUED, *statuses):
        database.write(lambda it, status=status: tasks.advance(it, ids, status, AT))


def planned(database, workflow, how, **more):
    with database.read() as connection:
        return plan.of_workflow(connection, workflow.workflow_id, how, **more)


def by_template(found):
    return {it.template: (it.again, it.adopted, it.skipped, it.ended) for it in found.templates}


@pytest.fixture
def stands(database, workflow):
    """One of each template is done and one runs; one that is far failed for memory."""
    far = [it.task_id for it in workflow.arrays["far"].tasks]
    near = [it.task_id for it in workflow.arrays["near"].tasks]
    go(database, [far[0], near[0]], TaskStatus.DONE)
    go(database, [far[1], near[1]], TaskStatus.RUNNING)
    for number in (far[1], near[1]):
        attempt(database, number)
    go(database, [far[2]], TaskStatus.ERROR_FATAL)
    for _ in range(2):
        attempt(database, far[2], TaskInstanceStatus.RESOURCE_ERROR, verdict="out of memory")
    return far


def test_a_hot_resume_takes_over_what_a_cluster_has_and_ends_what_cannot_outlive_its_run(
    database, workflow, stands
):
    found = planned(database, workflow, How.HOT)

    assert by_template(found) == {"far": (2, 1, 1, 0), "near": (1, 0, 1, 1)}
    assert (found.again, found.adopted, found.skipped) == (3, 1, 2)
    assert not found.is_complete


def test_a_cold_resume_ends_all_that_runs(database, workflow, stands):
    found = planned(database, workflow, How.COLD)

    assert by_template(found) == {"far": (3, 0, 1, 1), "near": (1, 0, 1, 1)}
    assert found.adopted == 0


def test_what_begins_again_asks_for_what_it_says(database, workflow, stands):
    for how in How:
        found = planned(database, workflow, how)
        assert sum(it.tasks for it in found.requests) == found.again

    raised = [it for it in found.requests if it.before is not None]
    [larger] = raised
    assert (larger.template, larger.tasks, larger.resource) == ("far", 1, "memory")
    assert larger.before.memory == 2**30
    assert larger.requested.memory == 3 * 2**29
    assert larger.requested.runtime == larger.before.runtime == 3600


def test_of_very_many_tasks_some_are_asked_what_they_ask_for(database, workflow, stands, monkeypatch):
    exact = planned(database, workflow, How.COLD)
    monkeypatch.setattr(resumes, "COUNTED", 0)

    found = planned(database, workflow, How.COLD)

    assert (exact.is_estimate, found.is_estimate) == (False, True)
    assert found.templates == exact.templates
    assert by_request(found) == by_request(exact), "of so few tasks all are looked at"


def by_request(found):
    return sorted((it.template, it.tasks, it.requested.memory) for it in found.requests)


def test_nothing_is_raised_if_that_is_not_wanted(database, workflow, stands):
    found = planned(database, workflow, How.COLD, increase_resources=False)

    assert {it.before for it in found.requests} == {None}
    assert {it.requested.memory for it in found.requests} == {2**30}
    assert sum(it.tasks for it in found.requests) == found.again


def test_what_no_queue_can_give_is_said_so(database, workflow, stands):
    [name] = {it.cluster_name for it in workflow.arrays["far"].tasks}
    limits = QueueLimits.from_parameters("all.q", {"memory": {"max": "1G"}})
    database.write(lambda it: clusters.set_limits(it, clusters.cluster_id(it, name), [limits]))

    [stuck] = [it for it in planned(database, workflow, How.COLD).requests if it.problem]

    assert "more memory than 1G" in stuck.problem
    assert stuck.requested.memory == 2**30
    assert stuck.tasks == 1


def test_a_workflow_that_is_done_leaves_nothing(database, workflow):
    ids = [it.task_id for it in workflow.tasks]
    go(database, ids, TaskStatus.DONE)

    found = planned(database, workflow, How.HOT)

    assert (found.again, found.adopted, found.skipped, found.is_complete) == (0, 0, 6, True)
    assert found.requests == []


def test_who_runs_it_would_have_to_make_way(database, workflow):
    assert planned(database, workflow, How.HOT).held_by is None
    at = datetime.now(UTC)
    lease = timedelta(seconds=60)
    run = database.write(lambda it: claims.take(it, workflow.workflow_id, at, resume=False, lease=lease))

    assert f"run {run} of" in planned(database, workflow, How.HOT).held_by


def test_functions_that_are_in_a_script_alone_are_said_so(database, url, new):
    def more():
        return {"memory": "2G"}

    tool = Tool(new("functions"), database=url)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("ask", "true").create_task(compute_resources=more))
    workflow.bind()

    found = planned(database, workflow, How.HOT)

    assert found.needs_script
    assert found.requests[0].function.endswith("more")


def test_a_workflow_that_is_not_there_is_said_so(database):
    with database.read() as connection, pytest.raises(UnknownName, match="no workflow"):
        plan.of_workflow(connection, 10**9, How.HOT)


def test_a_resume_does_what_was_planned(database, url, new):
    """Of tasks that used too much memory, on this machine."""
    tool = Tool(new("really"), database=url)
    tool.set_default_cluster_name("sequential")
    command = "{python} -c 'x = b\"x\" * {size} * 2**20; import time; time.sleep(1)'"
    template = tool.get_task_template("hungry", command, ["size"], [], ["python"], max_attempts=1)
    workflow = tool.create_workflow(name="really")
    asked = {"memory": "100M", "runtime": "1m"}
    workflow.add_tasks(template.create_tasks(size=[1, 110], python=sys.executable, compute_resources=asked))
    assert workflow.run() == "E"

    found = planned(database, workflow, How.COLD)
    ended = resume_workflow(workflow.workflow_id, reset_running_jobs=True, database=url)

    [raised] = found.requests
    assert (found.again, found.skipped) == (1, 1)
    assert raised.requested.memory == 150 * 2**20
    assert ended == "D"
    [culprit] = [it.task_id for it in workflow.tasks if it.node_args["size"] == "110"]
    with database.read() as connection:
        last = attempts.of_task(connection, culprit).items[-1]
    assert last.requested == raised.requested
