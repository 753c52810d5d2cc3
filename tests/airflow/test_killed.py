"""Airflow's processes are killed while workflows run: nothing is lost, and nothing that was done is repeated."""

from __future__ import annotations

import time
from collections import Counter

import psutil
import pytest

from tests.airflow.studies import ALL, REPORTS, TRANSFORMS, Study

pytestmark = pytest.mark.long

# On a busy machine an API server takes half a minute to begin, and nobody hears of the tasks meanwhile.
PATIENT = {"scheduler.task_instance_heartbeat_timeout": 60}

GREEN = dict.fromkeys(("run", "transform", "aggregate", "summarize", "report", "notify"), "success")


@pytest.fixture(scope="module")
def airflow(airflows):
    with airflows.running(options=PATIENT) as airflow:
        yield airflow


def worker_study(airflow, folder, **options):
    return Study.written(airflow, folder, f"worker_{folder.name}", options="deferrable=False", **options)


def triggerer_study(airflow, folder, **options):
    return Study.written(airflow, folder, f"triggerer_{folder.name}", options="deferrable=True", **options)


def in_both_ways(folder):
    """What writes a study that a worker runs, and one that is run beside the triggerer, each with its folder."""
    for number, written in enumerate((worker_study, triggerer_study)):
        its = folder / f"{folder.name}_{number}"
        its.mkdir()
        yield written, its


def begun(study):
    """A run of the study that waits in its middle: all that can be done is, and transform-0 runs."""
    study.shut("transform-0")
    run = study.airflow.trigger(study.dag_id)
    study.wait_until_began(*TRANSFORMS, *REPORTS)
    study.airflow.wait_for(lambda: study.done() == 4 and len(study.running()) == 1, within=120)
    return run


def engine(airflow):
    """The engines beside its triggerer."""
    return airflow.running("jobmon_airflow.dags.engine")


def test_a_worker_that_dies_with_all_below_it_is_followed_by_one_that_goes_on(mortal, tmp_path):
    study = worker_study(mortal, tmp_path, retries=1)
    run = begun(study)

    mortal.kill9_task(run, "run", and_its_supervisor=True)
    mortal.wait_for(lambda: study.began()["transform-0"] == 2, within=180)
    study.open()

    mortal.wait_until_ended(run)
    assert run.states() == GREEN
    assert study.began() == Counter((*ALL, "transform-0"))
    assert run.task("run").try_number == 2
    assert study.done() == len(ALL)  # of one workflow, with which the second try went on


def test_an_engine_whose_worker_died_is_watched_by_the_next_try_and_repeats_nothing(mortal, tmp_path):
    study = worker_study(mortal, tmp_path, retries=1)
    run = begun(study)

    task_process = psutil.Process(mortal.wait_until_running(run, "run"))
    task_process.parent().kill()
    mortal.wait_for(lambda: run.task("run").try_number == 2, within=180)
    mortal.wait_for(lambda: "goes on; watching it" in run.log("run", 2), within=120)
    study.open()

    mortal.wait_until_ended(run)
    assert run.states() == GREEN
    assert study.began() == Counter(ALL)
    assert study.runs() == ["D"]


def test_a_triggerer_that_is_killed_leaves_its_engine_at_work(mortal, tmp_path):
    study = triggerer_study(mortal, tmp_path)
    run = begun(study)
    before = engine(mortal)

    mortal.kill9("triggerer")
    time.sleep(2)
    assert engine(mortal) == before
    mortal.start("triggerer")
    study.open()

    mortal.wait_until_ended(run)
    assert run.states() == GREEN
    assert study.began() == Counter(ALL)
    assert study.runs() == ["D"]
    assert not engine(mortal)


def test_an_engine_beside_the_triggerer_that_is_killed_is_followed_by_another(mortal, tmp_path):
    study = triggerer_study(mortal, tmp_path)
    run = begun(study)

    for process in engine(mortal):
        process.kill()
    mortal.wait_for(lambda: study.began()["transform-0"] == 2, within=120)
    study.open()

    mortal.wait_until_ended(run)
    assert run.states() == GREEN
    assert study.began() == Counter((*ALL, "transform-0"))
    assert run.task("run").try_number == 1
    assert "The engine died before the workflow's end. Another one goes on." in run.log("run")


@pytest.mark.parametrize("component", ["dag-processor", "api-server", "scheduler"])
def test_another_component_that_is_killed_and_started_again_repeats_nothing(mortal, tmp_path, component):
    studies = [written(mortal, folder, retries=1) for written, folder in in_both_ways(tmp_path)]
    runs = [begun(study) for study in studies]

    mortal.kill9(component)
    time.sleep(3)
    mortal.start(component)
    for study in studies:
        study.open()

    for study, run in zip(studies, runs, strict=True):
        mortal.wait_until_ended(run, within=240)
        assert run.states() == GREEN
        assert study.began() == Counter(ALL)


def test_a_trigger_that_moves_to_another_triggerer_cancels_nothing(mortal, tmp_path):
    study = triggerer_study(mortal, tmp_path)
    run = begun(study)
    before = engine(mortal)
    mortal.start("triggerer-2")
    asleep = psutil.Process(mortal.components["triggerer"].process.pid)

    asleep.suspend()
    mortal.wait_for(lambda: "is at work; waiting for it" in run.log("run"), within=120)
    asleep.resume()
    # It finds that its triggers are another's, and tells all of them that they were killed.
    mortal.wait_for(lambda: "Trigger cancelled" in run.log("run"), within=120)
    time.sleep(3)

    assert engine(mortal) == before
    assert len(study.running()) == 1
    study.open()
    mortal.wait_until_ended(run)
    assert run.states() == GREEN
    assert study.began() == Counter(ALL)
    assert study.runs() == ["D"]


@pytest.mark.parametrize("written", [worker_study, triggerer_study])
def test_a_dag_run_that_is_marked_failed_and_deleted_leaves_nothing_running(mortal, tmp_path, written):
    study = written(mortal, tmp_path)
    run = begun(study)

    run.mark("failed")
    run.delete()

    mortal.wait_for(lambda: not study.running() and not engine(mortal), within=120)
    assert study.began() == Counter((*TRANSFORMS, *REPORTS))
    assert study.runs()[-1] in {"S", "T"}
