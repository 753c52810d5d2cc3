"""The tasks before a task and behind it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.states import TaskBucket, TaskStatus
from jobmon_airflow.store import neighbours, origins, workflows
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.view.paging import cursor, key_of

COUNTED: Final = 20_000  #: more neighbours than that are not asked how they stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A task beside another."""

    id: int
    name: str
    template: str
    status: str
    bucket: TaskBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Some of the tasks on one side of a task, and the cursor after which the others come."""

    items: Sequence[Neighbour]
    next: str | None
    count: int  #: all of them
    counts: dict[TaskBucket, int] | None  #: how they stand; None if there are too many to be asked


def beside(
    connection: Connection, task_id: int, side: Side, *, after: str | None = None, limit: int = 15
) -> Neighbours:
    """The next tasks on one side of a task."""
    workflow_id = origins.workflow_of_task(connection, task_id)
    nodes = neighbours.nodes_beside(connection, task_id, side)
    if workflow_id is None or not nodes:
        return Neighbours(items=[], next=None, count=0, counts={})
    begin = bisect_right(nodes, key_of(after, int)[0]) if after else 0
    chosen = nodes[begin : begin + limit]
    names = workflows.array_names(connection, workflow_id)
    return Neighbours(
        items=[
            Neighbour(
                id=row.id,
                name=row.name,
                template=names[row.array_id],
                status=TaskStatus.of(row.status).label,
                bucket=TaskStatus.of(row.status).bucket,
            )
            for row in neighbours.at_nodes(connection, workflow_id, chosen)
        ],
        next=cursor(chosen[-1]) if begin + limit < len(nodes) else None,
        count=len(nodes),
        counts=_counts(connection, workflow_id, nodes),
    )


def _counts(connection: Connection, workflow_id: int, nodes: Sequence[int]) -> dict[TaskBucket, int] | None:
    if len(nodes) > COUNTED:
        return None
    found: dict[TaskBucket, int] = {}
    for status, count in neighbours.counts_at(connection, workflow_id, nodes).items():
        found[status.bucket] = found.get(status.bucket, 0) + count
    return found
