"""What ``airflow jobmon ...`` answers, asked as plain functions."""

from __future__ import annotations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.cli import reaping, resuming, status, tables, workflows
from jobmon_airflow.cli.answers import Exit
from jobmon_airflow.cli.formats import as_table, data_of
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.errors import SchemaIsMissing, UnknownName, WorkflowAlreadyComplete
from jobmon_airflow.store import workflow_runs
from jobmon_airflow.view.resuming import Wish
from tests.faces import stored
from tests.workflows import close


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


# --- status -----------------------------------------------------------------------------------------------------


def test_the_latest_workflows_are_listed_newest_first(url, workflow):
    second = stored.failed_workflow(url, "second")

    header, *rows = lines(status.of_workflows(database=url).text)

    assert header[:2] == ["WORKFLOW_ID", "TOOL"]
    assert [row[0] for row in rows] == [str(second.workflow_id), str(workflow.workflow_id)]
    assert rows[0][-7:] == ["4", "1", "0", "0", "2", "1", "0"]  # tasks, pending, …, done, fatal, retries
    assert lines(status.of_workflows(limit=1, database=url).text)[1:] == rows[:1]


def test_a_workflow_that_is_named_alone_is_shown_with_its_templates_and_what_failed(url, workflow):
    answer = status.of_workflows([workflow.workflow_id], database=url)

    table, templates, *account = answer.text.split("\n\n")
    assert "FAILED" in table
    assert lines(templates)[1:] == [
        ["good", "2", "0", "0", "0", "2", "0"],
        ["bad", "1", "0", "0", "0", "0", "1"],
        ["after", "1", "1", "0", "0", "0", "0"],
    ]
    assert "1 task of 4 failed for good" in account[0]
    assert stored.SAID in "\n".join(account)
    assert f"airflow jobmon workflow resume {workflow.workflow_id}" in account[-1]
    assert answer.code == Exit.OK


def test_status_says_how_often_tasks_were_tried_again(url):
    tool = Tool("stubborn", database=url)
    tool.set_default_cluster_name("sequential")
    fails = tool.get_task_template("fails", "exit {code}", node_args=["code"])
    workflow = tool.create_workflow()
    workflow.add_tasks([fails.create_task(code=code, max_attempts=code) for code in (1, 2, 4)])
    assert workflow.run() == "E"

    told = status.of_workflows([workflow.workflow_id], database=url)

    assert lines(told.text.split("\n\n")[0])[1][-2:] == ["3", "4"]  # fatal, retries
    assert data_of(told)[0]["retries"] == 4


def test_status_is_told_to_programs_too(url, workflow):
    [found] = data_of(status.of_workflows([workflow.workflow_id], database=url))

    assert (found["workflow_id"], found["tool"], found["status"]) == (workflow.workflow_id, "faces", "FAILED")
    assert found["counts"] == {"PENDING": 1, "SCHEDULED": 0, "RUNNING": 0, "DONE": 2, "FATAL": 1}
    assert found["templates"]["bad"]["FATAL"] == 1


def test_workflows_of_a_user_are_those_that_the_user_ran(url, workflow):
    with workflow.tool.database.read() as connection:
        [run] = workflow_runs.of_workflow(connection, workflow.workflow_id)

    assert str(workflow.workflow_id) in status.of_workflows(users=[run.user, "nobody"], database=url).text
    assert "There is no workflow yet of nobody" in status.of_workflows(users=["nobody"], database=url).text


def test_an_id_that_is_not_there_is_refused_and_not_left_out(url, workflow):
    with pytest.raises(UnknownName, match="no workflow 999"):
        status.of_workflows([workflow.workflow_id, 999], database=url)


# --- errors -----------------------------------------------------------------------------------------------------


def test_errors_are_what_the_tasks_said(url, workflow):
    answer = workflows.errors(workflow.workflow_id, database=url)

    assert stored.SAID in answer.text
    [error] = answer.data.values()
    assert stored.SAID in error["error_log"][0]["description"]


def test_a_workflow_without_errors_says_so_and_one_that_is_not_there_does_not(url, workflow):
    fine = workflow.tool.create_workflow("fine")
    fine.add_tasks(workflow.tool.active_task_templates["good"].create_tasks(number=[7]))
    fine.run()

    assert workflows.errors(fine.workflow_id, database=url).text.endswith("has failed.")
    with pytest.raises(UnknownName):
        workflows.errors(999, database=url)


# --- resume -----------------------------------------------------------------------------------------------------


def test_a_resume_here_goes_on_with_what_is_not_done(url, tmp_path):
    file = tmp_path / "file"
    workflow = stored.failed_workflow(url, mended_by=str(file))
    assert resuming.resume(workflow.workflow_id, database=url).code == Exit.TASKS_FAILED

    file.touch()
    answer = resuming.resume(workflow.workflow_id, database=url)

    assert answer.code == Exit.OK
    assert answer.text == f"workflow {workflow.workflow_id}: DONE (D)"
    with pytest.raises(WorkflowAlreadyComplete):
        resuming.resume(workflow.workflow_id, database=url)


def test_a_resume_in_airflow_triggers_the_family_s_dag_with_the_workflow(url, workflow):
    asked = []

    def trigger(dag_id, conf):
        asked.append((dag_id, conf))
        return {"dag_run_id": "manual__1"}

    answer = resuming.resume_in_airflow(
        workflow.workflow_id, Wish(cold=True, increase_resources=False), trigger, database=url
    )

    [(dag_id, conf)] = asked
    assert dag_id == dag_id_of("faces", "looked at")
    assert conf["workflow_id"] == workflow.workflow_id
    assert (conf["cold"], conf["increase_resources"], conf["fail_fast"]) == (True, False, False)
    assert "manual__1" in answer.text
    assert dag_id in answer.text


def test_the_conf_of_a_resume_is_what_the_dag_understands(url, workflow):
    from jobmon_airflow.dags.wishes import Wishes

    heard = []
    resuming.resume_in_airflow(
        workflow.workflow_id,
        Wish(cold=True, increase_resources=False, fail_fast=True, timeout=60, resume_timeout=5),
        lambda _, conf: heard.append(conf) or {"dag_run_id": "r"},
        database=url,
    )

    assert Wishes().heard(heard[0]) == Wishes(
        cold=True, increase_resources=False, fail_fast=True, seconds_until_timeout=60, resume_timeout=5
    )


def test_what_is_done_is_not_triggered_again(url, workflow):
    done = workflow.tool.create_workflow("done")
    done.add_tasks(workflow.tool.active_task_templates["good"].create_tasks(number=[8]))
    done.run()

    with pytest.raises(WorkflowAlreadyComplete):
        resuming.resume_in_airflow(
            done.workflow_id, Wish(), lambda *_: pytest.fail("triggered"), database=url
        )


def test_reaping_says_what_it_ended(url):
    assert reaping.reap(database=url).text == "runs that were ended: none"
    assert reaping.reap(database=url).data == {
        "workflow_runs": [],
        "jobs": 0,
        "left": {},
    }


# --- tables -----------------------------------------------------------------------------------------------------


def test_tables_are_made_checked_and_removed(sqlite_url):
    with pytest.raises(SchemaIsMissing):
        tables.check(sqlite_url)

    assert "are of version" in tables.migrate(database=sqlite_url).text
    assert tables.check(sqlite_url).text.endswith("as they should be.")
    assert tables.address(sqlite_url).text == f"{sqlite_url}, from the argument"
    assert tables.migrate("base", sqlite_url).text.endswith("none: they are gone.")
    close(sqlite_url)


def test_an_empty_table_is_its_head():
    assert as_table(["A", "B"], []) == "A  B"
