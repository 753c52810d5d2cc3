"""Queues name what they cannot hold, bring requests within their limits, and are chosen in order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.errors import InvalidResources, ResourcesDoNotFit
from jobmon_airflow.queues import QueueLimits, Range, choose_queue, require_fit
from jobmon_airflow.resources import Resources
from jobmon_airflow.units import Memory, Runtime
from tests.asked import asking, memories, requests, runtimes

SMALL = QueueLimits(
    "all.q", cores=Range(1, 20), memory=Range(most=Memory("4G")), runtime=Range(most=Runtime("3d"))
)
LARGE = QueueLimits(
    "long.q", cores=Range(1, 50), memory=Range(most=Memory("16G")), runtime=Range(most=Runtime("9d"))
)


def ranges(amounts):
    def between(ends):
        ends = sorted(end for end in ends if end is not None) if None not in ends else ends
        return Range(*ends)

    return st.tuples(st.none() | amounts, st.none() | amounts).map(between)


queues = st.builds(
    QueueLimits,
    name=st.sampled_from(["a.q", "b.q", "c.q"]),
    cores=ranges(st.integers(1, 2000)),
    memory=ranges(memories),
    runtime=ranges(runtimes),
)


def test_a_queue_names_every_limit_that_a_request_breaks():
    assert SMALL.problems(asking(memory="8G", cores=1000, runtime="1h")) == [
        "cores 1000 is more than the 20 that queue 'all.q' allows",
        "memory 8G is more than the 4G that queue 'all.q' allows",
    ]
    assert QueueLimits("big.q", cores=Range(least=8)).problems(asking(cores=2)) == [
        "cores 2 is less than the 8 that queue 'big.q' demands"
    ]


def test_what_is_at_the_limit_or_not_asked_for_fits():
    assert SMALL.fits(asking(memory="4G", cores=20))
    assert SMALL.fits(Resources())
    assert QueueLimits("any.q").fits(asking(memory="9P", cores=10**6))


@given(queues, requests)
def test_a_capped_request_always_fits_and_one_that_fits_is_left_alone(queue, request):
    assert queue.fits(queue.capped(request))
    assert queue.fits(request) is (queue.capped(request) == request) is (queue.problems(request) == [])


@given(queues)
def test_limits_survive_the_json_of_the_database(queue):
    stored = json.loads(json.dumps(queue.parameters()))

    assert QueueLimits.from_parameters(queue.name, stored) == queue


def test_limits_of_the_original_are_tuples_of_gibibytes_and_seconds():
    original = {"cores": (1, 20), "memory": (1, 750), "runtime": (10, 86400), "nodes": "of another plugin"}

    limits = QueueLimits.from_parameters("all.q", original)

    assert limits.memory == Range(Memory("1G"), Memory("750G"))
    assert limits.parameters() == {
        "cores": {"min": 1, "max": 20},
        "memory": {"min": "1G", "max": "750G"},
        "runtime": {"min": "10s", "max": "1d"},
    }


def test_limits_may_be_open_at_either_end():
    limits = QueueLimits.from_parameters("q", {"cores": [None, 8], "memory": {"min": 0}})

    assert limits.cores == Range(None, 8)
    assert limits.memory == Range(Memory(0), None)


@pytest.mark.parametrize(
    "limits", [{"cores": "many"}, {"cores": (1, 2.5)}, {"memory": (1, 2, 3)}, {"memory": (2, 1)}]
)
def test_unreadable_limits_are_refused_by_the_queues_name(limits):
    with pytest.raises(InvalidResources, match=r"all\.q"):
        QueueLimits.from_parameters("all.q", limits)


def test_the_first_queue_that_fits_is_chosen():
    assert choose_queue(asking(memory="2G"), [SMALL, LARGE]) == asking(memory="2G", queue="all.q")
    assert choose_queue(asking(memory="8G"), [SMALL, LARGE]) == asking(memory="8G", queue="long.q")


def test_where_no_queue_fits_the_last_one_caps():
    assert choose_queue(asking(memory="99G", cores=2), [SMALL, LARGE]) == asking(
        memory="16G", cores=2, queue="long.q"
    )


def test_without_queues_the_request_stays_as_it_is():
    assert choose_queue(asking(memory="2G", queue="x"), []) == asking(memory="2G", queue="x")


def test_a_request_that_fits_nowhere_is_refused_with_every_limit():
    with pytest.raises(ResourcesDoNotFit) as refused:
        require_fit(asking(memory="99G", cores=2), [SMALL, LARGE])

    assert str(refused.value) == (
        "No queue can hold what the task asks for, cores 2 and memory 99G: "
        "memory 99G is more than the 4G that queue 'all.q' allows; "
        "memory 99G is more than the 16G that queue 'long.q' allows.\n"
        "Ask for cores 2 and memory 16G, or name a larger queue, also in fallback_queues."
    )


def test_a_request_that_fits_is_given_its_queue():
    assert require_fit(asking(memory="8G"), [SMALL, LARGE]).queue == "long.q"
