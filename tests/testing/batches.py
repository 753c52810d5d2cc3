"""Batches to submit, and ears for what a distributor tells about them."""

from __future__ import annotations

import itertools
from collections import defaultdict

from jobmon_airflow.distributors.protocol import Attempt, Batch, Ended, Job, Started
from jobmon_airflow.resources import Resources

_numbers = itertools.count(1)
_tasks: dict[str, int] = {}


def attempt_at(name, command="true"):
    """Another try at the task of this name."""
    return Attempt(next(_numbers), _tasks.setdefault(name, len(_tasks) + 1), name, command)


def batch_of(*attempts, **resources):
    """Attempts, or names of tasks, that are handed over together."""
    made = [attempt_at(each) if isinstance(each, str) else each for each in attempts]
    return Batch(
        token=f"token-{next(_numbers)}",
        workflow_id=1,
        workflow_run_id=1,
        array="array",
        resources=Resources.parse(resources),
        attempts=made,
    )


def ids(batch):
    return [attempt.id for attempt in batch.attempts]


def jobs(batch):
    """The batch as a controller knows it that never had an answer."""
    return [
        Job(attempt=attempt.id, token=batch.token, step=step, resources=batch.resources)
        for step, attempt in enumerate(batch.attempts)
    ]


async def told(distributor, attempts):
    """All news, by attempt, until each of these has ended."""
    heard, left = defaultdict(list), set(attempts)
    while left:
        for news in await distributor.news():
            heard[news.attempt].append(news)
            if isinstance(news, Ended):
                left.discard(news.attempt)
    return heard


async def begun(distributor, *batches):
    """Wait until all attempts of the batches have begun; where they run, by attempt."""
    nodes, left = {}, {attempt for batch in batches for attempt in ids(batch)}
    while left:
        for news in await distributor.news():
            assert isinstance(news, Started), news
            nodes[news.attempt] = news.nodename
            left.discard(news.attempt)
    return nodes


async def endings(distributor, *batches):
    """How each attempt of the batches ended, by its task's name."""
    names = {attempt.id: attempt.name for batch in batches for attempt in batch.attempts}
    heard = await told(distributor, names)
    return {name: heard[attempt][-1] for attempt, name in names.items()}


def in_words(news):
    return [type(each).__name__ for each in news]
