"""A workflow's identity is what it says, not the order or the way in which it was said."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client import identity
from jobmon_airflow.client.identity import Sums

SIZE = 48
NODES = range(SIZE)

#: edges from smaller to larger numbers: single ones, and some from many to many
dags = st.builds(
    lambda pairs, blocks: (
        frozenset((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
        | {(up, down) for ups, downs in blocks for up in ups for down in downs if up < down}
    ),
    st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=40),
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 30), min_size=10, max_size=25),
            st.sets(st.integers(20, SIZE - 1), max_size=9),
        ),
        max_size=3,
    ),
)


def sums(workflow):
    """The sums of each template version, by what the version says."""
    arrays = list(workflow._arrays.values())
    return dict(
        zip((array.task_template_version.digest for array in arrays), identity.of_arrays(arrays), strict=True)
    )


def defined(edges, dice, *, folder="/in", op="-v"):
    """The graph, defined in an order and a way that the dice decide."""
    tool = Tool("t")
    kinds = [0, 1]
    dice.shuffle(kinds)
    templates = {
        kind: tool.get_task_template(f"do{kind}", "do {it} {folder} {op}", ["it"], ["folder"], ["op"])
        for kind in kinds
    }
    tasks = {
        it: templates[it % 2].create_task(it=it, folder=folder, op=op)
        for it in dice.sample(NODES, len(NODES))
    }
    for down in dice.sample(NODES, len(NODES)):
        ups = [tasks[up] for up, end in edges if end == down]
        dice.shuffle(ups)
        wait_in_some_way(tasks[down], ups, dice)
    workflow = tool.create_workflow()
    workflow.add_tasks(dice.sample(list(tasks.values()), len(tasks)))
    return workflow


def wait_in_some_way(task, ups, dice):
    match dice.randrange(5):
        case 0:
            task.add_upstreams(ups)
        case 1:
            for up in ups:
                up.add_downstream(task)
        case 2:
            task.add_upstreams(sorted(ups, key=id))
            task.add_upstreams(ups[: len(ups) // 2])
        case 3:
            task.add_upstreams(ups[: 2 * len(ups) // 3])
            task.add_upstreams(ups[len(ups) // 3 :])
        case 4:
            task.add_upstreams([*ups, *ups])


@settings(max_examples=60)
@given(dags, st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_one_graph_defined_in_two_orders_and_ways_has_one_identity(edges, dice, other_dice):
    assert sums(defined(edges, dice)) == sums(defined(edges, other_dice))


@settings(max_examples=60)
@given(dags, st.randoms(use_true_random=False), st.data())
def test_a_moved_edge_makes_another_graph_of_the_same_tasks(edges, dice, data):
    assume(edges)
    gone = data.draw(st.sampled_from(sorted(edges)))
    new = data.draw(
        st.sampled_from(
            [(up, down) for up in NODES for down in range(up + 1, SIZE) if (up, down) not in edges]
        )
    )

    here, there = sums(defined(edges, dice)), sums(defined(edges - {gone} | {new}, dice))

    assert {digest: each.edges for digest, each in here.items()} != {
        d: each.edges for d, each in there.items()
    }
    assert {digest: each.tasks for digest, each in here.items()} == {
        d: each.tasks for d, each in there.items()
    }


def test_turning_an_edge_around_makes_another_graph():
    dice = random.Random(0)

    assert sums(defined({(1, 2)}, dice)) != sums(defined({(2, 1)}, dice))


def test_swapping_the_upstreams_of_two_tasks_makes_another_graph():
    dice = random.Random(0)

    assert sums(defined({(0, 4), (2, 6)}, dice)) != sums(defined({(2, 4), (0, 6)}, dice))


def test_op_args_and_all_that_is_asked_for_change_nothing():
    edges, dice = {(1, 2)}, random.Random(0)
    plain, other = defined(edges, dice), defined(edges, dice, op="--fast")
    for task in other.tasks:
        task.name = f"other_{task.node_args['it']}"
        task.update_compute_resources(memory="9G")
        task.add_attribute("sex", "F")
    other.set_default_max_attempts(9)

    assert sums(plain) == sums(other)


def test_task_args_change_the_tasks_and_not_the_graph():
    edges, dice = {(1, 2)}, random.Random(0)

    here, there = sums(defined(edges, dice)), sums(defined(edges, dice, folder="/elsewhere"))

    assert here.keys() == there.keys()
    assert all(here[digest].edges == there[digest].edges for digest in here)
    assert all(here[digest].tasks != there[digest].tasks for digest in here)


def one_task(command, node_args, task_args, op_args=(), **args):
    tool = Tool("t")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("t", command, node_args, task_args, op_args).create_task(**args))
    return workflow


def test_the_order_in_which_args_are_declared_or_given_changes_nothing():
    one = one_task("{a} {b} {c}", ["a", "b"], ["c"], a=1, b=2, c=3)
    other = one_task("{a} {b} {c}", ["b", "a"], ["c"], c=3, b=2, a=1)

    assert sums(one) == sums(other)


def test_args_that_nobody_declared_change_nothing():
    one = one_task("{a} {b}", ["a"], [], a=1, b=2)
    other = one_task("{a} {b}", ["a"], [], ["b"], a=1, b=3)

    assert sums(one) == sums(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "1", "b": "23"}, {"a": "12", "b": "3"}),
        ({"a": "1", "b": ""}, {"a": "", "b": "1"}),
        ({"a": "1", "b": "2"}, {"a": "2", "b": "1"}),
        ({"a": "é", "b": ""}, {"a": "e\u0301", "b": ""}),
    ],
)
@pytest.mark.parametrize("kind", ["node", "task"])
def test_how_values_are_spread_over_args_matters(one, other, kind):
    split = (["a", "b"], []) if kind == "node" else ([], ["a", "b"])

    assert sums(one_task("{a} {b}", *split, **one)) != sums(one_task("{a} {b}", *split, **other))


def test_the_same_values_of_another_kind_of_arg_are_another_task():
    digests = {
        frozenset(sums(one_task("{a}", *split, a=1)).items())
        for split in [(["a"], []), ([], ["a"]), ([], [])]
    }

    assert len(digests) == 3


def test_the_sums_of_versions_are_combined_whatever_their_order():
    assert identity.combined([(1, 5), (2, 7)]) == identity.combined([(2, 7), (1, 5)])
    assert identity.combined([(1, 5), (2, 7)]) != identity.combined([(1, 7), (2, 5)])
    assert identity.combined([(1, 5)]) != identity.combined([(1, 5), (2, 0)])


def test_an_empty_array_sums_up_to_nothing():
    assert identity.of_arrays([]) == []
    assert identity.as_text(255) == "0" * 30 + "ff"
    assert Sums(edges=1, tasks=2) == Sums(edges=1, tasks=2)


# --- in the database --------------------------------------------------------------------------------------


def bound(*places, args="v1", edges=(), version=None, folder="/in", op="-v"):
    tool = Tool("t")
    if version:
        tool.set_active_tool_version_id(version)
    tool.set_default_cluster_name("multiprocess")
    template = tool.get_task_template("do", "do {it} {folder} {op}", ["it"], ["folder"], ["op"])
    tasks = {it: template.create_task(it=it, folder=folder, op=op) for it in places}
    for up, down in edges:
        tasks[down].add_upstream(tasks[up])
    workflow = tool.create_workflow(args)
    workflow.add_tasks(tasks.values())
    return workflow.bind()


def ids(workflow):
    return workflow.workflow_id, workflow.dag_id, workflow.task_hash


def test_the_same_args_and_tasks_are_the_same_workflow():
    assert ids(bound("a", "b", edges=["ab"])) == ids(bound("b", "a", edges=["ab"], op="--fast"))


def test_other_workflow_args_are_another_workflow_on_the_same_graph():
    one, other = bound("a", "b"), bound("a", "b", args="v2")

    assert one.workflow_id != other.workflow_id
    assert (one.dag_id, one.task_hash) == (other.dag_id, other.task_hash)
    assert {task.task_id for task in one.tasks}.isdisjoint(task.task_id for task in other.tasks)


def test_other_task_args_are_another_workflow_on_the_same_graph():
    one, other = bound("a", "b"), bound("a", "b", folder="/elsewhere")

    assert one.workflow_id != other.workflow_id
    assert one.dag_id == other.dag_id
    assert one.task_hash != other.task_hash


def test_other_edges_are_another_workflow_on_another_graph():
    one, other = bound("a", "b", edges=["ab"]), bound("a", "b", edges=["ba"])

    assert one.workflow_id != other.workflow_id
    assert one.dag_id != other.dag_id
    assert one.task_hash == other.task_hash


def test_other_tasks_are_another_workflow():
    one, other = bound("a", "b"), bound("a", "b", "c")

    assert one.workflow_id != other.workflow_id
    assert one.dag_id != other.dag_id
    assert one.task_hash != other.task_hash


def test_a_new_tool_version_makes_another_workflow_of_the_same_tasks():
    one = bound("a", "b")
    tool = Tool("t")

    other = bound("a", "b", version=tool.get_new_tool_version())

    assert one.workflow_id != other.workflow_id
    assert ids(bound("a", "b", version=one.tool_version.id)) == ids(one)
