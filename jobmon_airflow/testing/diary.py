"""What a simulated cluster saw, for assertions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jobmon_airflow.distributors.protocol import Attempt, Batch
    from jobmon_airflow.resources import Resources


class Moment(NamedTuple):
    """Something happened to an attempt."""

    at: float  #: seconds since the clock was made
    task: str
    attempt: int


@dataclass(slots=True, kw_only=True, eq=False)
class Diary:
    """What happened on the cluster. Tasks stand here by their names."""

    attempts: dict[str, int] = field(default_factory=dict)  #: how many tries were started
    submitted: list[Batch] = field(default_factory=list)  #: in order
    requests: dict[str, list[Resources]] = field(default_factory=dict)  #: what each try asked for, in order
    starts: list[Moment] = field(default_factory=list)
    ends: list[Moment] = field(default_factory=list)
    most_at_once: int = 0  #: the most commands that ever ran at a time
    done_twice: set[str] = field(default_factory=set)  #: the command succeeded more than once
    overlapping: set[str] = field(default_factory=set)  #: two tries were on the cluster at a time
    _tries: Counter[int] = field(default_factory=Counter, repr=False)
    _held: Counter[int] = field(default_factory=Counter, repr=False)
    _done: set[int] = field(default_factory=set, repr=False)

    def note_submission(self, batch: Batch) -> None:
        """The cluster took these."""
        self.submitted.append(batch)
        for attempt in batch.attempts:
            self.requests.setdefault(attempt.name, []).append(batch.resources)
            self._held[attempt.task_id] += 1
            if self._held[attempt.task_id] > 1:
                self.overlapping.add(attempt.name)

    def note_start(self, attempt: Attempt, at: float, running: int) -> int:
        """A command began, as one of so many. Says which try at its task it is, from 1."""
        self.starts.append(Moment(at, attempt.name, attempt.id))
        self.attempts[attempt.name] = self.attempts.get(attempt.name, 0) + 1
        self.most_at_once = max(self.most_at_once, running)
        self._tries[attempt.task_id] += 1
        return self._tries[attempt.task_id]

    def note_end(self, attempt: Attempt, at: float, *, well: bool) -> None:
        """A job is over, whether its command ever began or not."""
        self.ends.append(Moment(at, attempt.name, attempt.id))
        self._held[attempt.task_id] -= 1
        if well and attempt.task_id in self._done:
            self.done_twice.add(attempt.name)
        if well:
            self._done.add(attempt.task_id)
