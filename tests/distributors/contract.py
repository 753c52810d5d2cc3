"""What every distributor has to keep, told as tests. A new one is one line in `test_contract.py`.

Commands are a shell's: `true`, `exit 3`, `sleep 60`. None that sleeps a minute is ever waited for.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.distributors.protocol import Attempt, Cause, Distributor, Ended, Started
from tests.testing.batches import attempt_at, batch_of, endings, ids, in_words, jobs, told

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

PATIENCE = 45  # seconds, less than a sleep of a minute; on a busy machine tests are slow, not wrong
A_WHILE = 0.3  # seconds in which something wrong would show

_names = count(1)


@dataclass
class Case:
    """A distributor, and the time that it lives in."""

    distributor: Distributor
    run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run
    patience: float = PATIENCE


def batch(*commands, **resources):
    """A batch of tasks, one for each of these commands."""
    return batch_of(*(attempt_at(f"{next(_names)}: {command}", command) for command in commands), **resources)


def exit_codes(ended):
    return [end.evidence.exit_code for end in ended.values()]


def causes(ended):
    return [end.evidence.cause for end in ended.values()]


async def hears_nothing(distributor):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(A_WHILE):
            await distributor.news()


class DistributorContract:
    """Derive from it, and give it a fixture ``case``."""

    @pytest.fixture
    def run(self, case):
        """Tell a story about the distributor while it is entered."""

        @asynccontextmanager
        async def entered():
            async with asyncio.timeout(case.patience), case.distributor as distributor:
                yield distributor

        def run(story):
            async def told_inside():
                async with entered() as distributor:
                    return await story(distributor)

            return case.run(told_inside())

        return run

    # --- how commands end -----------------------------------------------------------------------------------------

    def test_the_exit_code_of_each_command_is_told(self, run):
        async def story(distributor):
            await distributor.submit(both := batch("true", "exit 3"))
            return await endings(distributor, both)

        ended = run(story)

        assert exit_codes(ended) == [0, 3]
        assert causes(ended) == [None, None]

    def test_every_attempt_ends_exactly_once_and_never_before_it_starts(self, run):
        async def story(distributor):
            await distributor.submit(some := batch("true", "exit 1", "sleep 0.1", "true"))
            heard = await told(distributor, ids(some))
            await hears_nothing(distributor)
            return heard

        for news in run(story).values():
            # Of a command that is over already, there may be nothing else to tell.
            assert in_words(news) in (["Started", "Ended"], ["Ended"])

    def test_that_a_command_runs_is_told_while_it_runs(self, run):
        async def story(distributor):
            await distributor.submit(one := batch("sleep 60"))
            news = await distributor.news()
            await distributor.cancel(ids(one), at_once=True)
            await endings(distributor, one)
            return news

        (started,) = run(story)

        assert isinstance(started, Started)
        assert started.at.tzinfo

    def test_a_command_finds_in_its_environment_who_it_is(self, run):
        async def story(distributor):
            await distributor.submit(one := batch_of(Attempt(900_001, 42, "who", "exit $JOBMON_TASK_ID")))
            return await endings(distributor, one)

        assert exit_codes(run(story)) == [42]

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run):
        async def story(distributor):
            await distributor.submit(slow := batch("sleep 60", runtime="1s"))
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]

    def test_how_long_a_command_took_is_told(self, run):
        async def story(distributor):
            await distributor.submit(one := batch("sleep 0.2"))
            return await endings(distributor, one)

        (ended,) = run(story).values()

        assert 0.2 <= ended.usage.wallclock < PATIENCE

    # --- batches --------------------------------------------------------------------------------------------------

    def test_every_job_has_a_name_of_its_own(self, run):
        async def story(distributor):
            first, second = batch("true", "true", "true"), batch("true")
            names = [*await distributor.submit(first), *await distributor.submit(second)]
            await endings(distributor, first, second)
            return names

        names = run(story)

        assert len(names) == len(set(names)) == 4
        assert all(isinstance(name, str) and name for name in names)

    def test_a_batch_can_be_submitted_while_another_runs(self, run):
        async def story(distributor):
            await distributor.submit(first := batch("sleep 60"))
            await distributor.submit(second := batch("exit 3"))
            await distributor.cancel(ids(first))
            return await endings(distributor, first, second)

        assert causes(run(story)) == [Cause.CANCELLED, None]

    def test_five_hundred_jobs_can_be_submitted_together(self, run):
        async def story(distributor):
            await distributor.submit(many := batch(*["true"] * 500))
            return await endings(distributor, many)

        assert exit_codes(run(story)) == [0] * 500

    # --- news -----------------------------------------------------------------------------------------------------

    def test_news_are_waited_for(self, run):
        async def story(distributor):
            await hears_nothing(distributor)
            listening = asyncio.create_task(told(distributor, ids(one := batch("true"))))
            await asyncio.sleep(0)
            await distributor.submit(one)
            return await listening

        (news,) = run(story).values()

        assert isinstance(news[-1], Ended)

    def test_whoever_stops_waiting_for_news_loses_none(self, run, tmp_path):
        heard_of_it = tmp_path / "heard-of-it"

        async def story(distributor):
            await distributor.submit(one := batch(f"until test -e {heard_of_it}; do sleep 0.1; done"))
            heard = []
            while not any(isinstance(news, Ended) for news in heard):
                try:
                    async with asyncio.timeout(0.01):
                        heard += await distributor.news()
                except TimeoutError:
                    continue
                heard_of_it.touch()
            return [each for each in heard if each.attempt in ids(one)]

        assert in_words(run(story)) == ["Started", "Ended"]

    # --- cancelling -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("at_once", [False, True])
    @pytest.mark.parametrize("command", ["sleep 60", "trap '' TERM; sleep 60"])
    def test_a_command_that_runs_can_be_cancelled_even_if_it_does_not_listen(self, run, command, at_once):
        async def story(distributor):
            await distributor.submit(one := batch(command))
            await distributor.news()
            await distributor.cancel(ids(one), at_once=at_once)
            return await endings(distributor, one)

        assert causes(run(story)) == [Cause.CANCELLED]

    def test_jobs_that_wait_can_be_cancelled(self, run):
        async def story(distributor):
            await distributor.submit(many := batch(*["sleep 60"] * 20))
            await distributor.cancel(ids(many))
            return await endings(distributor, many)

        assert causes(run(story)) == [Cause.CANCELLED] * 20

    def test_cancelling_what_has_ended_or_never_was_changes_nothing(self, run):
        async def story(distributor):
            await distributor.submit(one := batch("true"))
            ended = await endings(distributor, one)
            await distributor.cancel([*ids(one), 999_999_999])
            await hears_nothing(distributor)
            return ended

        assert exit_codes(run(story)) == [0]

    def test_cancelling_one_spares_the_others(self, run):
        async def story(distributor):
            await distributor.submit(both := batch("sleep 60", "sleep 0.2"))
            await distributor.cancel(ids(both)[:1])
            return await endings(distributor, both)

        assert causes(run(story)) == [Cause.CANCELLED, None]

    # --- coming and going -----------------------------------------------------------------------------------------

    def test_those_that_are_there_or_were_are_adopted_and_no_others(self, run):
        async def story(distributor):
            await distributor.submit(over := batch("true"))
            await endings(distributor, over)
            await distributor.submit(still := batch("sleep 60"))
            never = batch("true")
            adopted = await distributor.adopt([*jobs(over), *jobs(never), *jobs(still)])
            await distributor.cancel(ids(still), at_once=True)
            await endings(distributor, still)
            return set(adopted), {*ids(over), *ids(still)}

        adopted, there = run(story)

        assert adopted == there

    def test_jobs_outlive_their_controller_or_end_with_it_as_the_distributor_says(self, run, case):
        left = batch("sleep 60")

        async def leaves(distributor):
            await distributor.submit(left)

        async def returns(distributor):
            adopted = await distributor.adopt(jobs(left))
            await distributor.cancel(adopted, at_once=True)
            ended = await endings(distributor, left) if adopted else {}
            return set(adopted), causes(ended)

        run(leaves)
        adopted, causes_of_ends = run(returns)

        assert adopted == (set(ids(left)) if case.distributor.outlives_us else set())
        assert causes_of_ends == [Cause.CANCELLED] * len(adopted)

    def test_it_can_be_left_and_entered_again(self, run):
        async def story(distributor):
            await distributor.submit(one := batch("exit 3"))
            return await endings(distributor, one)

        assert exit_codes(run(story)) == [3]
        assert exit_codes(run(story)) == [3]
