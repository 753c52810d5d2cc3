"""A real Slurm for tests, which leaves nothing behind, however the tests end."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from scripts.slurm_box.cluster import Cluster, is_free
from scripts.slurm_box.daemons import wait_until
from scripts.slurm_box.settings import BoxError, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.slurm_box.daemons import Daemon

CHECKOUT: Final = Path(__file__).parents[2]
PORTS: Final = range(20000, 32000, 20)  #: below those that the kernel gives away
STARTS: Final = 3  #: another box may take a free port before this one does

SAVED_AFTER: Final = 6.0  #: seconds, at most, between a change and the state on slurmctld's disk

Kind = Literal["munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd", "slurmrestd"]


@dataclass(frozen=True, slots=True)
class Box:
    """A real Slurm, with nodes n1 to n4, and ways to break and to mend it."""

    cluster: Cluster

    @property
    def settings(self) -> Settings:
        return self.cluster.box

    @property
    def environment(self) -> dict[str, str]:
        """What makes Slurm's commands speak to this box."""
        return {"SLURM_CONF": str(self.settings.slurm_conf)}

    @property
    def folder(self) -> Path:
        return self.settings.folder

    @property
    def nodes(self) -> list[str]:
        return self.settings.node_names

    # --- commands ---

    def command(self, *words: str) -> str:
        """Run one of Slurm's commands, and return what it printed; `BoxError` if it failed."""
        return self.cluster.command(*words)

    def submit(self, script: str, *options: str) -> int:
        """Submit a script for sh, and return the job's id."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
            file.write(f"#!/bin/sh\n{script}\n")
            file.flush()
            return int(self.command("sbatch", "--parsable", "--chdir=/tmp", *options, file.name))

    def state(self, job: int | str) -> str:
        """What slurmctld says of a job, or of an array's element (``12_3``)."""
        return self.command("squeue", "-h", "-t", "all", "-j", str(job), "-o", "%T").strip()

    def wait_for(self, job: int | str, *states: str, within: float = 120) -> str:
        """Wait until a job is in one of these states, and return it."""
        wait_until(lambda: self.state(job) in states, f"Job {job} did not become {states}.", within=within)
        return self.state(job)

    def accounted(self, job: int | str, columns: str, *, until: Callable[[str], bool] = bool) -> str:
        """What accounting says of a job, as soon as it says so: it lags behind by a second or more."""
        said = ""
        deadline = time.monotonic() + 90
        while not until(said):
            assert time.monotonic() < deadline, f"Accounting says {said!r} of job {job}."
            time.sleep(0.2)
            said = self.command("sacct", "-nPXD", "-j", str(job), "-o", columns).strip()
        return said

    def wait_until_saved(self) -> None:
        """Make slurmctld write down what it knows now.

        A crash forgets the last five seconds, and more: that the backfill scheduler has started a job is written
        down when the next thing happens to some job. Until then a crash makes a running job a waiting one.
        """
        for job in self.command("squeue", "-h", "-o", "%A").split()[:1]:
            self.command("scontrol", "update", f"jobid={job}", "comment=saved")
        changed, file = time.time(), self.settings.live / "state" / "job_state"
        while time.time() < changed + SAVED_AFTER and not (file.exists() and file.stat().st_mtime > changed):
            time.sleep(0.05)

    # --- REST ---

    @property
    def rest_url(self) -> str:
        return self.settings.rest_url

    def token(self, *, lifespan: float = 3600) -> str:
        """A token for slurmrestd, of whoever runs the tests."""
        return (
            self.command("scontrol", "token", f"lifespan={int(lifespan)}").strip().removeprefix("SLURM_JWT=")
        )

    # --- breaking and mending ---

    def kill(self, kind: Kind, node: str | None = None) -> None:
        """End a daemon as a crash would; what it looked after goes on by itself."""
        self.daemon(kind, node).kill()

    def stop(self, kind: Kind, node: str | None = None) -> None:
        """End a daemon in order."""
        self.daemon(kind, node).end()

    def start(self, kind: Kind, node: str | None = None) -> None:
        """Start a daemon again, and return when it answers."""
        self.cluster.start(self.daemon(kind, node).name)

    def daemon(self, kind: Kind, node: str | None = None) -> Daemon:
        return self.cluster.daemons[f"{kind}-{node}" if node else kind]

    def drain(self, node: str) -> None:
        """Let a node take no more jobs; those that it has go on."""
        self._update(node, "drain")

    def down(self, node: str) -> None:
        """Declare a node dead: its jobs are killed, and end as NODE_FAIL."""
        self._update(node, "down")

    def resume(self, node: str) -> None:
        """Let a node that was drained or down take jobs again."""
        self._update(node, "resume")

    def _update(self, node: str, state: str) -> None:
        self.command("scontrol", "update", f"nodename={node}", f"state={state}", "reason=tests")

    def reset(self) -> None:
        """Start what was ended, cancel all jobs, and let all nodes take new ones. Old jobs remain known."""
        self.cluster.start(*self.cluster.daemons)
        if self.command("squeue", "-h", "-o", "%i"):
            self.cluster.cancel_jobs()
        for node, state in self.node_states().items():
            if not state.startswith(("idle", "mixed", "alloc", "compl")) or state.endswith("*"):
                self._resume_when_possible(node)
        wait_until(lambda: set(self.node_states().values()) == {"idle"}, "Nodes are not idle.")

    def _resume_when_possible(self, node: str) -> None:
        """A node that has just come back may be up by itself, which makes it no node to be resumed."""
        try:
            self.resume(node)
        except BoxError as error:
            if "Invalid node state" not in str(error):
                raise

    def node_states(self) -> dict[str, str]:
        """The nodes' states in small letters, such as ``idle``, ``drained`` and ``down*``."""
        lines = self.command("sinfo", "-h", "-N", "-p", "all.q", "-o", "%N %T").splitlines()
        return dict(line.split() for line in lines)


@contextmanager
def own_box(name: str = "tests", *, lines: tuple[str, ...] = ()) -> Iterator[Box]:
    """A box of one's own, with other lines in its slurm.conf; gone with its block, and with the process."""
    folder = Path(tempfile.mkdtemp(prefix=f"jobmon-slurm-{name}-", dir="/var/tmp"))
    try:
        with _taken_down_in_any_case(folder):
            yield Box(_up(folder, lines))
    finally:
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()


def _up(folder: Path, lines: tuple[str, ...]) -> Cluster:
    for attempt in range(1, STARTS + 1):
        cluster = Cluster(
            Settings(folder=folder, cluster=_cluster_name(), port=_free_ports()).with_lines(lines)
        )
        try:
            cluster.up()
        except BoxError:
            if attempt == STARTS:
                raise
            cluster.down(wipe=True)
        else:
            return cluster
    raise AssertionError


@contextmanager
def _taken_down_in_any_case(folder: Path) -> Iterator[None]:
    """Let a process of its own, which sees when this one ends, take the box down."""
    wait_and_wipe = f'cat >/dev/null; exec {sys.executable} "$0" --wipe'
    with subprocess.Popen(
        ["sh", "-c", wait_and_wipe, str(CHECKOUT / "scripts" / "slurm-down")],
        env={**os.environ, "JOBMON_SLURM_BOX": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as keeper:
        try:
            yield
        finally:
            said, _ = keeper.communicate()
            assert keeper.returncode == 0, said


def obstacle() -> str:
    """Why there can be no box here; nothing if there can."""
    if os.geteuid() != 0:
        return "A Slurm of one's own needs root: run these tests as root."
    if shutil.which("slurmctld", path="/usr/sbin:/sbin") is None:
        return "There is no Slurm here. As root, run 'scripts/install-slurm', or run 'make slurm'."
    return ""


def _cluster_name() -> str:
    return f"tests{os.getpid()}x{random.randrange(10_000)}"


def _free_ports() -> int:
    """The first of as many free ports as a box needs."""
    return next(
        first
        for first in random.sample(PORTS, len(PORTS))
        if all(is_free(port) for port in range(first, first + PORTS.step))
    )
