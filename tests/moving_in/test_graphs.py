"""Graphs come with every dependency, and without n x m of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.client.task import JOIN_FROM
from jobmon_airflow.moving_in.bringing import bring
from jobmon_airflow.moving_in.joins import Joins
from tests.moving_in import burden

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Defined, Original


def of_edges(original: Original, edges: dict[str, list[str]]) -> Defined:
    """A workflow of tasks that wait for those that are named."""
    version = original.add_tool("graphs")[0]
    step = original.add_template(version, "step", "step {name_of}", node_args=["name_of"])
    tasks: dict[str, Any] = {name: (step, {"name_of": name}, its) for name, its in edges.items()}
    return original.add_workflow(version, tasks, original.add_request(memory=1))


def dependencies(ours: Database) -> set[tuple[str, str]]:
    return set(
        burden.asked(
            ours,
            "SELECT upstream.name, task.name FROM task JOIN workflow ON workflow.id = task.workflow_id "
            "JOIN dependency ON dependency.dag_id = workflow.dag_id "
            "AND dependency.downstream_node_id = task.node_id "
            "JOIN task upstream ON upstream.workflow_id = task.workflow_id "
            "AND upstream.node_id = dependency.upstream_node_id",
        )
    )


def test_all_to_all_goes_through_a_join(original: Original, ours: Database) -> None:
    first, last = [f"a{i}" for i in range(40)], [f"b{i}" for i in range(30)]
    extra = {"c": [*first[:3], "b0"], "d": ["a0"]}
    edges = {name: [] for name in first} | dict.fromkeys(last, first) | extra
    of_edges(original, edges)

    bring(ours, original.address)

    assert dependencies(ours) == {(up, down) for down, its in edges.items() for up in its}
    assert burden.asked(ours, "SELECT count(*) FROM dag_join") == [(1,)]
    [(longest,)] = burden.asked(ours, "SELECT max(length(downstream_node_ids)) FROM edge")
    assert longest < 20
    assert burden.asked(ours, "SELECT count(*) FROM template_edge") == [(1,)]


@pytest.mark.parametrize("doubled", [False, True], ids=["lists", "lists in texts"])
def test_lists_of_neighbours_are_read_however_they_were_written(
    original: Original, ours: Database, doubled: bool
) -> None:
    edges = {"a": [], "b": ["a"], "c": ["a", "b"]}
    of_edges(original, edges)
    if doubled:
        with original.engine.begin() as connection:
            for column in ("upstream_node_ids", "downstream_node_ids"):
                connection.exec_driver_sql(
                    f"UPDATE edge SET {column} = json_quote({column}) WHERE {column} != 'null'"
                )

    bring(ours, original.address)

    assert dependencies(ours) == {("a", "b"), ("a", "c"), ("b", "c")}


def test_workflows_share_a_graph_that_says_the_same(original: Original, ours: Database) -> None:
    version = original.add_tool("burden")[0]
    burden.of_version(original, version, args="release 16")
    burden.of_version(original, version, args="release 17")

    bring(ours, original.address)

    # Each has a template version and a graph of its own there, which say the same.
    assert burden.asked(ours, "SELECT count(*) FROM dag") == [(1,)]
    assert burden.asked(ours, "SELECT count(*) FROM node") == [(11,)]
    assert burden.asked(ours, "SELECT count(*), count(DISTINCT dag_id) FROM workflow") == [(2, 1)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12))
def test_joins_keep_every_edge(shapes: list[tuple[int, int]]) -> None:
    """Nodes wait for one of some sets, and for some others by themselves."""
    sets = [list(range(start, start + JOIN_FROM + size)) for size, start in ((0, 0), (4, 0), (0, 8), (2, 30))]
    upstreams = {
        100 + number: [*sets[which], *range(60, 60 + more)] for number, (which, more) in enumerate(shapes)
    }
    downstreams: dict[int, list[int]] = {}
    for node, its in upstreams.items():
        for each in its:
            downstreams.setdefault(each, []).append(node)
    joins = Joins()
    for node, its in upstreams.items():
        joins.see(node, its, hash(tuple(its)))

    opened = {
        -number: (eval(members), eval(waiting)) for number, members, waiting in joins.rows(lambda it: it)
    }
    for its in upstreams.values():
        kept = joins.upstreams_of(its, hash(tuple(its)))
        assert sorted(each for up in kept for each in (opened[up][0] if up < 0 else [up])) == sorted(its)
    for node, its in downstreams.items():
        kept = joins.downstreams_of(node, its)
        assert sorted(each for down in kept for each in (opened[down][1] if down < 0 else [down])) == sorted(
            its
        )
