"""Graphs, with the identity that a script that is run here computes for the same tasks and dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import column

from jobmon_airflow.client import identity
from jobmon_airflow.moving_in import values
from jobmon_airflow.moving_in.joins import Joins
from jobmon_airflow.moving_in.nodes import Nodes
from jobmon_airflow.store import dags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.moving_in.words import Words


def bring(move: Move, words: Words, original_id: int) -> int | None:
    """Our id of a graph that was not brought before; None if it is not whole there."""
    graph = _Graph(move, words, original_id)
    if not graph.load():
        return None
    number = graph.write()
    move.report.brought["dag"] += 1
    return number


class _Graph:
    def __init__(self, move: Move, words: Words, original_id: int) -> None:
        self._move = move
        self._original_id = original_id
        self._nodes = Nodes(move, words)
        self._joins = Joins()
        self._sums: dict[int, int] = {}
        self._between: set[tuple[int, int]] = set()

    def load(self) -> bool:
        """Get to know its nodes, then their edges; False if something is missing."""
        for page in self._pages():
            self._nodes.load([row.node_id for row in page])
            if not all(row.node_id in self._nodes for row in page):
                return False
        if self._nodes.has_twins:
            return False
        return all(self._see(row) for page in self._pages() for row in page) and bool(self._sums)

    def _see(self, row: Row[Any]) -> bool:
        upstreams = values.node_ids(row.upstream_node_ids)
        nodes, version = self._nodes, self._nodes.version(row.node_id)
        if not all(map(nodes.__contains__, upstreams)):
            return False
        its = nodes.key(row.node_id)
        if upstreams:
            total = sum(map(nodes.key, upstreams))
            self._joins.see(row.node_id, upstreams, total)
            self._between.update((each, version) for each in set(map(nodes.version, upstreams)))
            its = identity.mixed(its, total)
        self._sums[version] = self._sums.get(version, 0) + its
        return True

    def write(self) -> int:
        """Write it, if there is none of the same identity; our id."""
        digest = identity.combined(self._sums.items())

        def enter(connection: Connection) -> int:
            number = dags.find(connection, digest) or dags.bind(
                connection,
                digest,
                self._rows(),
                self._joins.rows(self._nodes.__getitem__),
                self._move.at,
                between_templates=sorted(self._between),
            )
            self._move.note(connection, "dag", {self._original_id: number})
            return number

        return self._move.write(enter)

    def _rows(self) -> Iterator[dags.Row]:
        nodes = self._nodes
        for page in self._pages():
            for row in page:
                upstreams = values.node_ids(row.upstream_node_ids)
                key = sum(map(nodes.key, upstreams))
                yield (
                    nodes[row.node_id],
                    self._ours(self._joins.upstreams_of(upstreams, key)),
                    self._ours(
                        self._joins.downstreams_of(row.node_id, values.node_ids(row.downstream_node_ids))
                    ),
                )

    def _pages(self) -> Iterator[Sequence[Row[Any]]]:
        return self._move.reader.pages("edge", column("dag_id") == self._original_id, key="node_id")

    def _ours(self, neighbours: list[int]) -> str:
        """A list of neighbours in our ids; joins stay what they are."""
        return str([each if each < 0 else self._nodes[each] for each in neighbours])
