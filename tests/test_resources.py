"""Requests are read once, merge by key, and survive the database."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given

from jobmon_airflow.errors import InvalidResources, InvalidUnits
from jobmon_airflow.resources import Resources
from jobmon_airflow.units import Memory, Runtime
from tests.asked import asking, memories, requests, runtimes


def test_a_request_is_read_once_with_its_units():
    request = asking(memory="1.5G", runtime="1h30m", cores="4", queue="all.q", project="proj_x")

    assert (request.memory, request.runtime) == (Memory("1.5G"), Runtime(5400))
    assert (request.cores, request.queue) == (4, "all.q")
    assert request.extra == {"project": "proj_x"}


def test_plain_numbers_are_gibibytes_and_seconds_as_in_jobmon():
    assert asking(memory=8, runtime=90, cores=4.0) == asking(memory="8G", runtime="1m30s", cores=4)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("memory", "60", "memory: '60' has no unit"),
        ("memory", True, "memory: True"),
        ("memory", 0, "all memory of a node"),
        ("memory", "0G", "all memory of a node"),
        ("runtime", "24:30", "runtime: '24:30'"),
        ("runtime", 0, "runtime is 0"),
        ("cores", True, "cores is True"),
        ("cores", 0, "cores is 0"),
        ("cores", -1, "cores is -1"),
        ("cores", 1.5, "cores is 1.5"),
        ("cores", "many", "cores is 'many'"),
        ("cores", float("nan"), "cores is nan"),
        ("cores", float("inf"), "cores is inf"),
        ("cores", [4], r"cores is \[4\]"),
        ("queue", "", "queue is ''"),
        ("queue", " ", "queue is ' '"),
        ("queue", "all\0q", "queue is"),
        ("queue", "all.q\n", "queue is"),
        ("queue", 7, "queue is 7"),
        ("project", {1, 2}, "'project' holds"),
        ("project", float("nan"), "'project' holds nan"),
        ("project", ["a", object()], "'project' holds"),
        ("project", {1: "a"}, "'project' holds"),
    ],
)
def test_what_means_nothing_is_refused_by_key_and_value(key, value, says):
    with pytest.raises((InvalidResources, InvalidUnits), match=says):
        Resources.parse({key: value})


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("memroy", "memory"),
        ("Memory", "memory"),
        ("mem", "memory"),
        ("run_time", "runtime"),
        ("max_runtime_seconds", "runtime"),
        ("core", "cores"),
        ("num_cores", "cores"),
        ("queues", "queue"),
        ("partition", "queue"),
    ],
)
def test_a_misspelt_resource_is_not_silently_ignored(misspelt, meant):
    with pytest.raises(InvalidResources, match=f"no resource '{misspelt}'.*\n.*mean '{meant}'"):
        Resources.parse({misspelt: 1})


@pytest.mark.parametrize(
    "key", ["project", "constraints", "stdout", "stderr", "working_dir", "gres", "nodes"]
)
def test_keys_of_the_clusters_plugin_pass_through(key):
    assert asking(**{key: "x"}).as_dict() == {key: "x"}


def test_a_request_must_be_a_mapping_of_names():
    for wrong in (None, "8G", [("memory", "8G")], {1: 2}):
        with pytest.raises(InvalidResources):
            Resources.parse(wrong)


def test_none_leaves_the_choice_to_the_cluster():
    assert asking(memory=None, cores=None) == Resources()
    assert not Resources()
    assert asking(cores=1)
    assert asking(project=None)


def test_a_path_becomes_its_text():
    assert asking(stdout=Path("/logs")).extra["stdout"] == "/logs"


def test_equal_dictionaries_are_read_once_and_true_is_never_taken_for_one():
    assert asking(cores=1, memory="3G") is asking(cores=1, memory="3G")
    assert asking(exclusive=1) != asking(exclusive=True)
    assert asking(exclusive=1).extra["exclusive"] is not True
    with pytest.raises(InvalidResources):
        asking(cores=True, memory="3G")


def test_both_zeros_are_one_value_whichever_was_read_first():
    assert asking(weight=-0.0).to_json() == asking(weight=0.0).to_json() == '{"weight":0.0}'


def test_tasks_that_share_a_dictionary_do_not_share_its_changes():
    shared = {"gres": ["gpu:1"]}
    request = Resources.parse(shared)

    shared["gres"].append("gpu:2")
    request.extra["gres"].append("gpu:3")

    assert request.extra == {"gres": ["gpu:1"]}


def test_a_request_cannot_be_changed_but_updated():
    request = asking(memory="8G", queue="all.q", project="x")

    with pytest.raises(FrozenInstanceError):
        request.memory = Memory("9G")
    assert request.updated(memory="9G", queue=None, project="y") == asking(memory="9G", project="y")
    assert replace(request, cores=2, extra={"a": 1}) == asking(memory="8G", queue="all.q", cores=2, a=1)


def test_extra_keys_given_to_the_constructor_are_checked_too():
    with pytest.raises(InvalidResources):
        Resources(extra={"memory": "8G"})


def test_as_dict_keeps_the_units_and_leaves_out_what_was_not_asked_for():
    assert asking(memory="8G", project="x").as_dict() == {"memory": Memory("8G"), "project": "x"}


@given(requests)
def test_a_request_survives_json_and_pickling(request):
    assert Resources.from_json(request.to_json()) == request
    assert pickle.loads(pickle.dumps(request)) == request
    assert copy.deepcopy(request) == request


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ({"memory": "8G"}, {"memory": 8}),
        ({"memory": "500M"}, {"memory": 0.48828125}),
        ({"memory": "1127M"}, {"memory": 1.1005859375}),
        ({"memory": 1.1}, {"memory": 1.1}),
        ({"runtime": "1h30m"}, {"runtime": 5400}),
        ({"runtime": "90.5s"}, {"runtime": 90.5}),
        ({"runtime": "2d0.000001s"}, {"runtime": 172800.000001}),
    ],
)
def test_json_holds_plain_gibibytes_and_seconds_that_sql_can_compare(asked, stored):
    text = Resources.parse(asked).to_json()

    assert json.loads(text) == stored
    assert Resources.from_json(text) == Resources.parse(asked)
    assert ("." in text) is any(isinstance(number, float) for number in stored.values())


@given(memories, runtimes)
def test_odd_bytes_and_microseconds_are_numbers_too(memory, runtime):
    stored = json.loads(Resources(memory=memory, runtime=runtime).to_json())

    assert (Memory(stored["memory"]), Runtime(stored["runtime"])) == (memory, runtime)
    assert not any(isinstance(amount, str) for amount in stored.values())


def test_an_amount_that_no_number_holds_exactly_is_stored_as_text():
    most = 2**63 - 1
    request = asking(memory=f"{most}B", runtime=f"{most // 10**6}.{most % 10**6}s")

    assert json.loads(request.to_json()) == {"memory": f"{most}B", "runtime": str(request.runtime)}
    assert Resources.from_json(request.to_json()) == request


@given(requests)
def test_equal_requests_have_one_text_and_one_hash(request):
    backwards = Resources.parse(dict(reversed(request.as_dict().items())))

    assert backwards == request
    assert hash(backwards) == hash(request)
    assert backwards.to_json() == request.to_json()


def test_json_that_is_no_object_is_refused():
    for text in ("", "[]", "{"):
        with pytest.raises(InvalidResources, match="JSON object"):
            Resources.from_json(text)


def test_the_nearest_level_wins_for_each_resource_by_itself():
    tool = asking(memory="1G", runtime=60, cores=1, project="proj_tool")
    template = asking(memory="2G", stdout="/logs")
    task = asking(cores=4)

    assert task.merged_over(template).merged_over(tool) == asking(
        memory="2G", runtime=60, cores=4, project="proj_tool", stdout="/logs"
    )


@given(requests, requests, requests)
def test_merging_is_associative_and_the_empty_request_changes_nothing(one, two, three):
    assert one.merged_over(two).merged_over(three) == one.merged_over(two.merged_over(three))
    assert one.merged_over(Resources()) == Resources().merged_over(one) == one
