"""A workflow is refused when it is empty, cyclic, torn or homeless, and the tasks are named."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client.task import JOIN_FROM
from jobmon_airflow.errors import (
    CyclicGraphError,
    EmptyWorkflow,
    InvalidDefinition,
    NodeDependencyNotExistError,
    UnknownCluster,
)


class Drawn:
    """A workflow drawn as "a>b>c d": tasks by their letters, created and added in the order given."""

    def __init__(self, order, edges="", added=None, cluster="multiprocess"):
        self.tool = Tool("t")
        self.template = self.tool.get_task_template("do", "do {it}", node_args=["it"])
        self.workflow = self.tool.create_workflow("v1", default_cluster_name=cluster)
        self.tasks = {it: self.template.create_task(it=it, name=it) for it in order.split()}
        for chain in edges.split():
            names = chain.split(">")
            for up, down in pairwise(names):
                self[down].add_upstream(self[up])
        self.workflow.add_tasks(self[it] for it in (order if added is None else added).split())

    def __getitem__(self, it):
        return self.tasks[it]

    def refusal(self):
        (error,) = self.workflow.validate()
        with pytest.raises(type(error)) as refused:
            self.workflow.validate(raise_on_error=True)
        assert str(refused.value) == str(error)
        return error


# --- cycles -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "edges", "ring"),
    [
        ("a", "a>a", "a -> a"),
        ("a b", "a>b>a", "a -> b -> a"),
        ("a b c", "a>b>c>a", "a -> c -> b -> a"),
        ("s a b c e", "s>a>b>c>e c>a", "a -> c -> b -> a"),
        ("a b c d", "a>b>d a>c>d d>a", "a -> d -> b -> a"),
        ("x y a b", "x>y a>b>a", "a -> b -> a"),
    ],
)
def test_a_ring_is_refused_and_told_in_the_order_of_waiting(order, edges, ring):
    error = Drawn(order, edges).refusal()

    assert isinstance(error, CyclicGraphError)
    assert isinstance(error, ValueError)
    assert error.problem == f"Cycle detected in the task graph: {ring}."


@pytest.mark.parametrize(
    ("order", "edges"),
    [
        ("a", ""),
        ("a b c d", "a>b>d a>c>d"),
        ("d c b a", "a>b>d a>c>d"),
        ("b a", "a>b"),
        ("c a b", "a>b>c a>c"),
    ],
)
def test_older_tasks_may_depend_on_younger_ones(order, edges):
    assert Drawn(order, edges).workflow.validate() == []


def test_a_long_ring_is_told_in_short():
    drawn = Drawn("a b c d e f g h", "h>g>f>e>d>c>b>a>h")

    assert (
        drawn.refusal().problem
        == "Cycle detected in the task graph: a -> b -> c -> d -> e -> … 3 more … -> a."
    )


@pytest.mark.parametrize("closes", [False, True])
def test_a_chain_of_50_000_tasks_is_looked_through_from_its_far_end(closes):
    tool = Tool("t")
    workflow = tool.create_workflow(default_cluster_name="multiprocess")
    tasks = tool.get_task_template("do", "do {it}", node_args=["it"]).create_tasks(it=range(50_000))
    for older, younger in pairwise(tasks):
        older.add_upstream(younger)
    if closes:
        tasks[-1].add_upstream(tasks[0])
    workflow.add_tasks(tasks)

    errors = workflow.validate()

    assert [type(error) for error in errors] == ([CyclicGraphError] if closes else [])


@pytest.mark.parametrize("count", [JOIN_FROM - 1, JOIN_FROM, 40])
def test_a_ring_through_a_shared_list_is_found_and_told_without_the_list(count):
    drawn = Drawn("first last", cluster="multiprocess", added="")
    shared = drawn.template.create_tasks(it=range(count), upstream_tasks=[drawn["first"]])
    drawn["last"].add_upstreams(shared)
    drawn["first"].add_upstream(drawn["last"])
    drawn.workflow.add_tasks([*drawn.tasks.values(), *shared])

    assert drawn.refusal().problem == "Cycle detected in the task graph: first -> last -> do_it-0 -> first."


def test_a_task_in_the_list_that_it_waits_for_is_a_ring():
    drawn = Drawn("a", added="")
    tasks = drawn.template.create_tasks(it=range(30))
    tasks[7].add_upstreams(tasks)
    drawn.workflow.add_tasks(tasks)

    assert drawn.refusal().problem == "Cycle detected in the task graph: do_it-7 -> do_it-7."


def test_a_shared_list_of_younger_tasks_is_no_ring():
    drawn = Drawn("old", added="old")
    younger = drawn.template.create_tasks(it=range(40))
    drawn["old"].add_upstreams(younger)
    drawn.workflow.add_tasks(younger)

    assert drawn.workflow.validate() == []


@given(st.permutations(range(30)), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_rings_are_found_exactly_where_there_are_some(order, pairs):
    drawn = Drawn("", added="")
    tasks = {it: drawn.template.create_task(it=it) for it in order}
    for up, down in pairs:
        tasks[down].add_upstream(tasks[up])
    drawn.workflow.add_tasks(tasks.values())

    assert [type(error) for error in drawn.workflow.validate()] == (
        [] if is_acyclic(range(30), pairs) else [CyclicGraphError]
    )


@given(st.permutations(range(24)), st.integers(0, 23), st.sets(st.integers(0, 23), min_size=JOIN_FROM))
def test_rings_through_lists_are_found_exactly_where_there_are_some(order, waiting, listed):
    drawn = Drawn("", added="")
    tasks = {it: drawn.template.create_task(it=it) for it in order}
    pairs = [(up, waiting) for up in listed] + [(number, number + 1) for number in range(0, 23, 3)]
    tasks[waiting].add_upstreams([tasks[up] for up in listed])
    for up, down in pairs[len(listed) :]:
        tasks[down].add_upstream(tasks[up])
    drawn.workflow.add_tasks(tasks.values())

    assert (drawn.workflow.validate() == []) is is_acyclic(range(24), pairs)


def is_acyclic(nodes, pairs):
    """Kahn's way, which is not the one under test."""
    left = set(nodes)
    while ready := {node for node in left if not any(down == node and up in left for up, down in pairs)}:
        left -= ready
    return not left


# --- neighbours that are not there ------------------------------------------------------------------------


def test_an_upstream_that_was_not_added_is_named():
    error = Drawn("a b c", "a>b>c", added="b c").refusal()

    assert isinstance(error, NodeDependencyNotExistError)
    assert error.problem == "Upstream tasks are not in the workflow 'v1': a, of b."
    assert "add_tasks" in error.remedy


def test_a_downstream_that_was_not_added_is_named():
    error = Drawn("a b c", "a>b>c", added="a b").refusal()

    assert isinstance(error, NodeDependencyNotExistError)
    assert error.problem == "Downstream tasks are not in the workflow 'v1': c, of b."


def test_neighbours_that_were_not_added_are_told_for_both_directions():
    upstream, downstream = Drawn("a b c", "a>b>c", added="b").workflow.validate()

    assert upstream.problem.startswith("Upstream tasks are not in the workflow 'v1': a, of b")
    assert downstream.problem.startswith("Downstream tasks are not in the workflow 'v1': c, of b")


def test_what_is_missing_may_still_be_added():
    drawn = Drawn("a b c", "a>b>c", added="b")
    assert len(drawn.workflow.validate()) == 2

    drawn.workflow.add_tasks([drawn["c"], drawn["a"]])

    assert drawn.workflow.validate() == []


def test_many_that_are_missing_are_told_in_short():
    drawn = Drawn("last", added="last")
    missing = drawn.template.create_tasks(it=range(100))
    drawn["last"].add_upstreams(missing)

    assert drawn.refusal().problem == (
        "Upstream tasks are not in the workflow 'v1': do_it-0, of last; do_it-1, of last; do_it-2, of last; "
        "do_it-3, of last; do_it-4, of last and 95 more."
    )


def test_a_waiting_task_of_a_shared_list_that_was_not_added_is_named():
    drawn = Drawn("there elsewhere", added="there")
    shared = drawn.template.create_tasks(it=range(40))
    drawn["there"].add_upstreams(shared)
    drawn["elsewhere"].add_upstreams(shared)
    drawn.workflow.add_tasks(shared)

    assert "Downstream tasks are not in the workflow 'v1': elsewhere, of do_it-0" in drawn.refusal().problem


def test_a_shared_list_that_only_others_wait_for_is_missed_too():
    drawn = Drawn("a elsewhere", added="a")
    shared = drawn.template.create_tasks(it=range(40))
    drawn["elsewhere"].add_upstreams(shared)
    drawn.workflow.add_tasks(shared)

    assert "elsewhere, of do_it-0" in drawn.refusal().problem


def test_neighbours_in_another_workflow_are_not_there():
    drawn = Drawn("a b", "a>b", added="b")
    other = drawn.tool.create_workflow("v2")
    other.add_task(drawn["a"])

    assert drawn.refusal().problem == "Upstream tasks are not in the workflow 'v1': a, of b."
    assert "Downstream tasks are not in the workflow 'v2': b, of a." in str(other.validate(strict=False)[0])


def test_rings_are_looked_for_once_nobody_is_missing():
    drawn = Drawn("a b c", "a>b>a b>c", added="a b")

    assert isinstance(drawn.refusal(), NodeDependencyNotExistError)
    drawn.workflow.add_task(drawn["c"])
    assert isinstance(drawn.refusal(), CyclicGraphError)


# --- nothing to run, nowhere to run -----------------------------------------------------------------------


def test_an_empty_workflow_is_refused():
    error = Drawn("").refusal()

    assert isinstance(error, EmptyWorkflow)
    assert isinstance(error, RuntimeError)
    assert "No nodes were found in the dag" in error.problem


def test_tasks_that_nobody_gave_a_cluster_are_named_one_for_each_template():
    drawn = Drawn("a b", cluster="")
    mail = drawn.tool.get_task_template("mail", "mail {to}", node_args=["to"])
    drawn.workflow.add_tasks(mail.create_tasks(to=["you", "me"]))

    errors = drawn.workflow.validate()

    assert [type(error) for error in errors] == [UnknownCluster, UnknownCluster]
    assert [error.problem for error in errors] == [
        "Nobody said where the task a is to run.",
        "Nobody said where the task mail_to-you is to run.",
    ]
    assert "tool.set_default_cluster_name" in errors[0].remedy
    assert drawn.workflow.validate(strict=False) == []


@pytest.mark.parametrize("level", ["tool", "workflow", "template"])
def test_one_level_that_says_where_to_run_is_enough(level):
    drawn = Drawn("a", cluster="")

    getattr(drawn, level).set_default_cluster_name("slurm")

    assert drawn.workflow.validate() == []


def test_a_task_that_says_itself_where_to_run_is_no_help_to_the_others():
    drawn = Drawn("a", cluster="")
    drawn.workflow.add_task(drawn.template.create_task(it="b", cluster_name="slurm"))

    (error,) = drawn.workflow.validate()

    assert "the task a " in error.problem


def test_a_workflow_that_is_checked_and_fine_is_left_as_it_is():
    drawn = Drawn("a b", "a>b")

    assert drawn.workflow.validate(raise_on_error=True) == []
    assert drawn.workflow.tasks == [drawn["a"], drawn["b"]]
    assert not drawn.workflow.is_bound
    with pytest.raises(InvalidDefinition):
        drawn.workflow.workflow_id  # noqa: B018 - asking is the point
