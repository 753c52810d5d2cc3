"""How the kernel keeps jobs within their memory: one cgroup per job, below one of the box."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.slurm_box.settings import Settings

ROOT: Final = Path("/sys/fs/cgroup")
CONTROLLERS: Final = (
    "freezer",
    "memory",
    "cpuacct",
    "cpuset",
    "devices",
)  #: that Slurm uses, each mounted by itself


def choose(box: Settings) -> str:
    """How memory can be limited here: by cgroups of version 1 or 2, or by Slurm's own sampling ("none")."""
    if box.cgroup != "auto":
        return box.cgroup
    if all(_can_make(ROOT / controller) for controller in CONTROLLERS):
        return "v1"
    return "v2" if _has_memory(ROOT) and _can_make(ROOT) else "none"


def prepare(box: Settings, version: str) -> None:
    """Give the box a subtree of each controller, mounted where Slurm takes it for the whole.

    Every job's slurmstepd reads the list of all processes in the controllers' roots, a byte a call. In a subtree
    that list is empty; and two boxes whose nodes have the same names do not meet.
    """
    if version != "v1":
        return
    for controller in CONTROLLERS:
        subtree, seen = _subtree(box, controller), mounted(box, controller)
        subtree.mkdir(exist_ok=True)
        seen.mkdir(parents=True, exist_ok=True)
        if controller == "cpuset":
            _let_all_cpus_be_used(subtree)
        if not seen.is_mount():
            subprocess.run(["mount", "--bind", str(subtree), str(seen)], check=True)


def processes(box: Settings) -> set[int]:
    """All that runs in the box's cgroups: its jobs, and whatever they left behind."""
    listed = _subtree(box, "freezer").rglob("cgroup.procs")
    return {int(pid) for file in listed for pid in _read(file).split()}


def remove(box: Settings) -> None:
    """Remove the box's cgroups, in which nothing may run any more."""
    for controller in CONTROLLERS:
        if mounted(box, controller).is_mount():
            subprocess.run(["umount", str(mounted(box, controller))], check=True)
        for folder in _from_the_leaves(_subtree(box, controller)):
            folder.rmdir()
    if _has_memory(ROOT):
        _remove_scopes(box)


def mounted(box: Settings, controller: str = "") -> Path:
    """Where Slurm finds the controllers."""
    return box.run / "cgroup" / controller


def _subtree(box: Settings, controller: str) -> Path:
    folder = zlib.crc32(bytes(box.folder))
    return ROOT / controller / f"jobmon-slurm-{box.cluster}-{folder:08x}"


def _remove_scopes(box: Settings) -> None:
    """Version 2 has one scope per node, made by slurmd; those that are empty are left by nobody else."""
    for node in box.node_names:
        for scope in ROOT.rglob(f"{node}_slurmstepd.scope"):
            if not any(_read(file).strip() for file in scope.rglob("cgroup.procs")):
                for folder in _from_the_leaves(scope):
                    folder.rmdir()


def _from_the_leaves(folder: Path) -> Iterator[Path]:
    below = [path for path in folder.rglob("*") if path.is_dir()] if folder.is_dir() else []
    yield from sorted(below, key=lambda path: len(path.parts), reverse=True)
    if folder.is_dir():
        yield folder


def _let_all_cpus_be_used(subtree: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        (subtree / name).write_text((subtree.parent / name).read_text())


def _can_make(folder: Path) -> bool:
    probe = folder / "jobmon-slurm-probe"
    try:
        probe.mkdir(exist_ok=True)
        probe.rmdir()
    except OSError:
        return False
    return True


def _has_memory(root: Path) -> bool:
    return "memory" in _read(root / "cgroup.controllers").split()


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
