"""Requests grow where they were too small: by a factor, as a function says, or in steps."""

from __future__ import annotations

import itertools
import json
import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.errors import InvalidResources, InvalidUnits
from jobmon_airflow.scales import DEFAULT_SCALES, ResourceScales
from jobmon_airflow.units import Memory, Runtime
from tests.asked import asking, requests


def test_only_what_was_exhausted_grows():
    request = asking(memory="40G", runtime=90, cores=2, project="x")

    raised = DEFAULT_SCALES.scaled(request, "memory", attempt=0)

    assert raised == request.updated(memory="60G")
    assert DEFAULT_SCALES.scaled(raised, "memory", attempt=1) == request.updated(memory="90G")
    assert DEFAULT_SCALES.scaled(request, "runtime", attempt=0) == request.updated(runtime=135)


@given(requests, st.sampled_from(["memory", "runtime"]), st.floats(0, 4))
def test_a_factor_never_shrinks_and_leaves_the_others(request, exhausted, factor):
    scaled = ResourceScales.parse({exhausted: factor}).scaled(request, exhausted, attempt=0)
    old, new = getattr(request, exhausted), getattr(scaled, exhausted)

    assert replace(scaled, **{exhausted: old}) == request
    assert new == old or new > old


def test_factors_round_up_to_whole_mebibytes_seconds_and_cores():
    scales = ResourceScales.parse({"memory": 0.1, "runtime": 0.5, "cores": 0.1})
    request = asking(memory="1G", runtime=5, cores=10)

    assert scales.scaled(request, "memory", 0).memory == Memory("1127M")
    assert scales.scaled(request, "runtime", 0).runtime == Runtime(8)
    assert scales.scaled(request, "cores", 0).cores == 11
    assert ResourceScales.parse({"cores": 0.2}).scaled(asking(cores=1), "cores", 0).cores == 2


def test_what_is_not_asked_for_or_has_no_scale_stays():
    assert DEFAULT_SCALES.scaled(asking(runtime=60), "memory", 0) == asking(runtime=60)
    assert ResourceScales.parse({"memory": 1}).scaled(asking(runtime=60), "runtime", 0) == asking(runtime=60)


def test_a_function_is_given_plain_numbers_and_its_result_is_read():
    seen = []
    scales = ResourceScales.parse(
        {
            "memory": lambda old: seen.append(old) or old * 2,
            "runtime": lambda old: seen.append(old) or "2h",
        }
    )
    request = asking(memory="40G", runtime="1h")

    assert scales.scaled(request, "memory", 0).memory == Memory("80G")
    assert scales.scaled(request, "runtime", 0).runtime == Runtime("2h")
    assert seen == [40, 3600]
    assert all(type(old) is int for old in seen)


def no_number(old):
    return {"memory": old}


@pytest.mark.parametrize("result", [None, "much", True, 0, -1, float("nan"), [1]])
def test_a_function_that_returns_no_amount_is_named(result):
    scales = ResourceScales.parse({"memory": lambda _: result})

    with pytest.raises(InvalidResources, match=r"scale of memory, .*<lambda>, returned"):
        scales.scaled(asking(memory="1G"), "memory", 0)


def test_an_exception_in_a_function_reaches_the_caller_as_it_is():
    scales = ResourceScales.parse({"memory": lambda old: old / 0})

    with pytest.raises(ZeroDivisionError):
        scales.scaled(asking(memory="1G"), "memory", 0)


def test_steps_are_taken_in_turn_and_then_the_last_is_kept_with_a_warning(caplog):
    scales = ResourceScales.parse({"memory": [100, "120G"]})
    request = asking(memory="40G")

    first = scales.scaled(request, "memory", 0)
    second = scales.scaled(first, "memory", 1)
    assert (first.memory, second.memory) == (Memory("100G"), Memory("120G"))
    assert caplog.records == []

    with caplog.at_level(logging.WARNING):
        assert scales.scaled(second, "memory", 2) == second
    assert "memory has no step 3; the task keeps 120G" in caplog.text


def test_every_task_that_shares_an_iterator_starts_at_its_beginning():
    shared = iter([100, 120])
    one, other = (ResourceScales.parse({"memory": shared}) for _ in range(2))
    request = asking(memory="40G")

    assert one.scaled(request, "memory", 0).memory == Memory("100G")
    assert other.scaled(request, "memory", 0).memory == Memory("100G")
    assert one.scaled(request, "memory", 1).memory == Memory("120G")
    assert one == other


def test_an_endless_iterator_is_pulled_no_further_than_needed():
    pulled = []
    endless = (pulled.append(value) or value for value in itertools.count(1))
    scales = ResourceScales.parse({"memory": endless})

    assert scales.scaled(asking(memory="1M"), "memory", 1).memory == Memory("2G")
    assert pulled == [1, 2]
    assert scales["memory"].steps(3) == (Memory("1G"), Memory("2G"), Memory("3G"))
    assert pulled == [1, 2, 3]


@pytest.mark.parametrize("wrong", ["0.5", b"x", True, None, {"a": 1}, {1, 2}])
def test_a_scale_of_another_type_is_refused(wrong):
    with pytest.raises(ValueError, match=r"Number \| Callable \| Iterator"):
        ResourceScales.parse({"memory": wrong})


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
def test_a_factor_that_does_not_grow_is_refused(wrong):
    with pytest.raises(InvalidResources, match="does not grow"):
        ResourceScales.parse({"memory": wrong})


def test_a_wrong_step_of_a_list_is_refused_before_anything_runs():
    with pytest.raises(InvalidUnits, match="memory: '60'"):
        ResourceScales.parse({"memory": [40, "60"]})


def test_only_amounts_can_be_scaled():
    for wrong in ("queue", "memroy", 1):
        with pytest.raises(InvalidResources, match="cannot be scaled"):
            ResourceScales.parse({wrong: 0.5})


def test_the_nearest_scales_win_for_each_resource_by_itself():
    merged = ResourceScales.parse({"memory": 1}).merged_over(DEFAULT_SCALES)

    assert merged == ResourceScales.parse({"memory": 1, "runtime": 0.5})
    assert ResourceScales().merged_over(merged) == merged


def test_equal_scales_are_equal_and_can_be_grouped():
    one, other = (ResourceScales.parse({"memory": [100, 120], "cores": no_number}) for _ in range(2))

    assert len({one, other}) == 1
    assert one != DEFAULT_SCALES
    assert ResourceScales.parse(one.as_dict()) == one


def test_stored_scales_come_back_as_factors_and_steps():
    written = ResourceScales.parse({"memory": iter([100, 120, 140]), "runtime": 0.5, "cores": [2, 4]})

    text = written.to_json(steps=2)

    assert text == '{"cores":[2,4],"memory":["100G","120G"],"runtime":0.5}'
    assert ResourceScales.from_json(text) == ResourceScales.parse(
        {"memory": [100, 120], "runtime": 0.5, "cores": [2, 4]}
    )


def test_a_stored_function_says_how_to_resume_instead():
    text = ResourceScales.parse({"memory": no_number}).to_json(steps=2)

    assert json.loads(text)["memory"]["callable"].endswith(".no_number")
    with pytest.raises(InvalidResources, match=r"(?s)no_number, which is not stored.*resume=True"):
        ResourceScales.from_json(text)
