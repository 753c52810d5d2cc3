"""What commands do when they are tried: how long they take, what they need, and how they end.

>>> from jobmon_airflow.distributors.protocol import Attempt
>>> from jobmon_airflow.resources import Resources
>>> behaviour = Behaviour(takes=60, fail_first={"a": 1}, needs_memory={"b": "3G"})
>>> a, b = Attempt(1, 1, "a", "true"), Attempt(2, 2, "b", "true")
>>> behaviour.of(a, number=1, resources=Resources()).evidence
Evidence(exit_code=1, signal=None, cause=None, detail='')
>>> behaviour.of(a, number=2, resources=Resources()).evidence.exit_code
0
>>> behaviour.of(b, number=1, resources=Resources.parse({"memory": "2G"})).evidence.detail
'used 3G of memory and had asked for 2G'
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from jobmon_airflow.distributors.protocol import Attempt, Cause, Evidence
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.resources import Resources

T = TypeVar("T", Memory, Runtime)

#: An answer for every try: of which attempt, and which try at its task it is, from 1.
Seconds: TypeAlias = float | Callable[[Attempt, int], float]
ExitCode: TypeAlias = Callable[[Attempt, int], int]
#: By the task's name, or for every try; None where it needs nothing in particular.
MemoryNeeds: TypeAlias = Mapping[str, Memory | str] | Callable[[Attempt, int], Memory | str | None]
RuntimeNeeds: TypeAlias = Mapping[str, Runtime | str] | Callable[[Attempt, int], Runtime | str | None]

_NOBODY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a try ends, and how many seconds after it began."""

    after: float
    evidence: Evidence
    maxrss: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What commands do. By default all of them succeed, in no time, with as little as they ask for."""

    takes: Seconds = 0
    exit_code: ExitCode | None = None
    fail_first: Mapping[str, int] = field(default_factory=dict)
    needs_memory: MemoryNeeds = field(default_factory=lambda: _NOBODY)
    needs_runtime: RuntimeNeeds = field(default_factory=lambda: _NOBODY)

    def of(self, attempt: Attempt, number: int, resources: Resources) -> Ending:
        """What becomes of this try, if nothing else befalls it."""
        memory = _need(Memory, self.needs_memory, attempt, number)
        seconds = self._seconds(attempt, number)
        own = Ending(
            after=seconds,
            evidence=Evidence(exit_code=self._exit_code(attempt, number)),
            maxrss=memory.bytes if memory else None,
        )
        return min((*_limits(resources, memory, seconds), own), key=lambda ending: ending.after)

    def _seconds(self, attempt: Attempt, number: int) -> float:
        if needed := _need(Runtime, self.needs_runtime, attempt, number):
            return needed.seconds
        return self.takes(attempt, number) if callable(self.takes) else self.takes

    def _exit_code(self, attempt: Attempt, number: int) -> int:
        if number <= self.fail_first.get(attempt.name, 0):
            return 1
        return self.exit_code(attempt, number) if self.exit_code else 0


def ended_by(ended: signal.Signals, cause: Cause, detail: str) -> Evidence:
    """A command that a signal ended, as a shell would report it."""
    return Evidence(exit_code=128 + ended, signal=int(ended), cause=cause, detail=detail)


def _limits(resources: Resources, memory: Memory | None, seconds: float) -> Iterator[Ending]:
    """How a try ends that needs more than was asked for. Who asked for nothing has no limit."""
    if memory and resources.memory and memory > resources.memory:
        detail = f"used {memory} of memory and had asked for {resources.memory}"
        evidence = ended_by(signal.SIGKILL, Cause.OVER_MEMORY, detail)
        yield Ending(after=seconds / 2, evidence=evidence, maxrss=resources.memory.bytes)
    if resources.runtime and seconds > resources.runtime.seconds:
        evidence = ended_by(signal.SIGTERM, Cause.OVER_RUNTIME, f"ran longer than {resources.runtime}")
        yield Ending(after=resources.runtime.seconds, evidence=evidence)


def _need(
    kind: type[T],
    needs: Mapping[str, T | str] | Callable[[Attempt, int], T | str | None],
    attempt: Attempt,
    number: int,
) -> T | None:
    need = needs(attempt, number) if callable(needs) else needs.get(attempt.name)
    return None if need is None else kind.parse(need)
