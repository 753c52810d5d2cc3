"""The swarm: which tasks may run, which are tried again, and when it is over."""

from __future__ import annotations

from array import array as numbers
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, assert_never

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.swarm.events import (
    Began,
    Cancel,
    Command,
    Done,
    Event,
    Failed,
    Failure,
    Finish,
    GiveUp,
    Launch,
    Limited,
    NotRaised,
    Outcome,
    Raise,
    Raised,
    Retry,
    StopAsked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jobmon_airflow.swarm.graph import Graph
    from jobmon_airflow.swarm.limits import Waiting

# One answer orders no more launches than can be written down in a second or two.
LAUNCHES_AT_A_TIME: Final = 5_000
# A cluster that keeps failing is not the task's fault, but it must end some day.
INFRASTRUCTURE_FAILURES: Final = 20

_EXHAUSTED: Final[dict[Failure, Literal["memory", "runtime"]]] = {
    Failure.OUT_OF_MEMORY: "memory",
    Failure.OUT_OF_TIME: "runtime",
}

# Statuses stand as their letters in one byte each.
_REGISTERED: Final = ord(TaskStatus.REGISTERING)
_ADJUSTING: Final = ord(TaskStatus.ADJUSTING_RESOURCES)
_ACTIVE: Final = ord(TaskStatus.QUEUED)
_DONE: Final = ord(TaskStatus.DONE)
_FATAL: Final = ord(TaskStatus.ERROR_FATAL)


@dataclass(slots=True)
class Tally:
    """How far the tasks of an array are."""

    done: int = 0
    active: int = 0
    failed: int = 0
    waiting: int = 0  #: they could run if there were room
    blocked: int = 0  #: they never run, because of what has failed before them


class Swarm:
    """The tasks of one run, and what each of them waits for.

    ``arrays`` holds each task's array, ``max_attempts`` how often it may be tried. A resume says what became of
    the tasks before: ``done`` are never run again, ``active`` (which a hot resume adopts) run already, each with
    the number of attempts that it has had.
    """

    def __init__(
        self,
        graph: Graph,
        arrays: Sequence[int],
        max_attempts: Sequence[int],
        waiting: Waiting,
        *,
        done: Iterable[int] = (),
        active: Mapping[int, int] = MappingProxyType({}),
        fail_fast: bool = False,
    ) -> None:
        self._graph = graph
        self._arrays = arrays
        self._max_attempts = max_attempts
        self._waiting = waiting
        self._fail_fast = fail_fast
        self._status = bytearray([_REGISTERED]) * graph.tasks
        self._is_blocked = bytearray(graph.size)
        self._waits = numbers(graph.waits.typecode, graph.waits)
        self._attempts = numbers("i", bytes(4 * graph.tasks))
        self._infrastructure_failures: dict[int, int] = {}
        self._left = graph.tasks
        self._failed = 0
        self._adjusting = 0
        self._has_begun = False
        self._is_stopped = False
        self._is_over = False
        self._has_cancelled = False
        self._tallies = {array: Tally() for array in dict.fromkeys(arrays)}
        for task, attempts in active.items():
            self._launched(task)
            self._attempts[task] = max(1, attempts)
            waiting.take(arrays[task])
        self._done_before = tuple(done)

    @property
    def failed(self) -> int:
        """How many tasks have failed for good."""
        return self._failed

    def attempts(self, task: int) -> int:
        """How many attempts at the task count against it."""
        return self._attempts[task]

    @property
    def has_more(self) -> bool:
        """Whether more may be launched at once: `handle` says which, although nothing has happened since."""
        return self._launches and self._waiting.has_next

    def tally(self, array: int) -> Tally:
        """How far the tasks of an array are."""
        its = self._waiting
        return replace(self._tallies[array], active=its.active_of(array), waiting=its.waiting_of(array))

    def handle(self, *events: Event) -> list[Command]:
        """What is to be done now that this has happened. What is told twice, or too late, changes nothing."""
        commands = [command for event in events for command in self._react(event)]
        commands += self._fail_fast_now()
        commands += self._launch()
        commands += self._finish()
        return commands

    # --- events -------------------------------------------------------------------------------------------

    def _react(self, event: Event) -> Iterator[Command]:
        match event:
            case Began():
                self._begin()
            case Done(tasks):
                self._tasks_are_done(tasks)
            case Failed(task, failure):
                yield from self._task_failed(task, failure)
            case Raised(task):
                self._task_was_raised(task)
            case NotRaised(task):
                yield from self._task_was_not_raised(task)
            case Limited(limit, array):
                self._waiting.set_limit(limit, array)
            case StopAsked(cancel):
                yield from self._stop(cancel)
            case _:
                assert_never(event)

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        roots = [task for task in range(self._graph.tasks) if not self._waits[task]]
        for task in self._done_before:
            self._count_done(task)
        # Roots first: what is released by a task that was done before is found on the way.
        for task in roots:
            self._ready(task)
        for task in self._done_before:
            self._release(task)

    def _tasks_are_done(self, tasks: Iterable[int]) -> None:
        for task in tasks:
            if self._status[task] == _ACTIVE:
                self._waiting.leave(self._arrays[task])
                self._count_done(task)
                self._release(task)

    def _task_failed(self, task: int, failure: Failure) -> Iterator[Command]:
        if self._status[task] != _ACTIVE:
            return
        self._waiting.leave(self._arrays[task])
        if failure is Failure.CANCELLED:
            self._attempts[task] -= 1
            yield self._try_again(task)
        elif failure is Failure.INFRASTRUCTURE:
            yield self._try_elsewhere(task)
        elif failure is Failure.REFUSED or self._attempts[task] >= self._max_attempts[task]:
            yield self._give_up(task)
        elif resource := _EXHAUSTED.get(failure):
            self._status[task] = _ADJUSTING
            self._adjusting += 1
            yield Raise(task, resource)
        else:
            yield self._try_again(task)

    def _task_was_raised(self, task: int) -> None:
        if self._status[task] == _ADJUSTING:
            self._adjusting -= 1
            self._try_again(task)

    def _task_was_not_raised(self, task: int) -> Iterator[Command]:
        if self._status[task] == _ADJUSTING:
            self._adjusting -= 1
            yield self._give_up(task)

    def _stop(self, cancel: bool) -> Iterator[Command]:
        self._is_stopped = True
        if cancel:
            yield from self._cancel()

    # --- what follows from them ---------------------------------------------------------------------------

    def _count_done(self, task: int) -> None:
        self._status[task] = _DONE
        self._left -= 1
        self._tallies[self._arrays[task]].done += 1

    def _release(self, position: int) -> None:
        """One more upstream of those that wait for this one is done; no recursion, since joins follow joins."""
        released = [position]
        while released:
            for waiting in self._graph.downstreams(released.pop()):
                self._waits[waiting] -= 1
                if not self._waits[waiting]:
                    if waiting < self._graph.tasks:
                        self._ready(waiting)
                    else:
                        released.append(waiting)

    def _ready(self, task: int) -> None:
        """All its upstreams are done; a task that ran before, or runs, is not run again."""
        if self._status[task] == _REGISTERED:
            self._waiting.add(self._arrays[task], task)

    def _try_again(self, task: int) -> Command:
        self._status[task] = _REGISTERED
        self._waiting.add_first(self._arrays[task], task)
        return Retry(task)

    def _try_elsewhere(self, task: int) -> Command:
        failures = self._infrastructure_failures.get(task, 0) + 1
        self._infrastructure_failures[task] = failures
        self._attempts[task] -= 1
        return self._try_again(task) if failures <= INFRASTRUCTURE_FAILURES else self._give_up(task)

    def _give_up(self, task: int) -> Command:
        self._status[task] = _FATAL
        self._failed += 1
        self._tallies[self._arrays[task]].failed += 1
        self._block_below(task)
        return GiveUp(task)

    def _block_below(self, position: int) -> None:
        """What waits for this one never begins, nor what waits for that; each is blocked once in a run."""
        reached = [position]
        while reached:
            for waiting in self._graph.downstreams(reached.pop()):
                is_task = waiting < self._graph.tasks
                if self._is_blocked[waiting] or (is_task and self._status[waiting] != _REGISTERED):
                    continue
                self._is_blocked[waiting] = True
                reached.append(waiting)
                if is_task:
                    self._tallies[self._arrays[waiting]].blocked += 1

    def _fail_fast_now(self) -> Iterator[Command]:
        if self._fail_fast and self._failed and not self._has_cancelled:
            yield from self._cancel()

    def _cancel(self) -> Iterator[Command]:
        self._has_cancelled = True
        if active := [task for task, status in enumerate(self._status) if status == _ACTIVE]:
            yield Cancel(active)

    def _launch(self) -> Iterator[Command]:
        # Who is to be raised goes to the front, and must not find its place taken.
        if self._launches:
            for array, tasks in self._waiting.next(LAUNCHES_AT_A_TIME):
                for task in tasks:
                    self._launched(task)
                yield Launch(array, tasks)

    @property
    def _launches(self) -> bool:
        return self._has_begun and self._may_launch and not self._adjusting

    def _launched(self, task: int) -> None:
        self._status[task] = _ACTIVE
        self._attempts[task] += 1

    def _finish(self) -> Iterator[Command]:
        if self._is_over or not self._has_begun or self._waiting.active:
            return
        if self._may_launch and (self._adjusting or not self._waiting.is_empty):
            return  # paused, or waiting for an answer
        self._is_over = True
        yield Finish(self._outcome)

    @property
    def _may_launch(self) -> bool:
        return not self._is_stopped and not (self._fail_fast and self._failed)

    @property
    def _outcome(self) -> Outcome:
        if not self._left:
            return Outcome.DONE
        return Outcome.STOPPED if self._is_stopped else Outcome.FAILED
