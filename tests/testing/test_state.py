"""The jobs of a simulated cluster can be served by plain calls, to a controller in another process too."""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import pickle

import pytest

from jobmon_airflow.errors import SubmissionRefused
from jobmon_airflow.testing.behaviour import Behaviour
from jobmon_airflow.testing.state import ClusterState
from tests.testing.batches import batch_of, ids, in_words, jobs


def test_time_is_what_whoever_asks_says_it_is():
    state = ClusterState(Behaviour(takes=60))
    mailbox = state.connect()
    state.submit(batch_of("a"), mailbox)

    state.advance(59.9)
    before = in_words(mailbox.take(59.9))
    state.advance(60)

    assert before == ["Started"]
    assert in_words(mailbox.take(60)) == ["Ended"]


def test_the_last_thing_has_happened_at_the_end_of_time():
    state = ClusterState(Behaviour(takes=60), slots=1)
    state.submit(batch_of("a", "b"), state.connect())

    state.advance(math.inf)

    assert [end.at for end in state.diary.ends] == [60, 120]
    assert state.time == 120


def test_an_attempt_is_known_by_its_place_in_its_batch():
    state = ClusterState()
    batch = batch_of("a", "b")
    state.submit(batch, state.connect())
    first, second = jobs(batch)

    elsewhere = [dataclasses.replace(first, token="another"), dataclasses.replace(second, step=0)]

    assert state.adopt(elsewhere, state.connect()) == set()
    assert state.adopt([first, second], state.connect()) == set(ids(batch))


def test_a_controller_that_adopts_again_is_told_nothing_twice():
    state = ClusterState()
    batch = batch_of("a")
    mailbox = state.connect()
    state.submit(batch, mailbox)

    state.adopt(jobs(batch), mailbox)

    assert in_words(mailbox.take(math.inf)) == ["Started", "Ended"]


def test_a_controller_that_is_gone_is_told_nothing():
    state = ClusterState(Behaviour(takes=60))
    mailbox = state.connect()
    state.submit(batch_of("a"), mailbox)
    mailbox.take(0)

    state.disconnect(mailbox)
    state.advance(math.inf)

    assert mailbox.take(math.inf) == []
    assert len(state.diary.ends) == 1


def test_whoever_waits_is_told_that_something_changed():
    state, calls = ClusterState(Behaviour(takes=60)), []
    state.connect(lambda: calls.append(state.next_event()))

    state.submit(batch_of("a"), state.connect())

    assert calls == [60]


def test_batches_and_news_cross_a_pipe():
    ours, theirs = multiprocessing.Pipe()
    state = ClusterState()
    mailbox = state.connect()
    ours.send(batch_of("a", "b", memory="2G", project="p"))

    state.submit(theirs.recv(), mailbox)
    theirs.send(mailbox.take(0))
    news = ours.recv()

    assert in_words(news) == ["Started", "Started", "Ended", "Ended"]
    assert pickle.loads(pickle.dumps(news)) == news
    ours.close()
    theirs.close()


def test_what_was_said_never_to_come_is_refused_when_it_comes():
    state = ClusterState()
    late = batch_of("a")

    assert state.adopt(jobs(late), state.connect()) == set()

    with pytest.raises(SubmissionRefused, match="was said that it never would"):
        state.submit(late, state.connect())
    assert not state.diary.submitted
