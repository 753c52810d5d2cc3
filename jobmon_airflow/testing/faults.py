"""What can go wrong with a cluster, how often, and when.

    >>> faults = Faults(kill_nodes=0.05, outages=[(600, 1800)], script={Call.SUBMIT: [Misfortune.LOST_ANSWER]})

One job in twenty loses its node here, nobody reaches the cluster from the tenth minute to the thirtieth, and the
answer to the first submission is lost: the jobs run, and whoever submitted them cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from jobmon_airflow.distributors.protocol import Cause, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from jobmon_airflow.distributors.protocol import News
    from jobmon_airflow.testing.behaviour import Ending

Chance: TypeAlias = float  #: from 0, never, to 1, always
Period: TypeAlias = tuple[float, float]  #: from when until when, in seconds since the clock was made


_DAY: Final = 24 * 3600.0  #: by then a command that never ends has met its fate


class Call(StrEnum):
    """What a cluster is asked."""

    SUBMIT = auto()
    ADOPT = auto()
    CANCEL = auto()
    NEWS = auto()


class Misfortune(StrEnum):
    """What can befall a call."""

    LOST_REQUEST = auto()  #: `ClusterUnreachable`, and nothing was done
    LOST_ANSWER = auto()  #: `ClusterUnreachable`, and everything was done
    REFUSED = auto()  #: `SubmissionRefused`
    FULL = auto()  #: `ClusterIsFull`


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong. By default nothing does."""

    # Of calls
    script: Mapping[Call, Sequence[Misfortune | None]] = field(default_factory=dict)
    """What befalls the first calls, one after another; None leaves a call to chance."""
    outages: Sequence[Period] = ()  #: when no call gets through
    full_during: Sequence[Period] = ()  #: when submissions are told that the cluster is full
    capacity: int | None = None  #: the cluster is full as soon as it holds so many jobs
    lose_requests: Chance = 0
    lose_answers: Chance = 0
    refuse: Chance = 0  #: of submissions
    full: Chance = 0  #: of submissions
    times_out_after: float = 0  #: seconds until whoever lost a request or an answer is told
    delay_answers: float = 0  #: up to so many seconds lie between what a call does and its answer

    # Of news, which are never lost, only kept for the next call
    interrupt_news: Chance = 0  #: `news` raises `ClusterUnreachable`
    delay_news: float = 0  #: up to so many seconds
    repeat_news: Chance = 0  #: each is told a second time
    reorder_news: Chance = 0  #: news of different attempts change places
    scramble_news: bool = (
        False  #: the order within an attempt is lost as well, which a cluster should never do
    )

    # Of jobs, each try at a time
    kill_nodes: Chance = 0  #: somewhere on the way the node fails
    lose_jobs: Chance = 0  #: somewhere on the way the job is gone
    silent_starts: Chance = 0  #: that the command runs is never told


class Luck:
    """What of all that can go wrong does go wrong, as the generator draws it."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.faults = faults
        self._random = random
        self._script = {call: iter(fates) for call, fates in faults.script.items()}

    def of_call(self, call: Call, time: float, held: int) -> Misfortune | None:
        """What befalls this call, at this time, while the cluster holds so many jobs."""
        if self.is_out(time):
            return Misfortune.LOST_REQUEST
        scripted = next(self._script.get(call, iter(())), None)
        return scripted or next(self._of_chance(call, time, held), None)

    def is_out(self, time: float) -> bool:
        """Whether no call gets through at this time."""
        return _is_within(time, self.faults.outages)

    def of_try(self, ending: Ending) -> Ending:
        """How a try really ends that was to end like this."""
        if self.has(self.faults.kill_nodes):
            return self._cut_short(ending, Cause.NODE_FAILED, "the node does not answer")
        if self.has(self.faults.lose_jobs):
            return self._cut_short(ending, Cause.LOST, "nobody knows this job")
        return ending

    def has(self, chance: Chance) -> bool:
        """Whether something of this chance happens now."""
        return chance > 0 and self._random.random() < chance

    def up_to(self, most: float) -> float:
        """A delay."""
        return self._random.uniform(0, most) if most else 0

    def in_order_of_telling(self, news: list[News]) -> list[News]:
        """The news as they are told."""
        if not self.has(self.faults.reorder_news):
            return news
        shuffled = self._random.sample(news, len(news))
        return shuffled if self.faults.scramble_news else _each_in_its_order(shuffled, news)

    def _of_chance(self, call: Call, time: float, held: int) -> Iterator[Misfortune]:
        if call is Call.NEWS:
            if self.has(self.faults.interrupt_news):
                yield Misfortune.LOST_REQUEST
            return
        if call is Call.SUBMIT:
            yield from self._of_submission(time, held)
        if self.has(self.faults.lose_requests):
            yield Misfortune.LOST_REQUEST
        if self.has(self.faults.lose_answers):
            yield Misfortune.LOST_ANSWER

    def _of_submission(self, time: float, held: int) -> Iterator[Misfortune]:
        capacity = self.faults.capacity
        if capacity is not None and held >= capacity:
            yield Misfortune.FULL
        if _is_within(time, self.faults.full_during) or self.has(self.faults.full):
            yield Misfortune.FULL
        if self.has(self.faults.refuse):
            yield Misfortune.REFUSED

    def _cut_short(self, ending: Ending, cause: Cause, detail: str) -> Ending:
        after = min(ending.after, _DAY) * self._random.random()
        return replace(ending, after=after, evidence=Evidence(cause=cause, detail=detail))


def _is_within(time: float, periods: Sequence[Period]) -> bool:
    return any(begin <= time < end for begin, end in periods)


def _each_in_its_order(shuffled: list[News], news: list[News]) -> list[News]:
    """The attempts take turns as they were shuffled, and each tells its own news in order."""
    own: dict[int, list[News]] = {}
    for each in reversed(news):
        own.setdefault(each.attempt, []).append(each)
    return [own[each.attempt].pop() for each in shuffled]
