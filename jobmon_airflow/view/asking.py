"""What to ask for the next time, by what attempts used: the resources of templates, as they stand in a YAML file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from jobmon_airflow.client import usage
from jobmon_airflow.resources import Resources
from jobmon_airflow.store import clusters
from jobmon_airflow.store import usage as stored
from jobmon_airflow.store.usage import Together
from jobmon_airflow.store.vocabulary import DEFAULT_QUEUE

KEY: Final = "task_template_resources"  #: under which a YAML file has the resources of templates


class Strategy(StrEnum):
    """Which of the values is asked for."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUGGESTED = "suggested"  #: what would have held 95 of 100, with room to spare


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategies:
    """Which of the values is asked for, of each resource. Cores are those that were asked for."""

    memory: Strategy = Strategy.AVG
    cores: Strategy = Strategy.AVG
    runtime: Strategy = Strategy.MAX


#: By template and cluster, resources by their names.
Asking = Mapping[str, Mapping[str, Mapping[str, Any]]]


def of_templates(
    connection: Connection,
    arrays: Mapping[str, Collection[int]],
    how: Strategies,
    only: Collection[str] = (),
) -> Asking:
    """What to ask for, by templates' names and the clusters where they ran, or of these; not of what never ran."""
    found = {
        name: _of_template(_Past(connection, array_ids), how, only) for name, array_ids in arrays.items()
    }
    return {name: by_cluster for name, by_cluster in found.items() if by_cluster}


class _Past:
    """What attempts at a template's tasks asked for and used."""

    def __init__(self, connection: Connection, array_ids: Collection[int]) -> None:
        self.rows = [row for array_id in array_ids for row in stored.by_request(connection, array_id)]
        ids = {row.task_resources_id for row in self.rows if row.task_resources_id is not None}
        self.requests = clusters.requests(connection, ids)
        self._connection, self._array_ids = connection, array_ids

    def on(self, cluster: str) -> list[Together]:
        """Those on a cluster."""
        return [row for row in self.rows if self._cluster(row) == cluster]

    def clusters(self) -> list[str]:
        """Where they ran."""
        return sorted({name for row in self.rows if (name := self._cluster(row)) is not None})

    def suggested(self) -> Mapping[str, str]:
        """What would have held nearly all of them."""
        measured = list(stored.of_arrays(self._connection, self._array_ids, {}))
        memory = sorted(float(maxrss) for _, maxrss, _ in measured if maxrss)
        runtime = sorted(float(wallclock) for _, _, wallclock in measured if wallclock)
        return usage.suggested(memory, runtime)

    def asked(self, rows: Sequence[Together]) -> Iterator[tuple[Resources, str, int]]:
        """What they asked for, of which queue, and how many did."""
        for row in rows:
            if (request := self.requests.get(row.task_resources_id or 0)) is not None:
                yield Resources.from_json(request.requested_resources), request.queue_name, row.attempts

    def _cluster(self, row: Together) -> str | None:
        request = self.requests.get(row.task_resources_id or 0)
        return None if request is None else str(request.cluster_name)


def _of_template(past: _Past, how: Strategies, only: Collection[str]) -> dict[str, dict[str, Any]]:
    if not past.rows:
        return {}
    # Where a template never ran, it is asked for what it used elsewhere.
    return {name: _on(past, past.on(name) or past.rows, name, how) for name in only or past.clusters()}


def _on(past: _Past, rows: Sequence[Together], cluster: str, how: Strategies) -> dict[str, Any]:
    asked = list(past.asked(rows))
    suggested = past.suggested() if Strategy.SUGGESTED in (how.memory, how.runtime) else {}
    found: dict[str, Any] = {}
    if memory := _value(how.memory, [(row.measured_memory, *row[3:6]) for row in rows]):
        found["memory"] = str(usage.memory_in_steps(memory))
    if how.memory is Strategy.SUGGESTED and "memory" in suggested:
        found["memory"] = suggested["memory"]
    if cores := _value(how.cores, [_cores(each, count) for each, _, count in asked if each.cores]):
        found["cores"] = math.ceil(cores)
    if runtime := _value(how.runtime, [(row.measured_runtime, *row[7:10]) for row in rows]):
        found["runtime"] = str(usage.runtime_in_steps(runtime))
    if how.runtime is Strategy.SUGGESTED and "runtime" in suggested:
        found["runtime"] = suggested["runtime"]
    queues = Counter[str]()
    for _, queue, count in past.asked(past.on(cluster)):
        queues[queue] += count
    if queues and (usual := queues.most_common(1)[0][0]) != DEFAULT_QUEUE:
        found["queue"] = usual
    return found


def _cores(asked: Resources, count: int) -> tuple[int, float, float, float]:
    cores = float(asked.cores or 0)
    return count, cores, cores * count, cores


def _value(how: Strategy, parts: Sequence[tuple[Any, ...]]) -> float | None:
    """The least, the mean or the most of values that are known as how many, least, sum and most; None without any."""
    known: list[tuple[int, float, float, float]] = [
        (int(count), float(least), float(total), float(most)) for count, least, total, most in parts if count
    ]
    if not known:
        return None
    match how:
        case Strategy.MIN:
            return min(least for _, least, _, _ in known)
        case Strategy.AVG:
            return sum(total for _, _, total, _ in known) / sum(count for count, *_ in known)
        case _:
            return max(most for _, _, _, most in known)


def as_yaml(asking: Asking) -> str:
    """The text of a YAML file from which tools and templates read their resources."""
    import yaml

    text: str = yaml.safe_dump({KEY: asking}, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return text
