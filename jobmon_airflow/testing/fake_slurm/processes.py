"""Jobs as processes of this machine: how they begin, with what in their environment, and how they are ended."""

from __future__ import annotations

import errno
import os
import pwd
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobmon_airflow.testing.fake_slurm.jobs import Run

MARK: Final = "FAKE_SLURM_JOB"  #: in the environment of all that a job starts


#: What Slurm has for a status when it cannot open a job's output: one of its own error numbers.
NO_OUTPUT: Final = 4021


class CannotLaunch(Exception):
    """The script can't be started; ``status`` is what Slurm makes of that."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def start(run: Run, script: Path, environment: Mapping[str, str]) -> None:
    """Start the script of a job, whose output goes where sbatch was told to put it."""
    request = run.element.array.request
    run.log = _path(run, request.error or request.output)
    cwd = request.cwd if Path(request.cwd).is_dir() else "/tmp"  # noqa: S108 - as slurmd does
    how = "ab" if request.appends or run.element.restarts == 0 else "wb"
    try:
        with _path(run, request.output).open(how) as out, run.log.open("ab") as err:
            run.process = _popen(
                (str(script), *request.arguments),
                out=out.fileno(),
                err=err.fileno(),
                cwd=cwd,
                env=environment,
            )
    except FileNotFoundError as error:
        if error.filename == str(script):
            raise CannotLaunch(2 << 8) from error  # its interpreter is not there
        raise CannotLaunch(NO_OUTPUT) from error


def _popen(
    words: tuple[str, ...], *, out: int, err: int, cwd: str, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """A file that was just written is busy as long as somebody else's child, between fork and exec, holds it open."""
    for _ in range(100):
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            if error.errno != errno.ETXTBSY:
                raise
            time.sleep(0.01)
    raise CannotLaunch(NO_OUTPUT)


def environment(run: Run, *, cluster: str, nodes: int) -> dict[str, str]:
    """What Slurm adds to what sbatch was called with."""
    element, array = run.element, run.element.array
    request, raw_id = array.request, str(element.raw_id)
    user = user_of(request.uid)
    added = {
        MARK: mark(run),
        "ENVIRONMENT": "BATCH",
        "HOSTNAME": run.node,
        "SLURMD_NODENAME": run.node,
        "SLURM_CLUSTER_NAME": cluster,
        "SLURM_CPUS_ON_NODE": str(request.cpus),
        "SLURM_GTIDS": "0",
        "SLURM_JOBID": raw_id,
        "SLURM_JOB_ACCOUNT": request.account,
        "SLURM_JOB_CPUS_PER_NODE": str(request.cpus),
        "SLURM_JOB_ID": raw_id,
        "SLURM_JOB_NODELIST": run.node,
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_JOB_PARTITION": request.partition,
        "SLURM_JOB_QOS": request.qos,
        "SLURM_JOB_UID": str(request.uid),
        "SLURM_JOB_USER": user,
        "SLURM_LOCALID": "0",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": run.node,
        "SLURM_PROCID": "0",
        "SLURM_SUBMIT_DIR": request.cwd,
        "SLURM_SUBMIT_HOST": os.uname().nodename,
        "SLURM_TASKS_PER_NODE": "1",
        "TMPDIR": request.environment.get("TMPDIR", "/tmp"),  # noqa: S108 - as slurmd does
    }
    if request.name != "sbatch":  # which a script without a name and a file is called
        added["SLURM_JOB_NAME"] = request.name
    if request.cpus > 1:
        added["SLURM_CPUS_PER_TASK"] = str(request.cpus)
    if request.memory is not None:
        added["SLURM_MEM_PER_NODE"] = str(request.memory)
    if element.restarts:
        added["SLURM_RESTART_COUNT"] = str(element.restarts)
    if request.is_array:
        added |= {
            "SLURM_ARRAY_JOB_ID": str(array.job_id),
            "SLURM_ARRAY_TASK_COUNT": str(len(request.indices)),
            "SLURM_ARRAY_TASK_ID": str(element.index),
            "SLURM_ARRAY_TASK_MAX": str(max(request.indices)),
            "SLURM_ARRAY_TASK_MIN": str(min(request.indices)),
            "SLURM_ARRAY_TASK_STEP": "1",
        }
    assert nodes > 0
    return {**request.environment, **added}


def mark(run: Run) -> str:
    """What distinguishes the processes of a run from those of all others, of other fakes' too."""
    return f"{os.getpid()}-{id(run)}"


def user_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def signal_batch(run: Run, how: signal.Signals) -> None:
    """Signal the script's own process only."""
    if run.process is not None and run.process.returncode is None:
        _kill(run.process.pid, how)


def signal_all(run: Run, how: signal.Signals) -> None:
    """Signal every process of the job, those that left its session too."""
    for pid in tuple(_processes(run)):
        _kill(pid, how)


def kill_children(run: Run) -> None:
    """End what a script has left behind. Who came after it has a higher pid, save now and then; that is enough here."""
    if run.process is not None:
        for pid in tuple(_processes(run, since=run.process.pid)):
            _kill(pid, signal.SIGKILL)


def _kill(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def _processes(run: Run, *, since: int = 0) -> Iterator[int]:
    if run.process is None:
        return
    marked = f"{MARK}={mark(run)}".encode()
    # Once the script is over, its number may be another session's.
    session = str(run.process.pid).encode() if run.process.returncode is None else None
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) < since:
            continue
        if _session(folder) == session or marked in _read(folder / "environ").split(b"\0"):
            yield int(folder.name)


def _session(folder: Path) -> bytes:
    fields = _read(folder / "stat").rpartition(b")")[2].split()
    return fields[3] if len(fields) > 3 else b""


def _read(file: Path) -> bytes:
    """A file of /proc; nothing if its process is over, or somebody else's."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


_PATTERN: Final = re.compile(r"%(\d*)([AajJNnstux%])")


def _path(run: Run, pattern: str) -> Path:
    """The file of an output, in which ``%A`` and the like are what they are for this job."""
    element, request = run.element, run.element.array.request
    values = {
        "A": str(element.array.job_id),
        "a": str(element.index),
        "J": str(element.raw_id),
        "j": str(element.raw_id),
        "N": run.node,
        "n": "0",
        "s": "batch",
        "t": "0",
        "u": user_of(request.uid),
        "x": request.name,
        "%": "%",
    }
    name = _PATTERN.sub(lambda found: values[found[2]].rjust(int(found[1] or 0), "0"), pattern)
    return Path(request.cwd) / name
