from __future__ import annotations

import pytest

from jobmon_airflow.swarm.events import (
    Began,
    Cancel,
    Failure,
    Finish,
    GiveUp,
    Limited,
    NotRaised,
    Outcome,
    Raise,
    Raised,
    Retry,
    StopAsked,
)
from jobmon_airflow.swarm.graph import Graph
from jobmon_airflow.swarm.limits import Waiting
from jobmon_airflow.swarm.swarm import INFRASTRUCTURE_FAILURES, LAUNCHES_AT_A_TIME, Swarm, Tally
from tests.swarm.drawn import Drawn

DONE, FAILED, STOPPED = (Finish(outcome) for outcome in (Outcome.DONE, Outcome.FAILED, Outcome.STOPPED))

# --- order ------------------------------------------------------------------------------------------------------


def test_a_task_is_launched_when_the_last_of_its_upstreams_is_done():
    run = Drawn("a>c b>c")

    assert run.began() == [run.launch("ab")]
    assert run.done("a") == []
    assert run.done("b") == [run.launch("c")]
    assert run.done("c") == [DONE]


def test_single_tasks_go_ahead_of_their_array():
    run = Drawn("a>c b>d", arrays={"c": 1, "d": 1})

    run.began()

    assert run.done("a") == [run.launch("c", array=1)]
    assert run.done("b") == [run.launch("d", array=1)]


def test_a_join_releases_all_behind_it_at_once_and_is_never_launched():
    # 0 and 1 wait for nothing, 2 and 3 for both of them, by way of the join 4 and the join behind that.
    run = Drawn("a b c d")
    run.swarm._graph = Graph(4, [[4], [4], [], [], [5], [2, 3]])
    run.swarm._waits = run.swarm._graph.waits

    assert run.began() == [run.launch("ab")]
    assert run.done("a") == []
    assert run.done("b") == [run.launch("cd")]
    assert run.done("cd") == [DONE]


def test_a_workflow_without_tasks_is_done():
    run = Drawn("")

    assert run.began() == [DONE]


def test_nothing_happens_before_the_beginning():
    run = Drawn("a")

    assert run.handle(Limited(5)) == []
    assert run.began() == [run.launch("a")]
    assert run.began() == []


# --- failures ---------------------------------------------------------------------------------------------------


def test_a_task_that_fails_twice_is_run_three_times():
    run = Drawn("a>b")
    run.began()

    assert run.failed("a") == [Retry(0), run.launch("a")]
    assert run.failed("a") == [Retry(0), run.launch("a")]
    assert run.done("a") == [run.launch("b")]
    assert run.done("b") == [DONE]
    assert run.swarm.attempts(0) == 3


def test_a_fatal_error_stops_its_descendants_and_spares_the_rest():
    run = Drawn("a>b c>d", attempts=1)
    run.began()

    assert run.failed("a") == [GiveUp(0)]
    assert run.done("c") == [run.launch("d")]
    assert run.done("d") == [FAILED]
    assert run.swarm.failed == 1


@pytest.mark.parametrize(
    ("failure", "resource"), [(Failure.OUT_OF_MEMORY, "memory"), (Failure.OUT_OF_TIME, "runtime")]
)
def test_what_was_too_small_is_raised_before_the_task_is_tried_again(failure, resource):
    run = Drawn("a")
    run.began()

    assert run.failed("a", failure) == [Raise(0, resource)]
    assert run.handle(Raised(0)) == [run.launch("a")]
    assert run.done("a") == [DONE]


def test_a_task_that_no_queue_can_hold_any_more_is_given_up():
    run = Drawn("a")
    run.began()
    run.failed("a", Failure.OUT_OF_MEMORY)

    assert run.handle(NotRaised(0)) == [GiveUp(0), FAILED]


def test_nothing_is_raised_for_a_task_without_attempts_left():
    run = Drawn("a", attempts=1)
    run.began()

    assert run.failed("a", Failure.OUT_OF_MEMORY) == [GiveUp(0), FAILED]


def test_a_failing_node_costs_no_attempt():
    run = Drawn("a", attempts=1)
    run.began()

    assert run.failed("a", Failure.INFRASTRUCTURE) == [Retry(0), run.launch("a")]
    assert run.swarm.attempts(0) == 1
    assert run.done("a") == [DONE]


def test_a_cluster_that_keeps_failing_is_given_up_some_day():
    run = Drawn("a")
    run.began()
    for _ in range(INFRASTRUCTURE_FAILURES):
        assert run.failed("a", Failure.INFRASTRUCTURE) == [Retry(0), run.launch("a")]

    assert run.failed("a", Failure.INFRASTRUCTURE) == [GiveUp(0), FAILED]


def test_what_the_cluster_refuses_is_not_tried_again():
    run = Drawn("a")
    run.began()

    assert run.failed("a", Failure.REFUSED) == [GiveUp(0), FAILED]


def test_a_retry_goes_before_those_who_have_not_run_yet():
    run = Drawn("a b c", limit=1)
    assert run.began() == [run.launch("a")]

    assert run.failed("a") == [Retry(0), run.launch("a")]
    assert run.done("a") == [run.launch("b")]


def test_what_is_told_twice_or_too_late_changes_nothing():
    run = Drawn("a>b c>b")
    run.began()
    run.done("a")

    assert run.done("a") == []
    assert run.failed("a") == []
    assert run.handle(Raised(0), NotRaised(0)) == []
    assert run.done("c") == [run.launch("b")]
    assert run.done("b") == [DONE]
    assert run.done("b") == []


def test_fail_fast_ends_what_runs_after_the_first_fatal_error_and_launches_nothing():
    run = Drawn("a b>c d", attempts=1, fail_fast=True)
    run.began()

    assert run.failed("a") == [GiveUp(0), Cancel(run.numbers("bd"))]
    assert run.done("b") == []
    assert run.failed("d", Failure.CANCELLED) == [Retry(3), FAILED]


def test_tallies_say_how_far_each_array_is():
    run = Drawn("a>b c d", arrays={"d": 1}, attempts=1, done="c")
    run.began()
    run.done("a")
    run.failed("d")

    assert run.swarm.tally(0) == Tally(done=2, active=1)
    assert run.swarm.tally(1) == Tally(failed=1)


def test_tallies_say_what_waits_for_room_and_what_waits_in_vain():
    run = Drawn("a>b b>c a>d e f", attempts=1, limit=2)
    run.began()
    assert run.swarm.tally(0) == Tally(active=2, waiting=1)

    run.failed("a")
    run.failed("e")

    assert run.swarm.tally(0) == Tally(active=1, failed=2, blocked=3)


def test_what_was_done_before_is_not_blocked_by_what_fails_above_it():
    run = Drawn("a>b b>c", attempts=1, done="b")
    run.began()

    run.failed("a")

    assert run.swarm.tally(0) == Tally(done=1, active=1, failed=1)


# --- limits -----------------------------------------------------------------------------------------------------


def test_no_more_run_than_the_limit_allows():
    run = Drawn("a b c d", limit=2)

    assert run.began() == [run.launch("ab")]
    assert run.done("a") == [run.launch("c")]
    assert run.handle(Limited(4)) == [run.launch("d")]


def test_a_lower_limit_ends_nothing_and_starts_nothing():
    run = Drawn("a b c", limit=2)
    run.began()

    assert run.handle(Limited(1)) == []
    assert run.done("a") == []
    assert run.done("b") == [run.launch("c")]


def test_zero_pauses_and_is_not_the_end():
    run = Drawn("a b", limit=0)
    assert run.began() == []

    assert run.handle(Limited(1)) == [run.launch("a")]
    assert run.handle(Limited(0)) == []
    assert run.done("a") == []
    assert run.handle(Limited(9)) == [run.launch("b")]
    assert run.done("b") == [DONE]


def test_the_limit_of_an_array_leaves_others_alone():
    run = Drawn("a b c d", arrays={"c": 1, "d": 1}, array_limits={0: 1})

    assert run.began() == [run.launch("a"), run.launch("cd", array=1)]
    assert run.done("c") == []
    assert run.handle(Limited(2, array=0)) == [run.launch("b")]


def test_arrays_take_turns_where_there_is_little_room():
    run = Drawn("a b c d", arrays={"c": 1, "d": 1}, limit=1)

    assert run.began() == [run.launch("a")]
    assert run.done("a") == [run.launch("c", array=1)]
    assert run.done("c") == [run.launch("b")]
    assert run.done("b") == [run.launch("d", array=1)]


# --- stopping and resuming --------------------------------------------------------------------------------------


def test_a_stop_lets_what_runs_end_and_launches_nothing():
    run = Drawn("a>b c")
    run.began()

    assert run.handle(StopAsked()) == []
    assert run.done("a") == []
    assert run.done("c") == [STOPPED]


def test_a_stop_may_cancel_what_runs_which_costs_no_attempt():
    run = Drawn("a>b c")
    run.began()
    run.done("c")

    assert run.handle(StopAsked(cancel=True)) == [Cancel([0])]
    assert run.failed("a", Failure.CANCELLED) == [Retry(0), STOPPED]
    assert run.swarm.attempts(0) == 0


def test_a_resume_does_not_repeat_finished_work():
    run = Drawn("a>b b>c a>d", done="ab")

    assert run.began() == [run.launch("dc")]
    assert run.done("cd") == [DONE]


def test_a_resume_of_finished_work_is_done_at_once():
    run = Drawn("a>b", done="ab")

    assert run.began() == [DONE]


def test_a_hot_resume_adopts_what_runs():
    run = Drawn("a>b c>b", done="a", active="c")

    assert run.began() == []
    assert run.done("c") == [run.launch("b")]


def test_what_is_adopted_keeps_its_attempts():
    run = Drawn("a b", active="a", attempts=1)
    run.began()

    assert run.failed("a") == [GiveUp(0)]


def test_what_somebody_marked_done_lets_others_go_although_its_upstreams_are_not():
    run = Drawn("a>b b>c", done="b")

    assert run.began() == [run.launch("ac")]
    assert run.done("a") == []
    assert run.done("c") == [DONE]


def test_a_hundred_thousand_tasks_are_launched_some_thousand_at_a_time():
    many = 2 * LAUNCHES_AT_A_TIME + 7
    swarm = Swarm(Graph(many, [[]] * many), [0] * many, [1] * many, Waiting())

    launched = [[len(command.tasks) for command in swarm.handle(Began())]]
    while swarm.has_more:
        launched.append([len(command.tasks) for command in swarm.handle()])

    assert launched == [[LAUNCHES_AT_A_TIME], [LAUNCHES_AT_A_TIME], [7]]
