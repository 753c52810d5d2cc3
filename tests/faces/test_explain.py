"""What ``airflow jobmon workflow explain`` and ``task explain`` answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from jobmon_airflow import Tool
from jobmon_airflow.cli import explain
from jobmon_airflow.cli.formats import as_json, data_of
from jobmon_airflow.distributors.slurm.reasons import explained
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import waiting, workflows
from jobmon_airflow.store.schema import task
from tests.faces import stored


def as_told(answer):
    """What a program reads."""
    return json.loads(as_json(data_of(answer)))


@pytest.fixture
def running(url):
    """A workflow of two templates that this process runs: transform (5) >> aggregate (1)."""
    tool = Tool("burden", database=url)
    tool.set_default_cluster_name("sequential")
    transform = tool.get_task_template("transform", "echo {n}", node_args=["n"])
    aggregate = tool.get_task_template("aggregate", "echo all")
    workflow = tool.create_workflow(name="yearly")
    transforms = transform.create_tasks(n=range(5))
    workflow.add_tasks([*transforms, aggregate.create_task(upstream_tasks=transforms)])
    workflow.bind()
    run_id = workflow.tool.database.write(
        lambda it: claims.take(
            it, workflow.workflow_id, datetime.now(UTC), resume=False, lease=timedelta(minutes=5)
        )
    )
    return workflow, run_id


def put(workflow, status, *places):
    ids = [workflow.tasks[place].task_id for place in places]
    workflow.tool.database.write(
        lambda it: it.execute(update(task).where(task.c.id.in_(ids)).values(status=status))
    )


def told(url, workflow):
    return explain.workflow(workflow.workflow_id, database=url).text


def test_what_a_cluster_says_is_told_in_plain_words_with_its_own_in_brackets(url, running):
    workflow, run_id = running
    put(workflow, TaskStatus.LAUNCHED, 0, 1, 2)
    put(workflow, TaskStatus.RUNNING, 3)
    array = workflow.arrays["transform"].array_id
    reasons = {(array, "QOSMaxJobsPerUserLimit"): 2}
    workflow.tool.database.write(lambda it: waiting.replace(it, run_id, reasons))

    text = told(url, workflow)

    assert f"Run {run_id} of" in text
    assert (
        "2 wait: in the cluster's queue, because the QOS allows no more running jobs for each user "
        "[QOSMaxJobsPerUserLimit], since" in text
    )
    assert "sacctmgr show assoc" in text
    assert "1 waits: handed to the cluster, which has not begun them." in text
    assert "1 waits: their turn comes" in text
    assert "aggregate:\n  1 waits: tasks before them are not done." in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("transform ", "aggregate "))]
    assert rows == [["transform", "5", "0", "1", "0", "4"], ["aggregate", "1", "0", "0", "0", "1"]]


def test_a_pause_and_a_limit_are_named_with_what_lifts_them(url, running):
    workflow, _ = running
    array = workflow.arrays["transform"].array_id
    database = workflow.tool.database

    database.write(lambda it: workflows.set_limit(it, workflow.workflow_id, 0))
    assert "5 wait: the workflow is paused: its max_concurrently_running is 0." in told(url, workflow)

    database.write(lambda it: workflows.set_limit(it, workflow.workflow_id, 2))
    put(workflow, TaskStatus.RUNNING, 0, 1)
    assert "3 wait: 2 tasks of the workflow are active, and 2 may be" in told(url, workflow)

    database.write(lambda it: workflows.set_array_limits(it, {array: 1}))
    text = told(url, workflow)
    assert "3 wait: 1 tasks of the template are active, and no more may be" in text
    assert "table array" in text


def test_a_workflow_that_failed_says_so_with_the_kinds_of_errors(url, workflow):
    text = told(url, workflow)

    assert "Nobody runs it: its last run" in text
    assert f"airflow jobmon workflow resume {workflow.workflow_id}" in text
    assert "after:\n  1 waits: tasks before them have failed for good.\n      Mend what failed" in text
    assert stored.SAID in text


def test_a_workflow_that_is_done_waits_for_nothing(url):
    tool = Tool("burden", database=url)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("say", "true").create_task())
    assert workflow.run() == "D"

    text = told(url, workflow)

    assert "All of it is done." in text
    assert "wait" not in text.replace("WAITING", "")


def test_programs_are_told_the_same(url, running):
    workflow, _ = running

    found = as_told(explain.workflow(workflow.workflow_id, database=url))

    assert found["is_run"] is True
    assert [(each["template"], each["tasks"]) for each in found["waits"]] == [
        ("transform", 5),
        ("aggregate", 1),
    ]


def test_a_task_is_explained_by_its_attempts(url, workflow):
    culprit = next(each for each in workflow.tasks if each.name.startswith("bad"))

    text = explain.task(culprit.task_id, database=url).text

    assert "is ERROR_FATAL" in text
    assert "application error, exit code 3" in text
    assert "asked for cluster sequential" in text
    assert "used memory" in text
    assert f"| {stored.SAID}" in text
    found = as_told(explain.task(culprit.task_id, database=url))
    assert [each["verdict"] for each in found["attempts"]] == ["application error"]
    assert found["attempts"][0]["evidence"]["exit_code"] == 3


def test_a_task_that_waits_names_those_before_it(url, workflow):
    last = next(each for each in workflow.tasks if each.name.startswith("after"))

    text = explain.task(last.task_id, database=url).text

    assert "Waits for 1 tasks before it that are not done:" in text
    assert "(ERROR_FATAL)" in text


def test_a_task_that_is_not_there_is_said_to_be_so(url):
    with pytest.raises(UnknownName, match="no task 4711"):
        explain.task(4711, database=url)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Priority", "jobs of others, or older ones, come first"),
        ("Resources", "its nodes are busy"),
        ("AssocGrpSubmitJobsLimit", "the account allows no more submitted jobs"),
        ("AssocGrpJobsLimit", "the account allows no more running jobs"),
        ("QOSGrpCpuLimit", "the QOS allows no more cores"),
        ("QOSMaxMemoryPerJob", "it asks for more memory than the QOS allows for a job"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "nodes that it needs are down, drained or reserved"),
        ("PartitionDown", "its partition is closed"),
        ("(BadConstraints)", "no node fits what it asks for"),
        ("SomethingNew", "Slurm says so"),
    ],
)
def test_slurm_s_words_are_explained(word, meaning):
    assert explained(word).meaning.startswith(meaning)
    assert explained(word).remedy
