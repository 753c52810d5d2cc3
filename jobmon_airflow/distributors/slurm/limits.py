"""What a cluster allows, from what `scontrol`, `sinfo` and `sacctmgr` print. Pure.

Nobody says how much of a limit is used up by others: limits tell what can never be, and Slurm what cannot be now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.reading import NOWHERE, count, seconds, size
from jobmon_airflow.distributors.slurm.seam import ClusterLimits
from jobmon_airflow.queues import QueueLimits, Range
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What Slurm takes where its configuration does not say: https://slurm.schedmd.com/slurm.conf.html
MAX_ARRAY_SIZE: Final = 1001
MAX_JOBS: Final = 10_000
MIN_JOB_AGE: Final = 300.0
KILL_WAIT: Final = 30.0

#: The columns that are asked of sinfo, of `sacctmgr show assoc` and of `sacctmgr show qos`.
NODES_FORMAT: Final = "%R|%c|%m|%D"
ASSOCIATIONS: Final = ("Account", "User", "ParentName", "MaxSubmit", "GrpSubmit", "DefaultQOS", "QOS")
QOS: Final = ("Name", "MaxSubmitPU", "MaxSubmitPA", "GrpSubmit")


@dataclass(frozen=True, slots=True)
class Partition:
    """A queue, as `scontrol show partition` or slurmrestd says."""

    name: str
    is_default: bool
    nodes: int
    cpus: int
    max_cpus_per_node: int | None
    max_memory_per_node: int | None  #: bytes
    max_seconds: float | None


@dataclass(frozen=True, slots=True)
class Association:
    """A user, or an account, and how much it may have submitted at a time."""

    account: str
    user: str
    parent: str
    most: int | None
    default_qos: str
    qos: tuple[str, ...]


# --- scontrol -----------------------------------------------------------------------------------------------------


def configuration(text: str) -> dict[str, str]:
    """The settings of `scontrol show config`, by their names in small letters."""
    pairs = (line.partition("=") for line in text.splitlines())
    settings = {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
    if "clustername" not in settings:
        raise ValueError(f"a configuration without a cluster's name: {text}")
    return settings


def partitions(text: str) -> list[Partition]:
    """The queues of `scontrol show partition -o`."""
    return [_partition(dict(_WORD.findall(line))) for line in text.splitlines() if "PartitionName=" in line]


_WORD: Final = re.compile(r"([\w:/]+)=(\S*)")


def _partition(said: Mapping[str, str]) -> Partition:
    return Partition(
        name=said["PartitionName"],
        is_default=said.get("Default") == "YES",
        nodes=count(said.get("TotalNodes", "")) or 0,
        cpus=count(said.get("TotalCPUs", "")) or 0,
        max_cpus_per_node=count(said.get("MaxCPUsPerNode", "")),
        max_memory_per_node=size(said.get("MaxMemPerNode", ""), unit="M"),
        max_seconds=seconds(said.get("MaxTime", "")),
    )


# --- sinfo --------------------------------------------------------------------------------------------------------


def largest_nodes(text: str) -> dict[str, tuple[int, int]]:
    """The most CPUs and the most bytes of memory of a node, by queue."""
    largest: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        queue, cpus, memory, *_ = line.split("|")
        most_cpus, most_memory = largest.get(queue, (0, 0))
        largest[queue] = (
            max(most_cpus, count(cpus.rstrip("+")) or 0),
            max(most_memory, size(memory.rstrip("+"), unit="M") or 0),
        )
    return largest


# --- sacctmgr -----------------------------------------------------------------------------------------------------


def associations(text: str) -> list[Association]:
    """The rows of `sacctmgr -nP show assoc` in the columns of ``ASSOCIATIONS``."""
    rows = (line.split("|") for line in text.splitlines() if line)
    return [_association(dict(zip(ASSOCIATIONS, row, strict=True))) for row in rows]


def _association(row: Mapping[str, str]) -> Association:
    return Association(
        account=row["Account"].strip(),
        user=row["User"],
        parent=row["ParentName"],
        most=narrowest(count(row["MaxSubmit"]), count(row["GrpSubmit"])),
        default_qos=row["DefaultQOS"],
        qos=tuple(name for name in row["QOS"].split(",") if name),
    )


def qos(text: str) -> dict[str, int | None]:
    """The most that a user may have submitted at a time, by QOS, of `sacctmgr -nP show qos`."""
    rows = (line.split("|") for line in text.splitlines() if line)
    return {name: narrowest(*map(count, limits)) for name, *limits in rows}


def narrowest(*limits: int | None) -> int | None:
    """The smallest limit, of those that are set."""
    return min((limit for limit in limits if limit is not None), default=None)


# --- all in all ---------------------------------------------------------------------------------------------------


def cluster_limits(
    config: Mapping[str, str],
    queues: Sequence[Partition],
    largest: Mapping[str, tuple[int, int]],
    *,
    nodes: int,
    known: Sequence[Association] = (),
    by_qos: Mapping[str, int | None] | None = None,
    user: str = "",
    default_account: str | None = None,
) -> ClusterLimits:
    """What all the answers say together."""
    accounts = _by_account(known, by_qos or {}, user)
    default = default_account if default_account in accounts else next(iter(accounts), None)
    return ClusterLimits(
        name=config.get("clustername", ""),
        version=version(config.get("slurm_version", "")),
        max_array_size=_max_array_size(config.get("maxarraysize", "")),
        max_jobs=count(config.get("maxjobcount", "")) or MAX_JOBS,
        min_job_age=_first_number(config.get("minjobage"), MIN_JOB_AGE),
        kill_wait=_first_number(config.get("killwait"), KILL_WAIT),
        has_accounting=_has_accounting(config.get("accountingstoragetype", "")),
        max_submit=accounts.get(default) if default else None,
        default_queue=next((queue.name for queue in queues if queue.is_default), None),
        queues=[queue_limits(queue, largest.get(queue.name)) for queue in queues],
        nodes=nodes,
        submit_by_account=accounts,
        submit_by_qos=dict(by_qos or {}),
    )


def _max_array_size(written: str) -> int:
    """One more than the largest index; 0 switches arrays off, so that there is only the first."""
    most = count(written)
    return MAX_ARRAY_SIZE if most is None else max(1, most)


def version(written: str) -> tuple[int, int]:
    """Such as (22, 5)."""
    found = re.match(r"(\d+)\.(\d+)", written)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def queue_limits(queue: Partition, largest: tuple[int, int] | None) -> QueueLimits:
    """What a queue can hold: what it allows, and what its largest node has."""
    cpus, memory = largest or (0, 0)
    most_memory = narrowest(queue.max_memory_per_node, memory or None)
    return QueueLimits(
        queue.name,
        cores=Range(most=narrowest(queue.max_cpus_per_node, cpus or None)),
        memory=Range(most=None if most_memory is None else Memory.of_bytes(most_memory)),
        runtime=Range(most=None if queue.max_seconds is None else Runtime(queue.max_seconds)),
    )


def _has_accounting(storage: str) -> bool:
    return storage.removeprefix("accounting_storage/") not in {"none", "filetxt", *NOWHERE}


def _first_number(written: str | None, default: float) -> float:
    found = re.match(r"\d+", written or "")
    return float(found[0]) if found else default


def _by_account(
    known: Sequence[Association], by_qos: Mapping[str, int | None], user: str
) -> dict[str, int | None]:
    """The most that the user may have submitted at a time, by account: its own limit, and those of all above it."""
    accounts = {each.account: each for each in known if not each.user}
    mine = [each for each in known if each.user and (not user or each.user == user)]
    return {
        each.account: narrowest(
            each.most,
            by_qos.get(_qos_of(each)),
            *(above.most for above in _up_from(each.account, accounts)),
        )
        for each in mine
    }


def _qos_of(association: Association) -> str:
    """The QOS of jobs that name none."""
    if association.default_qos:
        return association.default_qos
    return association.qos[0] if len(association.qos) == 1 else "normal"


def _up_from(account: str, accounts: Mapping[str, Association]) -> Iterable[Association]:
    seen: set[str] = set()
    while account in accounts and account not in seen:
        seen.add(account)
        yield accounts[account]
        account = accounts[account].parent
