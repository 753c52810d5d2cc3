"""Single commands of Airflow on a real Slurm that is reached by ssh and by slurmrestd, as connections say."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException

from jobmon_airflow.distributors.slurm import secrets
from jobmon_airflow.hooks.slurm import SlurmHook
from tests.slurm.test_in_airflow import Memory, assert_memory_is_raised_by_the_next_try, operator, try_
from tests.workflows import close, migrated

pytestmark = pytest.mark.long


def by_ssh(request, spool):
    """An SSH connection of Airflow that has both keys as text, and nothing that the user's own ssh knows."""
    server = request.getfixturevalue("ssh_server")
    host_key = server.known_hosts.read_text().split(" ", 1)[1].strip()
    keys = {"private_key": server.key.read_text(), "host_key": host_key}
    ssh = {"conn_type": "ssh", "host": "127.0.0.1", "port": server.port, "extra": keys}
    return {"extra": {"ssh_conn_id": "login_node", "spool": spool}}, ssh


def by_rest(request, spool):
    box = request.getfixturevalue("box")
    fields = {"host": box.rest_url, "login": getpass.getuser(), "password": box.token()}
    return {**fields, "extra": {"transport": "rest", "spool": spool}}, {"conn_type": "ssh"}


def by_rest_alone(request, spool):
    """Nothing is shared with the nodes."""
    fields, ssh = by_rest(request, spool)
    return {**fields, "extra": {"transport": "rest"}}, ssh


WAYS = {"ssh": by_ssh, "rest": by_rest, "rest alone": by_rest_alone}


@pytest.fixture
def way(box, request, tmp_path, monkeypatch):
    """The name of a way to the box, by which a connection leads there; this process knows no other."""
    fields, ssh = WAYS[request.param](request, str(tmp_path / "spool"))
    address = migrated(f"sqlite:///{tmp_path / 'jobmon.db'}")
    fields["extra"]["partition"] = "all.q"
    for name, value in {
        "JOBMON__DB__SQLALCHEMY_DATABASE_URI": address,
        "AIRFLOW_HOME": str(tmp_path),
        "HOME": str(tmp_path / "home"),
        "AIRFLOW_CONN_BOX": json.dumps({"conn_type": "slurm", **fields}),
        "AIRFLOW_CONN_LOGIN_NODE": json.dumps(ssh),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SLURM_CONF")  # Slurm's commands would find nothing here
    monkeypatch.setattr(secrets, "_held", {})
    yield request.param
    close(address)
    for kept in Path(tmp_path).glob("jobmon.db*"):
        assert b"PRIVATE KEY" not in kept.read_bytes()


FAR = pytest.mark.parametrize("way", ["ssh", "rest"], indirect=True)
ALL = pytest.mark.parametrize("way", WAYS, indirect=True)


@FAR
def test_a_command_finds_its_environment_there_and_its_output_is_told(way, box, capsys):
    task = operator("echo $GREETING from $(hostname); echo and beware >&2", env={"GREETING": "it's   a day"})

    facts = try_(task, 1, Memory())

    assert (facts["verdict"], facts["exit_code"]) == ("done", 0)
    assert facts["nodename"] in box.nodes
    said = capsys.readouterr().out
    assert f"it's a day from {facts['nodename']}" in said
    assert "and beware" in said


@ALL
def test_a_command_s_environment_decides_there_how_it_ends(way, box):
    task = operator('exit "$CODE"', env={"CODE": "7"})

    with pytest.raises(AirflowException, match="application error, exit code 7"):
        try_(task, 1, Memory())


@ALL
def test_a_command_that_needs_more_memory_there_is_given_more_by_the_next_try(way, box):
    assert_memory_is_raised_by_the_next_try()


@FAR
def test_the_hook_and_the_test_of_the_connection_go_the_same_way(way, box):
    is_good, said = SlurmHook("box").test_connection()

    assert is_good, said
    assert SlurmHook("box").limits()["nodes"] == len(box.nodes)
