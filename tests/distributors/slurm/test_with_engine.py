"""Whole workflows on the fake Slurm: what the engine and its distributor make of misfortunes together."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.testing.fake_slurm import Fault, Partition
from tests.workflows import close, migrated, rows_of


@pytest.fixture(autouse=True)
def _a_spool(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBMON_SPOOL", str(tmp_path / "spool"))


@pytest.fixture
def url(sqlite_url):
    yield migrated(sqlite_url)
    close(sqlite_url)


@pytest.fixture
def ask(url):
    """Ask the database."""
    return partial(rows_of, url)


def workflow_of(url, commands, *, args="it", resources=None, **settings):
    """A workflow of shell commands."""
    tool = Tool("fake", database=url)
    template = tool.get_task_template("shell", ": {number}\n{command}", ["number"], [], ["command"])
    workflow = tool.create_workflow(workflow_args=args, default_cluster_name="slurm")
    workflow.add_tasks(
        template.create_task(
            name=f"task_{number}",
            number=number,
            command=command,
            compute_resources={"runtime": "5m", "memory": "100M", **(resources or {})},
            **settings,
        )
        for number, command in enumerate(commands)
    )
    return workflow


ATTEMPTS = (
    "SELECT task.name, task_instance.verdict FROM task_instance JOIN task ON task.id = task_id "
    "ORDER BY task_instance.id"
)


def verdicts(ask):
    """How the attempts of each task ended, one after the other."""
    found = {}
    for name, verdict in ask(ATTEMPTS):
        found.setdefault(name, []).append(verdict)
    return found


def in_a_thread(run):
    thread = threading.Thread(target=run)
    thread.start()
    return thread


# --- submissions in doubt -----------------------------------------------------------------------------------------


def test_a_batch_that_was_taken_though_sbatch_timed_out_is_adopted_and_runs_once(fake, url, ask, tmp_path):
    fake.set(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, times=1)

    status = workflow_of(url, [f"echo x >>{tmp_path}/ran-$JOBMON_TASK_ID"] * 5).run()

    assert status == "D"
    assert set(map(tuple, verdicts(ask).values())) == {("done",)}
    assert [file.read_text() for file in tmp_path.glob("ran-*")] == ["x\n"] * 5
    assert len(fake.taken()) == 1


@pytest.mark.parametrize("fault", [Fault.SBATCH_TIMES_OUT, Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER])
def test_a_batch_that_was_not_taken_is_submitted_again_at_no_cost_and_runs_once(
    fake, url, ask, tmp_path, fault
):
    fake.set(fault, times=1)

    status = workflow_of(url, [f"echo x >>{tmp_path}/ran-$JOBMON_TASK_ID"] * 5, max_attempts=1).run()

    assert status == "D"
    assert set(map(tuple, verdicts(ask).values())) == {("not submitted", "done")}
    assert [file.read_text() for file in tmp_path.glob("ran-*")] == ["x\n"] * 5


# --- infrastructure -----------------------------------------------------------------------------------------------


def test_what_keeps_failing_around_a_task_costs_it_no_attempt_and_ends_some_day(fake, url, ask, monkeypatch):
    monkeypatch.setattr("jobmon_airflow.swarm.swarm.INFRASTRUCTURE_FAILURES", 2)
    fake.set(Fault.BOOT_FAIL)

    status = workflow_of(url, ["true"], max_attempts=1).run()

    assert status == "E"
    assert verdicts(ask) == {"task_0": ["node failed"] * 3}
    assert ask("SELECT num_attempts FROM task") == [(1,)]


# --- limits -------------------------------------------------------------------------------------------------------


def test_what_a_cluster_can_hold_is_known_to_whoever_binds_next(fake, url, ask):
    assert workflow_of(url, ["true"]).run() == "D"

    queues = dict(ask("SELECT name, parameters FROM queue"))

    assert {"all.q", "long.q", "short.q"} <= queues.keys()
    with pytest.raises(Exception, match="5G"):
        workflow_of(url, ["true"], args="too large", resources={"memory": "5G", "queue": "all.q"}).bind()


def test_a_workflow_that_is_stopped_while_its_cluster_is_full_ends(make, url, ask):
    fake = make()
    fake.set(Fault.SUBMIT_LIMIT)
    workflow = workflow_of(url, ["exit 1", *["true"] * 3])
    begun = time.monotonic()

    with pytest.raises(Exception, match="workflow timeout"):
        workflow.run(seconds_until_timeout=2)

    assert time.monotonic() - begun < 20
    assert fake.taken() == []


def test_what_waits_for_a_full_cluster_is_not_submitted_when_the_run_has_failed_fast(fake, url):
    """The cluster takes what begins, and nothing after that."""
    tool = Tool("fake", database=url)
    workflow = tool.create_workflow(workflow_args="fast", default_cluster_name="slurm")
    fails, ends, waits = (
        tool.get_task_template(name, f"{command}; : {{number}}", ["number"]).create_task(
            number=1, max_attempts=1, compute_resources={"runtime": "5m"}
        )
        for name, command in (("fails", "sleep 4; exit 1"), ("ends", "sleep 1"), ("waits", "true"))
    )
    waits.add_upstream(ends)
    workflow.add_tasks([fails, ends, waits])

    def fill():
        fake.wait_until(lambda: len(fake.taken()) == 2)
        fake.set(Fault.SUBMIT_LIMIT)

    filling = in_a_thread(fill)
    begun = time.monotonic()
    status = workflow.run(fail_fast=True, seconds_until_timeout=60)
    filling.join()

    assert status == "E"
    assert time.monotonic() - begun < 20
    assert len(fake.taken()) == 2


# --- packing ------------------------------------------------------------------------------------------------------


def test_each_of_a_packs_tasks_has_its_own_end_usage_output_and_retry(fake, url, ask):
    commands = ["echo good", "echo bad >&2; exit 3", "sleep 3", "kill -9 $$", "sleep 0.3"]

    status = workflow_of(url, commands, resources={"pack": 5, "runtime": "2s"}, max_attempts=2).run()

    assert status == "E"
    assert verdicts(ask) == {
        "task_0": ["done"],
        "task_1": ["application error"] * 2,
        "task_2": ["out of time", "done"],
        "task_3": ["out of memory"] * 2,
        "task_4": ["done"],
    }
    said = ask(
        "SELECT task.name, stdout_log, stderr_log, wallclock FROM task_instance JOIN task ON task.id = task_id"
    )
    words = {name: (out, err) for name, out, err, _ in said}
    assert words["task_0"] == ("good\n", None)
    assert words["task_1"] == (None, "bad\n")
    seconds = {name: wallclock for name, _, _, wallclock in said}
    assert 0.3 <= seconds["task_4"] < 2
    assert len(fake.begun()) < 7


def test_what_a_pack_has_no_time_left_for_runs_later_and_costs_no_attempt(make, url, ask):
    fake = make(partitions=(Partition(name="short.q", max_minutes=1, default_minutes=1),))

    # A minute is all that the queue gives, and each is expected to need half of it.
    status = workflow_of(
        url, ["sleep 0.5"] * 6, resources={"pack": 6, "runtime": "59s"}, max_attempts=1
    ).run()

    ends = verdicts(ask)
    assert status == "D"
    assert all(each[-1] == "done" and set(each[:-1]) <= {"put back"} for each in ends.values())
    assert Counter(end for each in ends.values() for end in each)["put back"] > 0
    assert set(ask("SELECT num_attempts FROM task")) == {(1,)}
    assert len(fake.begun()) > 1


def test_how_many_are_packed_is_learnt_from_earlier_runs(fake, url, ask):
    def run(number, commands):
        before = len(fake.begun())
        assert workflow_of(url, commands, args=f"run {number}", resources={"pack": "auto"}).run() == "D"
        return len(fake.begun()) - before

    unknown = run(1, ["sleep 0.05"] * 100)
    known = run(2, ["sleep 0.05"] * 100)

    assert unknown == 50  # two in each
    assert known <= 10


# --- few questions ------------------------------------------------------------------------------------------------


CHECKOUT = Path(__file__).parents[3]
SCRIPT = """
    import sys
    from tests.distributors.slurm.test_with_engine import workflow_of
    assert workflow_of(sys.argv[1], ["sleep 8"] * 20, args=sys.argv[2]).run() == "D"
"""


def test_two_processes_ask_as_often_as_one(fake, url):
    script = textwrap.dedent(SCRIPT)
    begun = time.monotonic()
    running = [
        subprocess.Popen([sys.executable, "-c", script, url, f"args {number}"], cwd=CHECKOUT)
        for number in range(2)
    ]
    codes = [each.wait(timeout=120) for each in running]
    took = time.monotonic() - begun

    assert codes == [0, 0]
    assert fake.calls["squeue"] <= took / 2 + 2
    assert fake.calls["sbatch"] == 2
    assert fake.calls["sacct"] == 0


@pytest.mark.parametrize("tasks", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_slurm_is_asked_seldom_whatever_the_number_of_tasks(make, url, tasks):
    fake = make(nodes=10, slots=30)

    assert workflow_of(url, ["true"] * tasks).run() == "D"

    of_work = {command: fake.calls[command] for command in ("sbatch", "squeue", "sacct", "scancel")}
    assert of_work["sbatch"] < 10
    assert of_work["squeue"] < 25
    assert of_work["sacct"] == of_work["scancel"] == 0
    assert sum(fake.calls.values()) < 50
