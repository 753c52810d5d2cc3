"""A controller of thirty lines that keeps to the protocol gets everything done, exactly once, whatever goes wrong.

It shows that the cluster's misfortunes can be survived, and how.
"""

from __future__ import annotations

import asyncio
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from jobmon_airflow.distributors.protocol import Ended
from jobmon_airflow.errors import ClusterIsFull, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
from tests.testing.batches import batch_of, jobs

TASKS = [f"task {number}" for number in range(20)]

chances = st.sampled_from([0, 0.1, 0.4])
delays = st.sampled_from([0, 5, 600])
faults = st.builds(
    Faults,
    outages=st.sampled_from([(), [(30, 300), (310, 4000)]]),
    capacity=st.sampled_from([None, 3]),
    lose_requests=chances,
    lose_answers=chances,
    refuse=chances,
    full=chances,
    delay_answers=delays,
    interrupt_news=chances,
    delay_news=delays,
    repeat_news=chances,
    reorder_news=chances,
    kill_nodes=chances,
    lose_jobs=chances,
    silent_starts=chances,
)


@settings(max_examples=50)
@given(faults, st.integers(0, 2**32), st.sampled_from([0, 60]), st.sampled_from([None, 2]))
def test_a_careful_controller_gets_everything_done_once(faults, seed, takes, slots):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=takes, slots=slots, faults=faults, rng=Random(seed))

    clock.run(gets_done(cluster))

    assert cluster.attempts.keys() == set(TASKS)
    assert not cluster.done_twice
    assert not cluster.overlapping
    assert not cluster.running


async def gets_done(cluster):
    todo, there = set(TASKS), {}
    async with cluster:
        while todo:
            ready = sorted(todo.difference(there.values()))[:5]
            if ready:
                there |= await submitted(cluster, batch_of(*ready))
            for news in await heard(cluster):
                # What comes late, or twice, is of an attempt that is no longer counted.
                if isinstance(news, Ended) and (task := there.pop(news.attempt, None)):
                    todo -= {task} if news.evidence.exit_code == 0 else set()


async def submitted(cluster, batch):
    """The attempts that are there, and their tasks."""
    names = {attempt.id: attempt.name for attempt in batch.attempts}
    try:
        await cluster.submit(batch)
    except (ClusterIsFull, SubmissionRefused):
        return {}
    except ClusterUnreachable:
        return {attempt: names[attempt] for attempt in await adopted(cluster, batch)}
    return names


async def adopted(cluster, batch):
    while True:
        try:
            return await cluster.adopt(jobs(batch))
        except ClusterUnreachable:
            await asyncio.sleep(10)


async def heard(cluster):
    try:
        async with asyncio.timeout(60):
            return await cluster.news()
    except (ClusterUnreachable, TimeoutError):
        await asyncio.sleep(10)
        return []
