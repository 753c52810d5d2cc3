"""What workflows cost: hours of cores and of memory, and how much of what they asked for was not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from sqlalchemy import Connection

from jobmon_airflow.resources import Resources
from jobmon_airflow.store import spent
from jobmon_airflow.store.spent import Used

Owner = TypeVar("Owner", int, str)

_HOUR: Final = 3600.0
_GIB: Final = 2.0**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What attempts that are over have cost together."""

    attempts: int
    core_hours: float  #: cores that were asked for, times hours
    memory_hours: float  #: GiB that were asked for, times hours
    wasted_cores: float | None  #: the share of core hours that no command used, as far as this was measured
    wasted_memory: float | None  #: the same of memory: what was asked for and was never used, at no time


NOTHING: Final = Spent(attempts=0, core_hours=0, memory_hours=0, wasted_cores=None, wasted_memory=None)


def of_workflows(connection: Connection, ids: list[int]) -> dict[int, Spent]:
    """What workflows have cost, by id."""
    return _by_owner(spent.of_workflows(connection, ids), {number: number for number in ids})


def of_templates(connection: Connection, workflow_id: int, names: Mapping[int, str]) -> dict[str, Spent]:
    """What the templates of a workflow have cost, given as the names of its arrays."""
    return _by_owner(spent.of_arrays(connection, [workflow_id]), names)


def _by_owner(rows: Iterable[Used], owners: Mapping[int, Owner]) -> dict[Owner, Spent]:
    totals: dict[Owner, _Total] = {}
    for row in rows:
        totals.setdefault(owners[row.of], _Total()).add(row)
    return {owner: total.spent() for owner, total in totals.items()}


@dataclass(slots=True)
class _Total:
    attempts: int = 0
    core_time: float = 0.0
    memory_time: float = 0.0  # asked, in byte seconds
    measured_core_time: float = 0.0
    used_core_time: float = 0.0
    measured_memory_time: float = 0.0
    used_memory_time: float = 0.0

    def add(self, row: Used) -> None:
        cores, memory = _asked(row.requested_resources)
        self.attempts += row.attempts
        self.core_time += cores * row.wallclock
        self.measured_core_time += cores * row.cpu_wallclock
        self.used_core_time += row.cpu
        if memory is not None:
            self.memory_time += memory * row.wallclock
            self.measured_memory_time += memory * row.memory_wallclock
            self.used_memory_time += row.memory_time

    def spent(self) -> Spent:
        return Spent(
            attempts=self.attempts,
            core_hours=self.core_time / _HOUR,
            memory_hours=self.memory_time / _HOUR / _GIB,
            wasted_cores=unused(self.used_core_time, self.measured_core_time),
            wasted_memory=unused(self.used_memory_time, self.measured_memory_time),
        )


def unused(used: float, asked: float) -> float | None:
    """The share of what was asked for that was not used; None if nothing was measured."""
    return max(0.0, 1 - used / asked) if asked > 0 else None


@lru_cache(maxsize=10_000)
def _asked(requested_resources: str) -> tuple[int, int | None]:
    """Cores and bytes; who asks for no cores gets one."""
    asked = Resources.from_json(requested_resources)
    return asked.cores or 1, asked.memory.bytes if asked.memory else None
