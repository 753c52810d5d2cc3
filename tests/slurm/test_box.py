from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.slurm_box.daemons import is_running
from tests.slurm.box import CHECKOUT, own_box

if TYPE_CHECKING:
    from tests.slurm.box import Box


def test_a_job_runs_on_the_node_that_was_asked_for_and_the_node_knows_its_name(
    box: Box, tmp_path: Path
) -> None:
    said = tmp_path / "said"

    job = box.submit(
        f"hostname >{said}; echo $SLURMD_NODENAME >>{said}", "--nodelist=n3", "--output=/dev/null"
    )
    box.wait_for(job, "COMPLETED")

    assert said.read_text().split() == ["n3", "n3"]


def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed(box: Box) -> None:
    eat = "python3 -c 'x = bytearray(300_000_000); print(len(x))'"

    job = box.submit(eat, "--mem=60", "--output=/dev/null")

    assert box.wait_for(job, "COMPLETED", "FAILED", "OUT_OF_MEMORY") == "OUT_OF_MEMORY"
    assert box.accounted(job, "State", until=lambda said: said not in ("", "RUNNING")) == "OUT_OF_MEMORY"


def test_accounting_knows_how_a_job_ended_and_on_whose_account(box: Box) -> None:
    job = box.submit("exit 3", "--account=proj_b", "--output=/dev/null")
    box.wait_for(job, "FAILED")

    said = box.accounted(job, "State,ExitCode,Account", until=lambda said: said.startswith("FAILED"))

    assert said == "FAILED|3:0|proj_b"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("--partition=short.q", "--time=10"), "Requested time limit is invalid"),
        (("--partition=small.q", "--mem=300"), "Memory required by task is not available"),
        (("--partition=inactive.q",), "Required partition not available"),
        (("--qos=strict", "--time=3", "--cpus-per-task=8"), "QOSMaxCpuPerJobLimit"),
        (("--account=proj_limited", "--array=1-6"), "AssocGrpSubmitJobsLimit"),
        (("--account=nobody",), "Invalid account"),
    ],
)
def test_what_exceeds_a_limit_is_refused(box: Box, asked: tuple[str, ...], answer: str) -> None:
    with pytest.raises(Exception, match=answer):
        box.submit("true", *asked)


def test_a_job_goes_on_when_its_nodes_daemon_is_killed_and_started_again(box: Box, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    job = box.submit(f"while [ ! -e '{go_on}' ]; do sleep 0.1; done", "--nodelist=n2", "--output=/dev/null")
    box.wait_for(job, "RUNNING")

    box.kill("slurmd", "n2")
    assert not box.daemon("slurmd", "n2").is_alive
    box.start("slurmd", "n2")
    go_on.touch()

    assert box.wait_for(job, "COMPLETED", "FAILED", "NODE_FAIL") == "COMPLETED"


def test_what_happened_while_accounting_was_down_is_known_when_it_is_back(box: Box) -> None:
    box.stop("slurmdbd")
    with pytest.raises(Exception, match="Connection refused"):
        box.command("sacct", "-n")
    job = box.submit("true", "--output=/dev/null")
    box.wait_for(job, "COMPLETED")

    box.start("slurmdbd")

    assert box.accounted(job, "State", until=lambda said: said == "COMPLETED")


def test_a_controller_that_is_killed_knows_its_jobs_when_it_is_back(box: Box) -> None:
    job = box.submit("sleep 600", "--output=/dev/null")
    box.wait_for(job, "RUNNING")

    box.wait_until_saved()
    box.kill("slurmctld")
    with pytest.raises(Exception, match=r"Unable to contact slurm controller|not connected"):
        box.command("squeue")
    box.start("slurmctld")

    assert box.state(job) == "RUNNING"


def test_a_node_that_is_down_takes_its_job_with_it(box: Box) -> None:
    job = box.submit("sleep 600", "--nodelist=n4", "--no-requeue", "--output=/dev/null")
    box.wait_for(job, "RUNNING")

    box.down("n4")

    assert box.wait_for(job, "NODE_FAIL", "FAILED") == "NODE_FAIL"


def test_a_drained_node_takes_no_jobs_until_it_is_resumed(box: Box) -> None:
    box.drain("n1")
    job = box.submit("true", "--nodelist=n1", "--output=/dev/null")
    time.sleep(1)
    assert box.state(job) == "PENDING"

    box.resume("n1")

    box.wait_for(job, "COMPLETED")


def test_a_reset_leaves_no_jobs_and_only_idle_nodes(box: Box) -> None:
    box.submit("sleep 600", "--array=1-3", "--output=/dev/null")
    box.submit("sleep 600", "--hold", "--output=/dev/null")
    box.drain("n2")
    box.down("n3")
    box.kill("slurmd", "n4")
    box.stop("slurmrestd")

    box.reset()

    assert box.command("squeue", "-h") == ""
    assert box.node_states() == dict.fromkeys(box.nodes, "idle")
    assert all(daemon.is_alive for daemon in box.cluster.daemons.values())


def test_slurmrestd_answers_whoever_has_a_token(box: Box) -> None:
    assert _asked(box, "ping", token=box.token())["pings"]

    with pytest.raises(urllib.error.HTTPError):
        _asked(box, "ping", token="x.y.z")


def test_nobody_can_reach_it_from_another_machine(box: Box) -> None:
    pids = {str(daemon.pid) for daemon in box.cluster.daemons.values()}
    listening = [
        line.split()[3]
        for line in subprocess.run(
            ["ss", "-Hltnp"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        if any(f"pid={pid}," in line for pid in pids)
    ]

    assert len(listening) == len(box.nodes) + 3
    assert all(address.startswith("127.0.0.1:") for address in listening)


RUN_AND_WAIT = """
import sys
from tests.slurm.box import own_box

# A job that neither a signal nor the end of its session takes away.
script = "trap '' TERM; setsid sh -c 'trap \\"\\" TERM; sleep 4321' & sleep 4321"
with own_box("killed") as box:
    job = box.submit(script, "--output=/dev/null")
    box.wait_for(job, "RUNNING")
    print(box.folder, *(daemon.pid for daemon in box.cluster.daemons.values()), flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["in order", "killed"])
def test_nothing_is_left_however_the_tests_end(box: Box, end: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN_AND_WAIT],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdin
        assert tests.stdout
        folder, *pids = tests.stdout.readline().split()
        cgroups = _cgroups(folder)
        assert cgroups
        tests.kill() if end == "killed" else tests.stdin.close()

    deadline = time.monotonic() + 90
    while left := [pid for pid in _processes() if folder in _environment(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    assert not any(is_running(int(pid)) for pid in pids)
    assert not Path(folder).exists()
    assert folder not in Path("/proc/mounts").read_text()
    assert not any(cgroup.exists() for cgroup in cgroups)


def test_two_boxes_stand_side_by_side(box: Box) -> None:
    with own_box("second", lines=("MinJobAge=7",)) as second:
        assert second.submit("true", "--output=/dev/null") == 1
        assert second.wait_for(1, "COMPLETED")
        assert "MinJobAge               = 7 sec" in second.command("scontrol", "show", "config")
        assert box.settings.cluster != second.settings.cluster
        assert "is UP" in box.command("scontrol", "ping")


def _asked(box: Box, question: str, *, token: str) -> dict[str, object]:
    headers = {"X-SLURM-USER-NAME": "root", "X-SLURM-USER-TOKEN": token}
    request = urllib.request.Request(f"{box.rest_url}/slurm/v0.0.38/{question}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _cgroups(folder: str) -> list[Path]:
    """Where the kernel keeps the box's cgroups, found by the mounts in the box's folder."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [
        Path(f"/sys/fs/cgroup/{Path(where).name}{root}")
        for _, _, _, root, where, *_ in mounts
        if where.startswith(f"{folder}/run/cgroup/")
    ]


def _processes() -> list[int]:
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in pids if is_running(pid)]


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
