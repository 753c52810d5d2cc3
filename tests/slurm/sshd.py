"""A real sshd on this machine, with keys of its own, that leads to whatever the tests' environment leads to."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.ssh import SshAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READY_WITHIN: Final = 60.0

#: What some login shells do: they talk, also when nobody listens.
TALKATIVE: Final = (
    """ForceCommand echo Welcome; echo 'Mind the gap' >&2; exec sh -c "$SSH_ORIGINAL_COMMAND"; echo Bye"""
)


@dataclass(frozen=True, slots=True)
class Sshd:
    """Where it listens, and what is needed to be let in and to know it."""

    port: int
    key: Path
    known_hosts: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> SshAddress:
        return SshAddress(
            host="127.0.0.1", port=self.port, key_file=str(self.key), known_hosts=str(self.known_hosts)
        )

    def end_connections(self) -> None:
        """Break every connection, as a network does."""
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), 9)


@contextmanager
def sshd(folder: Path, environment: Mapping[str, str], *lines: str) -> Iterator[Sshd]:
    """An sshd in the folder; whoever comes finds the environment."""
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True, timeout=20
        )
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    port = _free_port()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    (folder / "sshd_config").write_text(_config(folder, port, environment, lines))
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it there when root starts it
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")],
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_it_listens(process, port, folder / "log")
        yield Sshd(port, folder / "user_key", folder / "known_hosts", process)
    finally:
        process.terminate()
        process.wait(20)


def _config(folder: Path, port: int, environment: Mapping[str, str], lines: tuple[str, ...]) -> str:
    said = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "SetEnv " + " ".join(f"{name}={value}" for name, value in environment.items()),
        *lines,
    ]
    return "".join(f"{line}\n" for line in said)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text())
