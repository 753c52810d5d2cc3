"""Workflows in a real Airflow, run by workers and beside the triggerer, left in peace or handled by people."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.airflow.studies import AGGREGATES, ALL, REPORTS, TRANSFORMS, Study

MODES = ["worker", "triggerer"]
OPTIONS = {"worker": "deferrable=False", "triggerer": "deferrable=True"}
ALL_GREEN = dict.fromkeys(("run", "transform", "aggregate", "summarize", "report", "notify"), "success")


@pytest.fixture(params=MODES)
def study(request, airflow, tmp_path):
    """A study of its own, whose workflow is run as the parameter says."""
    name = f"{request.node.originalname[5:60]}_{request.param}"
    return Study.written(airflow, tmp_path, name, options=OPTIONS[request.param])


def test_a_workflow_runs_to_its_end_and_others_learn_what_became_of_it(study):
    run = study.airflow.run(study.dag_id)

    assert run.states() == ALL_GREEN
    assert study.began() == Counter(ALL)
    result = run.xcom("run")
    assert (result["label"], result["total"], result["done"], result["failed"]) == ("DONE", 8, 8, 0)
    assert result["templates"]["transform"] == {"total": 3, "done": 3, "failed": 0}
    assert run.xcom("notify") == 2
    assert run.xcom("summarize")["workflow_id"] == result["workflow_id"]
    assert "All 8 tasks are done." in run.log("run")
    assert "8 of 8 done (100 %)" in run.log("run")
    assert "All is done: 3 tasks of 'transform'." in run.log("transform")
    page = f"{study.airflow.home.url}/jobmon/run?dag_id={study.dag_id}&run_id="
    assert page in run.log("run")
    assert page in run.log("transform")


CLEARS = {
    "worker": lambda run: ["tasks", "clear", run.dag_id, "--only-failed", "--yes"],
    "triggerer": lambda run: ["dags", "clear", run.dag_id, "--run-id", run.run_id, "--only-failed", "--yes"],
}


def test_what_failed_is_told_and_runs_again_when_it_is_cleared_by_the_command_line(study, request):
    study.break_("transform-1")

    run = study.airflow.run(study.dag_id, state="failed")

    assert run.states() == {
        "run": "failed",
        "transform": "failed",
        "aggregate": "skipped",
        "summarize": "skipped",
        "report": "success",
        "notify": "skipped",
    }
    assert run.xcom("run")["failed"] == 1
    log = run.log("run")
    assert (
        "1 task of 8 failed for good, 4 are done, 3 were not run because something before them failed." in log
    )
    assert (
        "transform-1 begins" not in log
    )  # it was written to stdout, and the kinds of errors are told by stderr
    assert f"airflow dags clear {study.dag_id} --run-id {run.run_id} --only-failed --yes" in log
    assert "None of 2 tasks of 'aggregate' was run" in run.log("aggregate")
    assert study.began() == Counter((*TRANSFORMS, *REPORTS))

    study.mend()
    study.airflow.cli(*CLEARS[request.node.callspec.params["study"]](run))
    study.airflow.wait_until_ended(run)

    assert run.states() == ALL_GREEN
    assert study.began() == Counter((*ALL, "transform-1"))
    assert run.xcom("run")["workflow_id"] == run.xcom("aggregate")["workflow_id"]


@pytest.mark.long
def test_a_green_template_that_is_cleared_with_the_run_runs_again_with_all_that_depends_on_it(study):
    run = study.airflow.run(study.dag_id)

    run.clear(["run", "aggregate"])
    study.airflow.wait_until_ended(run)

    assert run.states() == ALL_GREEN
    assert study.began() == Counter((*ALL, *AGGREGATES, "summarize-all"))


@pytest.mark.long
def test_a_green_run_that_is_cleared_alone_repeats_nothing(study):
    run = study.airflow.run(study.dag_id)

    run.clear(["run"])
    study.airflow.wait_until_ended(run)

    assert run.states() == ALL_GREEN
    assert study.began() == Counter(ALL)


@pytest.mark.long
def test_all_that_is_cleared_runs_again(study):
    run = study.airflow.run(study.dag_id)

    run.clear()
    study.airflow.wait_until_ended(run)

    assert run.states() == ALL_GREEN
    assert study.began() == Counter((*ALL, *ALL))


@pytest.mark.long
def test_marking_the_run_failed_ends_what_runs(study):
    study.shut("transform-0", "report-y")
    run = study.airflow.trigger(study.dag_id)
    study.wait_until_began("transform-0", "report-y")

    run.mark_task("run", "failed")

    study.airflow.wait_for(lambda: not study.running(), within=120)
    study.airflow.wait_until_ended(run, "failed")
    states = run.states()
    assert (states["run"], states["summarize"]) == ("failed", "skipped")
    assert study.began().keys() <= {*TRANSFORMS, *REPORTS}


@pytest.mark.long
def test_clearing_a_run_while_it_runs_ends_what_runs_and_goes_on_with_the_rest(study):
    study.shut("transform-0")
    run = study.airflow.trigger(study.dag_id)
    study.wait_until_began(*TRANSFORMS, *REPORTS)
    study.airflow.wait_for(lambda: len(study.running()) == 1, within=120)
    (first,) = study.running()

    run.clear(["run"])
    study.airflow.wait_for(lambda: study.began()["transform-0"] == 2, within=120)

    assert first not in study.running()
    assert len(study.running()) == 1
    study.open()
    study.airflow.wait_until_ended(run)
    assert run.states() == ALL_GREEN
    assert study.began() == Counter((*ALL, "transform-0"))


@pytest.mark.long
def test_two_dag_runs_are_two_workflows_side_by_side(study):
    study.shut("transform-0")
    runs = [study.airflow.trigger(study.dag_id) for _ in range(2)]
    study.airflow.wait_for(lambda: study.began()["transform-0"] == 2, within=120)

    study.open()
    for run in runs:
        study.airflow.wait_until_ended(run)

    assert study.began() == Counter((*ALL, *ALL))
    first, second = (run.xcom("run") for run in runs)
    assert first["workflow_id"] != second["workflow_id"]


@pytest.mark.long
def test_a_paused_dag_begins_no_run_and_lets_the_one_that_runs_go_on(study):
    study.shut("transform-0")
    run = study.airflow.trigger(study.dag_id)
    study.wait_until_began("transform-0")
    study.airflow.api.pause(study.dag_id)
    later = study.airflow.trigger(study.dag_id)

    study.open()
    study.airflow.wait_for(lambda: run.states()["run"] == "success", within=120)

    assert later.state() == "queued"
    assert study.began()["transform-0"] == 1
    study.airflow.api.unpause(study.dag_id)
    study.airflow.wait_until_ended(run)
    study.airflow.wait_until_ended(later)


@pytest.mark.long
def test_a_workflow_is_resumed_by_its_id_in_another_dag_run(study):
    study.break_("aggregate-a")
    first = study.airflow.run(study.dag_id, state="failed")
    workflow_id = first.xcom("run")["workflow_id"]

    study.mend()
    second = study.airflow.run(study.dag_id, conf={"workflow_id": workflow_id, "cold": True})

    assert second.states() == ALL_GREEN
    assert second.xcom("run")["workflow_id"] == workflow_id
    assert study.began() == Counter((*ALL, "aggregate-a"))


@pytest.mark.long
def test_a_nonsensical_order_is_refused_with_a_remedy(study):
    run = study.airflow.run(study.dag_id, conf={"workflow_id": "twelve"}, state="failed")

    assert "workflow_id is 'twelve', which is the id of no workflow." in run.log("run")
    assert not study.began()
