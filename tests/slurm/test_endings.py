"""All the ways in which jobs end on a real Slurm, and what is made of each."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.distributors.protocol import Cause, Ended
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.engine.verdict import verdict_on
from jobmon_airflow.errors import SubmissionRefused
from tests.testing.batches import attempt_at, batch_of, begun, endings, ids, told

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

EATER = "python3 -c \"x = bytearray(150_000_000); x[::4096] = b'1' * len(x[::4096])\""
SLEEP = "exec sleep {seconds}"


@pytest.fixture
def spool(tmp_path):
    return str(tmp_path / "spool")


@pytest.fixture
def run(box, spool):
    """Tell a story about a Slurm that is entered; it is told within some minutes."""

    def run(story, within=240):
        async def inside():
            async with asyncio.timeout(within), Slurm(spool=spool) as slurm:
                return await story(slurm)

        return asyncio.run(inside())

    return run


def batch(*commands, **resources):
    numbers = iter(range(len(commands)))
    attempts = [attempt_at(f"{next(numbers)}: {command[:30]}", command) for command in commands]
    return batch_of(*attempts, **{"memory": "60M", **resources})


async def end(slurm, *batches):
    """How the only attempt of each batch ended."""
    ended = list((await endings(slurm, *batches)).values())
    return ended[0] if len(ended) == 1 else ended


def verdict(ended, **more):
    return verdict_on(ended.evidence, **more).words


# --- resources that were too small --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [(EATER, 137), (f"{EATER}; exit 0", 0), (f"{EATER}; exit 7", 7)],
    ids=["the last command", "a child of a shell that ends well", "a child of a shell that fails"],
)
def test_whoever_takes_too_much_memory_is_out_of_memory_whatever_the_command_exits_with(
    run, command, exit_code
):
    async def story(slurm):
        await slurm.submit(one := batch(command))
        return await end(slurm, one)

    ended = run(story)

    assert (verdict(ended), ended.evidence.exit_code) == ("out of memory", exit_code)
    assert ended.usage.maxrss > 40 * 1024**2


def test_a_step_that_runs_out_of_memory_behind_its_commands_back_is_seen(run):
    async def story(slurm):
        await slurm.submit(one := batch(f"srun --mem=60M {EATER} 2>/dev/null; exit 0", memory="200M"))
        return await end(slurm, one)

    ended = run(story)

    assert (verdict(ended), ended.evidence.exit_code) == ("out of memory", 0)


def test_a_command_that_reaches_its_time_limit_is_out_of_time(run, box):
    async def story(slurm):
        (name,) = await slurm.submit(one := batch(SLEEP.format(seconds=300), runtime="1m"))
        await begun(slurm, one)
        box.command("scontrol", "update", f"jobid={name}", "EndTime=now+1")
        return await end(slurm, one)

    assert verdict(run(story)) == "out of time"


def test_a_command_that_ends_well_when_its_time_is_up_has_not_done_its_work(run, box):
    async def story(slurm):
        patient = "trap 'exit 0' TERM; sleep 300 & wait"
        (name,) = await slurm.submit(one := batch(patient, runtime="1m"))
        await begun(slurm, one)
        box.command("scontrol", "update", f"jobid={name}", "EndTime=now+1")
        return await end(slurm, one)

    ended = run(story)

    assert verdict(ended) == "out of time"


# --- nodes that fail ----------------------------------------------------------------------------------------------


def test_a_job_of_a_node_that_is_declared_dead_has_lost_its_node_and_the_next_goes_elsewhere(run, box):
    async def story(slurm):
        await slurm.submit(one := batch(SLEEP.format(seconds=300), nodelist="n2"))
        await begun(slurm, one)
        box.down("n2")
        ended = await end(slurm, one)
        _until(lambda: box.node_states()["n2"] == "idle", within=240)
        await slurm.submit(retries := batch(*["true"] * 20))
        return ended, await endings(slurm, retries)

    ended, retries = run(story)

    assert (verdict(ended), ended.nodename) == ("node failed", "n2")
    assert "n2" not in {retry.nodename for retry in retries.values()}


def test_a_job_of_a_node_whose_slurmd_was_killed_has_lost_its_node_and_what_still_runs_there_is_ended(
    run, box, tmp_path
):
    alive = tmp_path / "alive"

    async def story(slurm):
        command = f"while :; do date +%s.%N >{alive}; sleep 0.2; done"
        await slurm.submit(one := batch(command, nodelist="n3"))
        await begun(slurm, one)
        box.kill("slurmd", "n3")
        ended = await end(slurm, one)
        is_alive = time.time() - float(alive.read_text()) < 2
        return ended, is_alive

    ended, survived = run(story, within=240)

    assert verdict(ended) == "node failed"
    assert survived, "the command was to live on, as it does on a real cluster"
    _until(lambda: time.time() - float(alive.read_text() or "0") > 3, within=240)


def test_a_job_of_a_node_that_is_drained_ends_as_it_should(run, box):
    async def story(slurm):
        await slurm.submit(one := batch("sleep 2; exit 3", nodelist="n1"))
        await begun(slurm, one)
        box.drain("n1")
        return await end(slurm, one)

    assert run(story).evidence.exit_code == 3


# --- people and priorities ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["it waits", "it runs"])
def test_what_somebody_cancels_by_hand_is_not_the_tasks_fault(run, box, when):
    async def story(slurm):
        options = {} if when == "it runs" else {"queue": "down.q"}
        (name,) = await slurm.submit(one := batch(SLEEP.format(seconds=300), **options))
        if when == "it runs":
            await begun(slurm, one)
        box.command("scancel", name)
        return await end(slurm, one)

    ended = run(story)

    assert ended.evidence.cause is Cause.NODE_FAILED
    assert "cancelled" in ended.evidence.detail


@pytest.mark.parametrize("queue", ["low.q", "cancel.q"])
def test_a_job_that_makes_way_for_a_better_one_is_not_the_tasks_fault(run, box, queue):
    async def story(slurm):
        await slurm.submit(one := batch(SLEEP.format(seconds=300), queue=queue, cores=16, nodelist="n4"))
        await begun(slurm, one)
        box.submit("sleep 5", "--partition=high.q", "--cpus-per-task=16", "--nodelist=n4", "--mem=32M")
        return await end(slurm, one)

    assert verdict(run(story)) == "node failed"


def test_a_job_that_is_put_back_into_the_queue_by_hand_does_not_run_twice(run, box, tmp_path):
    runs = tmp_path / "runs"

    async def story(slurm):
        (name,) = await slurm.submit(one := batch(f"echo run >>{runs}; exec sleep 300"))
        await begun(slurm, one)
        # Whoever may do so can undo --no-requeue.
        box.command("scontrol", "update", f"jobid={name}", "requeue=1")
        box.command("scontrol", "requeue", name)
        return await end(slurm, one)

    ended = run(story)
    time.sleep(15)  # it waits for its credential to expire before it begins again

    assert verdict(ended) == "node failed"
    assert runs.read_text() == "run\n"


# --- what fails around it -----------------------------------------------------------------------------------------


def test_outcomes_are_told_while_the_controller_is_down_and_after_it_came_back(run, box):
    async def story(slurm):
        await slurm.submit(some := batch("sleep 4; exit 3", "sleep 30; exit 4"))
        await begun(slurm, some)
        box.wait_until_saved()
        box.kill("slurmctld")
        heard = []
        while not any(isinstance(news, Ended) for news in heard):
            heard += await slurm.news()
        note = slurm.note
        box.start("slurmctld")
        (rest,) = [attempt for attempt in ids(some) if attempt not in {each.attempt for each in heard}]
        heard += (await told(slurm, [rest]))[rest]
        return [each.evidence.exit_code for each in heard if isinstance(each, Ended)], note

    codes, _ = run(story, within=240)

    assert codes == [3, 4]


@pytest.mark.parametrize("daemon", ["slurmdbd", "mariadbd"])
def test_work_goes_on_without_accounting(run, box, daemon):
    async def story(slurm):
        box.stop(daemon)
        await slurm.submit(some := batch("true", "exit 3", EATER, *["true"] * 30))
        ended = await endings(slurm, some)
        box.start(daemon)
        return [verdict(each) for each in ended.values()]

    found = run(story)

    assert found == ["done", "application error", "out of memory", *["done"] * 30]


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_limit_of_jobs_means_that_the_rest_waits(run):
    async def story(slurm):
        await slurm.submit(first := batch(*["sleep 2"] * 3, project="proj_limited"))
        submitting = asyncio.create_task(slurm.submit(many := batch(*["true"] * 9, project="proj_limited")))
        ended = await endings(slurm, first, many)
        names = await submitting
        assert not slurm.note
        return [each.evidence.exit_code for each in ended.values()], len(names)

    codes, names = run(story)

    assert codes == [0] * 12
    assert names == 9


def test_what_waits_to_be_submitted_says_which_limit_is_reached(run):
    async def story(slurm):
        await slurm.submit(first := batch(*["sleep 4"] * 4, project="proj_limited"))
        submitting = asyncio.create_task(slurm.submit(many := batch(*["true"] * 3, project="proj_limited")))
        while not (said := [reason for _, reason in slurm.waiting if "SubmitJobs" in reason]):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await slurm.news()
        await slurm.cancel([*ids(first), *ids(many)])
        await submitting
        return said

    assert run(story) == ["AssocGrpSubmitJobsLimit"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"memory": "5G"}, "memory 5G is more than the 4G that queue 'all.q' allows"),
        ({"cores": 17}, "cores 17 is more than the 16"),
        ({"runtime": "2d"}, "runtime 2d is more than the 1d"),
        ({"queue": "nowhere.q"}, "nvalid partition"),
        ({"project": "nobody"}, "nvalid account"),
        ({"constraint": "fast"}, "nvalid feature"),
        ({"qos": "none"}, "nvalid qos"),
    ],
)
def test_a_request_that_can_never_run_is_refused_with_the_limit(run, asked, said):
    async def story(slurm):
        with pytest.raises(SubmissionRefused) as refusal:
            await slurm.submit(batch("true", **asked))
        return refusal.value

    refusal = run(story)

    assert said in refusal.problem
    assert refusal.remedy


def test_why_jobs_wait_is_known(run):
    async def story(slurm):
        await slurm.submit(one := batch(*["true"] * 7, queue="down.q"))
        while not slurm.waiting:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await slurm.news()
        waiting = dict(slurm.waiting)
        await slurm.cancel(ids(one))
        await endings(slurm, one)
        return waiting

    ((_, reason), count), *rest = run(story).items()

    assert (reason, count, rest) == ("PartitionDown", 7, [])


def test_an_arrays_limit_is_slurms_and_follows_changes_while_it_runs(run, tmp_path):
    folder = tmp_path / "running"
    folder.mkdir()
    command = f"touch {folder}/$JOBMON_TASK_ID; sleep 1; rm {folder}/$JOBMON_TASK_ID"

    async def story(slurm):
        some = batch_of(*(attempt_at(f"limited {number}", command) for number in range(40)), memory="32M")
        some = replace(some, at_a_time=2)
        submitting = asyncio.create_task(slurm.submit(some))
        listening = asyncio.create_task(told(slurm, ids(some)))
        await submitting
        at_first = await _most_at_once(folder, 8)
        await slurm.limit(some.token.rpartition("-")[0], 12)
        later = await _most_at_once(folder, 8)
        await listening
        return at_first, later

    at_first, later = run(story)

    assert at_first == 2
    assert 2 < later <= 12


# --- tools --------------------------------------------------------------------------------------------------------


async def _most_at_once(folder: Path, seconds):
    most, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        most = max(most, len(await asyncio.to_thread(lambda: list(folder.iterdir()))))
        await asyncio.sleep(0.05)
    return most


def _until(is_so, within):
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
