"""One contract for every way to a real cluster: its commands here, the same over ssh, and slurmrestd."""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.refusals import ArrayIsTooLarge
from jobmon_airflow.distributors.slurm.rest import RestController
from jobmon_airflow.distributors.slurm.seam import Elements, State, Submission
from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.distributors.slurm.ssh import SshShell
from jobmon_airflow.errors import AccountingIsDown, ClusterIsFull, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.queues import Range
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from jobmon_airflow.distributors.slurm.seam import Controller, QueueRow, Record

SOON = 90.0  #: seconds, on a machine that is busy with other tests


@pytest.fixture(params=["local", "ssh", "rest"])
def way(request, box) -> Iterator[Callable[[], Controller]]:
    """Makes a controller, for each way to the cluster."""
    match request.param:
        case "local":
            yield lambda: CommandController(LocalShell())
        case "ssh":
            address = request.getfixturevalue("ssh_server").address
            yield lambda: CommandController(SshShell(address))
        case _:
            user, token = getpass.getuser(), box.token()
            yield lambda: RestController(box.rest_url, user=user, token=lambda: token, every=0.2)


def told(way, story: Callable[[Controller], Awaitable[Any]]) -> Any:
    async def tell() -> Any:
        async with way() as controller:
            return await story(controller)

    return asyncio.run(tell())


def submission(
    script="exit 0", *, tmp_path, size=1, is_array=True, throttle=None, environment=None, **options
):
    return Submission(
        name=f"jobmon-{os.getpid()}-{time.monotonic_ns()}.0-{size - 1}.1",
        script=f"#!/bin/sh\n{script}\n",
        size=size,
        is_array=is_array,
        throttle=throttle,
        options={
            "output": f"{tmp_path}/%a.out",
            "no-requeue": None,
            **{name.replace("_", "-"): value for name, value in options.items()},
        },
        environment={"PATH": "/usr/bin:/bin", **(environment or {})},
        working_dir=str(tmp_path),
    )


async def rows(controller: Controller, job: int) -> dict[int, QueueRow]:
    found = [row for row in await controller.queue() if row.job_id == job]
    return {element: row for row in found for element in row.elements}


async def when(controller: Controller, job: int, condition: Callable[[dict[int, QueueRow]], bool]):
    """The job's rows, as soon as they are as they should be."""
    deadline = time.monotonic() + SOON
    while not condition(found := await rows(controller, job)):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)
    return found


def all_over(found: dict[int, QueueRow]) -> bool:
    return bool(found) and all(row.state.is_over for row in found.values())


async def accounted(controller: Controller, job: int, count: int, since: datetime) -> dict[int, Record]:
    """Accounting lags behind."""
    deadline = time.monotonic() + SOON
    while True:
        found = await controller.accounting(since, [job], with_steps=True)
        by_element = {record.element: record for record in found if record.state.is_over}
        if len(by_element) == count:
            return by_element
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.3)


async def taken(controller: Controller, asked: Submission) -> int:
    """Submit, as soon as what others have cancelled no longer counts."""
    deadline = time.monotonic() + SOON
    while True:
        try:
            return await controller.submit(asked)
        except ClusterIsFull:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.3)


# --- submit ---------------------------------------------------------------------------------------------------------


def test_an_array_runs_every_element_where_and_with_what_it_was_told(way, tmp_path):
    awkward = "a,b=c 'd' \"e\" $f `g` \\h\nsecond line;!"
    script = 'printf %s "$AWKWARD" > "$SLURM_ARRAY_TASK_ID.txt"; env > "$SLURM_ARRAY_TASK_ID.env"; pwd'

    async def story(controller):
        job = await controller.submit(
            submission(script, tmp_path=tmp_path, size=3, environment={"AWKWARD": awkward})
        )
        return job, await when(controller, job, all_over)

    job, found = told(way, story)

    assert sorted(found) == [0, 1, 2]
    assert {row.state for row in found.values()} == {State.COMPLETED}
    assert {row.exit_code for row in found.values()} == {0}
    assert found[2].raw_id == job
    assert [(tmp_path / f"{n}.txt").read_text() for n in range(3)] == [awkward] * 3
    assert (tmp_path / "0.out").read_text().splitlines()[-1] == str(tmp_path)


def test_nothing_else_of_an_environment_reaches_the_job(way, tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_THE_CONTROLLER", "x")
    monkeypatch.setenv("SBATCH_PARTITION", "no.such.q")
    monkeypatch.setenv("SLURM_TIME_FORMAT", "%s")
    monkeypatch.setenv("SQUEUE_FORMAT2", "JobID")

    async def story(controller):
        job = await controller.submit(submission("env", tmp_path=tmp_path, environment={"MINE": "1"}))
        return await when(controller, job, all_over)

    told(way, story)

    names = {line.partition("=")[0] for line in (tmp_path / "0.out").read_text().splitlines()}
    its_own = {name for name in names if not name.startswith("SLURM")}
    assert its_own == {"PATH", "MINE", "PWD", "HOSTNAME", "TMPDIR", "ENVIRONMENT"}


def test_a_plain_job_is_one_element(way, tmp_path):
    async def story(controller):
        asked = submission("exit 3", tmp_path=tmp_path, is_array=False, output=f"{tmp_path}/plain.out")
        job = await controller.submit(asked)
        return asked, await when(controller, job, all_over)

    asked, found = told(way, story)

    assert {element: (row.name, row.state, row.exit_code) for element, row in found.items()} == {
        0: (asked.name, State.FAILED, 3)
    }


def test_exit_codes_and_signals_are_true_in_the_queue(way, tmp_path):
    script = "case $SLURM_ARRAY_TASK_ID in 0) exit 1;; 1) exit 200;; 2) kill -9 $$;; esac"

    async def story(controller):
        job = await controller.submit(submission(script, tmp_path=tmp_path, size=3))
        return await when(controller, job, all_over)

    found = told(way, story)

    assert [(found[n].exit_code, found[n].signal) for n in range(3)] == [(1, None), (200, None), (0, 9)]
    assert {row.state for row in found.values()} == {State.FAILED}
    assert {row.node for row in found.values()} <= {"n1", "n2", "n3", "n4"}
    assert abs(found[0].submitted - datetime.now(UTC)) < timedelta(minutes=1)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({"time": "30-00:00:00"}, "runtime"),
        ({"partition": "short.q", "mem": "500M"}, "memory"),
        ({"mem": "500G"}, "memory"),
        ({"cpus_per_task": "100"}, "cores"),
        ({"partition": "no.such.q"}, "sinfo"),
        ({"account": "nobody"}, "project"),
        ({"qos": "nothing"}, "qos"),
        ({"partition": "inactive.q"}, "another one"),
        ({"constraint": "nothing"}, "constraints"),
        ({"reservation": "nothing"}, "reservation"),
        ({"time": "soon"}, "runtime"),
    ],
    ids=str,
)
def test_what_can_never_run_is_refused_with_what_to_change(way, tmp_path, asked, remedy):
    with pytest.raises(SubmissionRefused, match=remedy):
        told(way, lambda controller: controller.submit(submission(tmp_path=tmp_path, **asked)))


def test_an_index_that_is_too_large_is_refused(way, tmp_path):
    with pytest.raises(SubmissionRefused, match="array"):
        told(way, lambda controller: controller.submit(submission(tmp_path=tmp_path, size=100_002)))


def test_a_limit_that_is_reached_means_wait(way, tmp_path):
    async def story(controller):
        held = {"account": "proj_limited", "partition": "down.q"}
        job = await taken(controller, submission(tmp_path=tmp_path, size=4, **held))
        with pytest.raises(ClusterIsFull, match="limit"):
            await controller.submit(submission(tmp_path=tmp_path, size=2, **held))
        await controller.submit(submission(tmp_path=tmp_path, size=1, **held))
        return job

    assert told(way, story)


def test_an_array_that_is_larger_than_its_limit_is_told_so(way, tmp_path):
    async def story(controller):
        limits = await controller.limits()
        assert limits.most_at_once("proj_limited") == 5
        await controller.submit(submission(tmp_path=tmp_path, size=6, account="proj_limited"))

    with pytest.raises(ArrayIsTooLarge, match="at most 5") as refused:
        told(way, story)
    assert refused.value.most == 5


# --- look -----------------------------------------------------------------------------------------------------------


def test_what_waits_is_one_row_with_its_reason(way, tmp_path):
    async def story(controller):
        job = await controller.submit(submission("sleep 60", tmp_path=tmp_path, size=5000, throttle=2))
        running = await when(
            controller, job, lambda found: sum(row.state is State.RUNNING for row in found.values()) == 2
        )
        waiting = [
            row for row in await controller.queue() if row.job_id == job and row.state is State.PENDING
        ]
        return running, waiting

    found, [waiting] = told(way, story)

    assert sorted(found) == list(range(5000))
    assert (len(waiting.elements), waiting.reason, waiting.node) == (4998, "JobArrayTaskLimit", "")


def test_a_long_list_of_holes_is_not_cut(way, tmp_path):
    async def story(controller):
        job = await controller.submit(submission(tmp_path=tmp_path, size=400, partition="down.q"))
        await controller.cancel({job: Elements((range(0, 400, 2),))})
        return await when(controller, job, lambda found: len(found) == 200)

    found = told(way, story)

    # Slurm forgets at once what was cancelled while it waited, and never wrote it down either.
    assert sorted(found) == list(range(1, 400, 2))
    assert {row.state for row in found.values()} == {State.PENDING}


def test_accounting_tells_states_steps_and_usage(way, tmp_path):
    script = """case $SLURM_ARRAY_TASK_ID in
        0) exec python3 -c 'x = bytearray(200_000_000); x[::4096] = b"x" * len(x[::4096])';;
        1) exit 3;;
        2) python3 -c 'for n in range(3_000_000): pass'; sleep 2;;
        esac"""

    async def story(controller):
        since = datetime.now(UTC)
        job = await controller.submit(submission(script, tmp_path=tmp_path, size=3, mem="60M"))
        await when(controller, job, all_over)
        return await accounted(controller, job, 3, since)

    found = told(way, story)

    assert [found[n].state for n in range(3)] == [State.OUT_OF_MEMORY, State.FAILED, State.COMPLETED]
    assert found[0].steps["batch"] is State.OUT_OF_MEMORY
    assert found[1].exit_code is None  # accounting says 3, and would for 131 as well
    assert found[2].exit_code == 0
    assert found[2].ran >= 2
    assert found[2].cpu > 0
    assert found[2].maxrss > 0
    assert all(record.node in ("n1", "n2", "n3", "n4") for record in found.values())


def test_accounting_of_all_jobs_knows_those_that_were_submitted_since_then(way, tmp_path):
    async def story(controller):
        since = datetime.now(UTC)
        job = await controller.submit(submission(tmp_path=tmp_path))
        await when(controller, job, all_over)
        await accounted(controller, job, 1, since)
        deadline = time.monotonic() + SOON
        while job not in {record.job_id for record in await controller.accounting(since)}:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.3)
        return await controller.accounting(since + timedelta(hours=1))

    assert told(way, story) == []


# --- change ---------------------------------------------------------------------------------------------------------


def test_many_are_cancelled_and_what_is_unknown_is_left_alone(way, tmp_path):
    async def story(controller):
        one = await controller.submit(submission("sleep 60", tmp_path=tmp_path, size=6, throttle=2))
        other = await controller.submit(submission(tmp_path=tmp_path, partition="down.q", is_array=False))
        gone = await controller.submit(submission(tmp_path=tmp_path))
        await when(controller, gone, all_over)
        before = controller.asked["scancel"]
        await controller.cancel(
            {one: Elements((range(1), range(3, 5))), other: None, gone: None, 60_000_000: None}
        )
        cancelled = lambda found: found[0].state is State.CANCELLED  # noqa: E731
        return (
            await when(controller, one, cancelled),
            await when(controller, other, cancelled),
            controller.asked["scancel"] - before,
        )

    one, other, calls = told(way, story)

    assert sorted(one) == [0, 1, 2, 5]
    assert [element for element, row in one.items() if row.state is State.CANCELLED] == [0]
    assert other[0].state is State.CANCELLED
    assert calls <= 1  # slurmrestd is asked job by job


@pytest.mark.parametrize("way", ["local", "ssh"], indirect=True)  # slurmrestd 22.05 has no word for it
def test_what_is_cancelled_at_once_gets_no_time_to_say_goodbye(way, tmp_path):
    script = "trap 'echo goodbye' TERM; echo hello; while :; do sleep 0.1; done"

    async def story(controller):
        job = await controller.submit(submission(script, tmp_path=tmp_path, size=3, throttle=2))
        await when(controller, job, lambda found: all((tmp_path / f"{n}.out").exists() for n in (0, 1)))
        await asyncio.sleep(0.3)
        await controller.cancel({job: None}, at_once=True)
        return await when(controller, job, all_over)

    found = told(way, story)

    assert found[2].state is State.CANCELLED
    assert "goodbye" not in (tmp_path / "0.out").read_text()


def test_fewer_or_more_run_at_a_time_from_now_on(way, tmp_path):
    def running(count):
        return lambda found: sum(row.state is State.RUNNING for row in found.values()) == count

    async def story(controller):
        job = await controller.submit(submission("sleep 60", tmp_path=tmp_path, size=6, throttle=1))
        await when(controller, job, running(1))
        await controller.throttle(job, 3)
        await when(controller, job, running(3))
        await controller.throttle(job, 0)
        return await when(controller, job, running(6))

    assert len(told(way, story)) == 6


def test_what_is_held_does_not_begin_until_it_is_released(way, tmp_path):
    async def story(controller):
        job = await controller.submit(submission("sleep 1", tmp_path=tmp_path, size=3, throttle=1))
        await when(controller, job, lambda found: any(row.state is State.RUNNING for row in found.values()))
        await controller.hold([job, 60_000_000])
        held = await when(
            controller, job, lambda found: sum("Held" in row.reason for row in found.values()) >= 2
        )
        await asyncio.sleep(2)
        still = await rows(controller, job)
        await controller.hold([job], release=True)
        return held, still, await when(controller, job, all_over)

    _, still, found = told(way, story)

    assert sum(row.state is State.PENDING for row in still.values()) == 2
    assert {row.state for row in found.values()} == {State.COMPLETED}


# --- limits ---------------------------------------------------------------------------------------------------------


def test_the_cluster_says_what_it_allows(way, box):
    limits = told(way, lambda controller: controller.limits())

    queues = {queue.name: queue for queue in limits.queues}
    assert limits.version == (22, 5)
    assert (limits.nodes, limits.default_queue, limits.has_accounting) == (4, "all.q", True)
    assert queues["all.q"].runtime == Range(most=Runtime("1d"))
    assert queues["all.q"].cores.most == 16
    assert queues["small.q"].cores == Range(most=2)
    assert queues["small.q"].memory == Range(most=Memory("256M"))
    assert (limits.max_submit, limits.most_at_once("proj_limited")) == (None, 5)


# --- when nobody answers --------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_slurmctld_that_is_down_is_unreachable_and_a_submission_is_in_doubt(way, box, tmp_path):
    async def story(controller):
        box.stop("slurmctld")
        try:
            # Slurm's commands try for a minute, each by itself.
            ends = await asyncio.gather(
                controller.queue(),
                controller.submit(submission(tmp_path=tmp_path)),
                controller.cancel({1: None}),
                controller.limits(),
                return_exceptions=True,
            )
        finally:
            box.start("slurmctld")
        return ends, await controller.queue()

    ends, afterwards = told(way, story)

    assert [isinstance(end, ClusterUnreachable) for end in ends] == [True] * 4, ends
    assert afterwards is not None


@pytest.mark.long
def test_accounting_that_is_down_is_told_from_a_cluster_that_is(way, box, tmp_path):
    async def story(controller):
        box.stop("slurmdbd")
        with pytest.raises(AccountingIsDown):
            await controller.accounting(datetime.now(UTC), [1])
        await controller.submit(submission(tmp_path=tmp_path))
        limits = await controller.limits()
        box.start("slurmdbd")
        return limits

    assert told(way, story).default_queue == "all.q"
