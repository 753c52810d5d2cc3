"""Commands on another machine, by the OpenSSH client: one connection for all of them.

A program for its sh comes first on the command's standard input, so that no login shell has to understand it, and
neither values nor scripts are seen on a command line. Its answers stand between marks, so that what a login shell says
of its own does no harm, and an answer that was cut off is noticed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import secrets
import shlex
import shutil
import socket
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from jobmon_airflow.distributors.slurm.shells import WITHIN, Answer, LocalShell, is_for_slurm
from jobmon_airflow.errors import ClusterUnreachable, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CONNECT_WITHIN: Final = 10  #: seconds, per address
_IDLE: Final = 300  #: seconds after which a connection ends that nobody uses, should we be gone
_LONGEST_FOLDER: Final = 60  #: a socket's path has at most 104 bytes, and ssh adds 18 while it makes it

_BEGIN: Final = "exec /bin/sh -c 'eval \"$(head -c {length})\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAddress:
    """A machine that is reached by ssh, with the user's own configuration where nothing is said here."""

    host: str
    port: int | None = None
    user: str | None = None
    key_file: str | None = None
    private_key: str | None = field(default=None, repr=False)  #: itself, where there is no file
    known_hosts: str | None = None  #: a file
    host_key: str | None = (
        None  #: its public key, where there is no file: "ssh-ed25519 AAAA…", or only "AAAA…"
    )
    checks_host: bool = True  #: or whoever answers there is believed

    def __post_init__(self) -> None:
        for name, value in (("host", self.host), ("user", self.user or "")):
            # ssh would take it for an option, or a control character for the end of one.
            if value.startswith("-") or not value.isprintable() or " " in value:
                raise InvalidSetting(
                    f"The {name} {value!r} is none that ssh can reach.", remedy=f"Write the {name}'s name."
                )

    def words(self, *options: str) -> list[str]:
        """The beginning of a command that runs what follows there. It never asks anybody for anything."""
        choices = {"-p": self.port, "-l": self.user, "-i": self.key_file}
        return [
            # In a batch ssh refuses hosts that it does not know, unless the user's configuration lets it in.
            *("ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT_WITHIN}"),
            *options,
            *self._whom_to_believe(),
            *(("-o", "IdentitiesOnly=yes") if self.key_file else ()),
            *(part for flag, value in choices.items() if value for part in (flag, str(value))),
            *("--", self.host),
        ]

    def _whom_to_believe(self) -> tuple[str, ...]:
        if self.known_hosts:
            return ("-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.known_hosts}")
        if self.checks_host:
            return ()
        return (
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
        )


class SshShell:
    """Runs commands on another machine, over one connection that is made again when it breaks."""

    def __init__(self, address: SshAddress) -> None:
        self._given = self._address = address
        self._here = LocalShell()
        self._folder: Path | None = None
        self._inside = 0
        self._entering, self._connecting = asyncio.Lock(), asyncio.Lock()
        self.where = address.host
        self.connected = 0  #: how often the connection was made

    async def __aenter__(self) -> Self:
        """May be entered several times, by all who share the connection; the last who leaves ends it."""
        async with self._entering:
            if self._inside == 0:
                await self._enter()
            self._inside += 1
        return self

    async def __aexit__(self, *error: object) -> None:
        async with self._entering:
            self._inside -= 1
            if self._inside == 0:
                await self._leave()

    async def _enter(self) -> None:
        self._folder = _short_private_folder()
        try:
            await self._connect()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    async def _leave(self) -> None:
        try:
            with contextlib.suppress(ClusterUnreachable):
                await self._here.run(self._ssh("-O", "exit"), within=_CONNECT_WITHIN)
        finally:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    async def run(
        self,
        words: Sequence[str],
        *,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
        within: float = WITHIN,
        may_repeat: bool = True,
    ) -> Answer:
        mark = f"jobmon-{secrets.token_hex(8)}"
        program, inner = _programs(words, mark, extra=extra, only=only)
        for is_last in (False, True) if may_repeat else (True,):
            await self._connect()
            begin = _BEGIN.format(length=len(program))
            said = await self._here.run([*self._ssh(), begin], stdin=program + inner + stdin, within=within)
            if answer := _answer(said, mark):
                return self._checked(words, answer)
            self._forget()
            if is_last:
                raise _unreachable(self.where, said.err)
        raise AssertionError

    def _checked(self, words: Sequence[str], answer: Answer) -> Answer:
        if answer.code == 127 and "not found" in answer.err:
            raise ClusterUnreachable(
                f"There is no command '{words[0]}' on {self.where}.",
                remedy="Name a login node of the cluster, where Slurm's commands are on the PATH without a terminal.",
            )
        return answer

    # --- the connection ---------------------------------------------------------------------------------------------

    @property
    def _socket(self) -> Path:
        assert self._folder is not None, "enter the shell first"
        return self._folder / "s"

    def _ssh(self, *options: str) -> list[str]:
        shared = ("-o", f"ControlPath={self._socket}", "-o", "ControlMaster=no")
        return self._address.words(*shared, *options)

    async def _connect(self) -> None:
        async with self._connecting:
            if not _answers(self._socket):
                await self._start_master()

    async def _start_master(self) -> None:
        self._forget()
        self._address = in_files(self._given, self._socket.parent)
        try:
            await self._let_in()
        finally:
            # It is needed no more, and whoever is killed from now on leaves no key behind.
            _remove(self._given, self._address)

    async def _let_in(self) -> None:
        log = self._socket.with_name("said")
        master = self._address.words(
            *("-f", "-N", "-M", "-o", f"ControlPath={self._socket}", "-o", f"ControlPersist={_IDLE}"),
            *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"),
        )
        # It goes to the background by itself, and must not hold on to our pipes from there.
        detached = ["sh", "-c", 'log=$1; shift; exec "$@" >/dev/null 2>"$log"', "sh", str(log)]
        said = await self._here.run([*detached, *master], within=3 * _CONNECT_WITHIN)
        if said.code != 0 or not _answers(self._socket):
            raise _unreachable(self.where, log.read_text(errors="replace"))
        self.connected += 1

    def _forget(self) -> None:
        self._socket.unlink(missing_ok=True)


def _short_private_folder() -> Path:
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="jm-", dir=usual if len(usual) < _LONGEST_FOLDER else "/tmp"))  # noqa: S108


@contextlib.contextmanager
def at_hand(address: SshAddress) -> Iterator[SshAddress]:
    """The same for single commands, by its `words`."""
    folder = _short_private_folder()
    try:
        yield in_files(address, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_files(address: SshAddress, folder: Path) -> SshAddress:
    """The same with its keys in files of a private folder, since ssh reads them nowhere else."""
    key_file, known_hosts = address.key_file, address.known_hosts
    if address.private_key is not None:
        # Without the last newline it is no key to ssh.
        key_file = _written(folder / "key", address.private_key.rstrip() + "\n")
    if address.host_key is not None and known_hosts is None:
        # Whatever name and port ssh's own configuration turns the host into, this is the key that it has.
        known_hosts = _written(folder / "known_hosts", f"* {_whole_key(address.host_key)}\n")
    return replace(address, key_file=key_file, private_key=None, known_hosts=known_hosts, host_key=None)


def _remove(given: SshAddress, address: SshAddress) -> None:
    if given.private_key is not None and address.key_file is not None:
        Path(address.key_file).unlink(missing_ok=True)


def _written(path: Path, text: str) -> str:
    with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
    return str(path)


def _whole_key(key: str) -> str:
    """A public key with its type before it, which its beginning tells.

    >>> _whole_key("AAAAC3NzaC1lZDI1NTE5AAAAIFake")
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFake'
    """
    *_, encoded = key.split()[:2] or [""]
    try:
        begin = base64.b64decode(encoded[: len(encoded) // 4 * 4], validate=True)
        kind = begin[4 : 4 + int.from_bytes(begin[:4])].decode("ascii")
    except ValueError:
        kind = ""
    if not re.fullmatch(r"[a-z][a-z0-9@.-]+", kind):
        raise InvalidSetting(
            f"The host key '{key[:60]}' is none.",
            remedy="Write type and key, as ssh-keyscan does: ssh-ed25519 AAAA…. Make sure that it is the host's.",
        )
    return f"{kind} {encoded}"


def _answers(path: Path) -> bool:
    """Whether somebody listens on the socket; a killed master leaves it behind."""
    with socket.socket(socket.AF_UNIX) as there:
        try:
            there.connect(str(path))
        except OSError:
            return False
    return True


# --- what is run there ----------------------------------------------------------------------------------------------


def _programs(
    words: Sequence[str], mark: str, *, extra: Mapping[str, str] | None, only: Mapping[str, str] | None
) -> tuple[bytes, bytes]:
    """A program for sh that runs the words in the environment, and marks where its answers begin and end.

    Where the environment has to be empty at first, it starts another sh, which reads the second program.
    """
    if only is None:
        lines = [_WITHOUT_SLURMS_OWN, *_exports(extra or {})]
        return _text(*_marked(mark), *lines, shlex.join(words), _end(mark)), b""
    inner = _text(
        *_marked(mark),
        f"command_=$(command -v {shlex.quote(words[0])}) || command_={shlex.quote(words[0])}",
        "unset PATH PWD OLDPWD SHLVL _",
        *_exports({name: value for name, value in only.items() if not is_for_slurm(name)}),
        f'"$command_" {shlex.join(words[1:])}',
        _end(mark),
    )
    # `env -i`, because nothing else drops functions that a login shell exports; PATH and SLURM_CONF are no secrets.
    kept = 'PATH="$PATH" ${SLURM_CONF+"SLURM_CONF=$SLURM_CONF"}'
    return _text(f"exec env -i {kept} {_BEGIN.format(length=len(inner)).removeprefix('exec ')}"), inner


_WITHOUT_SLURMS_OWN: Final = (
    "for name_ in $(env | sed -n 's/^\\(S[A-Z]*_[A-Za-z0-9_]*\\)=.*/\\1/p'); do\n"
    "case $name_ in SLURM_CONF|SLURM_CONF_SERVER|SLURM_JWT) ;;\n"
    'SLURM_*|SBATCH_*|SRUN_*|SQUEUE_*|SACCT_*|SCANCEL_*|SINFO_*|SCONTROL_*) unset "$name_" ;; esac\n'
    "done"
)


def _exports(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):  # sh can set no others
            yield f"export {name}={shlex.quote(value)}"


def _marked(mark: str) -> tuple[str, str]:
    return f"printf '%s\\n' {mark}", f"printf '%s\\n' {mark} >&2"


def _end(mark: str) -> str:
    return f"printf '\\n%s %s\\n' {mark} \"$?\" >&2"


def _text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _answer(said: Answer, mark: str) -> Answer | None:
    """What the command itself said; None if it was cut off."""
    _, began, out = said.out.partition(f"{mark}\n")
    _, _, rest = said.err.partition(f"{mark}\n")
    err, ended, code = rest.rpartition(f"\n{mark} ")
    if not began or not ended:
        return None
    return Answer(int(code.split()[0]), out, err)


def _unreachable(where: str, said: str) -> ClusterUnreachable:
    words = "; ".join(line.strip() for line in said.splitlines() if line.strip())[-500:] or "nothing"
    return ClusterUnreachable(
        f"ssh does not reach {where}, or lost it. It said: {words}", remedy=_remedy(words, where)
    )


def _remedy(words: str, where: str) -> str:
    if "Host key verification failed" in words or "IDENTIFICATION HAS CHANGED" in words:
        return f"Make sure whose key it is, then let ssh know the host: ssh-keyscan {where} >> ~/.ssh/known_hosts"
    if "Permission denied" in words:
        return "Name a key that is let in there and asks for no passphrase (or an agent that has it), and the user."
    return f"Try it by hand, as the user whom this runs as: ssh {where} true"
