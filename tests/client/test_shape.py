"""Shapes: declared with arrows, seen in workflows, written with graphs, and without rings for Airflow."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from jobmon_airflow import Tool
from jobmon_airflow.client.shape import Shape
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.store import dags, schema
from jobmon_airflow.store.database import Database
from tests.counting import calls_of
from tests.workflows import all_to_all, three_phases


def templates(names, tool=None):
    tool = tool or Tool("kitchen")
    return [tool.get_task_template(name, f"{name} {{it}}", node_args=["it"]) for name in names]


def arrows(shape):
    return " ".join(f"{upstream}>{downstream}" for upstream, downstream in shape.edges)


# --- declared ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "names", "edges"),
    [
        (lambda a, b, c, d: a >> b >> c, "abc", "a>b b>c"),
        (lambda a, b, c, d: a >> [b, c] >> d, "abcd", "a>b a>c b>d c>d"),
        (lambda a, b, c, d: [a, b] >> c >> d, "abcd", "a>c b>c c>d"),
        (lambda a, b, c, d: [a, b] >> (c >> d), "abcd", "a>c b>c c>d"),
        (lambda a, b, c, d: d << [b, c] << a, "dbca", "b>d c>d a>b a>c"),
        (lambda a, b, c, d: [a, b] << c, "abc", "c>a c>b"),
        (lambda a, b, c, d: a << b >> c, "abc", "b>a b>c"),
        (lambda a, b, c, d: a >> (b >> c) >> d, "abcd", "a>b b>c c>d"),
        (lambda a, b, c, d: d << (b >> c) << a, "dbca", "b>c c>d a>b"),
        (lambda a, b, c, d: Shape.of(a), "a", ""),
        (lambda a, b, c, d: Shape.of(a >> b, c, [d, a >> c]), "abcd", "a>b a>c"),
        (lambda a, b, c, d: Shape.of(a >> b, c) >> d, "abcd", "a>b b>d c>d"),
        (lambda a, b, c, d: a >> a >> b, "ab", "a>a a>b"),
        (lambda a, b, c, d: a >> b >> a >> c, "abc", "a>b a>c b>a"),
        (lambda a, b, c, d: (a >> b) >> [b, c], "abc", "a>b b>b b>c"),
    ],
)
def test_arrows_say_which_templates_wait_for_which(declared, names, edges):
    shape = declared(*templates("abcd"))

    assert shape.names == tuple(names)
    assert sorted(arrows(shape).split()) == sorted(edges.split())


def test_arrows_leave_templates_and_other_shapes_as_they_are():
    a, b, c = templates("abc")
    first = a >> b

    second = first >> c

    assert (arrows(first), arrows(second), arrows(a >> c)) == ("a>b", "a>b b>c", "a>c")


def test_what_is_no_template_is_refused_with_the_way_to_join_airflows_tasks():
    (a,) = templates("a")

    with pytest.raises(InvalidDefinition, match=r"'notify' cannot stand in a shape[^$]*templates\(dag\)"):
        a >> ["notify"]
    with pytest.raises(InvalidDefinition, match="5 cannot stand in a shape"):
        [5] >> a


def test_templates_of_two_tools_cannot_stand_in_one_shape():
    (a,), (b,) = templates("a", Tool("one")), templates("b", Tool("two"))

    with pytest.raises(InvalidDefinition, match="tool 'one' and of the tool 'two'"):
        a >> b


def test_templates_of_two_objects_for_one_tool_stand_in_one_shape():
    (a,), (b,) = templates("a", Tool("one")), templates("b", Tool("one"))

    assert arrows(a >> b) == "a>b"


# --- seen ---------------------------------------------------------------------------------------------------


def test_a_workflow_has_the_shape_of_its_tasks(lite):
    assert arrows(Shape.of_workflow(three_phases(lite))) == "transform>aggregate aggregate>summarize"


def test_a_shape_sees_through_joins(lite):
    assert arrows(Shape.of_workflow(all_to_all(lite))) == "first>second"


def test_what_is_seen_is_what_would_be_declared(lite):
    workflow = three_phases(lite)
    transform, aggregate, summarize = (
        array.task_template_version.task_template for array in workflow.arrays.values()
    )

    assert Shape.of_workflow(workflow) == transform >> aggregate >> summarize


def test_two_versions_of_a_template_are_one_name():
    tool = Tool("kitchen")
    workflow = tool.create_workflow()
    first = tool.get_task_template("boil", "boil {it}", node_args=["it"]).create_task(it=1)
    second = tool.get_task_template("boil", "boil -f {it}", node_args=["it"]).create_task(
        it=2, upstream_tasks=[first]
    )
    workflow.add_tasks([first, second])

    shape = Shape.of_workflow(workflow)

    assert (shape.names, arrows(shape)) == (("boil",), "boil>boil")


def test_a_task_that_is_not_in_the_workflow_yet_is_left_to_validation():
    a, b = templates("ab")
    workflow = Tool("kitchen").create_workflow()
    workflow.add_task(b.create_task(it=1, upstream_tasks=[a.create_task(it=1)]))

    assert arrows(Shape.of_workflow(workflow)) == ""


@pytest.mark.parametrize("shared", [True, False])
def test_the_shape_of_100_000_tasks_is_seen_with_a_glance_at_each(shared):
    a, b = templates("ab")
    workflow = Tool("kitchen").create_workflow()
    upstreams = a.create_tasks(it=range(50_000))
    downstreams = b.create_tasks(it=range(50_000), upstream_tasks=upstreams if shared else None)
    if not shared:
        for upstream, downstream in zip(upstreams, downstreams, strict=True):
            downstream.add_upstream(upstream)
    workflow.add_tasks(upstreams + downstreams)

    assert arrows(Shape.of_workflow(workflow)) == "a>b"
    assert calls_of(lambda: Shape.of_workflow(workflow)) < 100_000


# --- without rings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "edges", "dropped"),
    [
        ("abc", "a>b b>c", ""),
        ("cba", "a>b b>c", ""),  # against the order of the names, but there is no ring
        ("ab", "a>b b>a", "b>a"),
        ("ba", "a>b b>a", "a>b"),
        ("a", "a>a", "a>a"),
        ("abc", "a>b b>c c>a b>b", "c>a b>b"),
        ("abcd", "a>b b>c c>b c>d d>a", "c>b d>a"),
        ("dabc", "a>b b>a c>d d>c c>a", "b>a c>d"),
    ],
)
def test_only_what_closes_a_ring_is_dropped_for_airflow(names, edges, dropped):
    shape = Shape(tuple(names), tuple(tuple(edge.split(">")) for edge in edges.split()))

    assert set(shape.edges) - set(shape.acyclic_edges) == {tuple(edge.split(">")) for edge in dropped.split()}


def test_tasks_that_wait_for_the_year_before_make_a_shape_with_rings():
    a, b = templates("ab")
    workflow = Tool("kitchen").create_workflow()
    before = None
    for year in range(3):
        first = a.create_task(it=year, upstream_tasks=[before] if before else [])
        before = b.create_task(it=year, upstream_tasks=[first])
        workflow.add_tasks([first, before])
    shape = Shape.of_workflow(workflow)

    assert workflow.validate(strict=False) == []
    assert (arrows(shape), shape.acyclic_edges) == ("a>b b>a", (("a", "b"),))


# --- in the database ----------------------------------------------------------------------------------------


def stored(workflow):
    names = {array.task_template_version.id: array.name for array in workflow.arrays.values()}
    with workflow.tool.database.read() as connection:
        found = dags.template_edges(connection, workflow.dag_id)
    return sorted(f"{names[upstream]}>{names[downstream]}" for upstream, downstream in found)


def test_binding_writes_the_shape_of_a_graph_once(url):
    three_phases(url).bind()
    workflow = three_phases(url, workflow_args="another of the same graph").bind()

    with workflow.tool.database.read() as connection:
        rows = connection.execute(select(schema.template_edge)).all()

    assert stored(workflow) == ["aggregate>summarize", "transform>aggregate"]
    assert len(rows) == 2


@pytest.mark.parametrize("defined", [three_phases, all_to_all])
def test_the_shape_of_a_graph_from_before_is_computed_from_its_edges(url, defined):
    workflow = defined(url).bind()
    written = stored(workflow)
    database = Database.open(url)
    database.write(lambda connection: connection.execute(delete(schema.template_edge)))
    database.close()

    assert stored(workflow) == written != []


def test_a_graph_without_edges_has_a_shape_without_edges(lite):
    tool = Tool("kitchen", database=lite)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_tasks(templates("a", tool)[0].create_tasks(it=range(3)))

    assert stored(workflow.bind()) == []
