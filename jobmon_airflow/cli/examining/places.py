"""Clusters: whether those that tasks go to can be reached from here, and whether their shared folder can be written."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.examining.findings import examined, note, ok, problem
from jobmon_airflow.client import registry
from jobmon_airflow.distributors.registry import LOCAL, distributor
from jobmon_airflow.store import clusters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jobmon_airflow.cli.examining.findings import Finding

_WITHIN: Final = 60.0  # seconds


def findings(address: str | None, wanted: Collection[str] | None) -> Iterator[Finding]:
    """About the clusters that are named; else about all that the tables know."""
    with registry.database(address).read() as connection:
        known = clusters.cluster_ids(connection)
        used = clusters.in_use(connection)
        chosen = wanted or sorted(known)
        ways = {name: clusters.connection_of(connection, name) for name in chosen}
    here = [name for name, (kind, _) in ways.items() if kind in LOCAL]
    if here:
        yield ok("this machine", f"{os.cpu_count()} cores, for {', '.join(here)}")
    for name, (kind, parameters) in ways.items():
        if kind in LOCAL:
            continue
        found = list(examined(f"cluster {name}", partial(_asked, name, kind, parameters)))
        is_needed = name in used or bool(wanted)
        yield from found if is_needed else map(_unneeded, found)


def _unneeded(found: Finding) -> Finding:
    """No task was ever sent there, so that nobody need mind."""
    if found.remedy:
        return note(found.about, f"No task was ever sent there. {found.says}", found.remedy)
    return found


def _asked(name: str, kind: str, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    about = f"cluster {name}"
    try:
        yield ok(about, asyncio.run(_said(name, kind, parameters)))
    except TimeoutError:
        yield problem(
            about,
            f"It did not answer within {_WITHIN:g} seconds.",
            "Try its own commands there, such as sinfo.",
        )


async def _said(name: str, kind: str, parameters: Mapping[str, Any]) -> str:
    async with asyncio.timeout(_WITHIN):
        if kind == "slurm":
            return await _slurm(parameters)
        async with distributor(name, kind, parameters) as reached:
            queues = [queue.name for queue in await reached.queues() if queue.name]
    return f"It answers ({kind}). {_queues(queues)}"


async def _slurm(parameters: Mapping[str, Any]) -> str:
    from jobmon_airflow.distributors.slurm.ways import way_to

    way = way_to(**parameters)
    async with way.controller() as controller:
        limits = await controller.limits(None)
    if (spool := way.spool()) is not None:
        async with spool:
            pass
    version = ".".join(f"{number:02}" for number in limits.version)
    accounting = "with accounting" if limits.has_accounting else "without accounting"
    return f"It answers: '{limits.name}', Slurm {version}, {accounting}. {_queues([it.name for it in limits.queues])}"


def _queues(names: Collection[str]) -> str:
    return f"Its queues: {', '.join(names)}." if names else ""
