"""Controllers that die at any moment, so that nobody writes down that they did.

A controller writes to the database some dozen times in a short run. Each test lets it die at the first of these, at the
second, and so on to the last: just before the transaction, or just after it, before anybody could heed the answer.
"""

from __future__ import annotations

from itertools import count

import pytest

from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.errors import WorkflowNotResumable, WorkflowTimeout
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    all_are,
    drawn,
    open_attempts,
    pass_by,
    run_statuses,
    simulate,
    statuses,
    tries,
)

PICTURE = "a>b>d a>c>d d>e"
LETTERS = "abcde"
#: Whoever dies is soon taken for dead; and all that is written is written because something happened.
QUIET = Rhythm(beat=36_000, lease=100, look=36_000)


class PowerCut(BaseException):
    """The controller is gone, with all that it knew."""


class Mortal(Archive):
    """A database whose only reader dies at a certain write, and does nothing any more."""

    def __init__(self, workflow, dies_at, *, after_it):
        super().__init__(workflow.tool.database, threaded=False)
        self._left = dies_at
        self._after_it = after_it

    async def change(self, work):
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._after_it):
            raise PowerCut
        result = await super().change(work)
        if self._left == 0:
            raise PowerCut
        return result

    async def read(self, work):
        if self._left <= 0:
            raise PowerCut
        return await super().read(work)


def dies(workflow, cluster, clock, dies_at, *, after_it, **how):
    """Run until the controller dies at this write; False if it did not come to it."""
    archive = Mortal(workflow, dies_at, after_it=after_it)
    try:
        simulate(workflow, cluster, clock, rhythm=QUIET, archive=archive, **how)
    except PowerCut:
        return True
    return False


def refuse_traces_of_death(cluster, workflow):
    """All is as if nobody had died, but for jobs that a cold resume ended."""
    assert statuses(workflow) == all_are("D", LETTERS)
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())
    assert {letter: found.count("D") for letter, found in tries(workflow).items()} == all_are(1, LETTERS)
    assert open_attempts(workflow.tool.database) == {}
    assert run_statuses(workflow)[-1] == "D"


@pytest.mark.parametrize("after_it", [False, True], ids=["before", "after"])
def test_whenever_a_controller_dies_a_hot_resume_runs_nothing_twice(url, after_it):
    for dies_at in count(1):
        clock = SimulatedClock()
        cluster = SimulatedCluster(clock, takes=150, fail_first={"c": 1})
        workflow = drawn(PICTURE, url, args=f"dies at {dies_at}")
        if not dies(workflow, cluster, clock, dies_at, after_it=after_it):
            break
        if statuses(workflow) == all_are("D", LETTERS) and run_statuses(workflow) == "D":
            continue  # it had nothing left to do
        pass_by(clock, QUIET.lease + 1)

        assert simulate(workflow, cluster, clock, rhythm=QUIET, resume=True, cold=False).status == "D"

        refuse_traces_of_death(cluster, workflow)
        assert cluster.attempts == {"a": 1, "b": 1, "c": 2, "d": 1, "e": 1}
        assert tries(workflow)["c"].replace("U", "") == "ED"
    assert dies_at > 10


@pytest.mark.parametrize("after_it", [False, True], ids=["before", "after"])
def test_whenever_a_controller_dies_a_cold_resume_ends_what_it_left(url, after_it):
    for dies_at in count(1):
        clock = SimulatedClock()
        cluster = SimulatedCluster(clock, takes=150, grace=10)
        workflow = drawn(PICTURE, url, args=f"dies at {dies_at}")
        if not dies(workflow, cluster, clock, dies_at, after_it=after_it):
            break
        if run_statuses(workflow) == "D":
            continue
        pass_by(clock, QUIET.lease + 1)

        assert simulate(workflow, cluster, clock, rhythm=QUIET, resume=True).status == "D"

        refuse_traces_of_death(cluster, workflow)
        assert max(cluster.attempts.values()) <= 2
    assert dies_at > 10


@pytest.mark.parametrize("cold", [False, True], ids=["hot", "cold"])
@pytest.mark.parametrize("after_it", [False, True], ids=["before", "after"])
def test_a_resume_may_die_as_well_whenever_it_likes(url, cold, after_it):
    for dies_at in count(1):
        clock = SimulatedClock()
        cluster = SimulatedCluster(clock, takes=150, grace=10)
        workflow = drawn(PICTURE, url, args=f"dies at {dies_at}")
        with pytest.raises(WorkflowTimeout):
            simulate(workflow, cluster, clock, rhythm=QUIET, timeout=200)
        if not dies(workflow, cluster, clock, dies_at, after_it=after_it, resume=True, cold=cold):
            break
        if run_statuses(workflow) == "ED":
            continue
        pass_by(clock, QUIET.lease + 1)

        assert simulate(workflow, cluster, clock, rhythm=QUIET, resume=True, cold=cold).status == "D"

        refuse_traces_of_death(cluster, workflow)
        assert cold or cluster.attempts == all_are(1, LETTERS)
    assert dies_at > 10


def test_nobody_may_go_on_before_the_dead_controllers_time_is_over(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=1000)
    workflow = drawn("a", url)
    assert dies(workflow, cluster, clock, 5, after_it=True)
    begun = clock.monotonic()

    with pytest.raises(WorkflowNotResumable, match="did not give way within 10 seconds"):
        simulate(workflow, cluster, clock, rhythm=QUIET, resume=True, cold=False, resume_timeout=10)

    assert clock.monotonic() - begun == pytest.approx(10, abs=1)
    assert run_statuses(workflow) == "H"

    assert simulate(workflow, cluster, clock, rhythm=QUIET, resume=True, cold=False).status == "D"
    assert cluster.attempts == {"a": 1}
