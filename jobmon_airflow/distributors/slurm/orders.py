"""What is asked of Slurm for a batch, and what is written down for its jobs; refused here if it can never be."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.places import WORKING_DIR, directory
from jobmon_airflow.distributors.protocol import Attempt, Batch
from jobmon_airflow.distributors.slurm import packs
from jobmon_airflow.distributors.slurm.held import Held
from jobmon_airflow.distributors.slurm.options import options_of
from jobmon_airflow.distributors.slurm.script import Pace, fitting, folders_of, script_of
from jobmon_airflow.distributors.slurm.seam import Submission
from jobmon_airflow.distributors.slurm.table import Table
from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from jobmon_airflow.distributors.protocol import Job
    from jobmon_airflow.distributors.slurm.pieces import Piece
    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Spool
    from jobmon_airflow.distributors.slurm.suspects import Suspects
    from jobmon_airflow.distributors.slurm.ways import Way
    from jobmon_airflow.queues import QueueLimits

_STARTS_STEPS: Final = re.compile(r"\b(?:srun|mpirun|mpiexec)\b")


class Orders:
    """Makes orders for a cluster."""

    def __init__(self, way: Way, limits: ClusterLimits, spool: Spool | None, suspects: Suspects) -> None:
        self._way = way
        self._limits = limits
        self._spool = spool
        self._suspects = suspects

    def of(self, batch: Batch) -> Order:
        """The order for a batch; `SubmissionRefused` if it can never be carried out."""
        self._refuse_what_no_node_holds(batch)
        pack = self._pack(batch)
        seconds = batch.resources.runtime.seconds if batch.resources.runtime else None
        asked = packs.runtime_of(batch.resources.extra.get("pack"), seconds, batch.typical_runtime, pack)
        return Order(
            batch=batch,
            pack=pack,
            runtime=self._at_most(batch, asked),
            way=self._way,
            spool=self._spool,
            leaves_out=tuple(self._suspects.now(self._limits.nodes)),
            limits=self._limits,
        )

    def adopted(self, job: Job) -> Held:
        """What can be known of an attempt that another controller submitted."""
        attempt = Attempt(job.attempt, 0, job.name, "")
        batch = Batch(
            token=job.token,
            workflow_id=0,
            workflow_run_id=0,
            array="",
            resources=job.resources,
            attempts=[attempt],
        )
        held = _held(Table(batch, folder_of(batch, self._spool)), job.step, attempt)
        held.job_id = _job_id(job.distributor_id)
        return held

    def _pack(self, batch: Batch) -> int:
        asked = batch.resources.extra.get("pack")
        size = packs.size_of(asked, batch.typical_runtime, len(batch.attempts))
        if size > 1 and self._spool is None:
            raise SubmissionRefused(
                "Tasks can be packed only where nodes share a folder with us, in which each tells how it ended.",
                remedy="Name that folder as `spool` in the cluster's connection, or leave out pack.",
            )
        return size

    def _at_most(self, batch: Batch, seconds: float | None) -> float | None:
        """A pack asks for no more than its queue allows; it stops in time."""
        queue = self._queue(batch)
        if seconds is None or queue is None or queue.runtime.most is None:
            return seconds
        return min(seconds, queue.runtime.most.seconds)

    def _queue(self, batch: Batch) -> QueueLimits | None:
        name = batch.resources.queue or self._way.defaults.queue or self._limits.default_queue
        return next((queue for queue in self._limits.queues if queue.name == name), None)

    def _refuse_what_no_node_holds(self, batch: Batch) -> None:
        queue = self._queue(batch)
        if queue is None:
            return
        if problems := queue.problems(batch.resources):
            raise SubmissionRefused(
                f"Queue '{queue.name}' can never run this: {'; '.join(problems)}.",
                remedy="Ask for less, or name a larger queue, also in fallback_queues.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for a batch."""

    batch: Batch
    pack: int
    runtime: float | None  #: seconds that each job asks for
    way: Way
    spool: Spool | None
    leaves_out: tuple[str, ...]  #: nodes that are not trusted
    limits: ClusterLimits

    @property
    def folder(self) -> str | None:
        """The batch's folder, as nodes know it."""
        return folder_of(self.batch, self.spool)

    def held(self) -> list[Held]:
        """What to remember of its attempts."""
        table = Table(self.batch, self.folder)
        return [_held(table, step, attempt) for step, attempt in enumerate(self.batch.attempts)]

    def most_steps(self, first: int) -> int:
        """How many steps, from this one on, one script can hold."""
        return len(self.batch.attempts) if self.spool is not None else fitting(self.batch, first)

    async def prepare(self) -> None:
        """Write what its jobs will read, as far as it is the same for all pieces."""
        if self.spool is not None:
            await self.spool.prepare(self.batch.token, {})
            if folders := folders_of(self.batch, self.folder):
                await self.spool.make_folders(folders)

    async def submission(self, piece: Piece, at_a_time: int | None) -> Submission:
        """The call of sbatch for a piece."""
        script = script_of(
            self.batch, piece, folder=self.folder, kill_wait=self.limits.kill_wait, pace=self._pace()
        )
        if self.spool is not None and script.files:
            await self.spool.prepare(self.batch.token, script.files)
        submission = Submission(
            name=piece.name,
            script=script.text,
            size=piece.size,
            is_array=self.limits.max_array_size > 1,
            throttle=None,
            options=self._options(),
            environment=self.way.environment(),
            working_dir=str(directory(self.batch.resources.extra, WORKING_DIR) or self.way.working_dir()),
        )
        return held_back(submission, at_a_time)

    def _options(self) -> dict[str, str | None]:
        options = options_of(
            self.batch.resources, self.way.defaults, runtime=self.runtime, log_folder=self.folder
        )
        if self.leaves_out:
            given = options.get("exclude")
            options["exclude"] = ",".join([*([given] if given else []), *self.leaves_out])
        return options

    def _pace(self) -> Pace:
        budget = packs.BUDGET if self.batch.resources.extra.get("pack") == packs.AUTO else None
        return Pace(lasts=self.runtime, budget=budget, typical=self.batch.typical_runtime)


def held_back(submission: Submission, at_a_time: int | None) -> Submission:
    """The same, that begins only so many elements at a time, or none as long as it is held."""
    if at_a_time is None:
        return submission
    if at_a_time == 0:
        return replace(submission, options={**submission.options, "hold": None})
    return replace(submission, throttle=at_a_time)


def folder_of(batch: Batch, spool: Spool | None) -> str | None:
    """The batch's folder, as nodes know it, if they share one with us."""
    return None if spool is None else f"{spool.root}/{batch.token}"


def _held(table: Table, step: int, attempt: Attempt) -> Held:
    output = table.output(attempt)
    return Held(
        attempt=attempt.id,
        token=table.batch.token,
        step=step,
        stdout=output.stdout,
        stderr=output.stderr,
        folder=table.folder,
        starts_steps=bool(_STARTS_STEPS.search(attempt.command)),
    )


def _job_id(name: str | None) -> int | None:
    """The array's number in a name such as 123_4 or 123_4#5."""
    number = (name or "").partition("_")[0]
    return int(number) if number.isdigit() else None
