"""The controller that speaks Slurm's commands understands the fake."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.seam import Elements, State, Submission
from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.errors import AccountingIsDown, ClusterIsFull, ClusterUnreachable
from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlurm]:
    with FakeSlurm(tmp_path / "fake", kill_wait=0.5, max_submit=20) as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


@pytest.fixture
def controller(fake: FakeSlurm) -> CommandController:
    return CommandController(LocalShell())


def submission(script: str, size: int, *, throttle: int | None = None) -> Submission:
    return Submission(
        name="jobmon-1-1.0-9.1",
        script=f"#!/bin/sh\n{script}\n",
        size=size,
        is_array=True,
        throttle=throttle,
        options={"output": "/dev/null", "no-requeue": None, "time": "2"},
        environment={"GREETING": "hello", "PATH": "/usr/bin:/bin"},
        working_dir="/tmp",
    )


def test_jobs_are_seen_while_they_wait_run_and_are_over(
    fake: FakeSlurm, controller: CommandController
) -> None:
    script = '[ "$GREETING" = hello ] || exit 9; [ $SLURM_ARRAY_TASK_ID = 0 ] && exit 3; sleep 600'

    async def story() -> None:
        job = await controller.submit(submission(script, 4, throttle=2))
        await asyncio.to_thread(fake.wait_until, lambda: fake.states(job)[0] == "FAILED")

        rows = sorted(await controller.queue(), key=lambda row: row.elements.ranges[0][0])
        assert [(list(row.elements), row.state) for row in rows] == [
            ([0], State.FAILED),
            ([1], State.RUNNING),
            ([2], State.RUNNING),
            ([3], State.PENDING),
        ]
        assert rows[0].exit_code == 3
        assert rows[3].reason == "JobArrayTaskLimit"

        await controller.throttle(job, 0)
        await controller.cancel({job: Elements((range(2, 4),)), 777: None})
        await asyncio.to_thread(fake.wait_until, lambda: fake.states(job)[3] == "CANCELLED")
        records = {record.element: record.state for record in await controller.accounting(LONG_AGO, [job])}
        assert records == {0: State.FAILED, 1: State.RUNNING, 2: State.CANCELLED, 3: State.CANCELLED}

    asyncio.run(story())


def test_what_waits_can_be_held_and_released(fake: FakeSlurm, controller: CommandController) -> None:
    async def story() -> None:
        fake.pause()
        job = await controller.submit(submission("true", 3))
        await controller.hold([job])
        fake.go_on()
        assert (await controller.queue())[0].reason == "JobHeldUser"

        await controller.hold([job], release=True)
        await asyncio.to_thread(fake.wait_for, job, "COMPLETED")

    asyncio.run(story())


def test_limits_are_read(controller: CommandController) -> None:
    limits = asyncio.run(controller.limits())

    assert (limits.name, limits.version, limits.nodes) == ("fake", (22, 5), 2)
    assert (limits.max_array_size, limits.max_submit, limits.default_queue) == (100_001, 20, "all.q")
    assert [queue.name for queue in limits.queues] == ["all.q", "long.q", "short.q"]
    assert limits.has_accounting


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, ClusterUnreachable),
        (Fault.SBATCH_TIMES_OUT, ClusterUnreachable),
        (Fault.CONTROLLER_DOWN, ClusterUnreachable),
        (Fault.GARBAGE, ClusterUnreachable),
        (Fault.SUBMIT_LIMIT, ClusterIsFull),
    ],
)
def test_a_submission_that_goes_wrong_is_known_for_what_it_is(
    fake: FakeSlurm, controller: CommandController, fault: Fault, error: type[Exception]
) -> None:
    fake.set(fault)

    with pytest.raises(error):
        asyncio.run(controller.submit(submission("true", 1)))


def test_garbage_is_no_queue(fake: FakeSlurm, controller: CommandController) -> None:
    fake.set(Fault.GARBAGE, value="squeue")

    with pytest.raises(ClusterUnreachable):
        asyncio.run(controller.queue())


@pytest.mark.parametrize("fault", [Fault.ACCOUNTING_DISABLED, Fault.ACCOUNTING_REFUSED])
def test_accounting_that_is_lost_is_known_to_be(
    fake: FakeSlurm, controller: CommandController, fault: Fault
) -> None:
    fake.set(fault)

    with pytest.raises(AccountingIsDown):
        asyncio.run(controller.accounting(LONG_AGO))
