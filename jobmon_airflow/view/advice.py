"""What to ask for the next time, and what that would have meant for attempts of the past.

Attempts count that succeeded, and those that ended because they had asked for too little: of these we know only that
they needed more. Others may have ended at any point, and say nothing of what their tasks need.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import fsum
from typing import Final, NamedTuple

from jobmon_airflow.client.statistics import enough_for
from jobmon_airflow.client.usage import HELD, suggested
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import DEFAULT_SCALES

LEVELS: Final = (75, 90, HELD, 99, 100)  #: percent of the attempts that a request is to hold
_GIB: Final = 1024**3
_HOUR: Final = 3600.0
_HARDLY: Final = 0.1  # of a core: what a process takes besides the ones that it computes with
_MOST_TRIES: Final = 20


class Past(NamedTuple):
    """An attempt of the past: bytes and seconds, None where nobody knows."""

    memory: float | None
    runtime: float | None
    cpu: float | None
    asked_memory: float | None
    asked_runtime: float | None
    asked_cores: int | None
    lacked_memory: bool = False
    lacked_runtime: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """What a request would have meant for attempts of the past.

    Who would have lacked memory is counted again with half as much more, as a task without scales of its own would be
    tried again, until that is enough.
    """

    attempts: int
    lack_memory: int  #: so many would have asked for too little
    lack_runtime: int
    memory_hours_asked: float | None  #: GiB x hours, as they were asked for
    memory_hours_then: float | None
    core_hours_asked: float | None
    core_hours_then: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A request, as one would write it and in bytes, seconds and cores."""

    held: int  #: percent of the attempts that it holds before its head room
    is_recommended: bool
    compute_resources: Mapping[str, str]
    memory: int | None
    runtime: float | None
    cores: int | None
    test: BackTest


def advice(past: Sequence[Past]) -> list[Advice]:
    """Requests for what these attempts did, from the least generous to the most; none if nothing was measured."""
    memory = sorted(each.memory for each in past if each.memory)
    runtime = sorted(each.runtime for each in past if each.runtime)
    cores = sorted(each.cpu / each.runtime for each in past if each.cpu and each.runtime)
    if not memory and not runtime:
        return []
    history = _History(past)
    return [_advice(history, _written(memory, runtime, cores, held), held) for held in LEVELS]


def _written(memory: list[float], runtime: list[float], cores: list[float], held: int) -> dict[str, str]:
    written = suggested(memory, runtime, held)
    if cores:
        written["cores"] = str(max(1, math.ceil(enough_for(cores, held) - _HARDLY)))
    return written


def _advice(history: _History, written: dict[str, str], held: int) -> Advice:
    # Who reads requests takes no text for a number of cores.
    request = Resources.parse(
        {name: int(value) if name == "cores" else value for name, value in written.items()}
    )
    return Advice(
        held=held,
        is_recommended=held == HELD,
        compute_resources=written,
        memory=None if request.memory is None else request.memory.bytes,
        runtime=None if request.runtime is None else float(request.runtime.seconds),
        cores=request.cores,
        test=history.tested(request),
    )


class _History:
    """What attempts needed, in an order in which it is quickly said what a request would have meant for them."""

    def __init__(self, past: Sequence[Past]) -> None:
        self._attempts = len(past)
        self._runtimes = sorted(_need(each.runtime, each.asked_runtime, each.lacked_runtime) for each in past)
        self._needs = sorted(_need(each.memory, each.asked_memory, each.lacked_memory) for each in past)
        weighed = sorted(
            (_need(each.memory, each.asked_memory, each.lacked_memory), each.runtime or 0.0)
            for each in past
            if each.asked_memory
        )
        self._memories = [need for need, _ in weighed]
        self._seconds_before = list(accumulate((seconds for _, seconds in weighed), initial=0.0))
        self._asked_memory = fsum((each.asked_memory or 0.0) * (each.runtime or 0.0) for each in past)
        counted = [each for each in past if each.asked_cores]
        self._asked_cores = fsum((each.asked_cores or 0) * (each.runtime or 0.0) for each in counted)
        self._core_seconds = fsum(each.runtime or 0.0 for each in counted)

    def tested(self, request: Resources) -> BackTest:
        """What a request would have meant for them."""
        memory, runtime, cores = request.memory, request.runtime, request.cores
        has_memory, has_cores = bool(memory and self._memories), bool(cores and self._core_seconds)
        return BackTest(
            attempts=self._attempts,
            lack_memory=_more_than(self._needs, memory.bytes) if memory else 0,
            lack_runtime=_more_than(self._runtimes, runtime.seconds) if runtime else 0,
            memory_hours_asked=self._asked_memory / _GIB / _HOUR if has_memory else None,
            memory_hours_then=self._byte_seconds(request) / _GIB / _HOUR if has_memory else None,
            core_hours_asked=self._asked_cores / _HOUR if has_cores else None,
            core_hours_then=(cores or 0) * self._core_seconds / _HOUR if has_cores else None,
        )

    def _byte_seconds(self, request: Resources) -> float:
        """What would have been asked for, and asked for again by those for whom it was too little."""
        total, first = 0.0, 0
        for number in range(_MOST_TRIES):
            assert request.memory is not None
            total += request.memory.bytes * (self._seconds_before[-1] - self._seconds_before[first])
            first = bisect_right(self._memories, request.memory.bytes)
            request = DEFAULT_SCALES.scaled(request, "memory", attempt=number)
        return total


def _need(used: float | None, asked: float | None, is_too_little: bool) -> float:
    """What an attempt needed: what it used, or more than it had."""
    return math.nextafter(asked, math.inf) if is_too_little and asked else used or 0.0


def _more_than(ordered: list[float], limit: float) -> int:
    return len(ordered) - bisect_right(ordered, limit)
