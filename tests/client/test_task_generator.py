"""A typed function becomes tasks that call it, somewhere else, with the arguments they were given."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from jobmon_airflow import task_generator
from jobmon_airflow.client.task_generator import TaskGenerator, get_tasks_by_node_args
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, InvalidValue


@dataclass(frozen=True)
class Place:
    country: str
    region: str


PLACES = {Place: (lambda place: f"{place.country} {place.region}", lambda text: Place(*text.split()))}
SLURM = {"queue": "all.q", "memory": "4G", "runtime": "1h"}


@task_generator(
    tool_name="health", default_cluster_name="slurm", default_compute_resources=SLURM, max_attempts=5
)
def transform(location_id: int, years: list[int], note: str | None = None, scale: float = 1.0) -> str:
    """Transform one location."""
    return f"{location_id} {years} {note} {scale}"


@task_generator(PLACES, "health", naming_args=[])
def visit(place: Place, guide: Place | None = None): ...


@task_generator(tool_name="health", naming_args=["year"])
def summarize(location_id: int, year: int): ...


@task_generator(tool_name="health", name_func=lambda prefix, given: f"{prefix} of {max(given['years'])}")
def collect(years: tuple[int, ...]): ...


@task_generator(tool_name="health")
def pool(ids: set[int]): ...


@task_generator(tool_name="health")
def finish(): ...


class Steps:
    @staticmethod
    @task_generator(tool_name="health")
    def first(x: int = 1, /, *, y: int): ...


# Two of one name, as two modules may have them.
@task_generator(tool_name="twins")
def twin(x: int): ...


def _other_twin():
    @task_generator(tool_name="twins")
    def twin(y: int): ...

    return twin


other_twin = _other_twin()

# --- one task ----------------------------------------------------------------------------------------------


def test_every_argument_is_a_node_arg_and_stands_in_the_command():
    task = transform.create_task(location_id=7, years=[1990, 1991], note="it's = \n ok")

    assert task.node_args == {
        "location_id": "7",
        "years": "[1990,1991]",
        "note": "it's = \n ok",
        "scale": "1.0",
    }
    assert task.task_args == {}
    assert shlex.split(task.command)[3:] == [
        *("--module_name", transform.address.module_name, "--func_name", "transform"),
        *("--module_source_path", transform.address.module_source_path),
        *("--args", "location_id=7", "years=[1990,1991]", "note=it's = \n ok", "scale=1.0"),
    ]


def test_interpreter_and_path_may_change_and_leave_the_task_the_same(monkeypatch):
    here = transform.create_task(location_id=7, years=[])
    monkeypatch.setattr(sys, "executable", "/opt/python")
    there = transform.create_task(location_id=7, years=[])

    assert there.command.startswith("/opt/python -m jobmon_airflow.worker.call ")
    assert there._key == here._key


def test_a_set_makes_one_task_whatever_its_order():
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other)

    assert pool.create_task(ids=one)._key == pool.create_task(ids=other)._key


def test_arguments_left_out_take_the_functions_defaults():
    assert transform.serialize(location_id=1, years=[]) == {
        "location_id": "1",
        "years": "[]",
        "note": "None",
        "scale": "1.0",
    }


def test_what_is_serialized_is_deserialized():
    given = {"location_id": 1, "years": [3], "note": "None", "scale": 2.0}

    assert transform.deserialize(transform.serialize(**given)) == given


def test_types_of_ones_own_are_written_by_their_serializer():
    task = visit.create_task(place=Place("US", "CA"))

    assert task.node_args == {"place": "US CA", "guide": "None"}
    assert visit.deserialize(task.node_args) == {"place": Place("US", "CA"), "guide": None}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"years": []}, InvalidArguments, "transform lacks location_id"),
        ({}, InvalidArguments, "transform lacks location_id, years"),
        ({"location_id": 1, "years": [], "year": 1}, InvalidArguments, "transform has no argument year"),
        ({"location_id": True, "years": []}, InvalidValue, "'location_id' does not fit: True is not int"),
        ({"location_id": 1, "years": [1, "2"]}, InvalidValue, "'years' does not fit: '2' is not int"),
        ({"location_id": 1, "years": None}, InvalidValue, "'years' does not fit: None is not list"),
        ({"location_id": 1, "years": [], "note": "a\0b"}, InvalidValue, "NUL"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_when_the_task_is_made(given, error, message):
    with pytest.raises(error, match=message):
        transform.create_task(**given)


def test_a_task_takes_upstreams_attributes_and_settings():
    first = transform.create_task(location_id=1, years=[])
    second = transform.create_task(
        cluster_name="multiprocess",
        compute_resources={"queue": "long.q"},
        resource_scales={"memory": 0.1},
        upstream_tasks=[first],
        task_attributes={"release": 3},
        max_attempts=1,
        fallback_queues=["d.q"],
        location_id=2,
        years=[],
    )

    assert second.upstream_tasks == {first}
    assert second.task_attributes == {"release": "3"}
    assert (second.cluster_name, second.compute_resources["queue"]) == ("multiprocess", "long.q")
    assert (second.max_attempts, second.fallback_queues) == (1, ["d.q"])


def test_a_task_that_asks_for_nothing_has_the_generators_defaults():
    task = transform.create_task(location_id=1, years=[])

    assert (task.cluster_name, task.max_attempts) == ("slurm", 5)
    assert (task.compute_resources["queue"], str(task.compute_resources["memory"])) == ("all.q", "4G")


def test_defaults_can_come_from_a_file(tmp_path):
    file = tmp_path / "resources.yaml"
    file.write_text("task_template_resources: {from_file: {slurm: {queue: all.q, memory: 7G}}}")

    @task_generator(tool_name="health", yaml_file=file, default_cluster_name="slurm")
    def from_file(): ...

    assert str(findable(from_file).create_task().compute_resources["memory"]) == "7G"


def findable(generator: TaskGenerator) -> TaskGenerator:
    """Put it where a compute node would find it."""
    globals()[generator.name] = generator
    return generator


# --- names -------------------------------------------------------------------------------------------------


def test_a_task_is_called_after_the_function_and_its_arguments():
    assert transform.create_task(location_id=7, years=[1], note="a b/c").name == (
        "transform:location_id=7:years=[1]:note=a_b_c:scale=1.0"
    )


def test_or_after_some_of_its_arguments_or_none():
    assert summarize.create_task(location_id=7, year=1990).name == "summarize:year=1990"
    assert visit.create_task(place=Place("US", "CA")).name == "visit"


def test_or_as_a_function_says_which_gets_the_arguments_themselves():
    assert collect.create_task(years=(1990, 1995)).name == "collect_of_1995"
    assert [task.name for task in collect.create_tasks(years=[(1,), (2, 3)])] == [
        "collect_of_1",
        "collect_of_3",
    ]


def test_a_long_name_is_cut():
    assert len(transform.create_task(location_id=7, years=list(range(1000))).name) == 250


# --- many tasks --------------------------------------------------------------------------------------------


def test_lists_of_values_make_one_task_for_every_combination():
    tasks = transform.create_tasks(location_id=range(2), years=[[1], [2, 3]], scale=[0.5, 1])

    assert len(tasks) == 8
    assert [tuple(task.node_args.values()) for task in tasks[:3]] == [
        ("0", "[1]", "None", "0.5"),
        ("0", "[1]", "None", "1.0"),
        ("0", "[2,3]", "None", "0.5"),
    ]
    assert len({task.name for task in tasks}) == 8


def test_what_is_no_list_is_one_value():
    (task,) = transform.create_tasks(location_id=7, years=[[]], note="a text is no list")

    assert task.name == transform.create_task(location_id=7, years=[], note="a text is no list").name


def test_an_argument_that_is_a_collection_takes_a_list_of_them():
    with pytest.raises(InvalidValue, match=r"1990 is not list\[int\](.|\n)*to create_tasks, a list of them"):
        transform.create_tasks(location_id=7, years=[1990, 1991])


def test_no_values_make_no_tasks():
    assert transform.create_tasks(location_id=[], years=[[]]) == []


def test_a_function_without_arguments_makes_one_task():
    assert [task.name for task in finish.create_tasks()] == ["finish"]
    assert finish.create_task().command.endswith(" --args")


def test_many_tasks_share_upstreams_and_settings():
    first = finish.create_task()
    tasks = summarize.create_tasks(
        location_id=[1, 2], year=1, upstream_tasks=[first], task_attributes={"a": 1}, max_attempts=2
    )

    assert first.downstream_tasks == set(tasks)
    assert [(task.max_attempts, task.task_attributes) for task in tasks] == [(2, {"a": "1"})] * 2


# --- in a workflow -----------------------------------------------------------------------------------------


def test_generators_of_one_tool_work_together():
    workflow = transform.tool.create_workflow()
    workflow.add_tasks(transform.create_tasks(location_id=[1, 2], years=[[]]))
    workflow.add_task(finish.create_task(upstream_tasks=workflow.tasks))

    assert transform.tool is finish.tool
    assert workflow.validate(strict=False) == []
    assert list(workflow.arrays) == ["transform", "finish"]


def test_tasks_are_found_by_their_arguments():
    workflow = transform.tool.create_workflow()
    tasks = transform.create_tasks(location_id=[1, 2, 3], years=[[1], [2]])
    workflow.add_tasks(tasks)

    assert get_tasks_by_node_args(workflow, transform, {"location_id": 2}) == tasks[2:4]
    assert get_tasks_by_node_args(workflow, transform, {"location_id": [1, 3], "years": [[2]]}) == [
        tasks[1],
        tasks[5],
    ]
    assert workflow.get_tasks_by_node_args("transform", location_id=2) == tasks[2:4]


def test_finding_none_is_an_error_unless_it_is_expected():
    workflow = transform.tool.create_workflow()

    with pytest.raises(InvalidArguments, match=r"no task of transform with \{'location_id': 9\}"):
        get_tasks_by_node_args(workflow, transform, {"location_id": 9})
    assert get_tasks_by_node_args(workflow, transform, {"location_id": 9}, error_on_empty=False) == []
    with pytest.raises(InvalidArguments, match="no argument place"):
        get_tasks_by_node_args(workflow, transform, {"place": 9}, error_on_empty=False)


def test_two_functions_of_one_name_do_not_take_each_others_tasks():
    workflow = twin.tool.create_workflow()
    one, other = twin.create_task(x=1), other_twin.create_task(y=1)
    workflow.add_tasks([one, other, another := twin.create_task(x=2)])

    assert [task.node_args for task in workflow.tasks] == [{"x": "1"}, {"y": "1"}, {"x": "2"}]
    assert get_tasks_by_node_args(workflow, twin, {"x": [1, 2]}) == [one, another]
    assert get_tasks_by_node_args(workflow, other_twin, {"y": 1}) == [other]


# --- the function itself -----------------------------------------------------------------------------------


def test_calling_it_calls_the_function():
    assert transform(7, [1]) == transform.run(location_id=7, years=[1]) == "7 [1] None 1.0"
    assert transform.__name__ == "transform"
    assert transform.__doc__ == "Transform one location."


def test_it_says_what_it_takes():
    assert transform.help() == dedent("""\
        transform

        Transform one location.

        It takes:
            location_id: int
            years: list[int]
            note: str | None = None
            scale: float = 1.0""")


def test_arguments_may_be_positional_only_or_keyword_only():
    task = Steps.first.create_task(y=2)

    assert "--func_name Steps.first " in task.command
    assert Steps.first.call_with(Steps.first.deserialize(task.node_args)) is None


# --- what cannot become tasks ------------------------------------------------------------------------------


def without_type(x): ...
def any_number(*xs: int): ...
def any_names(**xs: int): ...
def unknown(x: Path): ...
def not_there(x: Nowhere): ...  # noqa: F821
def no_items(x: list): ...
def implicit(x: int = None): ...  # noqa: RUF013
def taken(max_attempts: int): ...
async def later(x: int): ...
def drop_by_drop(x: int):
    yield x


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (without_type, "'x' of without_type has no type"),
        (any_number, "'xs' of any_number stands for any number"),
        (any_names, "'xs' of any_names stands for any number"),
        (unknown, r"'x' of unknown is a pathlib.Path(.|\n)*serializers=\{Path: \(to_text, from_text\)\}"),
        (not_there, "'x' of not_there has a type that cannot be found: 'Nowhere'"),
        (no_items, "'x' of no_items is a list"),
        (implicit, r"'x' of implicit has a default that is not of its type(.|\n)*int \| None = None"),
        (taken, "'max_attempts' of taken has a name that create_task uses"),
        (later, "later is async or has a yield"),
        (drop_by_drop, "drop_by_drop is async or has a yield"),
        (Place, "is no function"),
    ],
)
def test_a_function_that_cannot_be_called_from_a_command_is_refused_at_once(function, message):
    with pytest.raises(InvalidDefinition, match=message):
        task_generator(tool_name="health")(function)


def test_what_the_decorator_cannot_use_is_refused_at_once():
    with pytest.raises(InvalidDefinition, match="without parentheses"):
        task_generator(finish.function)
    with pytest.raises(InvalidDefinition, match="naming_args of finish has year"):
        task_generator(tool_name="health", naming_args=["year"])(finish.function)
    for serializers in ({Path: str}, {Path: (str, "Path")}, {"Path": (str, Path)}):
        with pytest.raises(InvalidDefinition, match="is no serializer"):
            task_generator(serializers, tool_name="health")(finish.function)


def test_a_function_that_no_compute_node_could_find_makes_no_tasks():
    @task_generator(tool_name="health")
    def hidden(x: int) -> int:
        return x

    assert hidden(1) == 1
    with pytest.raises(InvalidDefinition, match=r"could not find .*hidden in the module"):
        hidden.create_task(x=1)
