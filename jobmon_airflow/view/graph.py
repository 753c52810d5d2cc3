"""A workflow's graph as people think of it: templates, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from jobmon_airflow.engine import standing
from jobmon_airflow.states import TaskBucket
from jobmon_airflow.store import families, workflows
from jobmon_airflow.view import counting
from jobmon_airflow.view.workflow import is_run_now


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A template."""

    name: str
    tasks: int
    counts: dict[TaskBucket, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """Tasks of one template wait for tasks of another one, or of the same."""

    upstream: str
    downstream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A workflow's templates, those that wait for others behind them, and its edges."""

    nodes: Sequence[GraphNode]
    edges: Sequence[GraphEdge]
    is_active: bool  #: somebody runs it now


def of_workflow(connection: Connection, workflow_id: int, now: datetime) -> Graph:
    """The graph of a workflow; an error if there is none of this id."""
    found = standing.of_workflow(connection, workflow_id, counting.of_workflow(connection, workflow_id))
    its = workflows.row(connection, workflow_id)
    assert its is not None
    _, edges = families.shape(connection, workflow_id, its.dag_id)
    return Graph(
        nodes=[
            GraphNode(name=each.name, tasks=each.total, counts=dict(each.counts)) for each in found.templates
        ],
        edges=[GraphEdge(upstream=upstream, downstream=downstream) for upstream, downstream in sorted(edges)],
        is_active=is_run_now(connection, workflow_id, now),
    )
