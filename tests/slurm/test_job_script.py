"""What runs on nodes, on real nodes: claims, usage, kills for memory, and ends from outside."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from jobmon_airflow.distributors.slurm import script
from jobmon_airflow.distributors.slurm.options import options_of
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.script import Pace
from jobmon_airflow.distributors.slurm.spool import LocalSpool
from jobmon_airflow.distributors.slurm.told import Begun, Over, PutBack, read
from tests.distributors.slurm.node import batch_of

SOON = 60.0  # seconds, on a machine that is busy with other tests
EAT = "/usr/bin/python3 -c 'x = bytearray({mb} << 20); import time; time.sleep(0.3)'"

_numbers = itertools.count(1)


class Piecework:
    """A batch that was submitted as one piece."""

    def __init__(self, box, root: Path, batch, pack=1, **more) -> None:
        self.box, self.batch = box, batch
        self.folder = root / batch.token
        self.spool = LocalSpool(str(root))
        piece = Piece(batch.token, 0, len(batch.attempts) - 1, pack)
        job = script.script_of(batch, piece, folder=str(self.folder), **more)
        asyncio.run(self.spool.prepare(batch.token, job.files))
        options = options_of(batch.resources, log_folder=str(self.folder))
        path = root / "job.sh"
        path.write_text(job.text)
        words = [f"--{name}" if value is None else f"--{name}={value}" for name, value in options.items()]
        self.id = int(
            box.command(
                "sbatch",
                "--parsable",
                f"--array=0-{piece.size - 1}",
                "--chdir=/",
                "--export=NIL",
                *words,
                str(path),
            )
        )

    def told(self):
        text = asyncio.run(self.spool.grown([self.batch.token], {}))
        return [told for lines in text.values() for told in read(lines)]

    def over(self):
        return {told.step: told for told in self.told() if isinstance(told, Over) and not told.was_fenced}

    def wait_until(self, claim):
        end = time.monotonic() + SOON
        while not claim():
            assert time.monotonic() < end, (
                self.told(),
                self.log(),
                self.box.command("squeue", "-t", "all", "-j", str(self.id)),
            )
            time.sleep(0.1)

    def ends(self):
        self.wait_until(lambda: len(self.over()) == len(self.batch.attempts))
        return self.over()

    def log(self):
        return "".join(path.read_text() for path in self.folder.glob("scheduler-*.log"))

    def output(self, step):
        return Path(
            script.output_of(self.batch, self.batch.attempts[step], str(self.folder)).stdout
        ).read_text()

    def begins(self, step=0):
        self.wait_until(lambda: any(isinstance(told, Begun) and told.step == step for told in self.told()))


@pytest.fixture
def hand_over(box, tmp_path):
    (tmp_path / "spool").mkdir()

    def hand_over(*commands, pack=1, kill_wait=2.0, pace=None, **resources):
        asked = {"runtime": "5m", "memory": "100M", **resources}
        batch = batch_of(*commands, token=f"job-script-{next(_numbers)}", **asked)
        return Piecework(box, tmp_path / "spool", batch, pack, kill_wait=kill_wait, pace=pace or Pace())

    return hand_over


def test_an_array_tells_how_its_commands_ended_on_which_node(hand_over):
    work = hand_over("true", "exit 200", "echo $SLURM_ARRAY_TASK_ID $JOBMON_TASK_ID", "kill -9 $$")

    overs = work.ends()
    assert [overs[step].exit_code for step in range(4)] == [0, 200, 0, 137]
    assert {over.node for over in overs.values()} <= set(work.box.nodes)
    assert work.output(2) == "2 1002\n"
    assert not any(over.was_told_to_end or over.oom_kills for over in overs.values())


@pytest.mark.parametrize("pack", [1, 4])
def test_memory_is_measured_and_kills_for_it_are_counted(hand_over, pack):
    eat_60, eat_300 = (EAT.format(mb=mb) for mb in (60, 300))
    work = hand_over(eat_60, eat_300, f"{eat_300}; exit 0", "true", pack=pack)

    overs = work.ends()
    assert [overs[step].exit_code for step in range(4)] == [0, 137, 0, 0]
    assert [overs[step].oom_kills for step in range(4)] == [0, 1, 1, 0]
    assert 60 << 20 < overs[0].maxrss < 100 << 20
    if pack == 4:
        assert overs[3].maxrss < 40 << 20


def test_who_is_cancelled_says_so_and_how_it_ended(hand_over):
    work = hand_over("trap 'echo bye; exit 7' TERM; sleep 61 & wait")
    work.begins()
    time.sleep(0.5)
    work.box.command("scancel", str(work.id))

    over = work.ends()[0]
    assert (over.exit_code, over.was_told_to_end) == (7, True)
    assert work.output(0) == "bye\n"
    assert "CANCELLED" in work.log()


def test_a_long_job_that_will_not_end_tells_its_end_before_slurm_ends_it(hand_over):
    work = hand_over("trap '' TERM; while :; do sleep 0.2; done", runtime="1h")
    work.begins()
    time.sleep(0.5)
    work.box.command("scancel", str(work.id))

    over = work.ends()[0]
    assert (over.exit_code, over.was_told_to_end) == (137, True)


def test_a_cancelled_pack_puts_back_what_it_has_not_begun(hand_over):
    work = hand_over("true", "sleep 62", "true", "true", pack=4)
    work.begins(1)
    time.sleep(0.5)
    work.box.command("scancel", str(work.id))
    work.wait_until(lambda: len([told for told in work.told() if isinstance(told, PutBack)]) == 2)

    overs = work.over()
    assert (overs[0].exit_code, overs[1].exit_code, overs[1].was_told_to_end) == (0, 143, True)
    assert [told.step for told in work.told() if isinstance(told, PutBack)] == [2, 3]


def test_a_requeued_job_does_not_run_its_command_twice(hand_over, tmp_path):
    work = hand_over(f"echo ran >>{tmp_path}/runs; exec sleep 63")
    work.begins()
    element = f"{work.id}_0"
    work.box.command("scontrol", "update", f"jobid={element}", "requeue=1")
    work.box.command("scontrol", "requeue", element)

    work.wait_until(lambda: any(isinstance(told, Over) and told.was_fenced for told in work.told()))
    assert (tmp_path / "runs").read_text() == "ran\n"
