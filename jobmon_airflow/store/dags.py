"""Graphs: which nodes wait for which.

A graph is a word too: workflows with the same nodes and edges share one. Its rows are written in one
transaction and never change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import dag, dag_join, edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

# A node (or a join's number), its upstreams, its downstreams: JSON lists of node ids and -joins.
Row = tuple[int, str, str]


def find(connection: Connection, digest: str) -> int | None:
    """The graph with this hash, if its edges are all there."""
    query = select(dag.c.id).where(dag.c.hash == digest, dag.c.created_date.is_not(None))
    return connection.execute(query).scalar()


def bind(
    connection: Connection, digest: str, edges: Iterable[Row], joins: Iterable[Row], at: datetime
) -> int:
    """The id of the graph with this hash and these edges; there is one now."""
    sets.insert(connection, dag, ("hash",), [(digest,)], keep_existing=True)
    number, created = connection.execute(
        select(dag.c.id, dag.c.created_date).where(dag.c.hash == digest)
    ).one()
    if created is None:
        _insert_edges(connection, int(number), edges, joins)
        connection.execute(update(dag).where(dag.c.id == number).values(created_date=at))
    return int(number)


def neighbours(
    connection: Connection, dag_id: int, node_ids: Iterable[int]
) -> dict[int, tuple[set[int], set[int]]]:
    """The upstream and downstream nodes of some nodes; joins are opened."""
    query = select(edge.c.node_id, edge.c.upstream_node_ids, edge.c.downstream_node_ids).where(
        edge.c.dag_id == dag_id, sets.among(edge.c.node_id, list(node_ids))
    )
    found = {
        node_id: (json.loads(upstreams), json.loads(downstreams))
        for node_id, upstreams, downstreams in connection.execute(query)
    }
    named = {-number for lists in found.values() for ids in lists for number in ids if number < 0}
    opened = _joins(connection, dag_id, named)
    return {
        node_id: (_open(upstreams, opened, 0), _open(downstreams, opened, 1))
        for node_id, (upstreams, downstreams) in found.items()
    }


def edges_of(connection: Connection, dag_id: int) -> Iterator[Row]:
    """All nodes of a graph with their neighbours as stored, joins unopened."""
    query = select(edge.c.node_id, edge.c.upstream_node_ids, edge.c.downstream_node_ids)
    return sets.stream(connection, query.where(edge.c.dag_id == dag_id))


def joins_of(connection: Connection, dag_id: int) -> Iterator[Row]:
    """All joins of a graph, with their upstream and downstream nodes."""
    query = select(dag_join.c.number, dag_join.c.upstream_node_ids, dag_join.c.downstream_node_ids)
    return sets.stream(connection, query.where(dag_join.c.dag_id == dag_id))


def _insert_edges(connection: Connection, dag_id: int, edges: Iterable[Row], joins: Iterable[Row]) -> None:
    lists = ("upstream_node_ids", "downstream_node_ids")
    sets.insert(connection, edge, ("node_id", *lists), edges, constants={"dag_id": dag_id})
    sets.insert(connection, dag_join, ("number", *lists), joins, constants={"dag_id": dag_id})


def _joins(connection: Connection, dag_id: int, numbers: set[int]) -> dict[int, tuple[list[int], list[int]]]:
    if not numbers:
        return {}
    query = select(dag_join.c.number, dag_join.c.upstream_node_ids, dag_join.c.downstream_node_ids).where(
        dag_join.c.dag_id == dag_id, sets.among(dag_join.c.number, sorted(numbers))
    )
    return {number: (json.loads(up), json.loads(down)) for number, up, down in connection.execute(query)}


def _open(ids: list[int], joins: dict[int, tuple[list[int], list[int]]], side: int) -> set[int]:
    plain = {number for number in ids if number > 0}
    return plain.union(*(joins[-number][side] for number in ids if number < 0))
