"""What a cluster allows, as slurmrestd tells it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.distributors.slurm.limits import Association, Partition, narrowest
from jobmon_airflow.distributors.slurm.rest_words import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.slurm.rest_words import Json


def partitions(answer: Json) -> list[Partition]:
    """The queues of v0.0.38 and of later versions, which sort what they say into groups."""
    return [_partition(each) for each in answer.get("partitions") or []]


def _partition(said: Json) -> Partition:
    most, nodes, cpus = said.get("maximums") or {}, said.get("nodes") or {}, said.get("cpus") or {}
    minutes = number(most.get("time", said.get("max_time_limit")))
    memory = number(most.get("partition_memory_per_node", said.get("maximum_memory_per_node")))
    flags = [*(said.get("flags") or []), *(said.get("default_flags") or [])]
    return Partition(
        name=str(said.get("name")),
        is_default=any(str(flag).lower() == "default" for flag in flags),
        nodes=number(said.get("total_nodes", nodes.get("total") if isinstance(nodes, dict) else None)) or 0,
        cpus=number(said.get("total_cpus", cpus.get("total") if isinstance(cpus, dict) else None)) or 0,
        max_cpus_per_node=number(most.get("cpus_per_node", said.get("maximum_cpus_per_node"))),
        max_memory_per_node=None if not memory else memory * 2**20,
        max_seconds=None if minutes is None else minutes * 60.0,
    )


def largest_nodes(answer: Json) -> dict[str, tuple[int, int]]:
    """The most CPUs and the most bytes of memory of a node, by queue."""
    largest: dict[str, tuple[int, int]] = {}
    for node in answer.get("nodes") or []:
        for queue in node.get("partitions") or []:
            cpus, memory = largest.get(queue, (0, 0))
            has = number(node.get("cpus")) or 0, (number(node.get("real_memory")) or 0) * 2**20
            largest[queue] = max(cpus, has[0]), max(memory, has[1])
    return largest


def associations(answer: Json, cluster: str) -> list[Association]:
    """The associations of one cluster."""
    rows = answer.get("associations") or []
    return [_association(each) for each in rows if not cluster or each.get("cluster") == cluster]


def _association(said: Json) -> Association:
    jobs = (said.get("max") or {}).get("jobs") or {}
    default = (said.get("default") or {}).get("qos")
    return Association(
        account=str(said.get("account")),
        user=str(said.get("user") or ""),
        parent=str(said.get("parent_account") or ""),
        most=narrowest(number(jobs.get("total")), number((jobs.get("per") or {}).get("submitted"))),
        default_qos=str(default or ""),
        qos=tuple(said.get("qos") or ()),
    )


def qos(answer: Json) -> dict[str, int | None]:
    """The most that a user may have submitted at a time, by QOS."""
    rows = answer.get("qos") or answer.get("QOS") or []
    return {str(each.get("name")): _most_of_qos(each.get("limits") or {}) for each in rows}


def _most_of_qos(limits: Mapping[str, Any]) -> int | None:
    per = ((limits.get("max") or {}).get("jobs") or {}).get("per") or {}
    return narrowest(number(per.get("user")), number(per.get("account")))
