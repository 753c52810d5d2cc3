"""What ``airflow jobmon workflow limit``, ``stop`` and ``airflow jobmon task done``, ``again`` do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.cli import orders
from jobmon_airflow.cli.answers import Exit
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import RunError
from jobmon_airflow.settings import user_name
from tests.workflows import rows_of

AUDIT = 'SELECT "user", action FROM action_log ORDER BY id'


def test_a_workflow_and_its_templates_are_paused_and_go_on(url, workflow):
    paused = orders.limit(workflow.workflow_id, 0, database=url)
    orders.limit(workflow.workflow_id, 2, template="good", database=url)

    assert paused.text.startswith("Paused: of the workflow nothing more begins.")
    assert paused.code == Exit.OK
    assert rows_of(url, "SELECT max_concurrently_running FROM workflow") == [(0,)]
    assert (2,) in rows_of(url, "SELECT max_concurrently_running FROM array WHERE name = 'good'")
    assert rows_of(url, AUDIT) == [(user_name(), "limit")] * 2


@pytest.mark.parametrize("drain", [True, False])
def test_a_run_is_told_to_end(url, workflow, drain):
    with pytest.raises(RunError, match="Nobody runs"):
        orders.stop(workflow.workflow_id, drain=drain, database=url)
    at = datetime.now(UTC)
    workflow.tool.database.write(
        lambda it: claims.take(it, workflow.workflow_id, at, resume=True, lease=timedelta(seconds=60))
    )

    told = orders.stop(workflow.workflow_id, drain=drain, database=url)

    assert "It is heard within seconds" in told.text
    [(status, asked)] = rows_of(
        url, "SELECT status, stop_asked_date FROM workflow_run ORDER BY id DESC LIMIT 1"
    )
    assert (status, asked is not None) == (("L", True) if drain else ("C", False))


def test_a_task_counts_as_done_and_runs_again(url, workflow):
    [culprit] = [task for task in workflow.tasks if task.name == "bad"]
    status = f"SELECT status FROM task WHERE id = {culprit.task_id}"

    assert "counts as done" in orders.done(culprit.task_id, database=url).text
    assert rows_of(url, status) == [("D",)]

    assert "1 task will run again" in orders.again(culprit.task_id, alone=True, database=url).text
    assert rows_of(url, status) == [("G",)]
    assert [action for _, action in rows_of(url, AUDIT)] == ["mark done", "run again"]
