"""A Slurm as the engine sees it, under what a healthy cluster does not show: told on a fake that misbehaves."""

from __future__ import annotations

import asyncio

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.testing.fake_slurm import FakeSlurm
from tests.distributors.contract import Case, DistributorContract, batch, causes
from tests.testing.batches import endings


@pytest.fixture
def fake(tmp_path, monkeypatch):
    with FakeSlurm(tmp_path / "fake", nodes=4, slots=16, kill_wait=0.5) as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


class TestContract(DistributorContract):
    @pytest.fixture
    def case(self, fake, tmp_path):
        return Case(Slurm(spool=str(tmp_path / "spool")))

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run, fake):
        """Slurm counts in minutes: here somebody says that time is up."""

        async def story(distributor):
            (name,) = await distributor.submit(slow := batch("sleep 60", runtime="1m"))
            await distributor.news()
            await asyncio.to_thread(fake.time_out, name)
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]
