"""The folders of a box, and who may read them."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from scripts.slurm_box.daemons import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.slurm_box.settings import Settings

USER: Final = "slurm"  #: Debian's account for slurmctld and slurmdbd


def make(box: Settings) -> None:
    """Make what is missing, and bring back what `keep` put aside."""
    for folder in (
        box.folder,
        box.etc,
        box.run,
        box.log,
        box.live,
        box.munge_socket.parent,
        box.mysql_socket.parent,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    _mount_memory(box)
    for folder, mode in ((box.live / "state", 0o700), (box.live / "db", 0o700), (box.live / "spool", 0o755)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    for folder in (box.run, box.log, box.mysql_socket.parent, box.live / "state", box.live / "db"):
        shutil.chown(folder, USER, USER)
    box.mysql_socket.parent.chmod(0o700)  # the database asks nobody for a password
    _make_key(box.etc / "munge.key", 128)
    _make_key(box.etc / "jwt_hs256.key", 32)
    shutil.chown(box.etc / "jwt_hs256.key", USER)


def is_forgetful(box: Settings) -> bool:
    """Whether jobs' ids would start again beside old accounting, since a reboot emptied the memory."""
    return (box.folder / "accounts-made").exists() and not (
        (box.live / "db" / "mysql").is_dir() or (_kept(box) / "db").is_dir()
    )


def keep(box: Settings) -> None:
    """Put aside what lies in memory, and free it. No daemon may run."""
    if not box.live.is_mount():
        return
    shutil.rmtree(_kept(box), ignore_errors=True)
    subprocess.run(["cp", "--archive", str(box.live), str(_kept(box))], check=True)
    _unmount(box)


def remove(box: Settings) -> None:
    """Remove everything."""
    _unmount(box)
    shutil.rmtree(box.folder, ignore_errors=False)


def _mount_memory(box: Settings) -> None:
    """Put ``live`` into memory: each job makes and removes a dozen files there, and a disk would slow all of them."""
    if box.live.is_mount():
        return
    tmpfs = ["mount", "-t", "tmpfs", "-o", "mode=755,size=50%", "jobmon-slurm", str(box.live)]
    subprocess.run(
        tmpfs, check=False, capture_output=True
    )  # where mounts are forbidden a plain folder will do
    if _kept(box).is_dir():
        subprocess.run(["cp", "--archive", f"{_kept(box)}/.", str(box.live)], check=True)
        shutil.rmtree(_kept(box))


def _unmount(box: Settings) -> None:
    """Unmount it; what was killed just now may keep it for another moment."""
    if box.live.is_mount():
        wait_until(
            lambda: _is_unmounted(box), f"Somebody uses {box.live}: `fuser -vm {box.live}`.", within=10
        )


def _is_unmounted(box: Settings) -> bool:
    return subprocess.run(["umount", str(box.live)], capture_output=True, check=False).returncode == 0


def _kept(box: Settings) -> Path:
    return box.folder / "kept"


def _make_key(file: Path, size: int) -> None:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(size))
