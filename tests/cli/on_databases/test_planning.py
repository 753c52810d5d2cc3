"""What ``jobmon workflow plan`` and ``jobmon errors`` answer."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli import grouping, planning
from jobmon_airflow.engine.verdict import APPLICATION
from jobmon_airflow.errors import UnknownName
from tests.cli.on_databases.runs import going_on, over
from tests.view.past import ended, out_of_memory


def test_a_plan_says_what_a_resume_would_run_and_what_it_would_leave(database, url, workflow):
    over(database, workflow, failed=["summarize"])

    answer = planning.of_resume(workflow.workflow_id, database=url)

    rows = {row["TEMPLATE"]: row for row in answer.table.rows}
    assert (rows["transform"]["DONE"], rows["transform"]["AGAIN"]) == (8, 0)
    assert (rows["summarize"]["AGAIN"], rows["summarize"]["HAD_FAILED"]) == (1, 1)
    assert "would run 1 task. 12 tasks would be left" in answer.text
    assert f"airflow jobmon workflow resume {workflow.workflow_id}" in answer.text
    assert (answer.data["again"], answer.data["skipped"]) == (1, 12)


def test_a_plan_says_what_is_raised_and_what_it_was_before(database, url, workflow):
    [task] = workflow.arrays["summarize"].tasks
    out_of_memory(database, task.task_id)
    over(database, workflow, failed=["summarize"])

    raised = planning.of_resume(workflow.workflow_id, cold=True, database=url).text
    kept = planning.of_resume(workflow.workflow_id, keep_resources=True, database=url).text

    assert "memory 1G" in raised, "which was too little"
    assert "1.5G" in raised
    assert "--cold" in raised
    assert "1.5G" not in kept


def test_a_plan_says_who_would_have_to_make_way(database, url, workflow):
    run = going_on(database, workflow, user="ada")

    assert f"First run {run} of ada" in planning.of_resume(workflow.workflow_id, database=url).text


def test_there_is_nothing_to_plan_for_what_is_done(database, url, workflow):
    over(database, workflow)

    assert "nothing to do" in planning.of_resume(workflow.workflow_id, database=url).text
    with pytest.raises(UnknownName):
        planning.of_resume(10**9, database=url)


def test_errors_come_in_groups_the_most_frequent_first(database, url, workflow):
    first, second, third = workflow.arrays["transform"].tasks[:3]
    often = {"kind": "ValueError: no convergence at <id>", "nodename": "node-a", "exit_code": 3}
    for task in (first, second):
        ended(database, task.task_id, APPLICATION, **often, stderr_log="ValueError: no convergence at 0x7f")
    ended(database, third.task_id, APPLICATION, kind="KeyError: 'x'", stderr_log="Traceback\nKeyError: 'x'")

    answer = grouping.of_workflow(workflow.workflow_id, database=url)

    assert [row["ERROR"] for row in answer.table.rows] == [often["kind"], "KeyError: 'x'"]
    assert [row["ATTEMPTS"] for row in answer.table.rows] == [2, 1]
    assert answer.table.rows[0]["NODES"] == "node-a 100%"
    assert "3 attempts of workflow" in answer.text
    assert "in 2 ways" in answer.text
    assert "exit code 3\n  | ValueError: no convergence at 0x7f" in answer.text
    assert "|" not in grouping.of_workflow(workflow.workflow_id, lines=0, database=url).text
    assert "1 of 2 groups" in grouping.of_workflow(workflow.workflow_id, limit=1, database=url).text


def test_a_workflow_without_errors_says_so(url, workflow):
    assert "has failed" in grouping.of_workflow(workflow.workflow_id, database=url).text
    with pytest.raises(UnknownName):
        grouping.of_workflow(10**9, database=url)
