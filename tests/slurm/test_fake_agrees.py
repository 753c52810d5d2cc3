"""What the fake prints is what a real Slurm prints: the same jobs are submitted to both, and the answers compared."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.testing.fake_slurm import FakeSlurm, Partition
from tests.slurm.box import own_box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.slurm.box import Box

QUEUE = "ArrayJobID,ArrayTaskID,JobID,State,Reason,BatchHost,SubmitTime,RestartCnt,exit_code,Name"
SQUEUE = ("squeue", "-h", "--me", "-t", "all", "-O", ",".join(f"{column}:|" for column in QUEUE.split(",")))
SACCT = (
    "sacct",
    "-nPD",
    "-S",
    "2020-01-01",
    "-o",
    "JobID,JobIDRaw,State,ExitCode,DerivedExitCode,NodeList,JobName",
)
# When something happened, and where there was room for it, may differ.
TIME, NODE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), re.compile(r"\bn[1-4]\b")


@contextmanager
def both(folder: Path) -> Iterator[tuple[Speaking, Speaking]]:
    """A new cluster and a fake, so that both begin with the first job."""
    queues = (
        Partition(name="all.q"),
        Partition(name="short.q", max_minutes=2, default_minutes=1, max_memory=128),
    )
    with own_box("real") as real, FakeSlurm(folder, nodes=4, slots=16, partitions=queues) as fake:
        yield (
            Speaking(real.environment, *real_gate(real)),
            Speaking({"PATH": fake.path}, fake.pause, fake.go_on),
        )


def real_gate(box: Box) -> list[Callable[[], object]]:
    """Ways to let no job begin, so that ids do not depend on how fast it is, and to let all begin."""
    states = [("scontrol", "update", "partition=all.q", f"state={state}") for state in ("down", "up")]
    return [partial(box.command, *words) for words in states]


@pytest.fixture(scope="module")
def two(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Speaking, Speaking]]:
    with both(tmp_path_factory.mktemp("fake")) as two:
        yield two


class Speaking:
    """Types commands into one of them."""

    def __init__(
        self, environment: Mapping[str, str], hold_back: Callable[[], object], let_go: Callable[[], object]
    ) -> None:
        self.hold_back, self.let_go = hold_back, let_go
        self.environment = {**os.environ, "TZ": "UTC0", "SLURM_BITSTR_LEN": "0", "LC_ALL": "C", **environment}

    def __call__(self, *words: str, stdin: str = "#!/bin/sh\nsleep 600\n") -> tuple[int, str, str]:
        done = subprocess.run(
            words, input=stdin, env=self.environment, cwd="/", capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def submit(self, script: str, *options: str) -> str:
        code, out, err = self(
            "sbatch", "--parsable", "-o", "/dev/null", *options, stdin=f"#!/bin/sh\n{script}\n"
        )
        assert code == 0, err
        return out.strip()

    def rows(self, words: tuple[str, ...]) -> list[str]:
        code, out, err = self(*words)
        assert code == 0, err
        return sorted(NODE.sub("NODE", TIME.sub("TIME", line)) for line in out.splitlines())


def test_both_say_the_same_of_the_same_jobs(box: Box, tmp_path: Path) -> None:
    with both(tmp_path) as two:
        said_the_same(*two)


def said_the_same(real: Speaking, fake: Speaking) -> None:
    two = real, fake
    for cluster in two:
        cluster.hold_back()
        cluster.submit("exit $SLURM_ARRAY_TASK_ID", "--array=0,3,200", "-J", "codes", "--no-requeue")
        cluster.submit("sleep 600", "--array=0-5%2", "-J", "throttled")
        cluster.submit("sleep 600", "--hold", "-J", "held")
        cluster.submit("kill -9 $$", "-J", "killed")
        cluster.submit("true", "-o", "/nonexistent/folder/out", "-J", "mute")
        cluster.submit("sleep 600", "-J", "cancelled")
        cluster.let_go()
    same(two, SQUEUE)
    same(two, SACCT)

    for cluster in two:
        cluster("scancel", "2_[3-4]")
        cluster("scancel", "3")
        cluster("scancel", "6")
        cluster("scancel", "--signal=KILL", "--batch", "2_0")
    same(two, SQUEUE)
    same(two, SACCT)

    for cluster in two:
        cluster("scancel", "--signal=KILL", "--batch", "2_5")  # and all else that waits is gone, too
        cluster("scancel", "2_[1-2]")
    same(two, SQUEUE)
    same(two, SACCT)

    for cluster in two:
        cluster("sbatch", "--exclude=n1,n2,n3,n4", "--array=0-3", "-J", "nowhere")
        cluster("sbatch", "--exclude=n1", "--nodelist=n1", "-J", "neither")
    same(two, SQUEUE)
    same(two, SACCT)


@pytest.mark.parametrize(
    "words",
    [
        ("sbatch", "--array=0-100001"),
        ("sbatch", "--nonsense"),
        ("sbatch", "--time=abc"),
        ("sbatch", "-p", "nowhere"),
        ("sbatch", "-p", "short.q", "--mem=1G"),
        ("sbatch", "-p", "short.q", "--time=10"),
        ("sbatch", "--account=nobody"),
        ("sbatch", "--qos=none"),
        ("squeue", "-j", "77777"),
        ("squeue", "-h", "-j", "77777,77778"),
        ("scancel", "77777"),
        ("scontrol", "show", "job", "77777"),
        ("scontrol", "update", "JobId=77777", "ArrayTaskThrottle=1"),
    ],
    ids=" ".join,
)
def test_both_refuse_the_same_in_the_same_words(
    two: tuple[Speaking, Speaking], words: tuple[str, ...]
) -> None:
    real, fake = (cluster(*words) for cluster in two)

    assert fake == real


def test_jobs_find_the_same_variables(two: tuple[Speaking, Speaking], tmp_path: Path) -> None:
    found = []
    for number, cluster in enumerate(two):
        said = tmp_path / str(number)
        # One of the two elements tells: what both write at once may be cut by the other.
        script = f"[ $SLURM_ARRAY_TASK_ID = 1 ] || exit 0; env >{said}.new; mv {said}.new {said}"
        cluster.submit(script, "--array=1-2", "--cpus-per-task=2", "--mem=100")
        deadline = time.monotonic() + 60
        while not said.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found.append(
            {line.partition("=")[0] for line in said.read_text().splitlines() if line.startswith("SLURM")}
        )

    real, fake = found
    assert fake <= real
    assert real - fake <= {
        *("SLURM_CONF", "SLURM_TOPOLOGY_ADDR", "SLURM_TOPOLOGY_ADDR_PATTERN", "SLURM_WORKING_CLUSTER"),
        *("SLURM_JOB_GID", "SLURM_NODE_ALIASES", "SLURM_PRIO_PROCESS", "SLURM_TASK_PID"),
    }


def same(two: tuple[Speaking, Speaking], words: tuple[str, ...]) -> None:
    """Wait until both say the same."""
    deadline = time.monotonic() + 90
    real, fake = (cluster.rows(words) for cluster in two)
    while fake != real and time.monotonic() < deadline:
        time.sleep(0.2)
        real, fake = (cluster.rows(words) for cluster in two)
    assert fake == real, "\n".join(difflib.unified_diff(real, fake, "real", "fake", lineterm=""))
