"""A Slurm cluster as a connection: what is stored, what is kept secret, and whether it answers."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobmon_airflow.errors import InvalidSetting
from jobmon_airflow.hooks.slurm import SlurmHook
from jobmon_airflow.hooks.slurm_reach import SlurmConnection

PROGRAM = '#!/bin/sh\necho "$0 $*" >> {record}\necho "{says}"\necho "{complains}" >&2\nexit {code}\n'
UP = "Slurmctld(primary) at head is UP"


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Puts a program on the PATH that says something, and returns what it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def install(name, *, says="", complains="", code=0):
        record = tmp_path / f"{name}.calls"
        (folder / name).write_text(PROGRAM.format(record=record, says=says, complains=complains, code=code))
        (folder / name).chmod(0o755)
        return lambda: record.read_text().splitlines()

    return install


def hook(monkeypatch, **fields):
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps({"conn_type": "slurm", **fields}))
    return SlurmHook("cluster")


# --- what it says -----------------------------------------------------------------------------------------------


def test_a_connection_s_fields_are_read(monkeypatch):
    extra = {
        "transport": "rest",
        "partition": "all.q",
        "account": "proj_a",
        "reservation": "",
        "options": "constraint, --gres,",
        "api_version": "v0.0.42",
    }

    found = hook(monkeypatch, host="head", port=6820, login="ada", password="hush", extra=extra).get_conn()

    assert found == SlurmConnection(
        transport="rest",
        host="head",
        port=6820,
        user="ada",
        partition="all.q",
        account="proj_a",
        options=("constraint", "gres"),
        api_version="v0.0.42",
        token="hush",
    )


def test_what_is_stored_of_it_is_plain_and_no_secret(monkeypatch):
    extra = {"transport": "rest", "token": "hush-hush", "partition": "all.q", "options": ["nice"]}
    there = hook(monkeypatch, host="head", password="hush", extra=extra)

    assert there.connection_parameters() == {
        "transport": "rest",
        "host": "head",
        "partition": "all.q",
        "options": ["nice"],
    }
    assert "hush" not in json.dumps(there.connection_parameters())
    assert "hush" not in repr(there.get_conn())
    assert there.get_conn().token == "hush-hush"


def test_an_empty_connection_is_this_machine_s_slurm(monkeypatch):
    assert hook(monkeypatch).connection_parameters() == {"transport": "local"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [({"extra": {"transport": "pigeon"}}, "'pigeon'"), ({"extra": {"transport": "ssh"}}, "to no host")],
)
def test_a_way_that_is_none_is_refused(monkeypatch, fields, problem):
    there = hook(monkeypatch, **fields)

    with pytest.raises(InvalidSetting, match=problem):
        there.get_conn()
    assert there.test_connection()[0] is False


def test_airflow_finds_the_hook_by_the_type_of_the_connection(monkeypatch):
    found = hook(monkeypatch).get_connection("cluster").get_hook()

    assert type(found).__name__ == "SlurmHook"


# --- local ------------------------------------------------------------------------------------------------------


def test_slurm_here_is_asked_whether_it_is_up(monkeypatch, program):
    calls = program("scontrol", says=UP)

    assert hook(monkeypatch).test_connection() == (True, UP)
    assert [call.split("/")[-1] for call in calls()] == ["scontrol ping"]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"says": "Slurmctld(primary) at head is DOWN", "code": 1}, "DOWN"),
        ({"says": "Slurmctld(primary) at head is DOWN"}, "DOWN"),
        ({"complains": "slurm_load_ctl_conf error: Unable to contact", "code": 1}, "Unable to contact"),
    ],
)
def test_slurm_that_is_down_is_told_in_its_own_words(monkeypatch, program, how, told):
    program("scontrol", **how)

    is_good, said = hook(monkeypatch).test_connection()

    assert not is_good
    assert told in said
    assert "slurmctld" in said


def test_a_machine_without_slurm_is_told_so(monkeypatch, program, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    is_good, said = hook(monkeypatch).test_connection()

    assert not is_good
    assert "no command 'scontrol'" in said


# --- ssh --------------------------------------------------------------------------------------------------------


def test_over_ssh_the_same_is_asked_there(monkeypatch, program):
    calls = program("ssh", says=UP)
    extra = {"transport": "ssh", "key_file": "/keys/ada"}

    assert hook(monkeypatch, host="head", port=2222, login="ada", extra=extra).test_connection() == (True, UP)

    [call] = calls()
    assert call.endswith("-p 2222 -l ada -i /keys/ada -- head scontrol ping")
    assert {"BatchMode=yes", "ConnectTimeout=10", "IdentitiesOnly=yes"} <= set(call.split())


def test_a_host_is_never_taken_for_an_option(monkeypatch, program):
    calls = program("ssh", says=UP)

    is_good, said = hook(
        monkeypatch, host="-oProxyCommand=evil", extra={"transport": "ssh"}
    ).test_connection()

    assert not is_good
    assert "'-oProxyCommand=evil'" in said
    with pytest.raises(FileNotFoundError):
        calls()


def test_what_ssh_complains_of_is_told(monkeypatch, program):
    program("ssh", complains="Permission denied (publickey)", code=255)

    is_good, said = hook(monkeypatch, host="head", extra={"transport": "ssh"}).test_connection()

    assert not is_good
    assert "Permission denied (publickey)" in said


# --- rest -------------------------------------------------------------------------------------------------------


@contextmanager
def slurmrestd(answers):
    """A server that answers paths with a status and JSON; gives its port, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["X-SLURM-USER-NAME"], self.headers["X-SLURM-USER-TOKEN"]))
            status, body, *headers = answers.get(self.path, (404, {}))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


VERSIONS = {"paths": {f"/slurm/v0.0.{number}/ping/": {} for number in (9, 38, 36)}}
PING_UP = {"pings": [{"hostname": "head", "ping": "UP", "mode": "primary"}], "errors": []}


def by_rest(monkeypatch, port, **extra):
    fields = {"host": "127.0.0.1", "port": port, "login": "ada", "password": "hush"}
    return hook(monkeypatch, **fields, extra={"transport": "rest", **extra}).test_connection()


def test_slurmrestd_is_asked_in_its_newest_version_with_the_user_s_token(monkeypatch):
    answers = {"/openapi/v3": (200, VERSIONS), "/slurm/v0.0.38/ping": (200, PING_UP)}
    with slurmrestd(answers) as (port, asked):
        is_good, said = by_rest(monkeypatch, port)

    assert is_good, said
    assert "slurmctld on head is UP" in said
    assert asked == [("/openapi/v3", "ada", "hush"), ("/slurm/v0.0.38/ping", "ada", "hush")]


def test_a_version_that_is_named_is_used(monkeypatch):
    newer = {"pings": [{"hostname": "head", "pinged": "UP", "responding": True}]}
    with slurmrestd({"/slurm/v0.0.42/ping": (200, newer)}) as (port, asked):
        assert by_rest(monkeypatch, port, api_version="v0.0.42")[0]

    assert [path for path, *_ in asked] == ["/slurm/v0.0.42/ping"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"/openapi/v3": (401, {})}, "401"),
        ({"/openapi/v3": (200, VERSIONS), "/slurm/v0.0.38/ping": (500, {})}, "scontrol token"),
        ({"/openapi/v3": (200, {"paths": {}})}, "does not say which versions"),
        ({"/openapi/v3": (200, b"<html>")}, "no JSON"),
        (
            {
                "/openapi/v3": (200, VERSIONS),
                "/slurm/v0.0.38/ping": (200, {"pings": [{"ping": "DOWN"}], "errors": [{"error": "gone"}]}),
            },
            "slurmctld does not: gone",
        ),
        ({"/openapi/v3": (302, {}, ("Location", "http://127.0.0.1:1/"))}, "302"),
    ],
)
def test_what_slurmrestd_does_not_do_is_told_and_the_token_is_not(monkeypatch, answers, told):
    with slurmrestd(answers) as (port, _):
        is_good, said = by_rest(monkeypatch, port)

    assert not is_good
    assert told in said
    assert "hush" not in said


def test_a_server_that_is_not_there_is_told(monkeypatch):
    is_good, said = by_rest(monkeypatch, 1)

    assert not is_good
    assert "does not answer" in said


def test_only_web_addresses_are_asked(monkeypatch):
    is_good, said = hook(monkeypatch, host="file:///etc", extra={"transport": "rest"}).test_connection()

    assert not is_good
    assert "no address of a slurmrestd" in said
