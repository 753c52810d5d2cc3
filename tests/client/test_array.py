"""Arrays hold a workflow's tasks of one template, and find them by their node args."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow import Array, Tool
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, UnknownName
from jobmon_airflow.settings import UNLIMITED

PLACES = ["US", "US-CA", "US-NY", "FR"]
YEARS = [1990, 1991]


@pytest.fixture
def tool():
    return Tool("health")


@pytest.fixture
def transform(tool):
    return tool.get_task_template(
        "transform", "run {place} {year} {folder}", node_args=["place", "year"], task_args=["folder"]
    )


@pytest.fixture
def workflow(tool, transform):
    workflow = tool.create_workflow("v1")
    workflow.add_tasks(transform.create_tasks(place=PLACES, year=YEARS, folder="/in"))
    return workflow


def args_of(tasks):
    return [tuple(task.node_args.values()) for task in tasks]


def test_the_tasks_of_a_template_are_one_array(workflow, transform):
    array = workflow.arrays["transform"]

    assert list(workflow.arrays) == [array.name] == ["transform"]
    assert array.tasks == workflow.tasks
    assert array.workflow is workflow
    assert array.task_template_version is transform.active_task_template_version
    assert all(task.array is array and task.workflow is workflow for task in array.tasks)
    assert repr(array) == "<Array transform of 8 tasks>"
    assert array.array_id is None


def test_a_value_is_found_exactly_and_not_as_part_of_another(workflow):
    assert args_of(workflow.get_tasks_by_node_args("transform", place="US")) == [
        ("US", "1990"),
        ("US", "1991"),
    ]
    assert args_of(workflow.get_tasks_by_node_args("transform", place="US-CA", year=1990)) == [
        ("US-CA", "1990")
    ]
    assert workflow.get_tasks_by_node_args("transform", place="U") == []
    assert workflow.get_tasks_by_node_args("transform", place="") == []


@pytest.mark.parametrize("kind", [list, tuple, set, iter])
def test_a_list_means_any_of_its_values(workflow, kind):
    found = workflow.get_tasks_by_node_args("transform", place=kind(["FR", "US-CA", "XX", "FR"]), year=1991)

    assert sorted(args_of(found)) == [("FR", "1991"), ("US-CA", "1991")]


def test_several_lists_must_all_match(workflow):
    found = workflow.get_tasks_by_node_args("transform", place=["US", "FR"], year=range(1991, 2000))

    assert sorted(args_of(found)) == [("FR", "1991"), ("US", "1991")]
    assert workflow.get_tasks_by_node_args("transform", place="US", year=[]) == []


def test_numbers_and_texts_of_them_are_the_same_value(workflow):
    assert len(workflow.get_tasks_by_node_args("transform", year="1990")) == 4
    assert len(workflow.get_tasks_by_node_args("transform", year=1990)) == 4


def test_without_args_all_tasks_are_found(workflow):
    assert workflow.get_tasks_by_node_args("transform") == workflow.tasks


def test_tasks_that_were_added_later_are_found_too(workflow, transform):
    assert workflow.get_tasks_by_node_args("transform", place="DE") == []

    task = workflow.add_task(transform.create_task(place="DE", year=1990, folder="/in"))

    assert workflow.get_tasks_by_node_args("transform", place="DE") == [task]
    assert workflow.get_tasks_by_node_args("transform", place="DE", year=1990) == [task]


def test_an_unknown_template_is_refused_with_those_there_are(workflow):
    with pytest.raises(ValueError, match="no tasks of a template 'transfrom'") as refused:
        workflow.get_tasks_by_node_args("transfrom", place="US")

    assert isinstance(refused.value, UnknownName)
    assert "transform" in refused.value.remedy


@pytest.mark.parametrize("arg", ["folder", "location", "name"])
def test_what_is_no_node_arg_is_refused_with_those_there_are(workflow, arg):
    with pytest.raises(InvalidArguments, match=f"no node arg {arg}") as refused:
        workflow.get_tasks_by_node_args("transform", **{arg: "US"})

    assert refused.value.remedy == "It has place, year."


@given(
    st.sets(st.tuples(st.sampled_from("aAé "), st.integers(0, 3)), max_size=12),
    st.none() | st.sampled_from("aAé ") | st.lists(st.sampled_from("aAé ")),
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3)),
)
def test_exactly_the_tasks_that_match_are_found_once(tasks, place, year):
    tool = Tool("t")
    template = tool.get_task_template("t", "{place} {year}", node_args=["place", "year"])
    workflow = tool.create_workflow()
    workflow.add_task(template.create_task(place="other", year=9))
    workflow.add_tasks(template.create_task(place=place, year=year) for place, year in tasks)

    def matches(value, wanted):
        return wanted is None or value in (wanted if isinstance(wanted, list) else [wanted])

    asked = {arg: value for arg, value in {"place": place, "year": year}.items() if value is not None}
    found = args_of(workflow.get_tasks_by_node_args("t", **asked))
    assert len(found) == len(set(found))
    assert set(found) == {
        (each, str(number))
        for each, number in {("other", 9), *tasks}
        if matches(each, place) and matches(number, year)
    }


def test_the_tasks_of_all_versions_of_a_template_are_found(tool, workflow, transform):
    old = workflow.get_tasks_by_node_args("transform", place="US", year=1990)
    tool.get_task_template("transform", "faster {place} {year}", node_args=["place", "year"])
    new = workflow.add_task(transform.create_task(place="US", year=1990))

    assert workflow.get_tasks_by_node_args("transform", place="US", year=1990) == [*old, new]


def test_an_array_makes_and_adds_tasks_of_its_template(workflow):
    array = workflow.arrays["transform"]

    tasks = array.create_tasks(place=["DE", "PL"], year=1990, folder="/in")

    assert len(tasks) == 2
    assert array.tasks[-2:] == workflow.tasks[-2:] == tasks


def test_an_array_takes_tasks_of_its_template_alone(tool, workflow, transform):
    array = workflow.arrays["transform"]
    mail = tool.get_task_template("mail", "mail").create_task()

    array.add_task(transform.create_task(place="DE", year=1990, folder="/in"))
    with pytest.raises(InvalidDefinition, match="mail is not of the task template 'transform'"):
        array.add_task(mail)

    assert len(array.tasks) == len(workflow.tasks) == 9
    assert mail.workflow is None


def test_how_many_run_at_a_time_may_be_limited(workflow):
    array = workflow.arrays["transform"]
    assert array.max_concurrently_running == UNLIMITED

    workflow.set_task_template_max_concurrency_limit("transform", 5)
    assert array.max_concurrently_running == 5
    array.limit_to(0)
    assert array.max_concurrently_running == 0
    for wrong in (-1, 2.5, "5", True, None, 2**31):
        with pytest.raises(InvalidDefinition, match="max_concurrently_running"):
            array.limit_to(wrong)
    with pytest.raises(KeyError, match="transfrom"):
        workflow.set_task_template_max_concurrency_limit("transfrom", 5)
    assert array.max_concurrently_running == 0


def test_a_limit_holds_for_all_versions_of_a_template(tool, workflow, transform):
    tool.get_task_template("transform", "faster {place} {year}", node_args=["place", "year"])
    new = workflow.add_task(transform.create_task(place="US", year=1990))

    workflow.set_task_template_max_concurrency_limit("transform", 5)

    assert {task.array.max_concurrently_running for task in workflow.tasks} == {5}
    assert new.array is not workflow.tasks[0].array


def test_args_are_expanded_as_create_tasks_does():
    assert Array.expand_dict(place=["US", "KE"], year=range(2), how="fast") == [
        {"place": "US", "year": 0, "how": "fast"},
        {"place": "US", "year": 1, "how": "fast"},
        {"place": "KE", "year": 0, "how": "fast"},
        {"place": "KE", "year": 1, "how": "fast"},
    ]
