"""The jobs of a simulated cluster, by time stamps: no loop, no clock, no thread.

Whoever asks says first what time it is (`advance`), and what was to happen until then happens, in its order. So jobs
go on while no controller is there, and the same state can serve asyncio, plain calls, or a pipe to another process:

    >>> from jobmon_airflow.distributors.protocol import Attempt, Batch
    >>> from jobmon_airflow.resources import Resources
    >>> from jobmon_airflow.testing.behaviour import Behaviour
    >>> state = ClusterState(Behaviour(takes=60))
    >>> mailbox = state.connect()
    >>> attempt = Attempt(id=7, task_id=1, name="a", command="true")
    >>> batch = Batch(token="t", workflow_id=1, workflow_run_id=1, array="a", resources=Resources(), attempts=[attempt])
    >>> state.submit(batch, mailbox)
    ['1_0']
    >>> state.advance(3600)
    >>> [type(news).__name__ for news in mailbox.take(3600)]
    ['Started', 'Ended']

With ``advance(math.inf)`` all happens that ever will, so that commands take no time at all.
"""

from __future__ import annotations

import heapq
import signal
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import inf, isfinite
from random import Random
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.protocol import Cause, Ended, Started, Usage
from jobmon_airflow.errors import SubmissionRefused
from jobmon_airflow.testing.behaviour import Behaviour, Ending, ended_by
from jobmon_airflow.testing.clock import SimulatedClock
from jobmon_airflow.testing.diary import Diary
from jobmon_airflow.testing.faults import Faults, Luck
from jobmon_airflow.testing.mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from jobmon_airflow.distributors.protocol import Attempt, Batch, Job, News
    from jobmon_airflow.resources import Resources

_NODE: Final = "simulated"


@dataclass(slots=True, eq=False, kw_only=True)
class _Held:
    """A job, from when it was taken; it stays known when it is over."""

    attempt: Attempt
    token: str
    step: int
    resources: Resources
    readers: list[Mailbox]  #: who is told about it
    told: list[News] = field(default_factory=list)  #: all that there was to tell
    began: float | None = None
    is_over: bool = False


class ClusterState:
    """What a cluster holds and what is going to happen there. ``slots`` commands run at a time, in order of arrival.

    ``grace`` is how long a command takes to end when it is asked to.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        luck: Luck | None = None,
        *,
        slots: int | None = None,
        queue_delay: float = 0,
        grace: float = 0,
        wall: Callable[[float], datetime] | None = None,
        diary: Diary | None = None,
    ) -> None:
        self.time = 0.0
        self.diary = diary or Diary()
        self._behaviour = behaviour or Behaviour()
        self._luck = luck or Luck(Faults(), Random(0))  # noqa: S311  (it is to repeat itself)
        self._slots = inf if slots is None else slots
        self._queue_delay = queue_delay
        self._grace = grace
        self._wall = wall or SimulatedClock().at
        self._jobs: dict[int, _Held] = {}
        self._disowned: set[tuple[str, int]] = set()  # token and attempt of what was said never to be here
        self._waiting: deque[_Held] = deque()
        self._running: dict[_Held, None] = {}  # in order
        self._mailboxes: list[Mailbox] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self.held = 0  #: how many jobs wait or run

    @property
    def running(self) -> list[str]:
        """The names of the tasks whose commands run."""
        return [job.attempt.name for job in self._running]

    def next_event(self) -> float | None:
        """When something happens next."""
        return self._events[0][0] if self._events else None

    def advance(self, to: float) -> None:
        """Let happen what happens until then."""
        while self._events and self._events[0][0] <= to:
            when, _, happen = heapq.heappop(self._events)
            self.time = max(self.time, when)
            happen()
        if isfinite(to):
            self.time = max(self.time, to)

    # --- controllers ----------------------------------------------------------------------------------------------

    def connect(self, on_change: Callable[[], None] = lambda: None) -> Mailbox:
        """A new controller, who is told of nothing but what it submits and adopts."""
        mailbox = Mailbox(self._luck, on_change)
        self._mailboxes.append(mailbox)
        return mailbox

    def disconnect(self, mailbox: Mailbox, *, end_its_jobs: bool = False) -> None:
        """The controller is gone. Its jobs go on, unless they live and die with it."""
        self._mailboxes.remove(mailbox)
        its = [job for job in self._jobs.values() if mailbox in job.readers]
        for job in its:
            job.readers.remove(mailbox)
            if end_its_jobs:
                self._end(job, _cancelled(signal.SIGKILL))
                del self._jobs[job.attempt.id]

    # --- what a controller asks -----------------------------------------------------------------------------------

    def submit(self, batch: Batch, mailbox: Mailbox) -> list[str]:
        """Take all jobs of the batch, and say what they are called here; but none that was said not to be here."""
        if self._disowned.intersection((batch.token, attempt.id) for attempt in batch.attempts):
            raise SubmissionRefused(
                f"The batch {batch.token} was asked for before it came, and it was said that it never would.",
                remedy="Whoever asked has taken the workflow. Leave it to them.",
            )
        self.diary.note_submission(batch)
        jobs = [
            _Held(attempt=attempt, token=batch.token, step=step, resources=batch.resources, readers=[mailbox])
            for step, attempt in enumerate(batch.attempts)
        ]
        self.held += len(jobs)
        self._jobs |= {job.attempt.id: job for job in jobs}
        self._later(self._queue_delay, partial(self._queue, jobs))
        self._changed()
        return [f"{len(self.diary.submitted)}_{job.step}" for job in jobs]

    def adopt(self, jobs: Sequence[Job], mailbox: Mailbox) -> set[int]:
        """Say which of these were ever taken, and tell all about them, from the start if it is news to the mailbox."""
        known = [job for asked in jobs if (job := self._find(asked))]
        there = {job.attempt.id for job in known}
        self._disowned.update((asked.token, asked.attempt) for asked in jobs if asked.attempt not in there)
        for job in known:
            if mailbox not in job.readers:
                job.readers.append(mailbox)
                for news in job.told:
                    mailbox.post(news, self.time)
        self._changed()
        return there

    def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        """End what waits or runs. Only a command that runs is given its time, and it may use it to end well."""
        for job in filter(None, map(self._jobs.get, attempts)):
            is_asked = job in self._running and not at_once
            ending = _cancelled(signal.SIGTERM if is_asked else signal.SIGKILL)
            self._later(self._grace if is_asked else 0, partial(self._end, job, ending))
        self._changed()

    # --- what happens ---------------------------------------------------------------------------------------------

    def _queue(self, jobs: Sequence[_Held]) -> None:
        self._waiting.extend(jobs)
        self._fill_slots()

    def _fill_slots(self) -> None:
        while self._waiting and len(self._running) < self._slots:
            job = self._waiting.popleft()
            if not job.is_over:
                self._start(job)

    def _start(self, job: _Held) -> None:
        self._running[job] = None
        job.began = self.time
        number = self.diary.note_start(job.attempt, self.time, len(self._running))
        ending = self._luck.of_try(self._behaviour.of(job.attempt, number, job.resources))
        if not self._luck.has(self._luck.faults.silent_starts):
            self._tell(job, Started(attempt=job.attempt.id, at=self._wall(self.time), nodename=_NODE))
        self._later(ending.after, partial(self._end, job, ending))

    def _end(self, job: _Held, ending: Ending) -> None:
        if job.is_over:
            return
        job.is_over = True
        self.held -= 1
        self._running.pop(job, None)
        self.diary.note_end(job.attempt, self.time, well=ending.evidence.exit_code == 0)
        self._tell(job, self._ended(job, ending))
        self._fill_slots()

    def _ended(self, job: _Held, ending: Ending) -> Ended:
        if job.began is None:
            return Ended(attempt=job.attempt.id, evidence=ending.evidence)
        seconds = self.time - job.began
        usage = Usage(wallclock=seconds, cpu=seconds, maxrss=ending.maxrss)
        return Ended(attempt=job.attempt.id, evidence=ending.evidence, usage=usage, nodename=_NODE)

    def _tell(self, job: _Held, news: News) -> None:
        job.told.append(news)
        for mailbox in job.readers:
            mailbox.post(news, self.time)

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        """What takes for ever never happens."""
        if isfinite(seconds):
            heapq.heappush(self._events, (self.time + seconds, next(self._numbers), happen))

    def _changed(self) -> None:
        self.advance(self.time)
        for mailbox in self._mailboxes:
            mailbox.on_change()

    def _find(self, asked: Job) -> _Held | None:
        job = self._jobs.get(asked.attempt)
        return job if job and (job.token, job.step) == (asked.token, asked.step) else None


def _cancelled(how: signal.Signals) -> Ending:
    return Ending(after=0, evidence=ended_by(how, Cause.CANCELLED, "cancelled"))
