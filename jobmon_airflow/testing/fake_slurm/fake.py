"""The fake Slurm as tests hold it: what it is, what goes wrong, and what it saw."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from jobmon_airflow.testing.fake_slurm.accounts import sacctmgr
from jobmon_airflow.testing.fake_slurm.cluster import Cluster
from jobmon_airflow.testing.fake_slurm.faults import GARBAGE, Fault, Faults
from jobmon_airflow.testing.fake_slurm.jobs import Partition
from jobmon_airflow.testing.fake_slurm.looking import sacct, sinfo, squeue
from jobmon_airflow.testing.fake_slurm.ordering import chosen, scancel, scontrol
from jobmon_airflow.testing.fake_slurm.service import Said, serving
from jobmon_airflow.testing.fake_slurm.submitting import Limits, sbatch
from jobmon_airflow.testing.fake_slurm.words import Misspelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jobmon_airflow.testing.fake_slurm.jobs import Array, Run
    from jobmon_airflow.testing.fake_slurm.ordering import Chosen
    from jobmon_airflow.testing.fake_slurm.service import Call

ASKS_SLURMCTLD: Final = frozenset({"sbatch", "squeue", "scancel", "scontrol", "sinfo"})
SILENCE: Final = {
    "sbatch": "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
    "squeue": "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
    "scancel": "scancel: error: Kill job error: Unable to contact slurm controller (connect failure)\n",
    "scontrol": "Unable to contact slurm controller (connect failure)\n",
    "sinfo": "slurm_load_partitions: Unable to contact slurm controller (connect failure)\n",
}


class FakeSlurm:
    """A Slurm in a folder, for as long as the block lasts.

    ``nodes`` are called n1, n2 and so on, and each runs ``slots`` jobs at a time, however many CPUs they ask for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "fake",
        nodes: int = 2,
        slots: int = 4,
        partitions: Sequence[Partition] = (
            Partition(name="all.q"),
            Partition(name="long.q", max_minutes=16 * 1440),
            Partition(name="short.q", max_minutes=2, default_minutes=1, max_memory=128),
        ),
        accounts: Sequence[str] = ("proj_a", "proj_b"),
        qos: Sequence[str] = ("normal",),
        max_array_size: int = 100_001,
        max_submit: int | None = None,
        memory: int = 4096,
        cpus: int = 16,
        kill_wait: float = 2.0,
        requeue_after: float = 0.2,
        min_job_age: float = 300.0,
    ) -> None:
        self.folder = folder
        self.calls: Counter[str] = Counter()  #: how often each command was called
        self.typed: list[tuple[str, ...]] = []  #: every command with its words
        self.faults = Faults()
        self.cluster = Cluster(
            folder,
            self.faults,
            name=name,
            nodes=nodes,
            slots=slots,
            partitions=partitions,
            kill_wait=kill_wait,
            requeue_after=requeue_after,
            min_job_age=min_job_age,
        )
        self.limits = Limits(max_array_size, max_submit, memory, cpus, tuple(accounts), tuple(qos))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open.callback(self.cluster.close)
        self._open.enter_context(serving(self.bin, self._answer))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    @property
    def bin(self) -> Path:
        """Where the commands are."""
        return self.folder / "bin"

    @property
    def path(self) -> str:
        """A PATH on which Slurm's commands are those of the fake."""
        return f"{self.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"

    # --- what goes wrong with commands --------------------------------------------------------------------------------

    def set(self, fault: Fault | str, *, times: int | None = None, value: float | str | None = None) -> None:
        """Let something go wrong: so many times, or until it is lifted."""
        self.faults.set(fault, times=times, value=value)

    def lift(self, *faults: Fault | str) -> None:
        """Let these go well again; all of them if none is named."""
        self.faults.lift(*faults)

    # --- what befalls jobs and nodes ----------------------------------------------------------------------------------

    def pause(self) -> None:
        """Begin no more jobs."""
        self.cluster.is_paused = True

    def go_on(self) -> None:
        self.cluster.is_paused = False
        self.cluster.schedule()

    def lose_node(self, node: str) -> None:
        """Declare a node dead; its jobs end as NODE_FAIL, and what runs of them goes on unseen."""
        self.cluster.lose_node(node)

    def return_node(self, node: str) -> None:
        """Let a node come back, which ends what it finds there of jobs that were given up."""
        self.cluster.return_node(node)

    def preempt(self, job: int | str) -> None:
        """End what runs of a job, or an element such as ``12_3``, for the sake of others."""
        self._end(job, "PREEMPTED")

    def time_out(self, job: int | str) -> None:
        """End what runs of it as if its time were over."""
        self._end(job, "TIMEOUT")

    def requeue(self, job: int | str) -> None:
        """Put what runs of it back, though it was submitted with --no-requeue: administrators may."""
        self._end(job, "REQUEUED")

    def cancel(self, job: int | str, *, by: int = 4321) -> None:
        """Cancel it as somebody else."""
        array, indices = self._chosen(job)
        self.cluster.cancel(array, indices, by=by)

    def forget_ended(self) -> None:
        """Let slurmctld forget all that is over."""
        self.cluster.forget_ended()

    def recycle_ids(self) -> None:
        """Let slurmctld forget all that is over, and give ids from 1 on again."""
        self.cluster.recycle_ids()

    # --- what it saw --------------------------------------------------------------------------------------------------

    def begun(self, name: str = "") -> list[str]:
        """Every time that a script was started, of all jobs or of those of a name: ``12_3``."""
        with self.cluster.lock:
            return [run.element.label for run in self.cluster.begun if _is_named(run.element.array, name)]

    def taken(self, name: str = "") -> list[int]:
        """The ids of all jobs that were ever taken, or of those of a name."""
        with self.cluster.lock:
            taken = [array for array in self.cluster.arrays if array.refused is None]
            return [array.job_id for array in taken if _is_named(array, name)]

    def states(self, job: int | str) -> dict[int, str]:
        """What has become of a job's elements, by index."""
        with self.cluster.lock:
            array, indices = self._chosen(job)
            waiting = dict.fromkeys(array.waiting, "PENDING")
            known = {**waiting, **{index: element.state for index, element in array.elements.items()}}
            return {i: state for i, state in sorted(known.items()) if indices is None or i in indices}

    def wait_for(self, job: int | str, *states: str, within: float = 30) -> None:
        """Wait until all of its elements that are still known are in one of these states."""
        self.wait_until(lambda: set(self.states(job).values()) <= set(states), within=within)

    def wait_until(self, holds: Callable[[], bool], *, within: float = 30) -> None:
        """Wait until it holds."""
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"It did not come to that within {within:g} seconds.")
            time.sleep(0.01)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _end(self, job: int | str, verdict: str) -> None:
        with self.cluster.lock:
            array, indices = self._chosen(job)
            runs: list[Run] = [each.run for each in array.elements.values() if each.runs]
            for run in runs:
                if indices is None or run.element.index in indices:
                    self.cluster.end(run, verdict)

    def _chosen(self, job: int | str) -> Chosen:
        found = chosen(self.cluster, str(job))
        if found is None:
            raise LookupError(f"There is no job {job}.")
        return found

    def _answer(self, call: Call) -> Said:
        with self.cluster.lock:
            self.calls[call.command] += 1
            self.typed.append((call.command, *call.words))
        if fault := self._befalls(call.command):
            return fault
        try:
            return self._said(call)
        except Misspelled as error:
            return Said(err=str(error), code=1)

    def _befalls(self, command: str) -> Said | None:
        if (seconds := self.faults.seconds(Fault.HANGS)) is not None:
            time.sleep(seconds)
        if command in ASKS_SLURMCTLD and self.faults.strikes(Fault.CONTROLLER_DOWN):
            return Said(err=SILENCE[command], code=1)
        if self.faults.value(Fault.GARBAGE) in ("", command) and self.faults.strikes(Fault.GARBAGE):
            return Said(out=GARBAGE)
        return None

    def _said(self, call: Call) -> Said:
        if call.command == "sbatch":
            return sbatch(call, self.cluster, self.limits)
        with self.cluster.lock:
            match call.command:
                case "squeue":
                    return squeue(call, self.cluster)
                case "sacct":
                    return sacct(call, self.cluster)
                case "scancel":
                    return scancel(call, self.cluster)
                case "scontrol":
                    return scontrol(call, self.cluster, self.limits)
                case "sinfo":
                    return sinfo(call, self.cluster, self.limits)
                case _:
                    return sacctmgr(call, self.cluster, self.limits)


def _is_named(array: Array, name: str) -> bool:
    return name in ("", array.request.name)
