"""Tasks know their neighbours, their attributes and what they ask for; joins are never seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client.task import JOIN_FROM, Join
from jobmon_airflow.errors import InvalidDefinition, InvalidName, InvalidValue
from jobmon_airflow.units import Memory

COUNTS = [1, JOIN_FROM - 1, JOIN_FROM, JOIN_FROM + 1, 100]


@pytest.fixture
def template():
    return Tool("kitchen").get_task_template("boil", "boil {what}", node_args=["what"])


def boiled(template, count, of="water"):
    return template.create_tasks(what=[f"{of}{number}" for number in range(count)])


# --- neighbours -------------------------------------------------------------------------------------------


def test_a_task_begins_alone(template):
    task = template.create_task(what="water")

    assert task.upstream_tasks == set()
    assert task.downstream_tasks == set()
    assert (task.array, task.workflow, task.task_id) == (None, None, None)
    assert (task.initial_status, task.final_status) == (None, None)
    assert repr(task) == "<Task boil_what-water>"


def test_a_dependency_is_seen_from_both_ends(template):
    water, tea, cup = boiled(template, 3)

    tea.add_upstream(water)
    tea.add_downstream(cup)

    assert (water.upstream_tasks, water.downstream_tasks) == (set(), {tea})
    assert (tea.upstream_tasks, tea.downstream_tasks) == ({water}, {cup})
    assert (cup.upstream_tasks, cup.downstream_tasks) == ({tea}, set())


@pytest.mark.parametrize("count", COUNTS)
def test_many_upstreams_are_seen_from_both_ends(template, count):
    upstreams, waiting = boiled(template, count), boiled(template, count, of="tea")

    for task in waiting:
        task.add_upstreams(upstreams)

    assert all(task.upstream_tasks == set(upstreams) for task in waiting)
    assert all(task.downstream_tasks == set(waiting) for task in upstreams)
    assert all(task.downstream_tasks == set() for task in waiting)


@pytest.mark.parametrize("count", COUNTS)
def test_many_downstreams_are_seen_from_both_ends(template, count):
    waiting, task = boiled(template, count, of="tea"), template.create_task(what="water")

    task.add_downstreams(iter(waiting))

    assert task.downstream_tasks == set(waiting)
    assert all(each.upstream_tasks == {task} for each in waiting)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", [list, tuple, set, iter])
def test_upstreams_may_be_anything_that_can_be_gone_through(template, count, kind):
    upstreams = boiled(template, count)

    task = template.create_task(what="tea", upstream_tasks=kind(upstreams))
    (other,) = template.create_tasks(what="coffee", upstream_tasks=kind(upstreams))

    assert task.upstream_tasks == other.upstream_tasks == set(upstreams)
    assert upstreams[0].downstream_tasks == {task, other}


@pytest.mark.parametrize("count", COUNTS)
def test_what_is_added_twice_is_there_once(template, count):
    upstreams, tea = boiled(template, count), template.create_task(what="tea")

    tea.add_upstreams(upstreams)
    tea.add_upstreams(upstreams)
    tea.add_upstreams([*upstreams, *upstreams])
    for upstream in upstreams:
        tea.add_upstream(upstream)
        upstream.add_downstream(tea)

    assert tea.upstream_tasks == set(upstreams)
    assert all(upstream.downstream_tasks == {tea} for upstream in upstreams)


def test_shared_lists_that_overlap_and_single_upstreams_mix(template):
    early, late = boiled(template, 30), boiled(template, 30, of="milk")
    one, both, alone = boiled(template, 3, of="tea")
    one.add_upstreams(early)
    both.add_upstreams(early[:20])
    both.add_upstreams(early[10:] + late)
    both.add_upstream(one)
    alone.add_upstream(early[0])

    assert one.upstream_tasks == set(early)
    assert both.upstream_tasks == {*early, *late, one}
    assert early[0].downstream_tasks == {one, both, alone}
    assert early[15].downstream_tasks == {one, both}
    assert late[0].downstream_tasks == {both}


def test_a_list_may_grow_after_a_task_waits_for_it(template):
    upstreams, tea, coffee = boiled(template, 20), *boiled(template, 2, of="tea")
    tea.add_upstreams(upstreams)

    upstreams.append(template.create_task(what="milk"))
    coffee.add_upstreams(upstreams)

    assert tea.upstream_tasks == set(upstreams[:-1])
    assert coffee.upstream_tasks == set(upstreams)
    assert upstreams[-1].downstream_tasks == {coffee}


def test_tasks_that_wait_for_the_same_list_share_one_join(template):
    upstreams = boiled(template, 100)

    waiting = template.create_tasks(what=[f"tea{number}" for number in range(100)], upstream_tasks=upstreams)

    (join,) = {id(each) for task in waiting for each in task._upstreams}
    assert {id(each) for task in upstreams for each in task._downstreams} == {join}
    assert isinstance(waiting[0]._upstreams[0], Join)


def test_what_is_shown_of_neighbours_is_a_copy(template):
    water, tea = boiled(template, 2)
    tea.add_upstream(water)

    tea.upstream_tasks.clear()
    water.downstream_tasks.clear()

    assert (tea.upstream_tasks, water.downstream_tasks) == ({water}, {tea})


@given(
    st.lists(
        st.tuples(st.integers(0, 39), st.lists(st.integers(0, 39), max_size=40), st.booleans()), max_size=12
    )
)
def test_however_dependencies_are_added_both_ends_agree(added):
    tasks = boiled(Tool("kitchen").get_task_template("boil", "boil {what}", node_args=["what"]), 40)
    edges = set()

    for end, others, is_upstream in added:
        neighbours = [tasks[other] for other in others]
        if is_upstream:
            tasks[end].add_upstreams(neighbours)
            edges |= {(other, end) for other in others}
        else:
            tasks[end].add_downstreams(neighbours)
            edges |= {(end, other) for other in others}

    numbers = {task: number for number, task in enumerate(tasks)}
    assert {(numbers[up], numbers[task]) for task in tasks for up in task.upstream_tasks} == edges
    assert {(numbers[task], numbers[down]) for task in tasks for down in task.downstream_tasks} == edges


@pytest.mark.parametrize("stranger", ["water", None, 7, ["water"]])
def test_what_is_no_task_is_no_neighbour(template, stranger):
    water = template.create_task(what="water")

    for add in (water.add_upstream, water.add_downstream):
        with pytest.raises(InvalidDefinition, match="it is no task"):
            add(stranger)

    assert (water.upstream_tasks, water.downstream_tasks) == (set(), set())


@pytest.mark.parametrize("position", [0, 10, 19])
@pytest.mark.parametrize("count", [2, 20])
def test_a_list_with_a_stranger_is_refused_whole(template, count, position):
    water, others = template.create_task(what="water"), boiled(template, count, of="tea")
    others.insert(min(position, count), "coffee")

    with pytest.raises(InvalidDefinition, match="'coffee'"):
        water.add_upstreams(others)

    assert water.upstream_tasks == set()
    assert all(task.downstream_tasks == set() for task in others if task != "coffee")


# --- attributes and names ---------------------------------------------------------------------------------


def test_attributes_are_facts_with_values_or_without(template):
    assert template.create_task(what="w", task_attributes=["hot", "clean"]).task_attributes == {
        "hot": None,
        "clean": None,
    }
    assert template.create_task(what="w", task_attributes={"degrees": 100, "by": None}).task_attributes == {
        "degrees": "100",
        "by": None,
    }
    assert template.create_task(what="w").task_attributes == {}


def test_attributes_are_replaced_by_name(template):
    task = template.create_task(what="water", task_attributes={"degrees": 90, "by": "gas"})

    task.add_attribute("degrees", 100)
    task.add_attribute("done")
    task.add_attributes({"by": "fire", "in": "a pot"})
    task.add_attributes(["clean"])
    task.task_attributes.clear()

    assert task.task_attributes == {
        "degrees": "100",
        "by": "fire",
        "done": None,
        "in": "a pot",
        "clean": None,
    }


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ("sex", InvalidDefinition),
        ({"sex": "x" * 256}, InvalidValue),
        ({"sex": "a\0b"}, InvalidValue),
        ({"sex": "\ud800"}, InvalidValue),
        ({"": 1}, InvalidName),
        ({7: 1}, InvalidName),
        ([7], InvalidName),
    ],
)
def test_attributes_that_no_row_can_hold_are_refused(template, attributes, error):
    task = template.create_task(what="water")

    with pytest.raises(error):
        task.add_attributes(attributes)

    assert task.task_attributes == {}


def test_an_attribute_of_255_characters_is_held(template):
    task = template.create_task(what="water", task_attributes={"é": "é" * 255})

    assert task.task_attributes["é"] == "é" * 255


def test_a_task_can_be_renamed(template):
    task = template.create_task(what="water")

    task.name = "hot_water"

    assert task.name == "hot_water"
    assert repr(task) == "<Task hot_water>"


# --- what it asks for -------------------------------------------------------------------------------------


def test_one_dictionary_may_be_given_to_many_tasks_and_changed_afterwards(template):
    resources, scales, attributes = {"memory": "1G", "extra": ["a"]}, {"memory": 0.5}, {"sex": "F"}
    one, other = (
        template.create_task(
            what=what, compute_resources=resources, resource_scales=scales, task_attributes=attributes
        )
        for what in "ab"
    )

    resources["memory"] = "9G"
    resources["extra"].append("b")
    scales["memory"] = 9
    attributes["sex"] = "M"
    other.compute_resources["extra"].append("c")
    one.update_compute_resources(memory="2G")

    assert one.compute_resources == {"memory": Memory("2G"), "extra": ["a"]}
    assert (
        other.compute_resources == other.original_task_resources == {"memory": Memory("1G"), "extra": ["a"]}
    )
    assert one.resource_scales == other.resource_scales == {"memory": 0.5}
    assert one.task_attributes == {"sex": "F"}


def test_updates_change_what_they_name_of_this_task_alone(template):
    one, other = template.create_tasks(
        what=["a", "b"],
        compute_resources={"memory": "1G", "cores": 2},
        resource_scales={"memory": 0.5, "runtime": 0.5},
        max_attempts=5,
    )

    one.update_compute_resources(cores=4, queue="long.q")
    one.update_resource_scales(memory=2)

    assert one.compute_resources == {"memory": Memory("1G"), "cores": 4, "queue": "long.q"}
    assert one.resource_scales == {"memory": 2, "runtime": 0.5}
    assert one.max_attempts == 5
    assert other.compute_resources == {"memory": Memory("1G"), "cores": 2}
    assert other.resource_scales == {"memory": 0.5, "runtime": 0.5}


def test_an_update_begins_where_nothing_was_said(template):
    task = template.create_task(what="a")

    task.update_compute_resources(cores=4)
    task.update_resource_scales(cores=1)

    assert task.compute_resources == {"cores": 4}
    assert task.resource_scales == {"cores": 1}


@pytest.mark.parametrize("update", ["update_compute_resources", "update_resource_scales"])
def test_an_update_that_means_nothing_changes_nothing(template, update):
    task = template.create_task(what="a", compute_resources={"cores": 2})

    with pytest.raises(InvalidDefinition):
        getattr(task, update)(memory="much")

    assert task.compute_resources == {"cores": 2}
    assert task.resource_scales == {"memory": 0.5, "runtime": 0.5}


def test_steps_given_as_one_iterator_begin_anew_for_each_task(template):
    steps = iter(["2G", "4G"])
    one, other = (template.create_task(what=what, resource_scales={"memory": steps}) for what in "ab")

    assert list(one.resource_scales["memory"]) == list(other.resource_scales["memory"]) == ["2G", "4G"]


def test_without_fallback_queues_there_are_none(template):
    task = template.create_task(what="a", fallback_queues=("long.q", "huge.q"))

    assert task.fallback_queues == ["long.q", "huge.q"]
    assert template.create_task(what="b").fallback_queues == []
    assert template.create_task(what="c").compute_resources_callable is None


def test_op_args_change_the_command_and_not_the_task():
    template = Tool("t").get_task_template("t", "{script} {place}", ["place"], op_args=["script"])
    old, new = template.create_task(place=1, script="old.py"), template.create_task(place=1, script="new.py")

    assert old.command != new.command
    assert old._key == new._key
    assert old.name == new.name
