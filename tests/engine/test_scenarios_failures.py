"""Clusters that fail, lose, refuse, forget and repeat themselves."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from jobmon_airflow.errors import ClusterIsSilent
from jobmon_airflow.swarm.swarm import INFRASTRUCTURE_FAILURES
from jobmon_airflow.testing import Call, Faults, Misfortune, SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    all_are,
    attempts,
    drawn,
    errors,
    open_attempts,
    run_statuses,
    simulate,
    statuses,
    tries,
    workflow_status,
)

LOST_ANSWER, LOST_REQUEST = Misfortune.LOST_ANSWER, Misfortune.LOST_REQUEST
LAYERS = "a>d a>e a>f b>d b>e b>f c>d c>e c>f d>g e>g f>g d>h e>i f>j"
LETTERS = "abcdefghij"


def ran_exactly_once(cluster, letters):
    """Whether each was done once and no two of its attempts were ever there at a time."""
    return (cluster.done_twice, cluster.overlapping, set(cluster.attempts)) == (set(), set(), set(letters))


class ShakyCluster(SimulatedCluster):
    """A cluster whose plugin has a mistake in it, which shows at the second news."""

    news_told = 0

    async def news(self):
        self.news_told += 1
        if self.news_told == 2:
            raise ZeroDivisionError("a mistake in a plugin")
        return await super().news()


# --- jobs that are lost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [(Faults(kill_nodes=0.6), "node failed"), (Faults(lose_jobs=0.6), "lost")],
    ids=["nodes", "jobs"],
)
def test_what_the_cluster_loses_is_run_again_at_no_cost_to_the_task(url, faults, verdict):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, faults=faults, rng=Random(7))
    workflow = drawn("a>b>c", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "D"

    assert statuses(workflow) == all_are("D", "abc")
    failed = [row for row in attempts(workflow) if row.status != "D"]
    assert {(row.status, row.verdict) for row in failed} == {("U", verdict)}
    assert ran_exactly_once(cluster, "abc")


def test_a_cluster_that_loses_everything_does_not_keep_a_run_for_ever(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, faults=Faults(kill_nodes=1))
    workflow = drawn("a>b", url)

    assert simulate(workflow, cluster, clock).status == "E"

    assert tries(workflow) == {"a": "U" * (INFRASTRUCTURE_FAILURES + 1)}
    assert "the node does not answer" in errors(workflow, "a")


def test_errors_of_the_task_and_of_the_cluster_are_counted_apart(url):
    clock = SimulatedClock()
    # 199 is the worker's own failure, 1 the task's.
    codes = [199, 1, 199, 199, 1, 199, 0]
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, number: codes[number - 1])
    workflow = drawn("a", url, max_attempts=3)

    assert simulate(workflow, cluster, clock).status == "D"

    assert tries(workflow) == {"a": "UEUUEUD"}


# --- a cluster that is silent when the run begins ----------------------------------------------------------------


class SilentAtFirst(SimulatedCluster):
    """Does not answer whoever would enter it before some moment."""

    def __init__(self, clock, *, seconds):
        super().__init__(clock, takes=60)
        self._now, self._ends = clock.now, clock.now() + timedelta(seconds=seconds)

    async def __aenter__(self):
        if self._now() < self._ends:
            raise ClusterIsSilent("Socket timed out on send/recv operation.", remedy="Wait.")
        return await super().__aenter__()


def test_a_run_waits_for_a_cluster_that_is_silent_when_it_begins_and_keeps_its_hold_meanwhile(url):
    clock = SimulatedClock()
    workflow = drawn("a>b", url)

    assert simulate(workflow, SilentAtFirst(clock, seconds=150), clock).status == "D"

    assert tries(workflow) == {"a": "D", "b": "D"}


def test_a_run_does_not_wait_for_ever_for_a_silent_cluster_and_can_be_resumed(url):
    clock = SimulatedClock()
    workflow = drawn("a>b", url)

    with pytest.raises(ClusterIsSilent, match="Socket timed out"):
        simulate(workflow, SilentAtFirst(clock, seconds=3600), clock)

    assert simulate(workflow, SimulatedCluster(clock, takes=60), clock, resume=True).status == "D"


# --- submissions ----------------------------------------------------------------------------------------------


def test_a_batch_whose_acceptance_was_not_heard_is_not_sent_again(url):
    clock = SimulatedClock()
    faults = Faults(script={Call.SUBMIT: [LOST_ANSWER]}, times_out_after=10)
    cluster = SimulatedCluster(clock, takes=60, faults=faults)
    workflow = drawn("a b c>d", url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.attempts == all_are(1, "abcd")
    assert tries(workflow) == all_are("D", "abcd")


def test_a_batch_that_did_not_arrive_is_on_record_and_sent_as_a_new_one(url):
    clock = SimulatedClock()
    faults = Faults(script={Call.SUBMIT: [LOST_REQUEST]}, times_out_after=10)
    cluster = SimulatedCluster(clock, takes=60, faults=faults)
    workflow = drawn("a b>c", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "D"

    assert tries(workflow) == {"a": "WD", "b": "WD", "c": "D"}
    assert cluster.attempts == all_are(1, "abc")
    said = errors(workflow, "a")
    assert "Not submitted: Traceback" in said
    assert "ClusterUnreachable: The simulated cluster does not answer." in said


def test_a_doubt_is_kept_until_the_cluster_answers(url):
    clock = SimulatedClock()
    faults = Faults(script={Call.SUBMIT: [LOST_ANSWER], Call.ADOPT: [LOST_REQUEST] * 5})
    cluster = SimulatedCluster(clock, takes=60, faults=faults)
    workflow = drawn("a>b", url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.attempts == {"a": 1, "b": 1}
    assert tries(workflow) == {"a": "D", "b": "D"}


def test_what_the_cluster_will_never_take_fails_with_its_words_and_is_not_asked_again(url):
    clock = SimulatedClock()
    faults = Faults(script={Call.SUBMIT: [None, Misfortune.REFUSED]})
    cluster = SimulatedCluster(clock, takes=60, faults=faults)
    workflow = drawn("a>b a>c>d", url, each={"c": {"compute_resources": {"memory": "9G"}}})

    assert simulate(workflow, cluster, clock).status == "E"

    (refused,) = [letter for letter, status in statuses(workflow).items() if status == "F"]
    assert tries(workflow)[refused] == "W"
    assert "The simulated cluster refuses these jobs." in errors(workflow, refused)
    assert refused not in cluster.attempts
    assert all(times == 1 for times in cluster.attempts.values())


def test_a_full_cluster_is_asked_again_until_it_has_room(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, faults=Faults(full_during=[(0, 3600)]))
    workflow = drawn("a>b", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.starts[0].at >= 3600
    assert clock.monotonic() < 2 * 3600
    assert tries(workflow) == {"a": "D", "b": "D"}


# --- news -----------------------------------------------------------------------------------------------------


def test_an_outage_hides_what_happens_and_changes_nothing(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, faults=Faults(outages=[(30, 1800)]))
    workflow = drawn("a>b c", url, max_attempts=1)

    assert simulate(workflow, cluster, clock).status == "D"

    assert cluster.attempts == all_are(1, "abc")
    assert tries(workflow) == all_are("D", "abc")
    assert cluster.starts[-1].at >= 1800


@pytest.mark.parametrize(
    "faults",
    [
        Faults(repeat_news=1),
        Faults(delay_news=300),
        Faults(reorder_news=1, delay_news=50),
        Faults(reorder_news=1, delay_news=50, scramble_news=True, repeat_news=0.5),
        Faults(silent_starts=1),
        Faults(interrupt_news=0.5),
    ],
    ids=["repeated", "late", "in any order", "scrambled", "no starts", "interrupted"],
)
def test_however_news_are_told_they_mean_the_same(url, faults):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"e": 1}, faults=faults)
    workflow = drawn(LAYERS, url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert tries(workflow) == all_are("D", LETTERS) | {"e": "ED"}
    assert statuses(workflow) == all_are("D", LETTERS)
    assert ran_exactly_once(cluster, LETTERS)


@pytest.mark.parametrize("seed", range(8))
def test_a_run_in_a_storm_ends_as_if_the_sky_were_blue(url, seed):
    clock = SimulatedClock()
    faults = Faults(
        lose_requests=0.2,
        lose_answers=0.2,
        full=0.2,
        times_out_after=30,
        delay_answers=5,
        interrupt_news=0.2,
        delay_news=60,
        repeat_news=0.3,
        reorder_news=0.3,
        kill_nodes=0.1,
        lose_jobs=0.1,
        silent_starts=0.2,
    )
    cluster = SimulatedCluster(
        clock, takes=60, queue_delay=10, fail_first={"b": 1, "h": 2}, faults=faults, rng=Random(seed)
    )
    workflow = drawn(LAYERS, url)

    assert simulate(workflow, cluster, clock).status == "D"

    assert statuses(workflow) == all_are("D", LETTERS)
    assert ran_exactly_once(cluster, LETTERS)
    found = tries(workflow)
    assert {letter for letter in found if "E" in found[letter]} <= {"b", "h"}
    assert set("".join(found.values())) <= set("DEUW")
    assert open_attempts(workflow.tool.database) == {}


# --- the run itself -------------------------------------------------------------------------------------------


def test_a_mistake_inside_a_run_ends_it_in_a_state_that_can_be_resumed(url):
    clock = SimulatedClock()
    cluster = ShakyCluster(clock, takes=60)
    workflow = drawn("a>b>c", url)

    with pytest.raises(ZeroDivisionError, match="a mistake in a plugin"):
        simulate(workflow, cluster, clock)

    assert (run_statuses(workflow), workflow_status(workflow)) == ("E", "F")

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert cluster.attempts == all_are(1, "abc")
    assert run_statuses(workflow) == "ED"
