"""What is remembered of the attempts that a Slurm cluster has, until their end is told."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.protocol import family_of
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, State

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from jobmon_airflow.distributors.slurm.seam import Record
    from jobmon_airflow.distributors.slurm.told import Over


_NONE: Final = -1


@dataclass(slots=True, eq=False, kw_only=True)
class Held:
    """An attempt that a cluster has, and all that was heard of it. Times are a loop's."""

    attempt: int
    token: str
    step: int
    stdout: str | None = None
    stderr: str | None = None
    folder: str | None = None  #: the batch's
    starts_steps: bool = False
    piece: Piece | None = None
    job_id: int | None = None
    since: float = 0.0  #: when it was submitted or adopted
    node: str | None = None
    has_begun: bool = False
    over: Over | None = None
    over_at: float | None = None
    is_put_back: bool = False
    row: QueueRow | None = None
    row_over_at: float | None = None
    gone_at: float | None = None  #: when slurmctld did not know it, for the first time without a break
    record: Record | None = None
    submitted: datetime | None = None  #: by the cluster's own clock
    pid: int | None = None
    is_cancelled: bool = False
    is_adopted: bool = False
    asks_accounting: bool = False
    answered: asyncio.Event | None = None  #: rings when the cluster has answered to its submission

    @property
    def element(self) -> int:
        """Which of its array's elements it is; none of them, as long as Slurm has not shown the array."""
        return _NONE if self.piece is None else self.piece.element(self.step)

    @property
    def is_placed(self) -> bool:
        """Whether the cluster has it, or had."""
        return self.job_id is not None or self.is_adopted

    @property
    def lost_its_node(self) -> bool:
        """Whether Slurm says that its node failed."""
        states = {known.state for known in (self.row, self.record) if known is not None}
        return State.NODE_FAIL in states

    @property
    def scheduler_log(self) -> str | None:
        """The file in which Slurm says what it did to the jobs of a node."""
        return f"{self.folder}/scheduler-{self.node}.log" if self.folder and self.node else None

    @property
    def name(self) -> str:
        """What the cluster calls it; of a pack, which of its tasks."""
        assert self.piece is not None
        name = f"{self.job_id}_{self.element}"
        return name if self.piece.pack == 1 else f"{name}#{self.step - self.piece.first}"


@dataclass(slots=True)
class Book:
    """The attempts that are held: by attempt, and by step of their batch."""

    by_attempt: dict[int, Held] = field(default_factory=dict)
    by_step: dict[str, dict[int, Held]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.by_attempt)

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self.by_attempt.values()))

    @property
    def tokens(self) -> list[str]:
        """The batches that something is still to be heard of."""
        return list(self.by_step)

    @property
    def job_ids(self) -> set[int]:
        """The jobs that something is still to be heard of."""
        return {held.job_id for held in self.by_attempt.values() if held.job_id is not None}

    def take(self, held: Held) -> None:
        self.by_attempt[held.attempt] = held
        self.by_step.setdefault(held.token, {})[held.step] = held

    def drop(self, held: Held) -> None:
        """Its end is told."""
        self.by_attempt.pop(held.attempt, None)
        steps = self.by_step.get(held.token, {})
        steps.pop(held.step, None)
        if not steps:
            self.by_step.pop(held.token, None)

    def of_job(self, told: QueueRow | Record) -> Iterator[tuple[Piece, Held]]:
        """Those that Slurm speaks of. A job of another name has only got an old number again."""
        piece = Piece.named(told.name)
        steps = self.by_step.get(piece.token) if piece is not None else None
        if piece is None or steps is None:
            return
        for element in elements_of(told, piece):
            for step in piece.steps(element):
                if (held := steps.get(step)) is not None:
                    yield piece, held

    def elements(self, attempts: Collection[int]) -> dict[int, Elements]:
        """The elements, by job, that run none but these attempts.

        What Slurm has not shown is not among them: its id may be somebody else's by now.
        """
        wanted = set(attempts)
        mine: dict[int, set[int]] = defaultdict(set)
        others: dict[int, set[int]] = defaultdict(set)
        for held in self.by_attempt.values():
            if held.job_id is not None and held.piece is not None:
                (mine if held.attempt in wanted else others)[held.job_id].add(held.element)
        found = {job_id: elements - others[job_id] for job_id, elements in mine.items()}
        return {job_id: as_elements(elements) for job_id, elements in found.items() if elements}

    def waiting(self) -> Counter[tuple[str, str]]:
        """How many wait in Slurm's queue, by the family of their batch and by Slurm's reason."""
        waiting: Counter[tuple[str, str]] = Counter()
        for token, steps in self.by_step.items():
            family = family_of(token)
            waiting.update(
                (family, held.row.reason)
                for held in steps.values()
                if held.row is not None and held.row.state is State.PENDING and not held.has_begun
            )
        return waiting


def elements_of(told: QueueRow | Record, piece: Piece) -> Iterable[int]:
    """The elements that Slurm speaks of; of an array that ended before it began, all of them."""
    if told.is_whole:
        return range(piece.size)
    return told.elements if isinstance(told, QueueRow) else (told.element,)


def as_elements(numbers: Iterable[int]) -> Elements:
    """Numbers as ranges.

    >>> as_elements([0, 1, 2, 5, 7, 8]).ranges
    (range(0, 3), range(5, 6), range(7, 9))
    """
    ranges: list[range] = []
    for number in sorted(numbers):
        if ranges and ranges[-1].stop == number:
            ranges[-1] = range(ranges[-1].start, number + 1)
        else:
            ranges.append(range(number, number + 1))
    return Elements(tuple(ranges))
