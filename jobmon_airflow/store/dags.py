"""Graphs: which nodes wait for which.

A graph is a word too: workflows with the same nodes and edges share one. Its rows are written in one
transaction and never change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import dag, dag_join, edge, node, template_edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

_STEPS: Final = 50  # that are followed one by one, before all of a graph is read
_UPSTREAMS: Final = "upstream_node_ids"
_DOWNSTREAMS: Final = "downstream_node_ids"

# A node (or a join's number), its upstreams, its downstreams: JSON lists of node ids and -joins.
Row = tuple[int, str, str]


def find(connection: Connection, digest: str) -> int | None:
    """The graph with this hash, if its edges are all there."""
    query = select(dag.c.id).where(dag.c.hash == digest, dag.c.created_date.is_not(None))
    return connection.execute(query).scalar()


def bind(
    connection: Connection,
    digest: str,
    edges: Iterable[Row],
    joins: Iterable[Row],
    at: datetime,
    *,
    between_templates: Iterable[tuple[int, int]] = (),
) -> int:
    """The id of the graph with this hash and these edges; there is one now."""
    sets.insert(connection, dag, ("hash",), [(digest,)], keep_existing=True)
    number, created = connection.execute(
        select(dag.c.id, dag.c.created_date).where(dag.c.hash == digest)
    ).one()
    if created is None:
        _insert_edges(connection, int(number), edges, joins)
        ends = ("upstream_task_template_version_id", "downstream_task_template_version_id")
        sets.insert(connection, template_edge, ends, between_templates, constants={"dag_id": number})
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


def opened(connection: Connection, dag_id: int, listed: str, column: str) -> set[int]:
    """The nodes in a stored list of upstreams or downstreams, as the column says; joins are opened."""
    numbers: list[int] = json.loads(listed)
    nodes = {number for number in numbers if number > 0}
    joins = [-number for number in numbers if number < 0]
    if not joins:
        return nodes
    query = select(dag_join.c[column]).where(
        dag_join.c.dag_id == dag_id, sets.among(dag_join.c.number, joins)
    )
    return nodes.union(*map(json.loads, connection.execute(query).scalars()))


def with_downstreams(connection: Connection, dag_id: int, first: Iterable[int]) -> set[int]:
    """Some nodes of a graph, and all that wait for one of them, or for what waits for it."""
    return _reached(connection, dag_id, first, _DOWNSTREAMS)


def with_upstreams(connection: Connection, dag_id: int, first: Iterable[int]) -> set[int]:
    """Some nodes of a graph, and all that one of them waits for, and what that waits for."""
    return _reached(connection, dag_id, first, _UPSTREAMS)


def edges_of(connection: Connection, dag_id: int) -> Iterator[Row]:
    """All nodes of a graph with their neighbours as stored, joins unopened."""
    query = select(edge.c.node_id, edge.c.upstream_node_ids, edge.c.downstream_node_ids)
    return sets.stream(connection, query.where(edge.c.dag_id == dag_id))


def joins_of(connection: Connection, dag_id: int) -> Iterator[Row]:
    """All joins of a graph, with their upstream and downstream nodes."""
    query = select(dag_join.c.number, dag_join.c.upstream_node_ids, dag_join.c.downstream_node_ids)
    return sets.stream(connection, query.where(dag_join.c.dag_id == dag_id))


def _reached(connection: Connection, dag_id: int, first: Iterable[int], column: str) -> set[int]:
    """Some nodes of a graph, and all that stands on this side of them."""
    found = set(first)
    pending = found
    for _ in range(_STEPS):
        if not pending:
            return {number for number in found if number > 0}
        pending = _beside(connection, dag_id, pending, column) - found
        found |= pending
    return _with_all(connection, dag_id, found, pending, column)


def _beside(connection: Connection, dag_id: int, numbers: Iterable[int], column: str) -> set[int]:
    """What stands directly on this side of some nodes and joins, which have numbers below zero."""
    found: set[int] = set()
    for key, table in ((edge.c.node_id, edge), (dag_join.c.number, dag_join)):
        wanted = sorted(abs(number) for number in numbers if (number > 0) is (table is edge))
        for part in sets.slices(wanted):
            query = select(table.c[column]).where(table.c.dag_id == dag_id, sets.among(key, part))
            found.update(*map(json.loads, connection.execute(query).scalars()))
    return found


def _with_all(
    connection: Connection, dag_id: int, found: set[int], pending: Iterable[int], column: str
) -> set[int]:
    """The same for a graph of many steps, which is read as a whole."""
    is_upwards = column == _UPSTREAMS
    beside = {number: up if is_upwards else down for number, up, down in edges_of(connection, dag_id)}
    beside |= {-number: up if is_upwards else down for number, up, down in joins_of(connection, dag_id)}
    left = list(pending)
    while left:
        new = [number for number in json.loads(beside[left.pop()]) if number not in found]
        found.update(new)
        left += new
    return {number for number in found if number > 0}


def template_edges(connection: Connection, dag_id: int) -> set[tuple[int, int]]:
    """Which template versions have tasks that wait for tasks of which: pairs of upstream and downstream."""
    query = select(
        template_edge.c.upstream_task_template_version_id, template_edge.c.downstream_task_template_version_id
    ).where(template_edge.c.dag_id == dag_id)
    found = {(upstream, downstream) for upstream, downstream in connection.execute(query)}
    return found or _seen_in_edges(connection, dag_id)


def _seen_in_edges(connection: Connection, dag_id: int) -> set[tuple[int, int]]:
    """The same of a graph that was written before there were rows for it, or that has no edges."""
    has_any = select(edge.c.node_id).where(edge.c.dag_id == dag_id, edge.c.upstream_node_ids != "[]")
    if connection.execute(has_any.limit(1)).first() is None:
        return set()
    rows = [(node_id, json.loads(upstreams)) for node_id, upstreams, _ in edges_of(connection, dag_id)]
    versions = _versions(connection, [node_id for node_id, _ in rows])
    joins = {
        -number: {versions[upstream] for upstream in json.loads(upstreams)}
        for number, upstreams, _ in joins_of(connection, dag_id)
    }
    return {
        (upstream, versions[node_id])
        for node_id, upstreams in rows
        for upstream in _versions_of(upstreams, versions, joins)
    }


def _versions(connection: Connection, node_ids: list[int]) -> dict[int, int]:
    versions: dict[int, int] = {}
    for part in sets.slices(node_ids):
        query = select(node.c.id, node.c.task_template_version_id).where(sets.among(node.c.id, part))
        versions |= sets.mapping(connection, query)
    return versions


def _versions_of(
    ids: Iterable[int], versions: Mapping[int, int], joins: Mapping[int, set[int]]
) -> Iterator[int]:
    for number in ids:
        if number > 0:
            yield versions[number]
        else:
            yield from joins[number]


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
