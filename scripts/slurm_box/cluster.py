"""A box is brought up, changed and taken down."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.slurm_box import cgroups, configuration, places
from scripts.slurm_box.daemons import (
    Daemon,
    end,
    end_processes,
    environment_of,
    named,
    processes_with,
    uses,
    wait_until,
)
from scripts.slurm_box.settings import PORT, BoxError, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NEEDED = (
    "slurmctld",
    "slurmd",
    "slurmdbd",
    "slurmrestd",
    "sbatch",
    "sacctmgr",
    "munged",
    "mariadbd",
    "unshare",
)


@dataclass(slots=True)
class Cluster:
    """A real Slurm in a folder."""

    box: Settings
    say: Callable[[str], None] = lambda _: None
    daemons: dict[str, Daemon] = field(init=False)

    def __post_init__(self) -> None:
        self.daemons = {daemon.name: daemon for daemon in _daemons(self.box)}

    # --- up and down ---

    def up(self, *, fresh: bool = False, reconfigure: bool = False) -> None:
        """Start what does not run, and return when every node takes jobs."""
        _require_root()
        _require_programs()
        if fresh or places.is_forgetful(self.box):
            self.down(wipe=True)
        places.make(self.box)
        with self._alone():
            if reconfigure:
                self._end_slurm()
            self._require_ports()
            self._configure(anew=reconfigure)
            self._start_everything()
            self._wait_for_nodes()

    def down(self, *, wipe: bool = False) -> None:
        """End all daemons and jobs. With ``wipe`` nothing is left, else jobs' ids and accounting go on next time."""
        _require_root()
        if not self.box.folder.is_dir():
            return
        if not wipe and self.daemons["slurmctld"].is_alive:
            self._cancel_everything()
        self._end_slurm(signal.SIGKILL if wipe else signal.SIGTERM)
        self._end_jobs()
        below = [self.daemons[name] for name in ("slurmdbd", "mariadbd", "munged")]
        for daemon in below:
            daemon.end(signal.SIGKILL if wipe else signal.SIGTERM, patience=20)
        cgroups.remove(self.box)
        if wipe:
            places.remove(self.box)
        else:
            places.keep(self.box)

    def start(self, *names: str) -> None:
        """Start daemons, and return when they answer."""
        for name in names:
            self.daemons[name].start()
        for name in names:
            self.daemons[name].wait()

    def slurmds(self) -> list[str]:
        return [f"slurmd-{node}" for node in self.box.node_names]

    def command(self, *words: str, timeout: float = 60) -> str:
        """Run one of Slurm's commands, and return what it printed."""
        environment = {**os.environ, **self.box.environment}
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=timeout, cwd="/"
        )
        if done.returncode:
            raise BoxError(
                f"`{shlex.join(words)}` failed with {done.returncode}.\n{done.stdout}{done.stderr}",
                remedy=f"The logs are in {self.box.log}.",
            )
        return done.stdout

    # --- the parts of up ---

    def _configure(self, *, anew: bool) -> None:
        if self.daemons["slurmctld"].is_alive and not anew:
            return
        version = configuration.write(self.box)
        self.box.save()
        self.say(f"configured; memory limits by {'sampling' if version == 'none' else f'cgroups {version}'}")

    def _start_everything(self) -> None:
        self.daemons["munged"].start()
        self._make_database()
        self.start("munged", "mariadbd")
        self.say("munge and MariaDB are up")
        self.start("slurmdbd")
        self.say("slurmdbd is up")
        self._make_accounts()
        self.start("slurmctld")
        self.say("slurmctld is up")
        self.start(*self.slurmds(), "slurmrestd")

    def _make_accounts(self) -> None:
        """Let slurmdbd know them before there is a slurmctld, which would miss what comes while it starts."""
        made = self.box.folder / "accounts-made"
        if made.exists():
            return
        self.command("sacctmgr", "-i", *configuration.STRICT)
        self.command("sacctmgr", "-i", "load", f"file={self.box.etc}/accounts.cfg")
        made.touch()
        self.say("the accounts are made")

    def _make_database(self) -> None:
        """Make MariaDB's folder, with nothing of /etc/mysql in it."""
        folder = self.box.live / "db"
        if (folder / "mysql").is_dir():
            return
        install = ["mariadb-install-db", *_mariadb_options(self.box), "--skip-name-resolve", "--skip-test-db"]
        done = subprocess.run(
            [*install, "--auth-root-authentication-method=normal"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(folder / "mysql", ignore_errors=True)
            raise BoxError(
                f"MariaDB could not make its folder.\n{done.stdout[-2000:]}{done.stderr[-2000:]}",
                remedy="`scripts/slurm-up --fresh` tries again.",
            )

    def _wait_for_nodes(self) -> None:
        wait_until(self._nodes_are_up, f"Not all nodes came up; see {self.box.log}.")
        self.say(f"{self.box.nodes} nodes of {self.box.cpus} CPUs and {self.box.memory} MB are up")

    def _nodes_are_up(self) -> bool:
        """Whether all answer. One that somebody drained stays as it is."""
        states = self.command("sinfo", "-h", "-N", "-p", "all.q", "-o", "%T").split()
        return not any(state.startswith(("unk", "down")) or state.endswith("*") for state in states)

    def _require_ports(self) -> None:
        for daemon in self.daemons.values():
            for port in daemon.ports:
                if not daemon.is_alive and not is_free(port):
                    raise BoxError(
                        f"Port {port}, which {daemon.name} needs, is taken.",
                        remedy=f"Choose others: `export {PORT}=...` and `scripts/slurm-up --fresh`.",
                    )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other slurm-up work on the same box meanwhile."""
        with (self.box.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- the parts of down ---

    def _cancel_everything(self) -> None:
        """Let accounting know how the jobs ended; what does not end in time is killed later on."""
        try:
            self.cancel_jobs(patience=3)
        except (BoxError, subprocess.TimeoutExpired) as error:
            self.say(f"jobs could not be cancelled: {error}")

    def cancel_jobs(self, *, patience: float = 30) -> None:
        """End all jobs at once, and wait until none is left."""
        users = sorted(set(self.command("squeue", "-h", "-o", "%u").split()))
        for user in users:
            self.command("scancel", "-u", user, "--state=PENDING")
            self.command("scancel", "-u", user, "--signal=KILL", "--full")
            self.command("scancel", "-u", user)
        wait_until(lambda: not self.command("squeue", "-h", "-o", "%i"), "Jobs do not end.", within=patience)

    def _end_slurm(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End slurmctld, which has saved its state at once and lingers for seconds, and the nodes. Jobs go on."""
        names = ("slurmrestd", *self.slurmds(), "slurmctld")
        end([self.daemons[name] for name in names], how, patience=2)

    def _end_jobs(self) -> None:
        """Kill what is left of jobs, which outlive slurmd by design."""
        until = time.monotonic() + 10
        while left := self._processes_of_jobs():
            if time.monotonic() > until:
                raise BoxError(f"Processes {sorted(left)} can't be killed.", remedy="Look at them with `ps`.")
            end_processes(left)

    def _processes_of_jobs(self) -> set[int]:
        """What runs in the box's cgroups, what calls itself a job of it, and what helps daemons."""
        conf = f"SLURM_CONF={self.box.slurm_conf}"
        jobs = set(processes_with(conf, "SLURM_JOB_ID="))
        helpers = {*named("slurmstepd"), *named("slurmscriptd")}
        watchers = {pid for pid in helpers if conf in environment_of(pid) or uses(pid, self.box.folder)}
        return (cgroups.processes(self.box) | jobs | watchers) - {os.getpid()}


def _daemons(box: Settings) -> Iterator[Daemon]:
    yield Daemon(
        name="munged",
        box=box,
        command=(
            *(
                "/usr/sbin/munged",
                "--foreground",
                "--force",
                "--num-threads=8",
                f"--socket={box.munge_socket}",
            ),
            *(f"--key-file={box.etc}/munge.key", f"--pid-file={box.munge_socket.parent}/pid"),
            *(f"--log-file={box.log}/munged.log", f"--seed-file={box.munge_socket.parent}/seed"),
        ),
        answers=lambda: _succeeds(box, "munge", "-n", "-S", str(box.munge_socket)),
    )
    yield Daemon(
        name="mariadbd",
        box=box,
        command=(
            *(
                "/usr/sbin/mariadbd",
                *_mariadb_options(box),
                f"--socket={box.mysql_socket}",
                "--skip-networking",
            ),
            *(f"--pid-file={box.mysql_socket.parent}/pid", "--innodb-buffer-pool-size=256M"),
            *("--innodb-lock-wait-timeout=900", "--max-allowed-packet=64M", "--skip-log-bin"),
            *("--performance-schema=OFF", "--max-connections=100", "--skip-name-resolve"),
        ),
        answers=lambda: _database_is_there(box),
    )
    yield Daemon(
        name="slurmdbd",
        box=box,
        command=("/usr/sbin/slurmdbd", "-D"),
        # libmariadb finds the socket of `localhost` by this.
        environment={"MYSQL_UNIX_PORT": str(box.mysql_socket)},
        user=places.USER,
        ports=(box.slurmdbd_port,),
        answers=lambda: _listens(box.slurmdbd_port),
    )
    yield Daemon(
        name="slurmctld",
        box=box,
        command=("/usr/sbin/slurmctld", "-D", "-f", str(box.slurm_conf)),
        user=places.USER,
        ports=(box.slurmctld_port,),
        answers=lambda: _is_up(box),
    )
    for node, port in zip(box.node_names, box.node_ports, strict=True):
        yield _slurmd(box, node, port)
    yield Daemon(
        name="slurmrestd",
        box=box,
        command=(
            "/usr/sbin/slurmrestd",
            "-f",
            str(box.slurm_conf),
            "-a",
            "rest_auth/jwt",
            f"127.0.0.1:{box.rest_port}",
        ),
        # It refuses to be root or Slurm's own user; and to begin without a token, which it then takes from its callers.
        environment={"SLURM_JWT": "daemon"},
        user="nobody",
        group="nogroup",
        ports=(box.rest_port,),
        answers=lambda: _listens(box.rest_port),
    )


def _slurmd(box: Settings, node: str, port: int) -> Daemon:
    """A node, which has its own name and knows the others', where namespaces can be made."""
    slurmd = ("/usr/sbin/slurmd", "-D", "-N", node, "-f", str(box.slurm_conf))
    named = f'mount --bind {shlex.quote(str(box.run / "hosts"))} /etc/hosts && hostname {node} && exec "$@"'
    own = ("unshare", "--uts", "--mount", "--propagation", "slave")
    # The first word is looked up when the daemon starts: a machine that has no namespaces runs slurmd as it is.
    command = ("sh", "-c", f'if {shlex.join(own)} true; then exec "$0" "$@"; fi; shift 8; exec "$@"')
    return Daemon(
        name=f"slurmd-{node}",
        box=box,
        command=(*command, *own, "sh", "-c", named, "sh", *slurmd),
        ports=(port,),
        answers=lambda: _listens(port),
    )


def _mariadb_options(box: Settings) -> Sequence[str]:
    """Nothing from /etc/mysql; and no care for what a power failure would lose, since all of it lies in memory."""
    return (
        *("--no-defaults", f"--user={places.USER}", f"--datadir={box.live}/db", "--innodb-log-file-size=48M"),
        *("--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"),
        *("--sync-frm=0", "--innodb-data-file-path=ibdata1:12M:autoextend"),
    )


def _database_is_there(box: Settings) -> bool:
    make = (
        f"CREATE DATABASE IF NOT EXISTS slurm_acct_db; CREATE USER IF NOT EXISTS {places.USER}@localhost; "
        f"GRANT ALL ON slurm_acct_db.* TO {places.USER}@localhost"
    )
    return _succeeds(box, "mariadb", "--no-defaults", "-u", "root", "-S", str(box.mysql_socket), "-e", make)


def _succeeds(box: Settings, *words: str) -> bool:
    return _asked(box, *words).returncode == 0


def _asked(box: Settings, *words: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **box.environment}
    return subprocess.run(
        words, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=timeout
    )


def _is_up(box: Settings) -> bool:
    """Whether slurmctld answers. Who asks while it starts may never be answered, so that is asked anew."""
    try:
        return "is UP" in _asked(box, "scontrol", "ping", timeout=5).stdout
    except subprocess.TimeoutExpired:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    """Whether somebody may listen there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _require_root() -> None:
    if os.geteuid() != 0:
        raise BoxError(
            "A Slurm of one's own needs root: its nodes get names and cgroups of their own.",
            remedy="Type `sudo make slurm-up`; or do without, and tests marked slurm are skipped.",
        )


def _require_programs() -> None:
    missing = [
        name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    ]
    if missing:
        raise BoxError(
            f"There is no {' nor '.join(missing)} here.", remedy="As root, type `scripts/install-slurm`."
        )
