"""A real Slurm keeps the contract of distributors, whichever way it is reached."""

from __future__ import annotations

import getpass

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm import secrets
from jobmon_airflow.distributors.slurm.distributor import Slurm
from tests.distributors.contract import Case, DistributorContract, batch, causes
from tests.slurm.sshd import sshd
from tests.testing.batches import endings

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def ssh_server(box, tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("sshd"), box.environment) as server:
        yield server


def here(request, spool):
    return {"spool": spool}


def by_ssh(request, spool):
    server = request.getfixturevalue("ssh_server")
    where = {"host": "127.0.0.1", "port": server.port, "key_file": str(server.key)}
    return {"transport": "ssh", **where, "known_hosts": str(server.known_hosts), "spool": spool}


def by_rest(request, spool):
    box, user = request.getfixturevalue("box"), getpass.getuser()
    secrets.hold(box.rest_url, box.token(), user=user)
    return {"transport": "rest", "host": box.rest_url, "user": user, "spool": spool}


def by_rest_alone(request, spool):
    """Nothing is shared with the nodes: exit codes and states are all that can be known."""
    return {**by_rest(request, spool), "spool": None}


WAYS = {"here": here, "ssh": by_ssh, "rest": by_rest, "rest alone": by_rest_alone}


class TestContract(DistributorContract):
    @pytest.fixture(params=WAYS)
    def case(self, box, request, tmp_path):
        return Case(Slurm(**WAYS[request.param](request, str(tmp_path / "spool"))))

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run, box):
        """Slurm counts in minutes, and looks twice a minute: its administrator says here that time is up."""

        async def story(distributor):
            (name,) = await distributor.submit(slow := batch("sleep 60", runtime="1m"))
            await distributor.news()
            box.command("scontrol", "update", f"jobid={name}", "EndTime=now+1")
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]
