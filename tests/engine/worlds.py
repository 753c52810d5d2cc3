"""Worlds in which a workflow is run: what its tasks do, what goes wrong, and what people do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeVar

from hypothesis import strategies as st

from jobmon_airflow.testing import Faults

Drawn = TypeVar("Drawn")

NAMES: Final = "abcdefghijkl"
CROWD: Final = 16  #: so many upstreams are stored as a join


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A task, and what its command does."""

    array: int
    upstreams: frozenset[int]
    waits_for_the_crowd: bool
    max_attempts: int
    takes: float
    codes: tuple[int, ...]  #: how its first tries end; later ones end well
    asks: tuple[tuple[str, str], ...]  #: for resources
    grows: float  #: by what share, when it was too little
    needs_memory: str | None
    is_hopeless: bool  #: no try will ever end well

    def code(self, number: int) -> int:
        """How a try ends."""
        if self.is_hopeless:
            return 1
        return self.codes[number - 1] if number <= len(self.codes) else 0


class When(Enum):
    """At which moment somebody dies."""

    NOW = auto()
    BEFORE_A_WRITE = auto()
    AFTER_A_WRITE = auto()
    BEFORE_A_SUBMISSION = auto()
    AFTER_A_SUBMISSION = auto()


@dataclass(frozen=True, slots=True)
class Limit:
    """Let only so many run at a time, of all or of one template."""

    limit: int
    array: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Tell a controller to end its run."""

    whom: int
    at_once: bool


@dataclass(frozen=True, slots=True)
class Kill:
    """End a controller, with all that it knows."""

    whom: int
    when: When


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume the workflow, whether somebody runs it or not."""

    cold: bool
    patience: float
    fail_fast: bool
    increase_resources: bool


@dataclass(frozen=True, slots=True)
class Jump:
    """Set the clock on the wall."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """The database does not answer one controller, or anybody, for a while; perhaps it does what it is asked."""

    whom: int | None
    seconds: float
    hears: float  #: the chance that it does


@dataclass(frozen=True, slots=True)
class Reap:
    """End the runs that nobody hears of."""


Act = Limit | Stop | Kill | Resume | Jump | Silence | Reap


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A workflow, a cluster, and what happens."""

    deeds: tuple[Deed, ...]
    limit: int
    array_limits: tuple[int, ...]
    fail_fast: bool
    timeout: float
    slots: int | None
    queue_delay: float
    grace: float
    outlives_us: bool
    faults: Faults
    acts: tuple[tuple[float, Act], ...]  #: each with the seconds after the one before it
    is_small: bool  #: whether a few tasks are many for the engine
    ends_cold: bool  #: whether the last resume, in peace, is a cold one
    seed: int

    @property
    def has_crowd(self) -> bool:
        return any(deed.waits_for_the_crowd for deed in self.deeds)

    @property
    def most(self) -> int:
        """The largest limit that ever holds."""
        return max([self.limit, *(act.limit for act in self._limits if act.array is None)])

    def most_of(self, array: int) -> int:
        """The largest limit that a template ever has."""
        return max([self.array_limits[array], *(act.limit for act in self._limits if act.array == array)])

    @property
    def _limits(self) -> list[Limit]:
        return [act for _, act in self.acts if isinstance(act, Limit)]

    @property
    def jumps_back(self) -> float:
        """How much longer the dead seem to live."""
        return sum(-act.seconds for _, act in self.acts if isinstance(act, Jump) and act.seconds < 0)

    def name(self, task: int) -> str:
        return NAMES[task]

    def upstreams(self, task: int) -> set[str]:
        """The names of all tasks that it waits for."""
        deed = self.deeds[task]
        crowd = {f"w{number}" for number in range(CROWD)} if deed.waits_for_the_crowd else set()
        return {self.name(upstream) for upstream in deed.upstreams} | crowd

    def ends(self) -> dict[str, str]:
        """How all tasks end in peace: D, F if hopeless, and G below those."""
        found = {f"w{number}": "D" for number in range(CROWD)} if self.has_crowd else {}
        for task, deed in enumerate(self.deeds):
            is_ready = all(found[upstream] == "D" for upstream in self.upstreams(task))
            found[self.name(task)] = ("F" if deed.is_hopeless else "D") if is_ready else "G"
        return found


# --- drawing --------------------------------------------------------------------------------------------------


def seldom(strategy: st.SearchStrategy[Drawn], usually: Drawn) -> st.SearchStrategy[Drawn]:
    """Mostly the usual."""
    return st.one_of(st.just(usually), st.just(usually), strategy)


_seldom = st.integers(0, 7).map(lambda number: number == 7)
chances = st.sampled_from([0, 0, 0.1, 0.4])
waits = st.sampled_from([0, 0, 5, 60])
pauses = st.sampled_from([0.0, 1.0, 10.0, 30.0, 60.0, 100.0, 200.0, 400.0]) | st.floats(0, 200)
whoms = st.integers(0, 2)
kills = st.builds(Kill, whoms, st.sampled_from(When))
resumes = st.builds(Resume, st.booleans(), st.sampled_from([300.0, 20.0, 600.0]), _seldom, st.booleans())
lengths = st.sampled_from([1.0, 40.0, 100.0, 200.0, 300.0, 1500.0])
silences = st.builds(Silence, st.none() | whoms, lengths, st.sampled_from([0.0, 0.5, 1.0]))
jumps = st.builds(Jump, st.sampled_from([-7200.0, -100.0, -1.0, 1.0, 100.0, 7200.0]))
limits = st.builds(Limit, st.integers(0, 4), st.none() | st.integers(0, 2))
stops = st.builds(Stop, whoms, st.booleans())
reaps = st.just(Reap())
#: What follows on what before anybody can have noticed is where things go wrong.
stories = st.one_of(
    *(st.tuples(act) for act in (limits, stops, kills, resumes, silences, jumps, reaps)),
    *(st.tuples(act, resumes) for act in (stops, kills, resumes, silences, jumps, reaps)),
    *(st.tuples(resumes, act, resumes) for act in (stops, kills, silences, jumps)),
)


@st.composite
def acts(draw: st.DrawFn) -> tuple[tuple[float, Act], ...]:
    """What happens meanwhile."""
    told = draw(st.lists(stories, max_size=4))
    return tuple((draw(pauses), act) for story in told for act in story)


faults = st.builds(
    Faults,
    outages=seldom(st.sampled_from([[(30, 300)], [(100, 160), (400, 1500)]]), ()),
    full_during=seldom(st.sampled_from([[(0, 200)], [(100, 500)]]), ()),
    capacity=st.sampled_from([None, None, 3]),
    lose_requests=chances,
    lose_answers=chances,
    refuse=st.sampled_from([0, 0, 0, 0.1]),
    full=chances,
    times_out_after=waits,
    delay_answers=waits,
    interrupt_news=chances,
    delay_news=st.sampled_from([0, 0, 5, 200]),
    repeat_news=chances,
    reorder_news=chances,
    kill_nodes=st.sampled_from([0, 0, 0.1, 0.3]),
    lose_jobs=st.sampled_from([0, 0, 0.1, 0.3]),
    silent_starts=chances,
)


@st.composite
def deeds(draw: st.DrawFn, number: int, joins: bool, fails: bool) -> Deed:
    """A task that may wait for those before it."""
    earlier = st.frozensets(st.integers(0, number - 1), max_size=4) if number else st.just(frozenset[int]())
    return Deed(
        array=draw(st.integers(0, 2)),
        upstreams=draw(earlier),
        waits_for_the_crowd=joins and draw(st.booleans()),
        max_attempts=draw(st.sampled_from([3, 4, 2, 1])),
        takes=draw(st.sampled_from([60.0, 100.0, 300.0, 1.0, 0.0])),
        codes=tuple(draw(st.lists(st.sampled_from([0, 0, 1, 137, 199]), max_size=2))),
        asks=draw(
            st.sampled_from(
                [(), (("memory", "1G"),), (("memory", "2G"), ("runtime", "100s")), (("cores", "2"),)]
            )
        ),
        grows=draw(st.sampled_from([0.5, 0.0, 2.0])),
        needs_memory=draw(st.sampled_from([None, None, None, "2G", "9G"])),
        is_hopeless=fails and draw(st.booleans()),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Anything that may happen."""
    joins, fails = draw(_seldom), draw(_seldom)
    return World(
        deeds=tuple(draw(deeds(number, joins, fails)) for number in range(draw(st.integers(1, 12)))),
        limit=draw(st.integers(1, 6)),
        array_limits=tuple(draw(st.lists(st.integers(1, 4), min_size=3, max_size=3))),
        fail_fast=draw(_seldom),
        timeout=draw(seldom(st.sampled_from([100.0, 600.0]), usually=36_000.0)),
        slots=draw(st.sampled_from([None, None, 2])),
        queue_delay=draw(waits),
        grace=draw(waits),
        outlives_us=draw(st.sampled_from([True, True, False])),
        faults=draw(faults),
        acts=draw(acts()),
        is_small=draw(st.booleans()),
        ends_cold=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32)),
    )
