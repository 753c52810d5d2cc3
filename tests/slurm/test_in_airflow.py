"""A real Slurm as Airflow's tasks see it: what the hook answers, and single commands as jobs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException

from jobmon_airflow.dags.running import run_command
from jobmon_airflow.hooks.slurm import SlurmHook
from jobmon_airflow.operators.command import SlurmOperator
from tests.dags.test_slurm_operator import Instance, Memory, Run
from tests.workflows import close, migrated


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where logs go, and a connection that leads to the box."""
    address = migrated(f"sqlite:///{tmp_path / 'jobmon.db'}")
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", address)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    way = {"conn_type": "slurm", "extra": {"partition": "all.q", "spool": str(tmp_path / "spool")}}
    monkeypatch.setenv("AIRFLOW_CONN_BOX", json.dumps(way))
    yield tmp_path
    close(address)


# --- the hook -------------------------------------------------------------------------------------------------


def test_the_hook_says_what_the_cluster_allows(box):
    limits = SlurmHook().limits()

    assert limits["nodes"] == len(box.nodes)
    assert limits["default_partition"] == "all.q"
    assert {"all.q", "long.q", "short.q"} <= limits["partitions"].keys()
    assert json.loads(json.dumps(limits)) == limits


def test_the_hook_sees_what_waits_and_why_and_ends_it(box):
    waiting = box.submit("sleep 60", "-p", "down.q", "--array=0-4", "--job-name=mine")
    hook = SlurmHook()

    [row] = [each for each in hook.queue() if each["job_id"] == waiting]
    assert (row["elements"], row["state"], row["reason"], row["name"]) == (
        5,
        "PENDING",
        "PartitionDown",
        "mine",
    )

    hook.cancel([waiting, 999_999])
    assert box.wait_for(f"{waiting}_0", "CANCELLED", "") in {"CANCELLED", ""}


def test_the_hook_says_what_became_of_a_job(box):
    begun = datetime.now(UTC)
    job = box.submit("exit 3")
    box.wait_for(job, "FAILED", "COMPLETED")
    box.accounted(job, "State", until=lambda said: said == "FAILED")

    [record] = SlurmHook().accounting([job], since=begun)

    assert (record["job_id"], record["state"]) == (job, "FAILED")
    assert record["node"] in box.nodes
    assert record["exit_code"] in {3, None}  # not every version of accounting can be trusted with it


def test_a_controller_may_be_asked_without_waiting_for_it(box):
    async def ask() -> int:
        async with SlurmHook().controller() as slurm:
            return (await slurm.limits()).nodes

    assert asyncio.run(ask()) == len(box.nodes)


# --- single commands --------------------------------------------------------------------------------------------


def operator(command: str, **options):
    asked = {"runtime": "5m", "memory": "64M", **options.pop("compute_resources", {})}
    return SlurmOperator(
        task_id="fit",
        dag=DAG("on_slurm", schedule=None),
        command=command,
        slurm_conn_id="box",
        compute_resources=asked,
        **options,
    )


def try_(task: SlurmOperator, number: int, memory: Memory):
    run = Run(dag_id="on_slurm")
    return run_command(
        task,
        {
            "ti": Instance(number, dag_id="on_slurm"),
            "dag_run": run,
            "params": {},
            "task_state_store": memory,
        },
    )


def assert_memory_is_raised_by_the_next_try():
    task = operator(
        "python3 -c 'held = bytearray(120 * 2**20); import time; time.sleep(1)'",
        compute_resources={"memory": "60M"},
        resource_scales={"memory": ["400M"]},
    )
    memory = Memory()

    with pytest.raises(AirflowException, match="out of memory"):
        try_(task, 1, memory)
    facts = try_(task, 2, memory)

    assert facts["verdict"] == "done"


def test_a_command_runs_as_a_job_with_its_environment_and_tells_its_log(box, home, capsys):
    task = operator("echo $GREETING from $(hostname)", env={"GREETING": "hello"})

    facts = try_(task, 1, Memory())

    assert (facts["verdict"], facts["exit_code"]) == ("done", 0)
    assert facts["nodename"] in box.nodes
    assert "hello from n" in capsys.readouterr().out


def test_a_command_that_fails_says_what_it_said(box, home, capsys):
    with pytest.raises(AirflowException, match="application error, exit code 3"):
        try_(operator("echo no such thing >&2; exit 3"), 1, Memory())

    assert "no such thing" in capsys.readouterr().out


def test_a_command_that_needs_more_memory_is_given_more_by_the_next_try(box, home):
    assert_memory_is_raised_by_the_next_try()


def test_a_request_that_can_never_run_names_what_is_wrong_with_it(box, home):
    with pytest.raises(AirflowException, match=r"(?s)nowhere\.q"):
        try_(operator("true", compute_resources={"queue": "nowhere.q"}), 1, Memory())
