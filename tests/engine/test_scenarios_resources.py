"""Requests that were too small: what grows, how far, and on which queue."""

from __future__ import annotations

import pytest

from jobmon_airflow.errors import ResourcesDoNotFit
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.store import clusters
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    attempts,
    drawn,
    errors,
    pass_by,
    simulate,
    statuses,
    story,
    tries,
)

ASKED = {"memory": "40G", "runtime": "1h", "cores": 2, "queue": "all.q"}


def queue(url, name, **limits):
    """A queue that holds at most so much."""
    most = {resource: {"max": limit} for resource, limit in limits.items()}
    database = Database.open(url)
    database.write(
        lambda it: clusters.set_limits(
            it,
            clusters.cluster_id(it, "multiprocess"),
            [QueueLimits.from_parameters(name, most)],
        )
    )
    database.close()


def asked(cluster, letter, *names):
    """What the attempts at a task asked for, one after another."""
    return [
        tuple(str(getattr(request, name)) for name in names) if names[1:] else str(getattr(request, names[0]))
        for request in cluster.requests[letter]
    ]


# --- what grows -----------------------------------------------------------------------------------------------


def test_memory_grows_by_half_until_it_is_enough_and_nothing_else_grows(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, queue_delay=5, needs_memory={"a": "80G"})
    workflow = drawn("a>b", url, compute_resources=ASKED)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory") == ["40G", "60G", "90G"]
    assert asked(cluster, "a", "runtime", "cores", "queue") == [("1h", "2", "all.q")] * 3
    assert asked(cluster, "b", "memory") == ["40G"]
    assert tries(workflow) == {"a": "ZZD", "b": "D"}
    assert story(workflow, "a") == "GIORAIORAIORD"
    assert [row.verdict for row in attempts(workflow, "a")] == ["out of memory", "out of memory", "done"]


def test_runtime_grows_by_half_and_memory_stays(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_runtime={"a": "120s"})
    workflow = drawn("a", url, compute_resources={"runtime": 90, "memory": "1G"})

    assert simulate(workflow, cluster, clock).status == "D"

    assert [request.runtime.seconds for request in cluster.requests["a"]] == [90, 135]
    assert asked(cluster, "a", "memory") == ["1G", "1G"]
    assert tries(workflow) == {"a": "ZD"}
    assert clock.monotonic() == 90 + 120


def test_both_grow_each_when_it_was_too_small(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(
        clock, takes=lambda attempt, number: 5000, needs_memory=lambda attempt, number: "50G"
    )
    workflow = drawn("a", url, compute_resources=ASKED)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory", "runtime") == [("40G", "1h"), ("60G", "1h"), ("60G", "1h30m")]


def test_an_ordinary_error_raises_nothing(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"a": 2})
    workflow = drawn("a", url, compute_resources=ASKED)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory", "runtime") == [("40G", "1h")] * 3
    assert tries(workflow) == {"a": "EED"}


def test_a_resource_error_of_the_last_attempt_is_the_end_and_raises_nothing(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, queue_delay=5, needs_memory={"a": "1T"})
    workflow = drawn("a>b", url, compute_resources=ASKED, max_attempts=2)

    assert simulate(workflow, cluster, clock).status == "E"

    assert asked(cluster, "a", "memory") == ["40G", "60G"]
    assert statuses(workflow) == {"a": "F", "b": "G"}
    assert tries(workflow) == {"a": "ZZ"}
    assert story(workflow, "a") == "GIORAIORF"


def test_a_raised_task_goes_before_those_that_wait(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, needs_memory={"a": "50G"})
    workflow = drawn("a b c", url, compute_resources=ASKED, of_workflow={"max_concurrently_running": 1})

    assert simulate(workflow, cluster, clock).status == "D"

    assert [start.task for start in cluster.starts] == ["a", "a", "b", "c"]


def test_tasks_of_one_request_grow_each_by_itself(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G", "b": "50G"})
    workflow = drawn("a b c", url, compute_resources=ASKED)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory") == ["40G", "60G", "90G"]
    assert asked(cluster, "b", "memory") == ["40G", "60G"]
    assert asked(cluster, "c", "memory") == ["40G"]


# --- scales ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1, ["40G", "80G", "160G", "320G"]),
        (lambda gibibytes: gibibytes + 7, ["40G", "47G", "54G", "61G"]),
        ([100, 120], ["40G", "100G", "120G", "120G"]),
        (iter(["100G", "120G"]), ["40G", "100G", "120G", "120G"]),
    ],
    ids=["factor", "function", "steps", "iterator"],
)
def test_a_request_grows_as_its_scale_says(url, scale, expected):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, number: 137 if number <= 3 else 0, takes=60)
    workflow = drawn("a b", url, compute_resources=ASKED, resource_scales={"memory": scale}, max_attempts=4)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory") == asked(cluster, "b", "memory") == expected
    assert set(asked(cluster, "a", "runtime")) == {"1h"}


def out_of_luck(_):
    raise LookupError("no table for this")


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (out_of_luck, ["in out_of_luck", "LookupError: no table for this"]),
        (lambda old: "plenty", ["returned 'plenty'", "Traceback"]),
        (lambda old: None, ["returned None", "Traceback"]),
    ],
    ids=["raises", "a word", "nothing"],
)
def test_a_scale_that_fails_is_the_failure_of_its_task_alone(url, scale, words):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "50G", "c": "50G"})
    workflow = drawn(
        "a>b c>d", url, compute_resources=ASKED, each={"a": {"resource_scales": {"memory": scale}}}
    )

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == {"a": "F", "b": "G", "c": "D", "d": "D"}
    assert tries(workflow) == {"a": "Z", "c": "ZD", "d": "D"}
    assert [
        word for word in ["The scale of memory failed", *words] if word not in errors(workflow, "a")
    ] == []


# --- queues ---------------------------------------------------------------------------------------------------


def test_a_request_that_outgrows_its_queue_goes_to_a_fallback_queue(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G"})
    queue(url, "all.q", memory="64G")
    queue(url, "big.q", memory="1T")
    workflow = drawn("a b", url, compute_resources=ASKED, fallback_queues=["big.q"])

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory", "queue") == [("40G", "all.q"), ("60G", "all.q"), ("90G", "big.q")]
    assert asked(cluster, "b", "queue") == ["all.q"]


def test_nobody_asks_for_more_than_a_queue_can_give(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "50G"})
    queue(url, "all.q", memory="50G")
    workflow = drawn("a", url, compute_resources=ASKED)

    assert simulate(workflow, cluster, clock).status == "D"

    assert asked(cluster, "a", "memory") == ["40G", "50G"]


def test_what_no_queue_can_give_is_given_up_with_an_account_that_names_the_limit(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G"})
    queue(url, "all.q", memory="50G")
    queue(url, "big.q", memory="64G")
    workflow = drawn("a>b", url, compute_resources=ASKED, fallback_queues=["big.q"], max_attempts=9)

    assert simulate(workflow, cluster, clock).status == "E"

    assert asked(cluster, "a", "memory", "queue") == [("40G", "all.q"), ("60G", "big.q"), ("64G", "big.q")]
    assert statuses(workflow) == {"a": "F", "b": "G"}
    said = errors(workflow, "a")
    assert "used 80G of memory and had asked for 64G" in said
    assert "It needs more memory than 64G, and no queue can give more: big.q" in said


def test_what_is_asked_for_at_first_is_never_capped_in_silence(url):
    queue(url, "all.q", cores=20)

    with pytest.raises(ResourcesDoNotFit, match="cores 1000 is more than the 20 that queue"):
        drawn("a", url, compute_resources={"cores": 1000, "queue": "all.q"})


# --- a resume that asks for more ------------------------------------------------------------------------------


def exhausted(url):
    """A workflow of which a died of memory, b of an error, and c was never run."""
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "50G"}, fail_first={"b": 1})
    workflow = drawn("a>c b d", url, compute_resources=ASKED, max_attempts=1)
    simulate(workflow, cluster, clock)
    assert tries(workflow) == {"a": "Z", "b": "E", "d": "D"}
    return clock, cluster, workflow


def test_a_resume_raises_what_died_of_too_little_once_and_nobody_elses_request(url):
    clock, cluster, workflow = exhausted(url)

    assert simulate(workflow, cluster, clock, resume=True, increase_resources=True).status == "D"

    assert asked(cluster, "a", "memory") == ["40G", "60G"]
    assert [asked(cluster, letter, "memory") for letter in "bcd"] == [["40G", "40G"], ["40G"], ["40G"]]
    assert set(asked(cluster, "a", "runtime")) == {"1h"}


def test_a_resume_raises_nothing_unless_it_is_asked_to(url):
    clock, cluster, workflow = exhausted(url)

    assert simulate(workflow, cluster, clock, resume=True).status == "E"

    assert asked(cluster, "a", "memory") == ["40G", "40G"]
    assert statuses(workflow) == {"a": "F", "b": "D", "c": "G", "d": "D"}


def test_what_was_raised_in_one_resume_is_raised_further_in_the_next(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G"})
    workflow = drawn("a", url, compute_resources=ASKED, max_attempts=1)
    simulate(workflow, cluster, clock)

    for expected in "ED":
        pass_by(clock, 60)
        how = {"resume": True, "increase_resources": True}
        assert simulate(workflow, cluster, clock, **how).status == expected

    assert asked(cluster, "a", "memory") == ["40G", "60G", "90G"]


def test_resumes_take_one_step_after_the_other_of_those_that_were_written_down(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G"})
    steps = {"memory": ["45G", "70G", "85G"]}
    workflow = drawn("a", url, compute_resources=ASKED, max_attempts=1, resource_scales=steps)
    simulate(workflow, cluster, clock)

    for expected in "EED":
        how = {"resume": True, "increase_resources": True, "by_id": True}
        assert simulate(workflow, cluster, clock, **how).status == expected

    assert asked(cluster, "a", "memory") == ["40G", "45G", "70G", "85G"]


# --- two clusters ---------------------------------------------------------------------------------------------


def test_tasks_of_one_workflow_may_be_on_two_clusters(url):
    clock = SimulatedClock()
    here, there = SimulatedCluster(clock, takes=60), SimulatedCluster(clock, takes=60, fail_first={"b": 1})
    workflow = drawn("a>b>c a>d>c", url, each={"b": {"cluster_name": "sequential"}})

    assert simulate(workflow, here, clock, others={"sequential": there}).status == "D"

    assert (here.attempts, there.attempts) == ({"a": 1, "c": 1, "d": 1}, {"b": 2})
    assert [start.task for start in here.starts] == ["a", "d", "c"]
    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D", "d": "D"}
