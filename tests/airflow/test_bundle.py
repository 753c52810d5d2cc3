"""Families of workflows in a real Airflow: shown, run, resumed, changed, and left to DAG files of their name."""

from __future__ import annotations

import pytest

from jobmon_airflow.states import WorkflowStatus
from jobmon_airflow.testing.airflow_api import AirflowRefused
from tests.airflow.families import (
    PHASES,
    SHOWN_WITHIN,
    define,
    showing_families,
    status_of,
    wait_for_tasks,
)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where bundles keep their files."""
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="module")
def bundled(airflows, folder):
    with showing_families(airflows, folder) as airflow:
        yield airflow


def test_what_a_script_has_bound_is_a_dag_and_runs_to_its_end(bundled):
    workflow = define(bundled, "shown", "shown 1").bind()
    wait_for_tasks(bundled, "health.shown", *PHASES)

    run = bundled.run("health.shown")

    assert run.states() == dict.fromkeys(PHASES, "success")
    assert status_of(workflow) == WorkflowStatus.DONE


def test_one_of_several_workflows_is_run_by_its_id(bundled):
    first, second = (define(bundled, "several", f"several {number}").bind() for number in (1, 2))
    wait_for_tasks(bundled, "health.several", *PHASES)

    bundled.run("health.several", conf={"workflow_id": first.workflow_id})

    assert (status_of(first), status_of(second)) == (WorkflowStatus.DONE, WorkflowStatus.REGISTERING)


def test_what_is_no_id_of_a_workflow_is_refused_by_the_form(bundled):
    define(bundled, "formed", "formed 1").bind()
    wait_for_tasks(bundled, "health.formed", *PHASES)

    with pytest.raises(AirflowRefused, match="400"):
        bundled.trigger("health.formed", conf={"workflow_id": "first"})


def test_a_family_whose_shape_changes_is_shown_anew(bundled):
    workflow = define(bundled, "changing", "changing 1").bind()
    wait_for_tasks(bundled, "health.changing", *PHASES)
    report = workflow.tool.get_task_template("report", "true {it}", node_args=["it"])
    later = define(bundled, "changing", "changing 2")
    later.add_task(report.create_task(it=1, upstream_tasks=later.arrays["summarize"].tasks))

    later.bind()

    wait_for_tasks(bundled, "health.changing", *PHASES, "report")


DAG_FILE = """
from jobmon_airflow import Tool

tool = Tool("health")
tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "1m"})
workflow, before = tool.create_workflow(name="claimed", workflow_args="by hand"), []
for name in ("transform", "aggregate", "summarize"):
    tasks = tool.get_task_template(name, "true {it}", node_args=["it"]).create_tasks(it=[1, 2], upstream_tasks=before)
    workflow.add_tasks(tasks)
    before = tasks
dag = workflow.to_dag(tags=["by hand"])
"""


def test_a_dag_file_of_the_same_name_has_the_family_for_itself(bundled, folder):
    define(bundled, "claimed", "claimed 1").bind()
    wait_for_tasks(bundled, "health.claimed", *PHASES)
    (stub,) = folder.rglob("health.claimed.py")

    bundled.write_dag("by_hand", DAG_FILE)

    bundled.wait_for(lambda: not stub.exists(), within=SHOWN_WITHIN)
    dag = bundled.api.get("/dags/health.claimed")
    assert (dag["relative_fileloc"], dag["is_stale"]) == ("by_hand.py", False)
    run = bundled.run("health.claimed")
    assert run.states() == dict.fromkeys(PHASES, "success")
    assert not stub.exists()
