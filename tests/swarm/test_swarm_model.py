"""Whatever happens, in whatever order, the promises hold."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from jobmon_airflow.swarm.events import (
    Began,
    Done,
    Failed,
    Failure,
    Finish,
    GiveUp,
    Launch,
    Limited,
    NotRaised,
    Outcome,
    Raise,
    Raised,
)
from jobmon_airflow.swarm.graph import Graph
from jobmon_airflow.swarm.limits import Waiting
from jobmon_airflow.swarm.swarm import Swarm

ATTEMPTS = 3
MOST_STEPS = 2_000  # far more than any of these workflows needs: who reaches it hangs


class World:
    """Does what the swarm orders, keeps its own books, and complains where the two differ."""

    def __init__(self, upstreams, arrays, limit, array_limits, done):
        self.upstreams, self.arrays, self.done_before = upstreams, arrays, done
        downstreams = [[] for _ in upstreams]
        for task, its in enumerate(upstreams):
            for upstream in its:
                downstreams[upstream].append(task)
        self.limit, self.array_limits = limit, array_limits
        self.swarm = Swarm(
            Graph(len(upstreams), downstreams),
            arrays,
            [ATTEMPTS] * len(upstreams),
            Waiting(limit, array_limits),
            done=done,
        )
        self.active, self.done, self.fatal, self.adjusting = set(), set(done), set(), set()
        self.launches = Counter()
        self.counted = Counter()
        self.outcome = None

    def tell(self, *events):
        assert self.outcome is None
        for command in self.swarm.handle(*events):
            match command:
                case Launch(array, tasks):
                    self.launch(array, tasks)
                case Raise(task):
                    self.adjusting.add(task)
                case GiveUp(task):
                    self.fatal.add(task)
                case Finish(outcome):
                    self.outcome = outcome

    def launch(self, array, tasks):
        for task in tasks:
            assert self.arrays[task] == array
            assert self.upstreams[task] <= self.done
            assert task not in self.active | self.done | self.fatal | self.adjusting
            self.active.add(task)
            self.launches[task] += 1
            self.counted[task] += 1
        assert len(self.active) <= self.limit
        running = Counter(self.arrays[task] for task in self.active)
        assert all(running[number] <= most for number, most in self.array_limits.items())

    def check_the_end(self):
        assert self.outcome is (Outcome.FAILED if self.fatal else Outcome.DONE)
        assert not self.active
        assert not self.adjusting
        blocked = set(range(len(self.upstreams))) - self.done - self.fatal
        assert all(self.upstreams[task] & (self.fatal | blocked) for task in blocked)
        assert all(count <= ATTEMPTS for count in self.counted.values())
        assert not any(self.launches[task] for task in self.done_before)


@st.composite
def worlds(draw):
    size = draw(st.integers(0, 12))
    upstreams = [draw(st.sets(st.integers(0, task - 1))) if task else set() for task in range(size)]
    arrays = [draw(st.integers(0, 2)) for _ in range(size)]
    done = {task for task in range(size) if draw(st.integers(0, 4)) == 0}
    return World(
        upstreams,
        arrays,
        limit=draw(st.integers(1, 5)),
        array_limits={number: draw(st.integers(1, 3)) for number in range(draw(st.integers(0, 3)))},
        done=done,
    )


@settings(max_examples=300)
@given(worlds(), st.data())
def test_every_run_ends_as_it_must(world, data):
    world.tell(Began())
    for _ in range(MOST_STEPS):
        if world.outcome:
            break
        if world.adjusting and (not world.active or data.draw(st.booleans())):
            task = data.draw(st.sampled_from(sorted(world.adjusting)))
            world.adjusting.remove(task)
            world.tell(data.draw(st.sampled_from([Raised(task), Raised(task), NotRaised(task)])))
            continue
        task = data.draw(st.sampled_from(sorted(world.active)))
        world.active.remove(task)
        failure = data.draw(st.sampled_from([None, None, None, *Failure]))
        if failure is None:
            world.done.add(task)
            world.tell(Done([task]), Done([task]))
        else:
            if failure in {Failure.INFRASTRUCTURE, Failure.CANCELLED}:
                world.counted[task] -= 1
            world.tell(Failed(task, failure))

    world.check_the_end()


@settings(max_examples=100)
@given(worlds(), st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 2)), max_size=5), st.data())
def test_limits_may_change_at_any_time_and_are_never_exceeded(world, changes, data):
    world.tell(Began())
    for _ in range(MOST_STEPS):
        if world.outcome:
            break
        if changes and (not world.active or data.draw(st.booleans())):
            limit, array = changes.pop()
            # Who lowers a limit bears with what runs.
            if array is None:
                world.limit = max(limit, len(world.active))
            else:
                running = sum(world.arrays[task] == array for task in world.active)
                world.array_limits[array] = max(limit, running)
            world.tell(Limited(limit, array))
        elif world.active:
            task = world.active.pop()
            world.done.add(task)
            world.tell(Done([task]))
        else:  # paused: let everybody go on
            world.limit, world.array_limits = 99, dict.fromkeys(range(3), 99)
            world.tell(*(Limited(99, array) for array in (None, 0, 1, 2)))

    world.check_the_end()
