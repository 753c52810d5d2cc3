"""Commands over ssh, by a real sshd on this machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.distributors.slurm.ssh import SshAddress, SshShell, at_hand
from jobmon_airflow.distributors.slurm.ssh_spool import SshSpool
from jobmon_airflow.errors import ClusterUnreachable, InvalidSetting
from tests.slurm.sshd import TALKATIVE, sshd

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/sbin/sshd").exists() or shutil.which("ssh") is None,
    reason="an sshd of one's own needs root, openssh-server and openssh-client",
)


@pytest.fixture(scope="module", params=[(), (TALKATIVE,)], ids=["quiet", "talkative"])
def server(request, tmp_path_factory):
    """Once as a login shell that keeps quiet, once as one that talks."""
    with sshd(
        tmp_path_factory.mktemp("sshd"), {"GREETING": "hello", "SBATCH_WAIT": "1"}, *request.param
    ) as server:
        yield server


def told(address, story):
    async def tell():
        async with SshShell(address) as shell:
            return await story(shell)

    return asyncio.run(tell())


def said(server, *words, **more):
    return told(server.address, lambda shell: shell.run(words, **more))


async def begun(path):
    while not path.exists():  # noqa: ASYNC110 - the other one is a process
        await asyncio.sleep(0.02)


# --- what is said -----------------------------------------------------------------------------------------------


def test_a_command_says_what_it_says_and_nothing_else(server):
    answer = said(server, "sh", "-c", "echo out; echo err >&2; exit 3")

    assert (answer.code, answer.out, answer.err) == (3, "out\n", "err\n")


def test_words_are_words(server):
    words = ["a b", "it's", '"$x"', "`y`", "\\", "*", "", "new\nline", "ü"]

    assert said(server, "printf", "<%s>", *words).out == "".join(f"<{word}>" for word in words)


def test_what_a_command_reads_is_whole(server):
    content = bytes(range(1, 128)) * 20_000

    assert said(server, "cksum", stdin=content).out.split()[1] == str(len(content))


def test_255_is_an_exit_code_like_others(server):
    assert said(server, "sh", "-c", "exit 255").code == 255


def test_an_environment_is_added_to_what_is_there_without_what_changes_slurm_s_commands(server):
    out = said(server, "env", extra={"TZ": "UTC0", "ODD": "a 'b'\n$c"}).out

    assert "GREETING=hello\n" in out
    assert "TZ=UTC0\n" in out
    assert "ODD=a 'b'\n$c\n" in out
    assert "SBATCH_WAIT" not in out


def test_an_environment_may_be_all_there_is(server):
    out = said(server, "env", only={"MINE": "a,b", "SBATCH_WAIT": "1"}).out

    assert {
        line for line in out.splitlines() if not line.startswith(("PWD=", "OLDPWD=", "_=", "SHLVL="))
    } == {"MINE=a,b"}


def test_nothing_of_it_is_seen_on_a_command_line(server):
    show = "for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $each; echo; done 2>/dev/null"

    for kind in ("extra", "only"):
        secret = f"secret-{kind}-{os.getpid()}"
        out = said(
            server, "sh", stdin=show.encode(), **{kind: {"PASSWORD": secret, "PATH": "/usr/bin:/bin"}}
        ).out

        assert "sshd" in out
        assert secret not in out


def test_a_command_that_is_not_there_is_told(server):
    with pytest.raises(ClusterUnreachable, match="There is no command 'squeuex'"):
        said(server, "squeuex")


def test_a_command_that_takes_too_long_is_given_up(server):
    with pytest.raises(ClusterUnreachable, match=r"within 0\.5 seconds"):
        said(server, "sleep", "30", within=0.5)


# --- one connection -----------------------------------------------------------------------------------------------


def test_all_go_over_one_connection_which_ends_with_its_last_user(server):
    async def story():
        shell = SshShell(server.address)
        async with CommandController(shell), SshSpool(shell, "~/spool"):
            await asyncio.gather(*(shell.run(["true"]) for _ in range(8)))
            folder = shell._socket.parent
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            return folder, shell.connected

    folder, connected = asyncio.run(story())

    assert connected == 1
    assert not folder.exists()


def test_a_connection_that_broke_is_made_again(server):
    async def story(shell):
        await shell.run(["true"])
        server.end_connections()
        answers = [await shell.run(["echo", str(n)]) for n in range(5)]
        return [answer.out for answer in answers], shell.connected

    assert told(server.address, story) == (["0\n", "1\n", "2\n", "3\n", "4\n"], 2)


def test_a_connection_that_breaks_meanwhile_is_made_again_for_what_may_be_repeated(server, tmp_path):
    script = f"echo x >> {tmp_path}/runs; [ $(wc -l < {tmp_path}/runs) -gt 1 ] || sleep 30"

    async def story(shell):
        asked = asyncio.create_task(shell.run(["sh", "-c", script]))
        await begun(tmp_path / "runs")
        server.end_connections()
        return (await asked).code

    assert told(server.address, story) == 0


def test_what_may_not_be_repeated_is_in_doubt_then(server, tmp_path):
    script = f"echo x >> {tmp_path}/runs; sleep 30"

    async def story(shell):
        asked = asyncio.create_task(shell.run(["sh", "-c", script], may_repeat=False))
        await begun(tmp_path / "runs")
        server.end_connections()
        with pytest.raises(ClusterUnreachable, match="lost it"):
            await asked

    told(server.address, story)
    assert (tmp_path / "runs").read_text() == "x\n"


# --- who is there -------------------------------------------------------------------------------------------------


def test_a_host_that_is_not_known_is_refused(server, tmp_path):
    (tmp_path / "nobody").touch()

    with pytest.raises(ClusterUnreachable, match="Host key verification failed") as refused:
        told(replace(server.address, known_hosts=str(tmp_path / "nobody")), lambda shell: shell.run(["true"]))
    assert "ssh-keyscan" in refused.value.remedy


def test_a_host_that_is_not_known_to_the_user_is_refused_too(server):
    with pytest.raises(ClusterUnreachable, match="Host key verification failed"):
        told(replace(server.address, known_hosts=None), lambda shell: shell.run(["true"]))


def test_a_host_with_another_key_is_refused(server, tmp_path):
    other = server.known_hosts.read_text().split(" ")[0] + " " + server.key.with_suffix(".pub").read_text()
    (tmp_path / "other").write_text(other)

    with pytest.raises(ClusterUnreachable, match="Host key verification failed"):
        told(replace(server.address, known_hosts=str(tmp_path / "other")), lambda shell: shell.run(["true"]))


def test_a_key_that_is_not_let_in_is_told(server):
    with pytest.raises(ClusterUnreachable, match="Permission denied"):
        told(
            replace(server.address, key_file=str(server.key.with_name("host_key"))),
            lambda shell: shell.run(["true"]),
        )


def test_a_key_may_come_as_text_and_is_a_file_only_while_the_connection_is_made(server):
    address = replace(server.address, key_file=None, private_key=server.key.read_text().strip())

    async def story(shell):
        first = await shell.run(["echo", "in"])
        server.end_connections()
        second = await shell.run(["echo", "in again"])
        return first, second, shell.connected, list(shell._socket.parent.iterdir())

    first, second, connected, left = told(address, story)

    assert (first.out, first.err, second.out, second.err, connected) == ("in\n", "", "in again\n", "", 2)
    assert {file.name for file in left} == {"s", "said"}
    assert "PRIVATE" not in repr(address)


def test_keys_that_came_as_text_can_be_read_by_us_alone(server):
    with at_hand(replace(server.address, private_key="key", known_hosts=None)) as here:
        assert stat.S_IMODE(Path(here.key_file).stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(here.key_file).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("how", ["{} {} ada@head", "{1}"], ids=["with its type", "alone"])
def test_a_host_s_key_may_come_as_text_and_is_the_one_that_is_asked_for(tmp_path, how):
    other = str(tmp_path / "other_key")
    ssh_keygen = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", other]
    subprocess.run(ssh_keygen, check=True, timeout=20)
    key = how.format(*Path(f"{other}.pub").read_text().split()[:2])

    with sshd(tmp_path, {"GREETING": "hello"}, f"HostKey {other}") as server:
        address = replace(server.address, known_hosts=None, host_key=key)
        answer = told(address, lambda shell: shell.run(["echo", "in"]))

    assert answer.out == "in\n"


def test_a_host_that_has_another_key_than_was_said_is_refused(server):
    other = server.key.with_suffix(".pub").read_text()

    with pytest.raises(ClusterUnreachable, match="Host key verification failed"):
        told(
            replace(server.address, known_hosts=None, host_key=other), lambda shell: shell.run(["echo", "in"])
        )


def test_a_host_s_key_that_is_none_is_told():
    with pytest.raises(InvalidSetting, match="'ssh-ed25519 key' is none"):
        told(SshAddress(host="head", host_key="ssh-ed25519 key"), lambda shell: shell.run(["true"]))


def test_whoever_says_so_believes_any_host(server):
    address = replace(server.address, known_hosts=None, checks_host=False)

    assert told(address, lambda shell: shell.run(["echo", "in"])).out == "in\n"


def test_keys_that_came_as_text_are_files_for_a_single_command(server):
    address = SshAddress(
        host="127.0.0.1",
        port=server.port,
        private_key=server.key.read_text(),
        host_key=server.known_hosts.read_text().split(" ", 1)[1],
    )

    with at_hand(address) as here:
        done = subprocess.run(
            [*here.words(), "echo in"], capture_output=True, text=True, timeout=20, check=False
        )

    assert "in\n" in done.stdout
    assert not Path(here.key_file).exists()
    assert not Path(here.known_hosts).exists()


@pytest.mark.parametrize(
    "fields",
    [{"host": "-oProxyCommand=evil"}, {"host": "a b"}, {"host": "head", "user": "-l"}, {"host": "a\nb"}],
)
def test_a_host_is_never_taken_for_an_option(fields):
    with pytest.raises(InvalidSetting):
        SshAddress(**fields)


def test_a_machine_without_an_sshd_is_told():
    with pytest.raises(ClusterUnreachable, match="refused"):
        told(SshAddress(host="127.0.0.1", port=1), lambda shell: shell.run(["true"]))


# --- here -----------------------------------------------------------------------------------------------------------


def test_the_same_here(monkeypatch):
    monkeypatch.setenv("SBATCH_WAIT", "1")
    monkeypatch.setenv("SLURM_CONF", "/etc/x")
    monkeypatch.setenv("GREETING", "hello")

    async def story():
        shell = LocalShell()
        return await shell.run(["env"], extra={"A": "1"}), await shell.run(["env"], only={"A": "a\nb"})

    added, alone = asyncio.run(story())

    assert {"A=1", "GREETING=hello", "SLURM_CONF=/etc/x"} <= set(added.out.splitlines())
    assert "SBATCH_WAIT" not in added.out
    assert alone.out == "SLURM_CONF=/etc/x\nA=a\nb\n"


def test_what_a_command_here_started_ends_with_it(tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"

    with pytest.raises(ClusterUnreachable, match="within 1 seconds"):
        asyncio.run(LocalShell().run(["sh", "-c", script], within=1))

    child = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"
