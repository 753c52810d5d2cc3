"""Every misfortune can be had on demand, and nothing that happened on the cluster is ever forgotten."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from jobmon_airflow.distributors.protocol import Cause, Started
from jobmon_airflow.errors import ClusterIsFull, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.testing import Call, Faults, Misfortune, SimulatedClock, SimulatedCluster
from tests.testing.batches import batch_of, endings, ids, in_words, jobs, told

MANY = [f"task {number}" for number in range(200)]


@pytest.fixture
def clock():
    return SimulatedClock()


def cluster_with(clock, takes=60, slots=None, **faults):
    return SimulatedCluster(clock, takes=takes, slots=slots, faults=Faults(**faults))


def run(clock, cluster, story):
    async def entered():
        async with cluster:
            return await story()

    return clock.run(entered())


# --- calls --------------------------------------------------------------------------------------------------------


def test_a_lost_answer_leaves_the_jobs_running(clock):
    cluster = cluster_with(clock, script={Call.SUBMIT: [Misfortune.LOST_ANSWER]}, times_out_after=30)
    batch = batch_of("a")

    async def story():
        with pytest.raises(ClusterUnreachable):
            await cluster.submit(batch)
        assert clock.monotonic() == 30
        assert await cluster.adopt(jobs(batch)) == set(ids(batch))
        return await told(cluster, ids(batch))

    assert [in_words(news) for news in run(clock, cluster, story).values()] == [["Started", "Ended"]]


def test_a_lost_request_leaves_nothing(clock):
    cluster = cluster_with(clock, script={Call.SUBMIT: [Misfortune.LOST_REQUEST]})
    batch = batch_of("a")

    async def story():
        with pytest.raises(ClusterUnreachable):
            await cluster.submit(batch)
        assert await cluster.adopt(jobs(batch)) == set()

    run(clock, cluster, story)

    assert cluster.submitted == []


def test_adoptions_and_cancellations_have_answers_to_lose_as_well(clock):
    cluster = cluster_with(clock, takes=3600, lose_answers=1)
    batch = batch_of("a")

    async def story():
        for call in (
            cluster.submit(batch),
            cluster.adopt(jobs(batch)),
            cluster.cancel(ids(batch)),
        ):
            with pytest.raises(ClusterUnreachable):
                await call
        return await endings(cluster, batch)

    assert run(clock, cluster, story)["a"].evidence.cause is Cause.CANCELLED


def test_a_script_says_what_befalls_each_call(clock):
    cluster = cluster_with(clock, script={Call.SUBMIT: [None, Misfortune.REFUSED, Misfortune.FULL]})

    async def story():
        await cluster.submit(batch_of("a"))
        with pytest.raises(SubmissionRefused):
            await cluster.submit(batch_of("b"))
        with pytest.raises(ClusterIsFull):
            await cluster.submit(batch_of("c"))
        await cluster.submit(batch_of("d"))

    run(clock, cluster, story)

    assert cluster.requests.keys() == {"a", "d"}


def test_a_full_cluster_takes_more_when_jobs_have_ended(clock):
    cluster = cluster_with(clock, capacity=2)

    async def story():
        await cluster.submit(batch_of("a", "b"))
        with pytest.raises(ClusterIsFull):
            await cluster.submit(batch_of("c"))
        await asyncio.sleep(60)
        await cluster.submit(batch_of("c"))

    run(clock, cluster, story)


def test_a_cluster_can_be_full_for_some_time(clock):
    cluster = cluster_with(clock, full_during=[(0, 600)])

    async def story():
        with pytest.raises(ClusterIsFull):
            await cluster.submit(batch_of("a"))
        await asyncio.sleep(600)
        await cluster.submit(batch_of("a"))

    run(clock, cluster, story)


def test_nobody_gets_through_during_an_outage_and_jobs_go_on(clock):
    cluster = cluster_with(clock, outages=[(30, 600)])
    batch = batch_of("a")

    async def story():
        await cluster.submit(batch)
        assert in_words(await cluster.news()) == ["Started"]
        with pytest.raises(ClusterUnreachable):  # the job ends while nobody can be told
            await cluster.news()
        for call in (cluster.submit(batch_of("b")), cluster.cancel(ids(batch)), cluster.news()):
            with pytest.raises(ClusterUnreachable):
                await call
        await asyncio.sleep(600)
        return await endings(cluster, batch)

    assert run(clock, cluster, story)["a"].usage.wallclock == 60
    assert cluster.requests.keys() == {"a"}


def test_an_answer_may_come_after_the_job_has_ended(clock):
    cluster = cluster_with(clock, takes=0, delay_answers=60)
    batch = batch_of("a")

    async def story():
        async with asyncio.TaskGroup() as tasks:
            answer = tasks.create_task(cluster.submit(batch))
            await endings(cluster, batch)
            assert not answer.done()

    run(clock, cluster, story)


# --- news ---------------------------------------------------------------------------------------------------------


def test_news_that_were_interrupted_are_kept(clock):
    cluster = cluster_with(clock, script={Call.NEWS: [Misfortune.LOST_REQUEST]})
    batch = batch_of("a")

    async def story():
        await cluster.submit(batch)
        with pytest.raises(ClusterUnreachable):
            await cluster.news()
        return await told(cluster, ids(batch))

    assert [in_words(news) for news in run(clock, cluster, story).values()] == [["Started", "Ended"]]


def test_news_come_late_twice_and_mixed_but_each_attempt_keeps_its_order(clock):
    cluster = cluster_with(
        clock, slots=7, delay_news=600, repeat_news=0.5, reorder_news=1, interrupt_news=0.1
    )
    batch = batch_of(*MANY)

    async def story():
        await cluster.submit(batch)
        heard, last = {each: [] for each in ids(batch)}, []
        while clock.monotonic() < 24 * 3600:
            try:
                async with asyncio.timeout(3600):
                    for news in await cluster.news():
                        heard[news.attempt].append(news)
                        last.append(news.attempt)
            except (ClusterUnreachable, TimeoutError):
                await asyncio.sleep(1)
        return heard, last

    heard, order = run(clock, cluster, story)

    words = [in_words(news) for news in heard.values()]
    assert all(told == sorted(told, key=["Started", "Ended"].index) for told in words)
    assert {tuple(told) for told in words} == {
        ("Started",) * starts + ("Ended",) * ends for starts in (1, 2) for ends in (1, 2)
    }
    assert order != sorted(order)


def test_a_cluster_that_breaks_its_word_mixes_up_the_news_of_an_attempt(clock):
    cluster = cluster_with(clock, takes=0, reorder_news=1, scramble_news=True)
    batch = batch_of(*MANY)

    async def story():
        await cluster.submit(batch)
        return await cluster.news()

    ends_first = {}
    for news in run(clock, cluster, story):
        ends_first.setdefault(news.attempt, not isinstance(news, Started))
    assert set(ends_first.values()) == {True, False}


# --- jobs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "cause"), [("kill_nodes", Cause.NODE_FAILED), ("lose_jobs", Cause.LOST)], ids=str
)
def test_some_jobs_meet_their_fate_on_the_way(clock, fault, cause):
    cluster = cluster_with(clock, **{fault: 0.2})
    batch = batch_of(*MANY)

    async def story():
        await cluster.submit(batch)
        return await endings(cluster, batch)

    ended = run(clock, cluster, story).values()

    unlucky = [end for end in ended if end.evidence.cause is cause]
    assert 10 < len(unlucky) < 100
    assert all(end.usage.wallclock < 60 and end.evidence.exit_code is None for end in unlucky)
    assert all(end.evidence.exit_code == 0 for end in ended if end not in unlucky)


def test_a_command_that_never_ends_can_lose_its_node(clock):
    cluster = cluster_with(clock, takes=float("inf"), kill_nodes=1)
    batch = batch_of("a")

    async def story():
        await cluster.submit(batch)
        return await endings(cluster, batch)

    assert run(clock, cluster, story)["a"].evidence.cause is Cause.NODE_FAILED


def test_a_start_may_never_be_told(clock):
    cluster = cluster_with(clock, silent_starts=1)
    batch = batch_of("a")

    async def story():
        await cluster.submit(batch)
        return await told(cluster, ids(batch))

    assert not any(isinstance(news, Started) for (news,) in run(clock, cluster, story).values())


def test_the_same_seed_is_the_same_fate():
    def fates(seed):
        clock = SimulatedClock()
        cluster = SimulatedCluster(clock, takes=60, faults=Faults(kill_nodes=0.5), rng=Random(seed))
        batch = batch_of(*MANY)

        async def story():
            await cluster.submit(batch)
            await endings(cluster, batch)

        run(clock, cluster, story)
        return [(end.at, end.task) for end in cluster.ends]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
