"""What tasks and attempts ask of a cluster, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from jobmon_airflow.resources import Resources, with_unit
from jobmon_airflow.view.texts import shortened

_LONGEST: Final = 1_000  #: characters of one option
_ENVIRONMENT: Final = "env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """What is asked of a cluster; None where the choice is left to it."""

    cluster: str
    queue: str | None
    cores: int | None
    memory: int | None  #: bytes
    runtime: float | None  #: seconds
    options: dict[str, str]  #: what else is asked; of environments the names of their variables alone


def requested(row: Row[Any]) -> Requested:
    """A request as `store.clusters.requests` finds it."""
    return of_resources(row.cluster_name, row.queue_name, Resources.from_json(row.requested_resources))


def of_resources(cluster: str, queue: str | None, asked: Resources) -> Requested:
    """A request to a queue of a cluster."""
    return Requested(
        cluster=cluster,
        queue=queue,
        cores=asked.cores,
        memory=None if asked.memory is None else asked.memory.bytes,
        runtime=None if asked.runtime is None else asked.runtime.seconds,
        options={name: shortened(_shown(name, value), _LONGEST) for name, value in asked.extra.items()},
    )


def _shown(name: str, value: object) -> str:
    """An option's value; those of variables may be secrets."""
    if name == _ENVIRONMENT and isinstance(value, Mapping):
        return ", ".join(sorted(map(str, value)))
    return str(with_unit(value))
