from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault, Partition

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlurm]:
    with FakeSlurm(tmp_path / "fake", kill_wait=0.5) as fake:
        monkeypatch.setenv("PATH", fake.path)
        monkeypatch.setenv("TZ", "UTC0")
        yield fake


def typed(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def said(*words: str) -> str:
    done = typed(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def submitted(script: str, *options: str) -> int:
    done = typed("sbatch", "--parsable", "--output=/dev/null", *options, stdin=f"#!/bin/sh\n{script}\n")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def queue(*options: str, columns: str = "%i %T") -> list[str]:
    return said("squeue", "-h", "-t", "all", "-o", columns, *options).splitlines()


def accounted(*options: str, columns: str = "JobID,State,ExitCode") -> list[str]:
    return said("sacct", "-nPX", "-o", columns, *options).splitlines()


# --- a cluster as it should be ------------------------------------------------------------------------------------


def test_an_array_runs_each_of_its_elements_with_slurms_variables(fake: FakeSlurm, tmp_path: Path) -> None:
    names = "$SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $SLURM_JOB_ID $SLURM_JOB_NAME $SLURMD_NODENAME $HOME"

    job = submitted(f"echo {names} >{tmp_path}/$SLURM_ARRAY_TASK_ID", "--array=3-5", "--job-name=many")
    fake.wait_for(job, "COMPLETED")

    home = os.environ["HOME"]
    assert (tmp_path / "3").read_text() == f"1 3 2 many n1 {home}\n"
    assert (tmp_path / "4").read_text() == f"1 4 3 many n1 {home}\n"
    assert (tmp_path / "5").read_text() == f"1 5 1 many n1 {home}\n"  # the last one has the array's own id


def test_exit_codes_are_those_that_slurm_shows(fake: FakeSlurm) -> None:
    job = submitted("exit $SLURM_ARRAY_TASK_ID", "--array=0,3,200")
    fake.wait_for(job, "COMPLETED", "FAILED")

    assert said("squeue", "-h", "-t", "all", "-O", "ArrayTaskID:|,exit_code:|,Reason:") == (
        "0|0|None\n3|768|NonZeroExitCode\n200|51200|NonZeroExitCode\n"
    )
    assert accounted() == ["1_0|COMPLETED|0:0", "1_3|FAILED|3:0", "1_200|FAILED|72:0"]  # 128 is taken off


def test_no_more_run_at_a_time_than_there_are_slots(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--array=0-9")

    assert sorted(fake.states(job).values()) == ["PENDING"] * 2 + ["RUNNING"] * 8
    assert queue(columns="%i %T %r")[0] == "1_[8-9] PENDING Resources"


def test_a_throttle_holds_and_can_be_changed(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--array=0-5%2")
    assert queue(columns="%i %r")[0] == "1_[2-5%2] JobArrayTaskLimit"

    said("scontrol", "update", f"JobId={job}", "ArrayTaskThrottle=3")

    assert list(fake.states(job).values()) == ["RUNNING"] * 3 + ["PENDING"] * 3


def test_what_is_held_waits_until_it_is_released(fake: FakeSlurm) -> None:
    job = submitted("true", "--hold")
    assert queue(columns="%T %r") == ["PENDING JobHeldUser"]

    said("scontrol", "release", str(job))

    fake.wait_for(job, "COMPLETED")


def test_an_excluded_node_is_spared(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--array=0-3", "--exclude=n1")

    assert said("squeue", "-h", "-o", "%N") == "n2\n" * 4
    fake.cancel(job)


def test_what_no_node_will_ever_hold_is_refused_and_remembered_as_a_job_that_failed(fake: FakeSlurm) -> None:
    options = ("--array=0-3", "-J", "nowhere")
    none_is_left = typed("sbatch", "--exclude=n1,n2", *options, stdin="#!/bin/sh\ntrue\n")
    none_is_wanted = typed("sbatch", "--exclude=n1", "--nodelist=n1", *options, stdin="#!/bin/sh\ntrue\n")

    assert "Requested node configuration is not available" in none_is_left.stderr
    assert "Invalid node name specified" in none_is_wanted.stderr
    assert queue(columns="%F %K %T %r %j") == ["1 0-3 FAILED BadConstraints nowhere"]
    assert fake.taken() == fake.begun() == []


def test_the_working_directory_and_the_files_are_those_that_were_asked_for(
    fake: FakeSlurm, tmp_path: Path
) -> None:
    done = typed(
        *(
            "sbatch",
            "--parsable",
            f"--chdir={tmp_path}",
            "-o",
            "out-%A-%3a-%N",
            "-e",
            "err-%x",
            "-J",
            "it",
            "-a",
            "7",
        ),
        stdin="#!/bin/sh\npwd; echo wrong >&2\n",
    )
    fake.wait_for(int(done.stdout), "COMPLETED")

    assert (tmp_path / "out-1-007-n1").read_text() == f"{tmp_path}\n"
    assert (tmp_path / "err-it").read_text() == "wrong\n"


def test_a_job_whose_output_has_no_folder_never_runs(fake: FakeSlurm, tmp_path: Path) -> None:
    submitted(f"touch {tmp_path}/ran", f"--output={tmp_path}/no/such/folder")

    assert accounted() == ["1|FAILED|0:53"]
    assert not (tmp_path / "ran").exists()
    assert fake.begun() == []


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (("--array=0-100001",), 1, "Invalid job array specification"),
        (("--partition=nowhere",), 1, "Invalid partition name specified"),
        (("--partition=short.q", "--time=10"), 1, "Requested time limit is invalid"),
        (("--partition=short.q", "--mem=1G"), 1, "Memory required by task is not available"),
        (("--mem=1T",), 1, "Requested node configuration is not available"),
        (("--account=nobody",), 1, "Invalid account or account/partition combination"),
        (("--qos=best",), 1, "Invalid qos specification"),
        (("--exclude=n77",), 1, "Invalid node name specified"),
        (("--time=soon",), 255, "Invalid --time specification"),
        (("--nonsense",), 255, "unrecognized option '--nonsense'"),
    ],
)
def test_what_can_never_run_is_refused(
    fake: FakeSlurm, options: tuple[str, ...], code: int, why: str
) -> None:
    done = typed("sbatch", *options, stdin="#!/bin/sh\ntrue\n")

    assert done.returncode == code
    assert why in done.stderr
    assert fake.taken() == []


def test_a_cancelled_job_gets_term_and_then_kill_with_all_its_children(
    fake: FakeSlurm, tmp_path: Path
) -> None:
    stubborn = f"trap 'echo TERM >>{tmp_path}/got' TERM; setsid sleep 4321 & echo $! >{tmp_path}/child; "
    job = submitted(f"{stubborn} while :; do sleep 0.05; done", f"--error={tmp_path}/err")
    fake.wait_until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "")

    said("scancel", str(job))
    assert queue() == [f"{job} COMPLETING"]
    fake.wait_for(job, "CANCELLED")

    assert (tmp_path / "got").read_text() == "TERM\n"
    assert accounted() == [f"{job}|CANCELLED by {os.getuid()}|0:0"]
    assert f"*** JOB {job} ON n1 CANCELLED AT " in (tmp_path / "err").read_text()
    assert not _is_running(int((tmp_path / "child").read_text()))


def test_cancelled_elements_that_waited_are_gone_and_the_others_are_spared(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--array=0-5%1")

    said("scancel", f"{job}_[2-3]")

    assert queue() == [f"{job}_[1,4-5%1] PENDING", f"{job}_0 RUNNING"]
    assert accounted() == [f"{job}_0|RUNNING|0:0"]


def test_whatever_waits_of_an_array_is_lost_when_one_of_it_is_killed_as_slurm_has_it(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--array=0-5%1")

    said("scancel", "--signal=KILL", "--batch", f"{job}_[2-3]")

    assert queue() == [f"{job}_[1-5] CANCELLED", f"{job}_0 RUNNING"]


def test_a_time_limit_ends_a_job(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--time=1")

    fake.time_out(job)
    fake.wait_for(job, "TIMEOUT")

    assert accounted() == [f"{job}|TIMEOUT|0:0"]
    assert queue(columns="%T %r") == ["TIMEOUT TimeLimit"]


def test_what_the_cluster_allows_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queues = (Partition(name="one", max_minutes=30), Partition(name="two", max_minutes=None, max_memory=512))
    with FakeSlurm(tmp_path, partitions=queues, max_submit=7, max_array_size=50, nodes=3) as fake:
        monkeypatch.setenv("PATH", fake.path)

        one, two = said("scontrol", "show", "partition", "-o").splitlines()
        assert "PartitionName=one" in one
        assert "Default=YES" in one
        assert "MaxTime=00:30:00" in one
        assert "MaxTime=UNLIMITED" in two
        assert "MaxMemPerNode=512" in two
        assert "MaxArraySize            = 50\n" in said("scontrol", "show", "config")
        assert said("sinfo", "-h", "-a", "-o", "%R|%c|%m|%D") == "one|16|4096|3\ntwo|16|4096|3\n"
        assert said("sacctmgr", "-nP", "show", "assoc", "user=", "format=Account,GrpSubmit").splitlines() == [
            "root|",
            "proj_a|7",
            "proj_b|7",
        ]
        assert typed("sbatch", "--array=0-7", stdin="#!/bin/sh\n").stderr.startswith(
            "sbatch: error: AssocGrpSubmitJobsLimit\n"
        )
        assert fake.taken() == []


def test_every_command_is_counted(fake: FakeSlurm) -> None:
    said("squeue")
    said("squeue", "-h")
    typed("sbatch", "-o", "/dev/null", stdin="#!/bin/sh\n")

    assert fake.calls == {"squeue": 2, "sbatch": 1}
    assert fake.typed[1] == ("squeue", "-h")


def test_nothing_runs_any_more_when_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeSlurm(tmp_path / "fake") as fake:
        monkeypatch.setenv("PATH", fake.path)
        job = submitted(f"trap '' TERM; setsid sleep 4321 & echo $! >{tmp_path}/child; wait")
        lost = submitted(f"echo $$ >{tmp_path}/lost; sleep 4321", "--nodelist=n2")
        fake.wait_until(lambda: all((tmp_path / name).exists() for name in ("child", "lost")))
        fake.wait_until(lambda: all((tmp_path / name).read_text() for name in ("child", "lost")))
        fake.lose_node("n2")
        assert [*fake.states(job).values(), *fake.states(lost).values()] == ["RUNNING", "PENDING"]

    assert not _is_running(int((tmp_path / "child").read_text()))
    assert not _is_running(int((tmp_path / "lost").read_text()))


# --- a cluster as it should not be ----------------------------------------------------------------------------------


def test_a_submission_can_time_out_although_the_job_was_taken(fake: FakeSlurm) -> None:
    fake.set(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, times=1)

    done = typed("sbatch", "-J", "doubtful", "-o", "/dev/null", stdin="#!/bin/sh\ntrue\n")

    assert (done.returncode, done.stderr) == (1, TIMED_OUT)
    assert fake.taken("doubtful") == [1]
    assert submitted("true") == 2


def test_a_submission_can_time_out_and_nothing_is_taken(fake: FakeSlurm) -> None:
    fake.set("sbatch times out and nothing was taken", times=2)

    for _ in range(2):
        assert typed("sbatch", stdin="#!/bin/sh\ntrue\n").stderr == TIMED_OUT
    assert fake.taken() == []
    assert submitted("true") == 1


def test_a_submission_can_time_out_and_be_taken_later(fake: FakeSlurm) -> None:
    fake.set(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, times=1, value=0.3)

    assert typed("sbatch", "-o", "/dev/null", stdin="#!/bin/sh\ntrue\n").stderr == TIMED_OUT

    assert fake.taken() == []
    fake.wait_until(lambda: fake.taken() == [1])
    fake.wait_for(1, "COMPLETED")


def test_a_whole_array_is_refused_at_the_submit_limit(fake: FakeSlurm) -> None:
    fake.set(Fault.SUBMIT_LIMIT)

    done = typed("sbatch", "--array=0-9", stdin="#!/bin/sh\ntrue\n")

    assert done.returncode == 1
    assert done.stderr == (
        "sbatch: error: AssocGrpSubmitJobsLimit\n"
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy "
        "(job submit limit, user's size and/or time limits)\n"
    )
    assert fake.taken() == []
    fake.lift(Fault.SUBMIT_LIMIT)
    assert submitted("true") == 1


def test_answers_can_be_half_of_an_array(fake: FakeSlurm) -> None:
    submitted("true", "--array=0-7", "--hold")
    fake.set(Fault.SQUEUE_ANSWERS_HALF, times=1)

    assert queue() == ["1_[0-3] PENDING"]
    assert queue() == ["1_[0-7] PENDING"]


def test_accounting_can_answer_half(fake: FakeSlurm) -> None:
    job = submitted("true", "--array=0-3")
    fake.wait_for(job, "COMPLETED")
    fake.set(Fault.SACCT_ANSWERS_HALF)

    assert accounted() == ["1_0|COMPLETED|0:0", "1_1|COMPLETED|0:0"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.ACCOUNTING_DISABLED, "Slurm accounting storage is disabled"),
        (Fault.ACCOUNTING_REFUSED, "Connection refused"),
    ],
)
def test_accounting_can_be_lost(fake: FakeSlurm, fault: Fault, words: str) -> None:
    fake.set(fault)

    done = typed("sacct", "-n")

    assert done.returncode == 1
    assert words in done.stderr
    assert said("squeue", "-h") == ""


def test_accounting_can_lag_behind(fake: FakeSlurm) -> None:
    fake.set(Fault.SACCT_LAGS, value=0.7)
    job = submitted("true")
    fake.wait_for(job, "COMPLETED")

    assert accounted() == []
    fake.wait_until(lambda: accounted() == [f"{job}|COMPLETED|0:0"])


def test_slurmctld_can_forget_what_is_over_at_once(fake: FakeSlurm) -> None:
    fake.set(Fault.SQUEUE_FORGETS)
    job = submitted("true")
    fake.wait_for(job, "COMPLETED")

    assert queue() == []
    assert accounted() == [f"{job}|COMPLETED|0:0"]


def test_ids_can_be_given_again(fake: FakeSlurm) -> None:
    running = submitted("sleep 600")
    over = submitted("exit 3", "-J", "old")
    fake.wait_for(over, "FAILED")

    fake.recycle_ids()
    again = submitted("true", "-J", "new")

    assert (running, over, again) == (1, 2, 2)
    fake.wait_for(again, "COMPLETED")
    assert queue("-n", "old") == []
    assert accounted("-j", "2", columns="JobID,JobName,State") == ["2|old|FAILED", "2|new|COMPLETED"]


def test_a_job_goes_on_although_its_node_was_given_up(fake: FakeSlurm, tmp_path: Path) -> None:
    job = submitted(f"sleep 0.5; echo alive >{tmp_path}/said; sleep 600", "--no-requeue", "--nodelist=n2")

    fake.lose_node("n2")

    assert queue(columns="%T %r") == ["NODE_FAIL NodeDown"]
    assert accounted() == [f"{job}|NODE_FAIL|0:0"]
    fake.wait_until((tmp_path / "said").exists)
    assert said("sinfo", "-h", "-N", "-n", "n2", "-p", "all.q", "-o", "%N %T") == "n2 down\n"


def test_what_a_lost_node_still_runs_ends_when_it_comes_back(fake: FakeSlurm, tmp_path: Path) -> None:
    submitted(f"echo $$ >{tmp_path}/pid; sleep 600", "--no-requeue")
    fake.wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    fake.lose_node("n1")
    assert _is_running(int((tmp_path / "pid").read_text()))

    fake.return_node("n1")

    fake.wait_until(lambda: not _is_running(int((tmp_path / "pid").read_text())))
    assert queue() == ["1 NODE_FAIL"]


def test_a_node_may_not_boot(fake: FakeSlurm, tmp_path: Path) -> None:
    fake.set(Fault.BOOT_FAIL, times=1)

    submitted(f"touch {tmp_path}/ran", "--no-requeue")

    assert queue() == ["1 BOOT_FAIL"]
    assert accounted() == ["1|BOOT_FAIL|0:0"]
    assert not (tmp_path / "ran").exists()


def test_a_job_can_be_preempted(fake: FakeSlurm) -> None:
    job = submitted("sleep 600", "--no-requeue")

    fake.preempt(job)
    fake.wait_for(job, "PREEMPTED")

    assert accounted() == [f"{job}|PREEMPTED|0:0"]


def test_a_job_can_be_cancelled_by_somebody_else(fake: FakeSlurm) -> None:
    running, waiting = submitted("sleep 600"), submitted("true", "--array=0-3", "--hold")

    fake.cancel(running, by=77)
    fake.cancel(waiting, by=78)
    fake.wait_for(running, "CANCELLED")

    assert accounted() == [f"{running}|CANCELLED by 77|0:0"]
    assert accounted("-j", str(waiting)) == [f"{waiting}_[0-3]|CANCELLED by 78|0:0"]


def test_a_requeued_job_runs_again_under_the_same_id(fake: FakeSlurm, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    tell = f"echo $SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} >>{tmp_path}/ran"
    job = submitted(f"{tell}; until [ -e '{go_on}' ]; do sleep 0.05; done", "--array=4")
    fake.wait_until((tmp_path / "ran").exists)

    fake.requeue(f"{job}_4")
    fake.wait_until(lambda: len(fake.begun()) == 2)
    go_on.touch()
    fake.wait_for(job, "COMPLETED")

    assert (tmp_path / "ran").read_text() == "1 0\n1 1\n"
    assert said("squeue", "-h", "-t", "all", "-O", "ArrayTaskID:|,RestartCnt:") == "4|1\n"
    assert accounted() == ["1_4|COMPLETED|0:0"]
    assert accounted("-D") == ["1_4|REQUEUED|0:0", "1_4|COMPLETED|0:0"]


def test_any_command_can_print_garbage(fake: FakeSlurm) -> None:
    fake.set(Fault.GARBAGE, value="squeue", times=1)

    assert said("sinfo")
    assert "502 Bad Gateway" in said("squeue")
    assert "502 Bad Gateway" not in said("squeue")


def test_slurmctld_can_be_down(fake: FakeSlurm) -> None:
    fake.set(Fault.CONTROLLER_DOWN)

    for words in (("squeue",), ("scancel", "1"), ("scontrol", "show", "config"), ("sinfo",)):
        done = typed(*words)
        assert done.returncode == 1
        assert "Unable to contact slurm controller" in done.stderr
    assert said("sacct", "-n") == ""


def test_a_command_can_hang_and_be_killed(fake: FakeSlurm) -> None:
    fake.set(Fault.HANGS, value=1.0, times=1)

    with subprocess.Popen(["squeue"], stdout=subprocess.DEVNULL) as hanging:
        time.sleep(0.3)
        assert hanging.poll() is None
        assert said("squeue", "-h") == ""
        hanging.send_signal(signal.SIGKILL)


def _is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
