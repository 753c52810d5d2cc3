"""What the engine asks of a cluster, and what a cluster tells the engine.

Every question is about many jobs, because a cluster's scheduler charges by the question and not by the length of
the answer. An *attempt* is one try at a task, with an id that is stored before the cluster hears of it; a *job*
is what the cluster has of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self

from jobmon_airflow.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from jobmon_airflow.queues import QueueLimits

# --- what is handed over --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a task, as a cluster needs to know it."""

    id: int
    task_id: int
    name: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Attempts that are handed over together: tasks of one array that ask for the same."""

    token: str  #: stored before the cluster is asked, so that the batch can be found there after a doubtful answer
    workflow_id: int
    workflow_run_id: int
    array: str  #: the task template's name
    resources: Resources
    attempts: Sequence[Attempt]
    at_a_time: int | None = None  #: how many of the array may run at a time, for a cluster that throttles
    typical_runtime: float | None = None  #: seconds that the array's tasks take, as far as is known

    def environment(self, attempt: Attempt) -> Mapping[str, str]:
        """What every command finds in its environment."""
        return {
            "JOBMON_TASK_ID": str(attempt.task_id),
            "JOBMON_TASK_INSTANCE_ID": str(attempt.id),
            "JOBMON_WORKFLOW_ID": str(self.workflow_id),
            "JOBMON_WORKFLOW_RUN_ID": str(self.workflow_run_id),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What another controller may have handed over: an attempt, and what is known of where it went."""

    attempt: int
    token: str
    step: int  #: its place in the batch, from 0
    distributor_id: str | None = None  #: the cluster's own name for it, if its answer was stored
    resources: Resources = field(default_factory=Resources)
    name: str = ""  #: the task's


# --- what is told ---------------------------------------------------------------------------------------------


class Cause(StrEnum):
    """Who ended an attempt, if it was not the command itself."""

    OVER_MEMORY = "over memory"  #: it used more memory than it had asked for
    OVER_RUNTIME = "over runtime"  #: it ran longer than it had asked for
    NODE_FAILED = "node failed"  #: the machine, or the cluster, ended it; preempted jobs too
    CANCELLED = "cancelled"  #: we did
    LOST = "lost"  #: it is gone, and nobody can say why
    PUT_BACK = (
        "put back"  #: it was not begun after all, because the time that others left was too short for it
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of how an attempt ended."""

    exit_code: int | None = None
    signal: int | None = None
    cause: Cause | None = None
    detail: str = ""  #: in the words of whoever knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt used."""

    wallclock: float | None = None  #: seconds
    cpu: float | None = None  #: seconds
    maxrss: int | None = None  #: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an attempt wrote: in files, or else its last words."""

    stdout: str | None = None  #: path
    stderr: str | None = None  #: path
    stdout_log: str | None = None  #: the last characters
    stderr_log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The command runs."""

    attempt: int
    at: datetime
    nodename: str | None = None
    process_group_id: int | None = None
    output: Output = field(default_factory=Output)  #: the files that it writes to, for who reads along


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The command is over."""

    attempt: int
    evidence: Evidence
    usage: Usage = field(default_factory=Usage)
    output: Output = field(default_factory=Output)
    nodename: str | None = None


News = Started | Ended

# --- what is asked --------------------------------------------------------------------------------------------


class Distributor(Protocol):
    """A cluster that runs commands, from the moment it is entered until it is left.

    One that has no queues of its own and keeps no limits inherits from `Plain`.

    What was submitted or adopted is reported on until its `Ended`, which comes at least once; what comes twice or
    late does no harm. Whoever runs jobs only as long as it lives itself ends them when it is left.
    """

    appetite: int  #: how many jobs it is glad to hold; more would only wait there
    outlives_us: bool  #: whether jobs go on when their controller is gone, so that another may adopt them
    throttles: (
        bool  #: whether it holds arrays to their limits itself, so that it may be handed all that is ready
    )

    @property
    def note(self) -> str:
        """What people should know of it, while something is wrong."""

    @property
    def waiting(self) -> Mapping[tuple[str, str], int]:
        """How many jobs wait in its queue, by `family_of` their batch and by the cluster's reason."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    async def queues(self) -> Sequence[QueueLimits]:
        """What its queues can hold, as far as it says; one without a name is where those go who name none."""

    async def submit(self, batch: Batch) -> Sequence[str | None]:
        """Take the batch, and return the cluster's names of the jobs, in the order of the attempts.

        `ClusterIsFull` means that nothing was taken and may be asked again later, `SubmissionRefused` that nothing
        was taken and never will be. After any other error nobody knows: ask `adopt` before anything else.
        """

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        """Say which of these attempts the cluster has, or had, and report on them from now on.

        Those that are not named are not there, and never will be: a controller that was taken for dead, and wakes
        up with one of them in its hands, is refused, or its job ends as soon as it begins.
        """

    async def news(self) -> Sequence[News]:
        """Wait until there is something to tell, and tell all of it, each attempt's news in their order."""

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        """End the jobs of these attempts, whatever state they are in; their `Ended` says when they are gone.

        A command is asked to end and given some seconds for it; ``at_once`` gives it none. Jobs that have ended
        are left as they are.
        """

    async def limit(self, family: str, at_a_time: int) -> None:
        """Let only so many of an array's tasks run at a time from now on, if it throttles; 0 lets none begin."""


class Plain:
    """What a cluster answers that has no queues, keeps no limits, and is never in trouble."""

    throttles = False
    note = ""

    @property
    def waiting(self) -> Mapping[tuple[str, str], int]:
        """Nothing waits for anything that we do not know."""
        return {}

    async def queues(self) -> Sequence[QueueLimits]:
        """It has none."""
        return ()

    async def limit(self, family: str, at_a_time: int) -> None:
        """Limits are kept by whoever hands jobs over."""


def family_of(token: str) -> str:
    """What the tokens of all batches of an array have in common.

    >>> family_of("jobmon-1f2e-7-3")
    'jobmon-1f2e-7'
    """
    return token.rpartition("-")[0]
