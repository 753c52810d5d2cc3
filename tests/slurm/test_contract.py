"""A real Slurm keeps the contract of distributors, whichever way it is reached."""

from __future__ import annotations

import asyncio
import getpass
from contextlib import suppress

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm import secrets
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.errors import ClusterUnreachable
from tests.distributors.contract import Case, DistributorContract, batch, causes
from tests.testing.batches import endings, in_words

pytestmark = pytest.mark.long


def here(request, spool):
    return {"spool": spool}


def by_ssh(request, spool):
    server = request.getfixturevalue("ssh_server")
    where = {"host": "127.0.0.1", "port": server.port, "key_file": str(server.key)}
    return {"transport": "ssh", **where, "known_hosts": str(server.known_hosts), "spool": spool}


def by_rest(request, spool):
    """Nothing is shared with the nodes: exit codes and states are all that can be known."""
    box, user = request.getfixturevalue("box"), getpass.getuser()
    secrets.hold(box.rest_url, box.token(), user=user)
    return {"transport": "rest", "host": box.rest_url, "user": user}


WAYS = {"here": here, "ssh": by_ssh, "rest": by_rest}


class Asked:
    """A distributor that is asked again as the engine does, while it does not know."""

    def __init__(self, distributor):
        self._distributor = distributor

    def __getattr__(self, name):
        return getattr(self._distributor, name)

    async def __aenter__(self):
        await self._distributor.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self._distributor.__aexit__(*error)

    async def adopt(self, jobs):
        while True:
            try:
                return await self._distributor.adopt(jobs)
            except ClusterUnreachable:
                await asyncio.sleep(0.5)


class TestContract(DistributorContract):
    @pytest.fixture(params=WAYS)
    def case(self, box, request, tmp_path):
        way = WAYS[request.param](request, str(tmp_path / "spool"))
        return Case(Slurm(patience=Patience(on_its_way=2), **way), patience=180)

    def test_whoever_stops_waiting_for_news_loses_none(self, run, case, request, tmp_path):
        """Where nodes tell nothing, nobody hears that a quick command began."""
        if "rest" not in request.node.name:
            super().test_whoever_stops_waiting_for_news_loses_none(run, tmp_path)
            return

        async def story(distributor):
            await distributor.submit(batch("sleep 0.2"))
            heard = []
            while not heard:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        heard += await distributor.news()
            return heard

        assert in_words(run(story))[-1] == "Ended"

    def test_how_long_a_command_took_is_told(self, run, request):
        """Accounting counts in whole seconds."""
        if "rest" not in request.node.name:
            super().test_how_long_a_command_took_is_told(run)
            return

        async def story(distributor):
            await distributor.submit(one := batch("sleep 3"))
            return await endings(distributor, one)

        (ended,) = run(story).values()
        assert 2 <= ended.usage.wallclock < 30

    def test_those_that_are_there_or_were_are_adopted_and_no_others(self, run, case, request):
        """Where nothing is shared, the cluster is asked again until what is not there cannot come any more."""
        case.distributor = Asked(case.distributor)
        super().test_those_that_are_there_or_were_are_adopted_and_no_others(run)

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run, box):
        """Slurm counts in minutes, and looks twice a minute: its administrator says here that time is up."""

        async def story(distributor):
            (name,) = await distributor.submit(slow := batch("sleep 60", runtime="1m"))
            await distributor.news()
            box.command("scontrol", "update", f"jobid={name}", "EndTime=now+1")
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]
