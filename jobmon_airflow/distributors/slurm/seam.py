"""What is asked of a Slurm cluster and of the folder that its nodes share with us, whichever way they are reached.

`Controller` is slurmctld and slurmdbd: by their commands here, by the same over ssh, or by slurmrestd. `Spool` is the
folder: here, or over ssh. Every question is about many jobs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, Self

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jobmon_airflow.queues import QueueLimits

_REFUSED: Final = "BadConstraints"

#: How long ago jobs may have been submitted by another controller, as far as accounting is asked for them.
LONG_AGO: Final = timedelta(days=30)

# --- jobs -----------------------------------------------------------------------------------------------------


class State(Enum):
    """Slurm's words for the state of a job, as far as they matter here."""

    PENDING = "pending"  #: waits, and has not begun; requeued ones too
    RUNNING = "running"  #: has nodes: running, suspended, completing, configuring
    COMPLETED = "completed"
    FAILED = "failed"  #: it ended with an exit code, or by a signal of its own
    OUT_OF_MEMORY = "out of memory"
    TIMEOUT = "timeout"  #: DEADLINE too
    NODE_FAIL = "node failed"  #: BOOT_FAIL too
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  #: a word that is new to us: neither over nor not over

    @property
    def is_over(self) -> bool:
        return self not in (State.PENDING, State.RUNNING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Elements:
    """Some of an array's elements, as ranges: a hundred thousand that wait are one line of Slurm's.

    >>> some = Elements((range(0, 4), range(7, 8)))
    >>> len(some), 2 in some, 5 in some, list(some)
    (5, True, False, [0, 1, 2, 3, 7])
    """

    ranges: tuple[range, ...]

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def __contains__(self, element: int) -> bool:
        return any(element in each for each in self.ranges)

    def __iter__(self) -> Iterator[int]:
        return (element for each in self.ranges for element in each)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """What slurmctld knows of an element, or of several that wait together."""

    job_id: int  #: the array's; a job that is no array is one with the element 0
    elements: Elements
    name: str
    state: State
    word: str  #: the state as Slurm says it
    reason: str  #: why it waits, or why it ended
    node: str  #: the first of its nodes
    submitted: datetime  #: UTC
    restarts: int = 0
    exit_code: int | None = None  #: of one that is over; unlike accounting's, true
    signal: int | None = None
    raw_id: int | None = None  #: the element's own number, by which slurmstepd speaks of it
    is_whole: bool = False  #: of a job without an element: speaks for all that have no row of their own

    @property
    def was_refused(self) -> bool:
        """Whether it was never taken: Slurm keeps what it refused for some time, as a job that failed."""
        return self.state is State.FAILED and self.reason == _REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What slurmdbd knows of an element that has begun, or is over."""

    job_id: int
    element: int
    name: str
    state: State
    word: str
    exit_code: int | None  #: None where accounting can't be trusted with it
    signal: int | None
    node: str
    submitted: datetime
    cancelled_by: int | None = None  #: uid
    is_whole: bool = False  #: as in `QueueRow`
    ran: float | None = None  #: seconds
    cpu: float | None = None  #: seconds
    maxrss: int | None = None  #: bytes, of the largest step; sampled, so that short peaks are missed
    steps: Mapping[str, State] = field(default_factory=dict)  #: how steps (batch, 0, 1, …) ended
    derived: tuple[int, int] = (
        0,
        0,
    )  #: the worst exit code and signal of its steps; (0, 125) is out of memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One call of sbatch."""

    name: str
    script: str  #: POSIX sh
    size: int  #: so many elements, from 0
    is_array: bool  #: else it is a plain job, for clusters without arrays
    throttle: int | None  #: so many elements at a time
    options: Mapping[
        str, str | None
    ]  #: long options of sbatch, without dashes; None for those without a value
    environment: Mapping[str, str]  #: all that the script finds in its environment, besides Slurm's own
    working_dir: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLimits:
    """What the cluster allows, as it says itself; None where it sets no limit, or does not say."""

    name: str  #: the cluster's own
    version: tuple[int, int]  #: such as (22, 5)
    max_array_size: int  #: one more than the largest index
    max_jobs: int  #: that slurmctld holds
    min_job_age: float  #: seconds for which slurmctld remembers a job that is over
    kill_wait: float  #: seconds between TERM and KILL
    has_accounting: bool
    max_submit: int | None  #: jobs of this user at a time, in the account that is taken where none is named
    default_queue: str | None
    queues: Sequence[QueueLimits]
    nodes: int
    submit_by_account: Mapping[str, int | None] = field(default_factory=dict)  #: the same for every account
    submit_by_qos: Mapping[str, int | None] = field(default_factory=dict)

    def most_at_once(self, account: str | None = None, qos: str | None = None) -> int | None:
        """How many jobs may be submitted at a time; more than that is refused however long one waits."""
        limits = (
            self.submit_by_account.get(account, self.max_submit) if account else self.max_submit,
            self.submit_by_qos.get(qos) if qos else None,
        )
        return min((limit for limit in limits if limit is not None), default=None)


class Controller(Protocol):
    """slurmctld and slurmdbd.

    All methods raise `ClusterUnreachable` when nobody answers. A submission that did not answer properly may have
    been taken all the same.
    """

    asked: Counter[str]  #: how often each of Slurm's commands was called

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    async def submit(self, submission: Submission) -> int:
        """Submit, and return the job's id.

        `ClusterIsFull` if a limit is reached, `SubmissionRefused` if it can never be taken, both with Slurm's words.
        """

    async def queue(self) -> Sequence[QueueRow]:
        """All jobs of this user that slurmctld still remembers."""

    async def accounting(
        self, since: datetime, jobs: Collection[int] | None = None, *, with_steps: bool = False
    ) -> Sequence[Record]:
        """What slurmdbd knows of the arrays, or of all jobs of this user, that were submitted since then.

        All incarnations of a requeued job, the newest last. `AccountingIsDown` if there is none, or none now.
        """

    async def cancel(self, elements: Mapping[int, Elements | None], *, at_once: bool = False) -> None:
        """End elements of arrays, whole arrays for None; unknown ones are left alone. One call for many.

        ``at_once`` is for those that run, and gives them no time.
        """

    async def throttle(self, job_id: int, at_a_time: int) -> None:
        """Let only so many elements of an array run at a time, from now on; 0 lifts it."""

    async def hold(self, jobs: Collection[int], *, release: bool = False) -> None:
        """Let nothing that waits of these arrays begin; or let it again."""

    async def limits(self, kept_in: Path | None = None) -> ClusterLimits:
        """What the cluster allows. What slurmdbd says of it may be some minutes old, and is kept in the folder."""


# --- the shared folder ------------------------------------------------------------------------------------------


class Spool(Protocol):
    """A folder that nodes share with us: one folder in it for every batch, named by the batch's token.

    In a batch's folder, the nodes write ``told-NODE`` (appended: what happened), ``claims/STEP`` (created once: whoever
    creates it decides whether the step's command ever runs), ``hears-NODE`` (its commands can be made to hear INT and
    QUIT), ``out/``, and Slurm ``scheduler-NODE.log``.
    """

    root: str  #: as the nodes know it

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    async def prepare(self, token: str, files: Mapping[str, bytes]) -> None:
        """Make the batch's folder, for its owner alone, with these files in it; what is there stays."""

    async def make_folders(self, folders: Collection[str]) -> None:
        """Make these folders (absolute paths), in which commands are to write, if they are not there."""

    async def grown(self, tokens: Collection[str], seen: Mapping[str, int]) -> Mapping[str, bytes]:
        """What was appended to the batches' ``told-`` files, whole lines, by "TOKEN/told-NODE".

        ``seen`` says how many bytes of each are known already.
        """

    async def fence(self, token: str, steps: Collection[int]) -> set[int]:
        """Forbid these steps to begin. Returns those that had begun, or had been claimed, before."""

    async def tails(self, paths: Collection[str], most: int) -> Mapping[str, bytes]:
        """The ends of files, of those that are there and not empty."""

    async def revoke(self, token: str, steps: Collection[int]) -> None:
        """Tell steps that their time is over, wherever they still run."""

    async def clean(self, older_than: float) -> None:
        """Remove folders of batches that nobody has written to for so many seconds."""
