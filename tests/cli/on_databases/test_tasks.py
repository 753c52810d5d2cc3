"""What ``jobmon workflow tasks``, ``task status``, ``task dependencies`` and ``workflow logs`` answer."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli import attempts, logs, tasks
from jobmon_airflow.errors import InvalidQuestion, UnknownName
from jobmon_airflow.states import TaskInstanceStatus
from tests.attempts import attempt
from tests.cli.on_databases.runs import over
from tests.workflows import all_to_all

DONE, ERROR = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR


def names(answer):
    return [row["TASK_NAME"] for row in answer.table.rows]


# --- tasks ------------------------------------------------------------------------------------------------------


def test_tasks_are_listed_those_first_that_were_entered_last(database, url, workflow):
    over(database, workflow, failed=["summarize"])
    by_id = sorted(workflow.tasks, key=lambda task: task.task_id, reverse=True)

    answer = tasks.of_workflow(workflow.workflow_id, limit=3, database=url)

    assert names(answer) == [task.name for task in by_id[:3]]
    assert answer.table.rows[0]["STATUS"] in {"DONE", "FATAL"}
    assert "3 of 13 tasks" in answer.text
    assert "of 13" not in tasks.of_workflow(workflow.workflow_id, limit=13, database=url).text


@pytest.mark.parametrize("word", ["FATAL", "fatal", "F", "ERROR_FATAL"])
def test_tasks_of_a_status_are_named_by_any_of_its_words(database, url, workflow, word):
    over(database, workflow, failed=["summarize"])

    answer = tasks.of_workflow(workflow.workflow_id, statuses=[word], database=url)

    assert names(answer) == ["summarize"]


def test_several_statuses_and_one_template_are_asked_for_together(database, url, workflow):
    failed = workflow.arrays["transform"].tasks[0].name
    over(database, workflow, failed=[failed], waiting=["summarize"])

    both = tasks.of_workflow(workflow.workflow_id, statuses=["PENDING", "FATAL"], database=url)
    one = tasks.of_workflow(
        workflow.workflow_id, statuses=["PENDING", "FATAL"], template="transform", database=url
    )

    assert set(names(both)) == {failed, "summarize"}
    assert names(one) == [failed]


def test_what_is_no_status_no_template_or_no_workflow_is_refused(url, workflow):
    with pytest.raises(InvalidQuestion, match="no status of a task"):
        tasks.of_workflow(workflow.workflow_id, statuses=["BROKEN"], database=url)
    with pytest.raises(UnknownName, match="no template 'nothing'") as refusal:
        tasks.of_workflow(workflow.workflow_id, template="nothing", database=url)
    assert "aggregate, summarize, transform" in refusal.value.remedy
    with pytest.raises(UnknownName, match="no workflow"):
        tasks.of_workflow(10**9, database=url)


# --- attempts ---------------------------------------------------------------------------------------------------


def test_each_attempt_is_a_row_with_what_it_used_and_said(database, url, workflow):
    [task] = workflow.arrays["summarize"].tasks
    first = attempt(database, task.task_id, ERROR, says=["ValueError: too cold\nat noon"], exit_code=3)
    second = attempt(
        database,
        task.task_id,
        DONE,
        maxrss=2**30,
        wallclock=12.0,
        cpu=3.0,
        stdout="/logs/1.o",
        stderr="/logs/1.e",
    )

    answer = attempts.status([task.task_id], database=url)

    failed, done = answer.table.rows
    assert [row["TASK_INSTANCE_ID"] for row in (failed, done)] == [first, second]
    assert (failed["STATUS"], done["STATUS"]) == ("ERROR", "DONE")
    assert failed["ERROR_TRACE"] == "ValueError: too cold", "a table has a line for it"
    assert answer.data[0]["ERROR_TRACE"] == "ValueError: too cold\nat noon", "and programs are told all"
    assert done["RESOURCE_USAGE"] == "memory 1G, runtime 12.0s, cpu 3.0s"
    assert (done["STDOUT"], done["STDERR"]) == ("/logs/1.o", "/logs/1.e")


def test_attempts_of_several_tasks_are_asked_for_by_their_status(database, url, workflow):
    first, second, untried = (task.task_id for task in workflow.arrays["transform"].tasks[:3])
    attempt(database, first, ERROR)
    attempt(database, first, DONE)
    attempt(database, second, DONE)

    every = attempts.status([second, first, untried], database=url)
    done = attempts.status([first, second, untried], statuses=["done"], database=url)
    fatal = attempts.status([first, second], statuses=["FATAL"], database=url)
    latest = attempts.status([first, second], limit=1, database=url)

    assert [row["TASK_ID"] for row in every.table.rows] == [second, first, first, untried]
    assert every.table.rows[-1]["TASK_INSTANCE_ID"] is None, "what was never tried is not left out"
    assert [row["TASK_ID"] for row in done.table.rows] == [first, second]
    assert [row["STATUS"] for row in fatal.table.rows] == ["ERROR"]
    assert [row["STATUS"] for row in latest.table.rows] == ["DONE", "DONE"]


def test_a_task_that_is_not_there_is_said_so(url, workflow):
    for ask in (tasks.dependencies, lambda number, **more: attempts.status([number], **more)):
        with pytest.raises(UnknownName, match="no task"):
            ask(10**9, database=url)
    with pytest.raises(InvalidQuestion, match="no status of an attempt"):
        attempts.status([workflow.tasks[0].task_id], statuses=["BROKEN"], database=url)


# --- neighbours -------------------------------------------------------------------------------------------------


def test_a_task_s_neighbours_are_told_with_their_statuses(database, url, workflow):
    over(database, workflow, failed=["summarize"])
    aggregate = workflow.arrays["aggregate"].tasks[0]

    rows = tasks.dependencies(aggregate.task_id, database=url).table.rows

    assert {(row["TASK_ID"], row["STATUS"]) for row in rows if row["SIDE"] == "upstream"} == {
        (task.task_id, "DONE") for task in aggregate.upstream_tasks
    }
    [behind] = [row for row in rows if row["SIDE"] == "downstream"]
    assert (behind["TASK_NAME"], behind["STATUS"]) == ("summarize", "ERROR_FATAL")


def test_neighbours_are_seen_through_joins(url, new):
    workflow = all_to_all(url, new("joined"), width=12).bind()
    second = workflow.arrays["second"].tasks[0]

    rows = tasks.dependencies(second.task_id, database=url).table.rows

    assert [row["SIDE"] for row in rows] == ["upstream"] * 12


def test_a_task_without_neighbours_says_so(url, tool):
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("alone", "true").create_task())
    workflow.bind()

    answer = tasks.dependencies(workflow.tasks[0].task_id, database=url)

    assert "waits for no task" in answer.text
    assert answer.data == []


# --- files ------------------------------------------------------------------------------------------------------


def test_files_are_listed_of_the_latest_attempts_first(database, url, workflow):
    transform = workflow.arrays["transform"].tasks
    for number, task in enumerate(
        [transform[0], *workflow.arrays["summarize"].tasks, transform[1], transform[0]]
    ):
        attempt(database, task.task_id, DONE, stdout=f"/logs/{number}.o", stderr=f"/logs/{number}.e")

    def files(**asked):
        rows = logs.paths(workflow.workflow_id, database=url, **asked).table.rows
        return [(row["OUTPUT_PATH"], row["ERROR_PATH"]) for row in rows]

    assert files() == [(f"/logs/{number}.o", f"/logs/{number}.e") for number in (3, 2, 1, 0)]
    assert files(limit=2) == [("/logs/3.o", "/logs/3.e"), ("/logs/2.o", "/logs/2.e")]
    assert files(template="summarize") == [("/logs/1.o", "/logs/1.e")]
    assert [out for out, _ in files(task_name=transform[0].name)] == ["/logs/3.o", "/logs/0.o"]


def test_attempts_without_files_say_where_their_words_are(database, url, workflow):
    assert "has been tried yet" in logs.paths(workflow.workflow_id, database=url).text

    attempt(database, workflow.tasks[0].task_id, DONE)

    assert "jobmon task explain" in logs.paths(workflow.workflow_id, database=url).text
