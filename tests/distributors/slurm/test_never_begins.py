"""What was told to be over never begins afterwards, however wrong Slurm was about it."""

from __future__ import annotations

import asyncio

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault
from tests.distributors.contract import batch
from tests.testing.batches import endings

SHORT = Patience(for_line=0.5, for_line_of_killed=0.1, for_slurm=0.5, for_accounting=0.5, until_seen=0.3)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    with FakeSlurm(tmp_path / "fake", nodes=1, slots=4, kill_wait=0.5) as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


@pytest.fixture
def tell(fake, tmp_path):
    """Tell a story about a Slurm with little patience."""

    def tell(story):
        async def inside():
            async with asyncio.timeout(30), Slurm(spool=str(tmp_path / "spool"), patience=SHORT) as slurm:
                return await story(slurm)

        return asyncio.run(inside())

    return tell


def test_a_job_that_slurm_seemed_to_have_forgotten_runs_nothing_when_it_begins(fake, tell, tmp_path):
    async def story(slurm):
        fake.pause()
        await slurm.submit(one := batch(f"touch {tmp_path / 'begun'}"))
        fake.set(Fault.SQUEUE_ANSWERS_HALF)
        return list((await endings(slurm, one)).values())

    (ended,) = tell(story)
    fake.lift()
    fake.go_on()
    fake.wait_for(fake.taken()[0], "COMPLETED")

    assert ended.evidence.cause is Cause.LOST
    assert not (tmp_path / "begun").exists()


def test_a_job_that_has_begun_and_never_says_a_word_is_lost_all_the_same(fake, tell, tmp_path):
    async def story(slurm):
        fake.pause()
        await slurm.submit(one := batch("true"))
        fake.set(Fault.SQUEUE_ANSWERS_HALF)
        (tmp_path / "spool" / one.token / "claims" / "0").touch()  # and its node was gone
        return list((await endings(slurm, one)).values())

    (ended,) = tell(story)

    assert ended.evidence.cause is Cause.LOST
