"""A real Slurm keeps the contract of distributors."""

from __future__ import annotations

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm.distributor import Slurm
from tests.distributors.contract import Case, DistributorContract, batch, causes
from tests.testing.batches import endings

pytestmark = pytest.mark.long


class TestContract(DistributorContract):
    @pytest.fixture
    def case(self, box, tmp_path):
        return Case(Slurm(spool=str(tmp_path)))

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run, box):
        """Slurm counts in minutes, and looks twice a minute: its administrator says here that time is up."""

        async def story(distributor):
            (name,) = await distributor.submit(slow := batch("sleep 60", runtime="1m"))
            await distributor.news()
            box.command("scontrol", "update", f"jobid={name}", "EndTime=now+1")
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]
