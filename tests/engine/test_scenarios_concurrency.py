"""How many run at a time, and people who change their minds about it from elsewhere."""

from __future__ import annotations

import string

import pytest

from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.store import waiting, workflows
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from jobmon_airflow.testing.faults import Faults
from tests.engine.simulated import (
    BRISK,
    all_are,
    drawn,
    play,
    session,
    simulate,
    statuses,
    tries,
)

TWENTY = string.ascii_lowercase[:20]
TEN = string.ascii_lowercase[:10]


def from_another_process(url, work):
    """Do something as somebody else does, with a connection of his own."""
    database = Database.open(url)
    try:
        database.write(work)
    finally:
        database.close()


def limit(url, workflow, count):
    """The act of somebody who lets so many tasks of the workflow run at a time."""
    return lambda: from_another_process(url, lambda it: workflows.set_limit(it, workflow.workflow_id, count))


def limit_template(url, workflow, name, count):
    """The act of somebody who lets so many tasks of a template run at a time."""
    array = workflow.arrays[name].array_id
    return lambda: from_another_process(url, lambda it: workflows.set_array_limits(it, {array: count}))


def watched(clock, cluster, moments):
    """Acts that note how many tasks run at these moments, and the notes."""
    seen = {}

    def look(moment):
        return lambda: seen.update({moment: len(cluster.running)})

    return seen, [(moment, look(moment)) for moment in moments]


def most_at_once(cluster, letters):
    """The most of these tasks that ran at a time."""
    moments = [(start.at, 1) for start in cluster.starts if start.task in letters]
    moments += [(end.at, -1) for end in cluster.ends if end.task in letters]
    running, most = 0, 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    return most


# --- limits that stand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "seconds"), [(1, 200), (2, 100), (5, 40), (UNLIMITED, 10)])
def test_no_more_run_at_a_time_than_the_workflow_allows(url, count, seconds):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=10)
    workflow = drawn(" ".join(TWENTY), url, of_workflow={"max_concurrently_running": count})

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.most_at_once == min(count, 20)
    assert clock.monotonic() == seconds
    assert tries(workflow) == all_are("D", TWENTY)


def test_a_template_with_a_limit_of_its_own_does_not_hold_up_others(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=10)
    workflow = drawn("a b c d A B C D", url, bind=False)
    workflow.set_task_template_max_concurrency_limit("draw", 1)

    assert simulate(workflow.bind(), cluster, clock).status == "D"

    assert (most_at_once(cluster, "abcd"), most_at_once(cluster, "ABCD")) == (1, 4)
    assert max(end.at for end in cluster.ends if end.task in "ABCD") == 10
    assert clock.monotonic() == 40


def test_a_failed_task_gives_its_place_up_and_takes_it_again_first(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=10, fail_first={"a": 1})
    workflow = drawn("a b c", url, of_workflow={"max_concurrently_running": 2})

    assert simulate(workflow, cluster, clock).status == "D"

    assert [start.task for start in cluster.starts] == ["a", "b", "a", "c"]
    assert cluster.most_at_once == 2


def test_more_than_the_cluster_likes_to_hold_is_not_handed_over(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=10, appetite=3)
    workflow = drawn(" ".join(TEN), url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.most_at_once == 3
    assert tries(workflow) == all_are("D", TEN)


# --- limits that change ---------------------------------------------------------------------------------------


def test_a_limit_that_is_raised_lets_more_begin_at_once(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn(" ".join(TWENTY), url, of_workflow={"max_concurrently_running": 2})
    seen, looks = watched(clock, cluster, [49, 60, 120])
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, limit(url, workflow, 5)), *looks).status == "D"

    assert seen == {49: 2, 60: 5, 120: 5}
    assert tries(workflow) == all_are("D", TWENTY)


def test_a_limit_that_is_lowered_ends_nothing_and_begins_nothing_until_there_is_room(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=lambda attempt, _: 100 + 10 * (attempt.name > "b"))
    workflow = drawn(" ".join(TEN), url, of_workflow={"max_concurrently_running": 5})
    seen, looks = watched(clock, cluster, [60, 105, 115, 200])
    run = session(workflow, cluster, clock, rhythm=BRISK)

    assert play(run, clock, (50, limit(url, workflow, 2)), *looks).status == "D"

    assert seen == {60: 5, 105: 3, 115: 2, 200: 2}
    assert tries(workflow) == all_are("D", TEN)


def test_a_limit_of_zero_pauses_and_a_higher_one_goes_on(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b>c", url)
    seen, looks = watched(clock, cluster, [60, 150, 800, 1000])
    notes = []
    run = session(workflow, cluster, clock, rhythm=BRISK)

    result = play(
        run,
        clock,
        (50, limit(url, workflow, 0)),
        (400, lambda: notes.append(run._engine.snapshot(0).note)),
        (990, limit(url, workflow, 7)),
        *looks,
    )

    assert result.status == "D"
    assert seen == {60: 1, 150: 0, 800: 0, 1000: 1}
    assert notes == ["paused: the workflow's limit is 0"]
    assert tries(workflow) == all_are("D", "abc")


def test_the_limit_of_one_template_is_changed_by_itself(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a b c d A>B>C>D", url, bind=False)
    workflow.set_task_template_max_concurrency_limit("draw", 1)
    run = session(workflow.bind(), cluster, clock, rhythm=BRISK)
    seen, looks = watched(clock, cluster, [90, 110, 250])

    result = play(
        run,
        clock,
        (95, limit_template(url, workflow, "draw", 0)),
        (210, limit_template(url, workflow, "draw", 3)),
        *looks,
    )

    assert result.status == "D"
    assert seen == {90: 2, 110: 1, 250: 4}
    assert (most_at_once(cluster, "abcd"), most_at_once(cluster, "ABCD")) == (3, 1)


def test_a_workflow_that_is_paused_before_it_begins_waits(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100)
    workflow = drawn("a>b", url, of_workflow={"max_concurrently_running": 0})
    run = session(workflow, cluster, clock, rhythm=BRISK)
    seen, looks = watched(clock, cluster, [200, 550])

    assert play(run, clock, (500, limit(url, workflow, UNLIMITED)), *looks).status == "D"

    assert seen == {200: 0, 550: 1}


def test_a_raised_task_of_a_paused_workflow_waits_too(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, needs_memory={"a": "50G"})
    workflow = drawn("a", url, compute_resources={"memory": "40G"})
    run = session(workflow, cluster, clock, rhythm=BRISK)
    seen, looks = watched(clock, cluster, [70, 1010])

    result = play(run, clock, (10, limit(url, workflow, 0)), (1000, limit(url, workflow, 1)), *looks)

    assert result.status == "D"
    assert seen == {70: 0, 1010: 1}
    assert tries(workflow) == {"a": "ZD"}


def test_binding_again_while_it_runs_leaves_the_limit_and_afterwards_changes_it(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, fail_first={"d": 1})
    picture, settings = "a b c d", {"max_attempts": 1}
    workflow = drawn(picture, url, of_workflow={"max_concurrently_running": 1}, **settings)
    seen, looks = watched(clock, cluster, [50])

    def define_again():
        drawn(picture, url, of_workflow={"max_concurrently_running": 4}, **settings)

    run = session(workflow, cluster, clock, rhythm=BRISK)
    assert play(run, clock, (20, define_again), *looks).status == "E"
    assert (seen, cluster.most_at_once) == ({50: 1}, 1)

    define_again()

    with workflow.tool.database.read() as connection:
        assert workflows.limits(connection, workflow.workflow_id)[0] == 4
    assert statuses(workflow) == {"a": "D", "b": "D", "c": "D", "d": "F"}


def test_why_tasks_wait_for_a_full_cluster_is_written_down(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=10, faults=Faults(full_during=[(0, 60)]))
    workflow = drawn("a b c", url)
    seen = {}

    def look():
        with workflow.tool.database.read() as connection:
            said = waiting.reasons(connection, run.workflow_run_id)
            seen.update({each.reason: each.count for of_array in said.values() for each in of_array})

    run = session(workflow, cluster, clock, rhythm=BRISK)
    result = play(run, clock, (30, look))

    assert result.status == "D"
    assert seen == {"the cluster is full": 3}
