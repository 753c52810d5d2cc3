"""What the fake knows of its jobs: arrays, their elements, and each time that one was run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from subprocess import Popen

OVER: Final = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"),
    }
)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A queue of the fake. Nodes are all of the cluster's."""

    name: str
    max_minutes: int | None = 1440
    max_memory: int | None = None  #: MB per node
    default_minutes: int = 60
    state: str = "UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What sbatch was asked for."""

    name: str
    script: bytes
    arguments: Sequence[str]
    environment: Mapping[str, str]
    cwd: str
    uid: int
    indices: Sequence[int]
    is_array: bool
    throttle: int
    partition: str
    account: str
    qos: str
    minutes: int | None
    memory: int | None  #: MB
    cpus: int
    output: str
    error: str | None
    appends: bool
    may_requeue: bool
    is_held: bool
    exclude: frozenset[str] = frozenset()
    nodelist: frozenset[str] = frozenset()
    comment: str = ""


@dataclass(slots=True, eq=False)
class Run:
    """An element was given a node."""

    element: Element
    node: str
    submitted: datetime
    started: datetime
    process: Popen[bytes] | None = None
    log: Path | None = None
    ended: datetime | None = None
    state: str = "RUNNING"
    status: int = 0  #: as wait(2) has it
    by: int | None = None  #: uid of who cancelled it
    verdict: str | None = None  #: what it will be called when its processes are gone
    is_lost: bool = False  #: its node was declared dead: nobody here waits for its processes

    @property
    def is_over(self) -> bool:
        return self.ended is not None


@dataclass(slots=True, eq=False)
class Element:
    """One of an array's, as soon as it was begun; a plain job is one, too."""

    array: Array
    index: int
    raw_id: int
    state: str = "PENDING"
    reason: str = "None"
    restarts: int = 0
    runs: list[Run] = field(default_factory=list)
    ended: datetime | None = None
    cancelled_by: int | None = None  #: uid of who cancelled it while it waited

    @property
    def run(self) -> Run:
        return self.runs[-1]

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def why(self) -> str:
        """Why it waits, or why it ended."""
        return self.array.reason if self.state == "PENDING" and self.reason == "None" else self.reason

    @property
    def label(self) -> str:
        """How squeue calls it."""
        return f"{self.array.job_id}_{self.index}" if self.array.request.is_array else str(self.array.job_id)


@dataclass(slots=True, eq=False)
class Array:
    """What one sbatch submitted."""

    job_id: int
    request: Request
    submitted: datetime
    throttle: int
    waiting: list[int]  #: indices that were never begun, in order
    elements: dict[int, Element] = field(default_factory=dict)
    reason: str = "Priority"  #: why they wait
    is_held: bool = False
    #: When all that waited was cancelled together: then Slurm shows one row of it, without an index.
    cancelled: datetime | None = None
    cancelled_by: int | None = None
    given_up: list[int] = field(default_factory=list)
    refused: datetime | None = (
        None  #: when no node would ever have held it; Slurm remembers it as a job that failed
    )

    @property
    def running(self) -> int:
        return sum(not (each.is_over or each.state == "PENDING") for each in self.elements.values())

    @property
    def is_over(self) -> bool:
        return not self.waiting and all(each.is_over for each in self.elements.values())


def indices_of(written: str) -> tuple[list[int], int]:
    """The indices, and how many at a time (0 for all), of ``1-8%3``, ``0,3-4`` or ``0-9:2``."""
    spans, _, throttle = written.strip("[]").partition("%")
    found = [index for span in spans.split(",") for index in _span(span)]
    return sorted(set(found)), int(throttle or 0)


def _span(written: str) -> range:
    span, _, step = written.partition(":")
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1, int(step or 1))


def written(indices: Sequence[int], throttle: int = 0) -> str:
    """The indices as Slurm writes them: ``0-3,7%2``."""
    spans: list[list[int]] = []
    for index in indices:
        if spans and spans[-1][1] == index - 1:
            spans[-1][1] = index
        else:
            spans.append([index, index])
    text = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f"{text}%{throttle}" if throttle else text
