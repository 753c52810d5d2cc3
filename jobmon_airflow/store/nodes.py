"""Nodes: the places that tasks have in graphs. They are words, shared by all graphs that have such a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import node, node_arg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection


def has_any(connection: Connection, version_id: int) -> bool:
    """Whether anybody ever made a task of this template version."""
    # The order makes PostgreSQL look into the index, where "none" is known at once.
    query = (
        select(node.c.id).where(node.c.task_template_version_id == version_id).order_by(node.c.node_args_hash)
    )
    return connection.execute(query.limit(1)).first() is not None


def bind(
    connection: Connection,
    version_id: int,
    arg_ids: Sequence[int],
    hashes: Sequence[str],
    values: Sequence[Sequence[str]],
) -> list[int]:
    """The ids of the nodes with these hashes, in their order, which must be ascending.

    Ascending, so that two processes that bind the same nodes wait for each other instead of deadlocking.
    ``values`` holds the args of each node, in the order of ``arg_ids``.
    """
    rows = [(digest,) for digest in hashes]
    constants = {"task_template_version_id": version_id}
    sets.insert(connection, node, ("node_args_hash",), rows, constants=constants, keep_existing=True)
    ids = list(find(connection, version_id, hashes).values())
    sets.insert(
        connection, node_arg, ("node_id", "arg_id", "val"), _args(ids, arg_ids, values), keep_existing=True
    )
    return ids


def find(connection: Connection, version_id: int, hashes: Sequence[str]) -> dict[str, int]:
    """Those of the nodes that there are, by hash, ascending."""
    query = (
        select(node.c.node_args_hash, node.c.id)
        .where(node.c.task_template_version_id == version_id, sets.among(node.c.node_args_hash, hashes))
        .order_by(node.c.node_args_hash)
    )
    return sets.mapping(connection, query)


def _args(
    ids: Sequence[int], arg_ids: Sequence[int], values: Sequence[Sequence[str]]
) -> Iterator[tuple[int, int, str]]:
    for number, args in zip(ids, values, strict=True):
        for arg_id, value in zip(arg_ids, args, strict=False):  # values may go on with args of other kinds
            yield number, arg_id, value
