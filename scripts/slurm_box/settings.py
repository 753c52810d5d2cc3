"""Where a box is, what it is called and how large it is."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER: Final = "JOBMON_SLURM_BOX"
PORT: Final = "JOBMON_SLURM_PORT"
CLUSTER: Final = "JOBMON_SLURM_CLUSTER"
CGROUP: Final = "JOBMON_SLURM_CGROUP"


class BoxError(Exception):
    """What went wrong, and what to do about it."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that distinguishes one box from another."""

    folder: Path
    cluster: str = "jobmon"
    port: int = 17600  #: the first; up to ``last_port`` all are the box's
    nodes: int = 4
    cpus: int = 16  #: that each node claims to have
    memory: int = 4096  #: MB that each node claims to have
    cgroup: str = "auto"  #: how memory limits are enforced: v1, v2, none
    replaced: Mapping[str, str] = field(default_factory=dict)  #: lines of slurm.conf that are to be others

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """What the environment says, and what the box was made with, if there is one in the folder."""
        folder = Path(environment.get(FOLDER, f"/var/tmp/jobmon-slurm-{os.getuid()}")).absolute()
        asked = {"cluster": environment.get(CLUSTER), "cgroup": environment.get(CGROUP)}
        port = environment.get(PORT)
        named = {name: value for name, value in asked.items() if value} | (
            {"port": int(port)} if port else {}
        )
        return replace(cls.made(folder) or cls(folder=folder), **named)

    @classmethod
    def made(cls, folder: Path) -> Self | None:
        """What the box in a folder was made with; None if there is no box."""
        try:
            stored = json.loads((folder / "box.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(**stored | {"folder": folder})

    def save(self) -> None:
        stored = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / "box.json").write_text(json.dumps(stored, indent=1), encoding="utf-8")

    def with_lines(self, lines: Iterable[str]) -> Self:
        """The same with other lines in slurm.conf: ``KEY=VALUE``, or ``KEY=`` for none."""
        pairs = dict(line.split("=", 1) for line in lines)
        return replace(self, replaced={**self.replaced, **pairs})

    # --- folders ---

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def live(self) -> Path:
        """What daemons write all the time: the state, the spools, the database; in memory if possible."""
        return self.folder / "live"

    @property
    def slurm_conf(self) -> Path:
        return self.etc / "slurm.conf"

    @property
    def munge_socket(self) -> Path:
        return self.run / "munge" / "munge.sock"

    @property
    def mysql_socket(self) -> Path:
        return self.run / "mysql" / "mysql.sock"

    # --- ports ---

    @property
    def slurmctld_port(self) -> int:
        return self.port

    @property
    def slurmdbd_port(self) -> int:
        return self.port + 1

    @property
    def rest_port(self) -> int:
        return self.port + 2

    @property
    def node_ports(self) -> range:
        return range(self.port + 3, self.port + 3 + self.nodes)

    @property
    def node_names(self) -> list[str]:
        return [f"n{number}" for number in range(1, self.nodes + 1)]

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes Slurm's commands speak to this box."""
        return {FOLDER: str(self.folder), "SLURM_CONF": str(self.slurm_conf)}
