"""Clusters, their queues, and what tasks asked of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.moving_in import values
from jobmon_airflow.moving_in.requests import queue_limits, request
from jobmon_airflow.store import clusters
from jobmon_airflow.store.vocabulary import ADJUSTED, ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.resources import Resources

_REMEMBERED: Final = 200_000
_STRANGE: Final = "Values in requests that mean nothing here, such as 0 GiB of memory, and are left out"
_NO_QUEUE: Final = "Requests that name no queue"


@dataclass(slots=True)
class Places:
    """What is ours of the places that an original knows."""

    move: Move
    queues: dict[int, int]
    _requests: dict[int, int] = field(default_factory=dict)

    @classmethod
    def bring(cls, move: Move) -> Places:
        """Bring clusters and queues. One that has a name that is known here is the one that is here."""
        cluster_ids = _clusters(move)
        return cls(move, _queues(move, cluster_ids))

    def requests(self, original_ids: Collection[int | None]) -> Mapping[int, int]:
        """Our ids of requests, brought if need be. Requests that say the same are one here."""
        wanted = {number for number in original_ids if number is not None}
        if len(self._requests) > _REMEMBERED:
            self._requests.clear()
        if missing := wanted - self._requests.keys():
            self._requests |= self.move.ids("task_resources", missing)
        if missing := wanted - self._requests.keys():
            self._requests |= self._bring_requests(missing)
        return self._requests

    def _bring_requests(self, original_ids: Collection[int]) -> dict[int, int]:
        rows = list(self.move.reader.among("task_resources", "id", original_ids))
        self.move.report.leave(_NO_QUEUE, [row.id for row in rows if row.queue_id not in self.queues])
        asked = {row.id: self._asked(row) for row in rows if row.queue_id in self.queues}

        def enter(connection: Connection) -> dict[int, int]:
            ids: dict[int, int] = {}
            for kind in sorted({kind for kind, _ in asked.values()}):
                of_kind = {number: said for number, (its, said) in asked.items() if its == kind}
                bound = clusters.bind_resources(connection, set(of_kind.values()), kind)
                ids |= {number: bound[said] for number, said in of_kind.items()}
            return ids

        return self.move.enter("task_resources", enter) if asked else {}

    def _asked(self, row: Row[Any]) -> tuple[str, tuple[int, Resources]]:
        resources, strange = request(row.requested_resources)
        for name in strange:
            self.move.report.change(_STRANGE, f"{name} of task_resources {row.id}")
        kind = ADJUSTED if str(row.task_resources_type_id) == ADJUSTED else ORIGINAL
        return kind, (self.queues[row.queue_id], resources)


def _clusters(move: Move) -> dict[int, int]:
    types = {row.id: values.name(row.name) for page in move.reader.pages("cluster_type") for row in page}
    known = move.all_ids("cluster")
    rows = [row for page in move.reader.pages("cluster") for row in page if row.id not in known]

    def enter(connection: Connection) -> dict[int, int]:
        # How their plug-in reaches a cluster is not how ours does.
        return {
            row.id: clusters.register(
                connection, values.name(row.name), types.get(row.cluster_type_id) or values.name(row.name)
            )
            for row in rows
        }

    return known | (move.enter("cluster", enter) if rows else {})


def _queues(move: Move, cluster_ids: Mapping[int, int]) -> dict[int, int]:
    known = move.all_ids("queue")
    of_clusters: dict[int, list[Row[Any]]] = {}
    for page in move.reader.pages("queue"):
        for row in page:
            if row.cluster_id in cluster_ids and row.id not in known:
                of_clusters.setdefault(cluster_ids[row.cluster_id], []).append(row)

    def enter(connection: Connection) -> dict[int, int]:
        ids: dict[int, int] = {}
        for cluster_id, rows in of_clusters.items():
            ids |= _queues_of_cluster(connection, cluster_id, rows)
        return ids

    return known | (move.enter("queue", enter) if of_clusters else {})


def _queues_of_cluster(connection: Connection, cluster_id: int, rows: Sequence[Row[Any]]) -> dict[int, int]:
    """The queues, with the limits that they had there if they are new here."""
    here = clusters.limits(connection, cluster_id).keys()
    names = {row.id: values.name(row.name) for row in rows}
    new = {names[row.id]: row.parameters for row in rows if names[row.id] not in here}
    ids = clusters.queue_ids(connection, cluster_id, set(names.values()))
    clusters.set_limits(connection, cluster_id, [queue_limits(name, said) for name, said in new.items()])
    return {number: ids[name] for number, name in names.items()}
