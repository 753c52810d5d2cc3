"""How often somebody is asked."""

from __future__ import annotations

from jobmon_airflow.distributors.slurm.rhythm import Rhythm


def pauses(rhythm, times, *, took=0.01, has_changed=False):
    """The pauses between so many questions, each asked as soon as it is due."""
    now, found = 0.0, []
    for _ in range(times):
        rhythm.asked(at=now, took=took, has_changed=has_changed)
        found.append(rhythm.due - now)
        now = rhythm.due
    return found


def test_pauses_grow_while_nothing_changes_up_to_the_longest():
    assert pauses(Rhythm(shortest=2, longest=10, growth=2), 5) == [2, 4, 8, 10, 10]


def test_pauses_are_short_while_something_changes():
    assert pauses(Rhythm(shortest=2, longest=10), 4, has_changed=True) == [2] * 4


def test_whoever_takes_long_to_answer_is_left_in_peace_for_longer():
    assert pauses(Rhythm(shortest=2, longest=10), 2, took=1, has_changed=True) == [20, 20]


def test_what_is_expected_is_asked_for_after_the_shortest_pause():
    rhythm = Rhythm(shortest=2, longest=60, growth=10)
    pauses(rhythm, 5)
    rhythm.due = 1000

    rhythm.expect(100)
    assert (rhythm.due, rhythm.interval) == (102, 2)

    rhythm.expect(101)
    assert rhythm.due == 102


def test_in_a_hurry_the_question_is_due_at_once():
    rhythm = Rhythm(shortest=2, longest=60)
    pauses(rhythm, 3)

    rhythm.hurry()

    assert rhythm.is_due(0.1)
