"""The simulated cluster times what it is told to, and remembers what it saw."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.testing import NothingWillHappen, SimulatedClock, SimulatedCluster
from jobmon_airflow.units import Memory, Runtime
from tests.testing.batches import attempt_at, batch_of, endings, ids, in_words, jobs, told


@pytest.fixture
def clock():
    return SimulatedClock()


def run(clock, cluster, *batches):
    """Submit these, and return how all ended."""

    async def submits():
        async with cluster:
            for batch in batches:
                await cluster.submit(batch)
            return await endings(cluster, *batches)

    return clock.run(submits())


# --- commands -----------------------------------------------------------------------------------------------------


def test_by_default_everything_succeeds_at_once(clock):
    cluster = SimulatedCluster(clock)

    ended = run(clock, cluster, batch_of("a", "b"))

    assert {name: end.evidence.exit_code for name, end in ended.items()} == {"a": 0, "b": 0}
    assert clock.monotonic() == 0


def test_each_command_takes_its_time(clock):
    cluster = SimulatedCluster(clock, takes=lambda attempt, _: {"short": 60, "long": 3600}[attempt.name])

    ended = run(clock, cluster, batch_of("long", "short"))

    assert [(end.at, end.task) for end in cluster.ends] == [(60, "short"), (3600, "long")]
    assert ended["long"].usage.wallclock == 3600


def test_a_task_fails_as_often_as_it_was_told_to(clock):
    cluster = SimulatedCluster(clock, fail_first={"a": 2})

    codes = [run(clock, cluster, batch_of("a"))["a"].evidence.exit_code for _ in range(3)]

    assert codes == [1, 1, 0]
    assert cluster.attempts == {"a": 3}
    assert not cluster.done_twice


def test_exit_codes_may_be_anything(clock):
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, number: 40 + number)

    assert run(clock, cluster, batch_of("a"))["a"].evidence.exit_code == 41


def test_a_task_that_asks_for_too_little_memory_is_ended_half_way(clock):
    cluster = SimulatedCluster(clock, takes=60, needs_memory={"a": "3G"})

    small, large = (run(clock, cluster, batch_of("a", memory=asked))["a"] for asked in ("2G", "3G"))

    assert (small.evidence.cause, small.evidence.exit_code) == (Cause.OVER_MEMORY, 137)
    assert small.usage.wallclock == 30
    assert (large.evidence.cause, large.evidence.exit_code) == (None, 0)
    assert large.usage.maxrss == Memory("3G").bytes
    assert [asked.memory for asked in cluster.requests["a"]] == [Memory("2G"), Memory("3G")]


def test_a_task_that_asks_for_too_little_time_is_ended_at_its_limit(clock):
    cluster = SimulatedCluster(clock, needs_runtime=lambda attempt, number: Runtime("2h"))

    small, large, unlimited = (
        run(clock, cluster, batch_of("a", runtime=asked))["a"] for asked in ("1h", "2h", None)
    )

    assert (small.evidence.cause, small.usage.wallclock) == (Cause.OVER_RUNTIME, 3600)
    assert [end.evidence.exit_code for end in (large, unlimited)] == [0, 0]


# --- the queue ----------------------------------------------------------------------------------------------------


def test_slots_are_filled_first_come_first_served(clock):
    cluster = SimulatedCluster(clock, takes=60, slots=2, queue_delay=10)

    run(clock, cluster, batch_of("a", "b", "c"), batch_of("d"))

    assert [(start.at, start.task) for start in cluster.starts] == [
        (10, "a"),
        (10, "b"),
        (70, "c"),
        (70, "d"),
    ]
    assert cluster.most_at_once == 2


def test_what_runs_and_what_waits_can_be_cancelled_and_gives_way(clock):
    cluster = SimulatedCluster(clock, takes=60, slots=1, grace=5)
    batch = batch_of("runs", "waits", "next")

    async def cancels():
        async with cluster:
            await cluster.submit(batch)
            await cluster.cancel(ids(batch)[:2])
            return await told(cluster, ids(batch))

    heard = [in_words(news) for news in clock.run(cancels()).values()]

    assert sorted(heard) == [["Ended"], ["Started", "Ended"], ["Started", "Ended"]]
    assert [(end.at, end.task) for end in cluster.ends] == [(0, "waits"), (5, "runs"), (65, "next")]


def test_a_command_that_never_ends_can_be_cancelled(clock):
    cluster = SimulatedCluster(clock, takes=float("inf"), grace=30)
    batch = batch_of("a")

    async def cancels():
        async with cluster:
            await cluster.submit(batch)
            await cluster.cancel(ids(batch), at_once=True)
            return await endings(cluster, batch)

    assert clock.run(cancels())["a"].evidence.cause is Cause.CANCELLED
    assert clock.monotonic() == 0


# --- controllers come and go --------------------------------------------------------------------------------------


def test_jobs_go_on_while_no_controller_is_there(clock):
    cluster = SimulatedCluster(clock, takes=3600)
    batch = batch_of("a")

    async def submits():
        async with cluster:
            await cluster.submit(batch)

    async def takes_over():
        async with cluster:
            assert set(await cluster.adopt([*jobs(batch), *jobs(batch_of("never submitted"))])) == set(
                ids(batch)
            )
            return await told(cluster, ids(batch))

    clock.run(submits())
    clock.run(asyncio.sleep(24 * 3600))
    (news,) = clock.run(takes_over()).values()

    assert in_words(news) == ["Started", "Ended"]
    assert news[1].usage.wallclock == 3600
    assert clock.now() - news[0].at == timedelta(hours=24)


def test_nothing_is_told_of_jobs_that_were_not_adopted(clock):
    cluster = SimulatedCluster(clock, takes=3600)

    async def submits():
        async with cluster:
            await cluster.submit(batch_of("a"))

    async def listens():
        async with cluster, asyncio.timeout(24 * 3600):
            await cluster.news()

    clock.run(submits())

    with pytest.raises(TimeoutError):
        clock.run(listens())
    assert [end.task for end in cluster.ends] == ["a"]


def test_two_controllers_at_a_time_each_hear_of_their_own(clock):
    cluster = SimulatedCluster(clock, takes=60)
    mine, theirs = batch_of("mine"), batch_of("theirs")

    async def both():
        async with cluster, cluster.another_access() as other:
            await cluster.submit(mine)
            await other.submit(theirs)
            return await asyncio.gather(told(cluster, ids(mine)), told(other, ids(theirs)))

    heard = clock.run(both())

    assert [list(news) for news in heard] == [ids(mine), ids(theirs)]


def test_a_cluster_that_does_not_outlive_us_ends_its_jobs_even_if_we_were_killed(clock):
    cluster = SimulatedCluster(clock, takes=3600, outlives_us=False)
    batch = batch_of("a")

    async def is_killed():
        await (await cluster.__aenter__()).submit(batch)

    async def comes_back():
        async with cluster:
            return await cluster.adopt(jobs(batch))

    clock.run(is_killed())

    assert cluster.running == ["a"]
    assert clock.run(comes_back()) == set()
    assert cluster.running == []


def test_without_a_clock_everything_happens_when_somebody_asks():
    cluster = SimulatedCluster(takes=3600, slots=1)
    batch = batch_of("a", "b", "c")

    async def submits():
        async with cluster:
            await cluster.submit(batch)
            return await endings(cluster, batch)

    assert list(asyncio.run(submits())) == ["a", "b", "c"]
    assert cluster.most_at_once == 1


# --- what it saw --------------------------------------------------------------------------------------------------


def test_two_tries_at_a_time_are_noticed(clock):
    cluster = SimulatedCluster(clock, takes=60)

    run(clock, cluster, batch_of("a", "b"), batch_of("a"))

    assert cluster.overlapping == {"a"}
    assert cluster.done_twice == {"a"}


def test_one_try_after_another_is_no_overlap_but_success_comes_once(clock):
    cluster = SimulatedCluster(clock, takes=60)

    run(clock, cluster, batch_of("a"))
    run(clock, cluster, batch_of("a"))

    assert cluster.overlapping == set()
    assert cluster.done_twice == {"a"}


def test_whoever_waits_for_news_of_nothing_is_told_that_there_will_be_none(clock):
    cluster = SimulatedCluster(clock)

    async def listens():
        async with cluster:
            await cluster.news()

    with pytest.raises(NothingWillHappen):
        clock.run(listens())


def test_news_wake_whoever_waits_for_them(clock):
    cluster = SimulatedCluster(clock)
    batch = batch_of(attempt_at("a"))

    async def listens_first():
        async with cluster, asyncio.TaskGroup() as tasks:
            heard = tasks.create_task(told(cluster, ids(batch)))
            await asyncio.sleep(3600)
            await cluster.submit(batch)
        return heard.result()

    assert clock.run(listens_first()).keys() == set(ids(batch))


def test_ten_thousand_jobs_are_a_matter_of_moments(clock):
    cluster = SimulatedCluster(clock, takes=60, slots=100)

    run(clock, cluster, batch_of(*map(str, range(10_000))))

    assert clock.monotonic() == 6000
    assert len(cluster.attempts) == 10_000
