from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.swarm.graph import Graph


@given(st.lists(st.lists(st.integers(0, 9), unique=True), min_size=10, max_size=10))
def test_a_graph_says_what_it_was_told(downstreams):
    graph = Graph(10, downstreams)

    assert [list(graph.downstreams(task)) for task in range(10)] == downstreams
    assert list(graph.waits) == [sum(task in its for its in downstreams) for task in range(10)]


def test_joins_come_behind_the_tasks():
    graph = Graph(2, [[2], [], [1]])

    assert (graph.tasks, graph.size) == (2, 3)
    assert list(graph.downstreams(2)) == [1]
