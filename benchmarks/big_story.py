"""What happened to a workflow's tasks, told as the engine would have stored it.

A workflow is a number of units (locations, say) that go through the same phases. Every task begins when those before
it are done, waits in a queue, runs, and may fail: by a bug of its own, for memory, for time, with its node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The tasks of one template in a unit."""

    name: str
    args: tuple[tuple[str, tuple[str, ...]], ...]  #: node args besides the unit's own, with their values
    waits: str  #: nothing, one, pairs, join or all: for which tasks of the phase before
    memory: float  #: GiB asked for
    runtime: int  #: seconds asked for
    uses: float  #: the usual part of the memory
    takes: float  #: the usual part of the runtime
    cores: int = 1

    @cached_property
    def combinations(self) -> list[tuple[str, ...]]:
        return list(product(*(values for _, values in self.args)))


@dataclass(slots=True)
class Attempt:
    """One attempt at a task; ``ended`` is None as long as it is not over."""

    task: int
    number: int
    submitted: float
    began: float | None = None
    ended: float | None = None
    status: str = "O"
    verdict: str | None = None
    memory: float = 0.0  #: GiB used
    asked: float = 0.0  #: GiB
    run: int = 0


@dataclass(slots=True)
class Story:
    """All that happened."""

    statuses: list[str]
    since: list[float]
    tries: list[int]
    attempts: list[Attempt] = field(default_factory=list)
    changes: list[tuple[float, int, str, str]] = field(default_factory=list)  #: when, which task, from, to
    last: float = 0.0

    def change(self, task: int, new: str, at: float) -> None:
        self.changes.append((at, task, self.statuses[task], new))
        self.statuses[task], self.since[task] = new, at
        self.last = max(self.last, at)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to happen, and how long it is watched."""

    phases: tuple[Phase, ...]
    units: int
    pace: float  #: seconds from one unit to the next
    windows: tuple[
        tuple[float, float], ...
    ]  #: when each run began, and when somebody stopped it (inf: nobody)
    until: float
    broken: float  #: the part of the tasks that cannot succeed
    rng: random.Random

    @cached_property
    def sizes(self) -> list[int]:
        return [len(phase.combinations) for phase in self.phases]


MAX_ATTEMPTS = 3
STILL_BROKEN = 0.5  #: the part of the broken tasks that nobody has mended before the next run
#: what may go wrong with an attempt: how often, what its status and its verdict are then
_MISHAPS = (
    (0.006, "E", "application error"),
    (0.002, "U", "node failed"),
    (0.0005, "U", "lost"),
)
_OUT_OF_MEMORY, _OUT_OF_TIME = ("Z", "out of memory"), ("Z", "out of time")


def tell(plan: Plan) -> Story:
    """Let it happen."""
    count = plan.units * sum(plan.sizes)
    bound_at = plan.windows[0][0]
    story = Story(["G"] * count, [bound_at] * count, [0] * count)
    done_at: list[float] = [inf] * count
    is_broken = [plan.rng.random() < plan.broken for _ in range(count)]
    for number, (start, stop) in enumerate(plan.windows):
        if number:
            _begin_again(story, start)
            is_broken = [breaks and plan.rng.random() < STILL_BROKEN for breaks in is_broken]
        watched = min(stop, plan.until)
        for unit in range(plan.units):
            _unit(plan, story, done_at, is_broken, unit, number, watched)
        story.last = max(story.last, start)
    return story


def upstreams(phases: tuple[Phase, ...], phase: int, place: int) -> list[int]:
    """The places in the phase before that a task waits for."""
    if phases[phase].waits == "nothing":
        return []
    before = len(phases[phase - 1].combinations)
    if phases[phase].waits == "pairs":
        return [2 * place % before, (2 * place + 1) % before]
    return list(range(before))


def held_back(plan: Plan, story: Story) -> tuple[list[int], list[int]]:
    """Of the tasks that have not begun, by phase: how many could, and how many are below what failed."""
    could, below = [0] * len(plan.phases), [0] * len(plan.phases)
    befores = [
        [upstreams(plan.phases, phase, place) for place in range(size)]
        for phase, size in enumerate(plan.sizes)
    ]
    for unit in range(plan.units):
        above, offset = "", 0
        for phase, size in enumerate(plan.sizes):
            first = plan.units * offset + unit * size
            here = ""
            for place, status in enumerate(story.statuses[first : first + size]):
                waits_for = {above[each] for each in befores[phase][place]}
                is_below = bool(waits_for & {"F", "x"})
                here += "x" if is_below and status == "G" else status
                below[phase] += is_below and status == "G"
                could[phase] += status == "G" and waits_for <= {"D"}
            above, offset = here, offset + size
    return could, below


def _begin_again(story: Story, at: float) -> None:
    for task, status in enumerate(story.statuses):
        if status not in "GD":
            story.change(task, "G", at)
        if status != "D":
            story.tries[task] = 0


def _unit(plan, story, done_at, is_broken, unit: int, run: int, watched: float) -> None:
    start = plan.windows[run][0] + unit * plan.pace + plan.rng.uniform(1, 4)
    offset, before = 0, (0, 0)
    for phase, size in zip(plan.phases, plan.sizes, strict=True):
        first = plan.units * offset + unit * size
        last_of_all = max(done_at[before[0] : before[0] + before[1]], default=start)
        for place in range(size):
            task = first + place
            if story.statuses[task] == "D":
                continue
            ready = last_of_all
            if phase.waits == "pairs":
                here = before[0] + 2 * place % before[1]
                ready = max(done_at[here], done_at[min(here + 1, before[0] + before[1] - 1)])
            elif phase.waits == "nothing":
                ready = start
            ready = max(ready, start) + plan.rng.uniform(0.2, 5.0)
            if ready < watched:
                _task(plan, story, phase, task, ready, run, watched, is_broken[task], done_at)
        offset += size
        before = (first, size)


def _task(plan, story, phase, task, ready, run, watched, breaks, done_at) -> None:
    rng = plan.rng
    need = phase.memory * phase.uses * rng.lognormvariate(0, 0.25)
    asked = phase.memory
    for number in range(1, MAX_ATTEMPTS + 1):
        if ready > watched:
            return
        it = Attempt(task, number, ready, asked=asked, run=run)
        story.attempts.append(it)
        story.tries[task] = number
        story.change(task, "I", ready)
        story.change(task, "O", ready + 0.4)
        began = ready + 0.5 + rng.expovariate(1 / 25)
        if began > watched:
            _stopped(plan, story, it, watched)
            return
        it.began, it.status = began, "R"
        story.change(task, "R", began)
        takes = phase.runtime * phase.takes * rng.lognormvariate(0, 0.3)
        status, verdict = _end(rng, need, asked, takes, phase.runtime, breaks)
        if status != "D":
            takes = min(takes * rng.uniform(0.05, 1), phase.runtime)
        ended = began + takes
        if ended > watched:
            _stopped(plan, story, it, watched)
            return
        it.ended, it.status, it.verdict = ended, status, verdict
        it.memory = min(need, asked) * (1 if status == "Z" else rng.uniform(0.95, 1))
        if status == "D":
            story.change(task, "D", ended)
            done_at[task] = ended
            return
        _failed(story, it, number, ended)
        if status == "Z":
            asked *= 1.5
        ready = ended + rng.uniform(0.1, 3)


def _end(rng, need, asked, takes, runtime, breaks) -> tuple[str, str]:
    if breaks:
        return "E", "application error"
    if need > asked:
        return _OUT_OF_MEMORY
    if takes > runtime:
        return _OUT_OF_TIME
    for chance, status, verdict in _MISHAPS:
        if rng.random() < chance:
            return status, verdict
    return "D", "done"


def _failed(story: Story, it: Attempt, number: int, at: float) -> None:
    if number == MAX_ATTEMPTS:
        story.change(it.task, "F", at)
    elif it.status == "Z":
        story.change(it.task, "A", at)
    else:
        story.change(it.task, "G", at)  # waits for its next attempt


def _stopped(plan: Plan, story: Story, it: Attempt, watched: float) -> None:
    """The end of what is watched: somebody stopped the run, or it is now, and the attempt goes on."""
    if watched >= plan.until:
        return
    it.ended, it.status, it.verdict = watched + 1, "F", "killed"
    story.tries[it.task] -= 1
    story.change(it.task, "G", watched + 1)
