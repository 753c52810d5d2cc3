"""Where Slurm's commands are run: on this machine, or, in `ssh`, on another one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from jobmon_airflow.errors import ClusterIsSilent, ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITHIN: Final = (
    60.0  #: seconds that a command gets; Slurm's own patience with slurmctld (MessageTimeout) is shorter
)

# Variables with which Slurm's commands find and convince their cluster. All others of theirs change what is asked:
# https://slurm.schedmd.com/sbatch.html#SECTION_INPUT-ENVIRONMENT-VARIABLES
KEPT: Final = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
ITS_OWN: Final = ("SLURM_", "SBATCH_", "SRUN_", "SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_", "SCONTROL_")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


class Shell(Protocol):
    """Runs commands, given as words."""

    where: str  #: for people

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

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
        """Run a command to its end.

        It finds the environment of whoever runs it, with ``extra`` in it, or nothing but ``only``; no variables that
        would change what Slurm's commands do. Values are never part of a command line, which others can see.
        `ClusterUnreachable` if it could not be run, or did not end in time; unless it ``may_repeat``, it may have
        run then.
        """


def is_for_slurm(name: str) -> bool:
    """Whether the variable would change what Slurm's commands do."""
    return name.startswith(ITS_OWN) and name not in KEPT


class LocalShell:
    """Runs commands on this machine."""

    where = "this machine"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def run(
        self,
        words: Sequence[str],
        *,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
        within: float = WITHIN,
        may_repeat: bool = True,  # noqa: ARG002 - nothing gets lost on the way
    ) -> Answer:
        program = shutil.which(words[0])
        if program is None:
            raise ClusterUnreachable(
                f"There is no command '{words[0]}' on this machine.",
                remedy="Install Slurm's commands (slurm-client), or reach the cluster by ssh or rest.",
            )
        return await _ended([program, *words[1:]], stdin, _environment(extra, only), within, self.where)


def _environment(extra: Mapping[str, str] | None, only: Mapping[str, str] | None) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not is_for_slurm(name)}
    if only is None:
        return {**mine, **(extra or {})}
    kept: dict[str, str] = {name: mine[name] for name in KEPT if name in mine}
    return {**kept, **{name: value for name, value in only.items() if not is_for_slurm(name)}}


async def _ended(
    words: Sequence[str], stdin: bytes, environment: Mapping[str, str], within: float, where: str
) -> Answer:
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        raise ClusterIsSilent(
            f"{words[0].rpartition('/')[2]} did not answer on {where} within {within:g} seconds.",
            remedy="Is slurmctld up, and not too busy? Try it there: scontrol ping; sdiag.",
        ) from None
    finally:
        await _killed(process)
    return Answer(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


async def _killed(process: asyncio.subprocess.Process) -> None:
    """End it with all that it started, if it has not ended."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # Others may hold its pipes, such as the master of an ssh connection; nobody waits for those.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio has no other way
    await process.wait()
