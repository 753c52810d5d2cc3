"""What to ask for the next time, and what that would have meant."""

from __future__ import annotations

import pytest

from jobmon_airflow.client.usage import HELD
from jobmon_airflow.view.advice import LEVELS, Past, advice

GIB = 2**30


def past(gib, asked=8, *, runtime=3600.0, cpu=3600.0, cores=4, lacked=False, lacked_runtime=False):
    return Past(gib * GIB, runtime, cpu, asked * GIB, 7200.0, cores, lacked, lacked_runtime)


def recommended(history):
    [found] = [each for each in advice(history) if each.is_recommended]
    return found


def test_of_nothing_nothing_is_said():
    assert advice([]) == []
    assert advice([Past(None, None, None, None, None, None)]) == []


def test_there_is_a_request_for_every_level_and_one_is_recommended():
    found = advice([past(gib / 10) for gib in range(1, 101)])

    assert [each.held for each in found] == list(LEVELS)
    assert [each.held for each in found if each.is_recommended] == [HELD]
    assert [each.memory for each in found] == sorted(each.memory for each in found)


def test_what_is_recommended_holds_most_with_head_room():
    found = recommended([past(1.0)] * 99 + [past(4.0)])

    assert found.compute_resources["memory"] == "1.25G"
    assert found.memory == 1.25 * GIB
    assert found.compute_resources["cores"] == "1"
    assert (found.test.attempts, found.test.lack_memory, found.test.lack_runtime) == (100, 1, 0)


def test_who_would_have_lacked_memory_is_tried_again_with_more():
    found = recommended([past(1.0)] * 99 + [past(2.5)])

    # 100 hours with 1.25 GiB; one more with half as much again, and one with half as much again as that.
    assert found.test.memory_hours_asked == pytest.approx(800)
    assert found.test.memory_hours_then == pytest.approx(100 * 1.25 + 1.875 + 2.813, rel=0.001)


def test_who_was_ended_for_memory_needed_more_than_it_had():
    history = [past(1.0)] * 98 + [past(1.9, asked=2, lacked=True)] * 2
    by_level = {each.held: each for each in advice(history)}

    assert by_level[75].test.lack_memory == 2
    assert by_level[100].memory > 2 * GIB
    assert by_level[100].test.lack_memory == 0


def test_who_was_ended_for_time_needed_more_than_it_had():
    history = [past(1.0)] * 99 + [past(1.0, runtime=7200.0, lacked_runtime=True)]

    assert recommended(history).test.lack_runtime == 1


def test_cores_that_computed_nothing_are_saved():
    found = recommended([past(1.0, cpu=7190.0)] * 10)

    assert found.cores == 2
    assert found.test.core_hours_asked == pytest.approx(40)
    assert found.test.core_hours_then == pytest.approx(20)


def test_without_a_request_there_is_advice_and_nothing_to_compare_it_with():
    found = recommended([Past(GIB, 60.0, None, None, None, None)] * 5)

    assert found.memory > GIB
    assert (found.cores, found.test.memory_hours_asked, found.test.core_hours_then) == (None, None, None)
