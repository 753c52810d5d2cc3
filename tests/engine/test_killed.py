"""Controllers that are killed, at any point and again and again, and several that act at once."""

from __future__ import annotations

from itertools import cycle, pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import make_url

from jobmon_airflow.states import TaskInstanceStatus, WorkflowRunStatus
from jobmon_airflow.store import task_instances, tasks, workflow_runs, workflows
from tests.engine.crashing import FAIL_FIRST, LIMITS, NEEDS_MEMORY, UPSTREAMS, World, template_of
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

pytestmark = pytest.mark.slow

#: so many points further on is the next that is tried; a server takes its time, and the points are the same
STRIDE: Final = {"sqlite": 1, "postgresql": 10}
#: so many must have died at points that were drawn
DEATHS: Final = {"sqlite": 80, "postgresql": 25}
RACERS: Final = 4

FIRST: Final = {"resume": False}
HOT: Final = {"resume": True, "cold": False}
COLD: Final = {"resume": True, "cold": True}
#: who died after the very last commit has left nothing to resume
ENDS: Final = {"D", "WorkflowAlreadyComplete"}
TRIES: Final = {letter: 2 if letter in {*FAIL_FIRST, *NEEDS_MEMORY} else 1 for letter in UPSTREAMS}

#: every kind of place to die at
POINTS: Final = {
    *("before a commit", "after a commit", "with news that nobody has read"),
    *(f"before it asks to {what}" for what in ("submit", "adopt", "cancel")),
    *(f"before it reads the answer to {what}" for what in ("submit", "adopt", "cancel")),
}

both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def address(database_url: str) -> Iterator[str]:
    """A database with tables."""
    yield migrated(database_url)
    close(database_url)


@both
@pytest.mark.parametrize("resume", [COLD, HOT], ids=["cold", "hot"])
def test_whoever_resumes_after_a_crash_at_any_point_ends_the_workflow(
    address: str, resume: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    points = _points_of(World(address, "rehearsal"), POINTS)

    for point in points[:: STRIDE[_kind(address)]]:
        world = World(address, f"dies at {point}")
        assert world.run(die_at=point) is None
        assert world.run(**resume) in ENDS, world.deaths
        _assert_all_is_well(world)
        if resume is HOT:  # nothing begins again; at most a larger request is worked out again
            assert world.witness.attempts in (TRIES, TRIES | {"m": 3}), world.deaths

    assert len(points) > 100
    _say(capsys, f"{len(points)} points.")


@sqlite
@pytest.mark.parametrize("resumes", [[COLD], [HOT], [HOT, COLD]], ids=["cold", "hot", "in turn"])
def test_controllers_of_whom_each_comes_a_point_further_end_the_workflow_together(
    address: str, resumes: Sequence[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    World(address, "rehearsal").rehearse()
    world = World(address, "dies again and again")

    assert _end_of(world, zip(range(1000), cycle(resumes), strict=False)) in ENDS, world.deaths

    assert len(world.deaths) > 25
    _assert_all_is_well(world)
    _say(capsys, f"{len(world.deaths)} deaths.")


@pytest.mark.long
@both
def test_controllers_that_die_anywhere_again_and_again_lose_nothing(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    World(address, "rehearsal").rehearse()
    draw = Random(42)
    deaths: list[str] = []
    wanted = POINTS if _kind(address) == "sqlite" else set()

    while len(deaths) < DEATHS[_kind(address)] or not wanted <= _kinds_of(deaths):
        assert len(deaths) < 500, f"Nobody ever died at {wanted - _kinds_of(deaths)}."
        world = World(address, f"after {len(deaths)} deaths")
        fates = ((draw.randrange(40), draw.choice([HOT, COLD])) for _ in range(1000))
        assert _end_of(world, fates) in ENDS, world.deaths
        _assert_all_is_well(world)
        deaths += world.deaths

    _say(capsys, f"{len(deaths)} deaths.")


@sqlite
@pytest.mark.parametrize("resume", [COLD, HOT], ids=["cold", "hot"])
def test_a_controller_that_was_taken_for_dead_does_no_harm_when_it_wakes_up(
    address: str, resume: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    # Who sleeps in a transaction keeps the others waiting. Before a submission is another matter: see below.
    points = _points_of(World(address, "rehearsal"), POINTS - {"before a commit", "before it asks to submit"})

    tried = points[:-1:3]  # after the last commit nothing is left to resume

    for point in tried:
        _assert_that_who_sleeps_does_no_harm(World(address, f"sleeps at {point}"), point, resume)

    assert len(tried) > 15
    _say(capsys, f"{len(tried)} points.")


@sqlite
@pytest.mark.parametrize("resume", [COLD, HOT], ids=["cold", "hot"])
def test_a_controller_that_was_taken_for_dead_submits_nothing_when_it_wakes_up(
    address: str, resume: dict[str, Any]
) -> None:
    first, *_ = _points_of(World(address, "rehearsal"), {"before it asks to submit"})

    _assert_that_who_sleeps_does_no_harm(World(address, "sleeps"), first, resume)


@both
@pytest.mark.parametrize("resume", [FIRST, COLD, HOT], ids=["first run", "cold", "hot"])
def test_of_those_who_begin_at_once_one_acts_at_a_time(address: str, resume: dict[str, Any]) -> None:
    world = World(address, "race", speed=1000)

    ends = world.race(RACERS, **resume)

    # Each who resumes asks the one before it to make way; who does not is refused.
    others = {"T", "WorkflowNotResumable"} if resume["resume"] else {"WorkflowAlreadyExists"}
    assert "D" in ends
    assert set(ends) <= {*ENDS, *others}
    assert _order_of_submissions(world) == sorted(_order_of_submissions(world))
    _assert_all_is_well(world)


def _end_of(world: World, fates: Iterable[tuple[int, dict[str, Any]]]) -> str | None:
    """How the workflow ends when controllers try one after another, each with its point to die at."""
    ends = (world.run(die_at=point, **resume) for point, resume in fates)
    return next(ended for ended in ends if ended is not None)


def _points_of(world: World, wanted: Collection[str]) -> list[int]:
    """The points of some kinds that an undisturbed run goes by."""
    passed = world.rehearse()
    assert set(passed) <= POINTS
    return [number for number, point in enumerate(passed) if point in wanted]


def _kinds_of(deaths: Iterable[str]) -> set[str]:
    return {death.partition(": ")[2] for death in deaths}


def _assert_that_who_sleeps_does_no_harm(world: World, point: int, resume: dict[str, Any]) -> None:
    assert world.run_asleep(point, **resume) == "LeaseLost", world.deaths
    _assert_all_is_well(world)


# --- what must hold, whatever happened ------------------------------------------------------------------------------


def _assert_all_is_well(world: World) -> None:
    """Everything was done once, in order, within the limits; and the database knows all of it, and nothing else."""
    world.let_all_happen()
    _assert_that_the_cluster_did_all_once(world)
    with world.database.read() as connection:
        _assert_that_all_is_done(connection, world)
        _assert_that_attempts_are_known(connection, world)
        _assert_that_changes_are_continuous(connection, world)


def _assert_that_the_cluster_did_all_once(world: World) -> None:
    witness = world.witness
    assert not witness.done_twice, world.deaths
    assert not witness.overlapping, world.deaths
    done: set[str] = set()
    running: dict[str, set[int]] = {template: set() for template in LIMITS}
    for what, task, attempt in witness.log:
        its_kind = running[template_of(task)]
        if what == "starts":
            its_kind.add(attempt)
            assert len(its_kind) <= LIMITS[template_of(task)], (task, world.deaths)
            assert set(UPSTREAMS[task]) <= done, (task, world.deaths)
        else:
            its_kind.discard(attempt)
            done |= {task} if what == "succeeds" else set()
    assert done == set(UPSTREAMS), world.deaths


def _assert_that_all_is_done(connection: Connection, world: World) -> None:
    workflow = workflows.row(connection, world.workflow_id)
    assert workflow is not None
    assert workflow.status == "D", world.deaths
    assert set(tasks.statuses(connection, world.workflow_id).values()) == {"D"}, world.deaths
    *earlier, last = workflow_runs.of_workflow(connection, world.workflow_id)
    assert last.status == "D"
    assert all(WorkflowRunStatus.of(run.status).is_final for run in earlier), world.deaths


def _assert_that_attempts_are_known(connection: Connection, world: World) -> None:
    rows = task_instances.of_tasks(connection, list(tasks.statuses(connection, world.workflow_id)))
    statuses = {row.id: TaskInstanceStatus.of(row.status) for row in rows}
    arrived = {attempt.id for batch in world.witness.submitted for attempt in batch.attempts}
    assert all(status.is_final for status in statuses.values()), (statuses, world.deaths)
    assert arrived <= statuses.keys(), world.deaths
    assert {statuses[attempt] for attempt in statuses.keys() - arrived} <= {*"WUF"}, (statuses, world.deaths)
    succeeded = {attempt for what, _, attempt in world.witness.log if what == "succeeds"}
    assert {attempt for attempt, status in statuses.items() if status == "D"} == succeeded, world.deaths


def _assert_that_changes_are_continuous(connection: Connection, world: World) -> None:
    for task_id in tasks.statuses(connection, world.workflow_id):
        story = tasks.story(connection, task_id)
        assert story[0].previous == "G"
        assert story[-1].new == "D"
        assert all(one.new == other.previous for one, other in pairwise(story)), (story, world.deaths)


def _order_of_submissions(world: World) -> list[int]:
    """The runs, in the order in which the cluster heard of them."""
    return [batch.workflow_run_id for batch in world.witness.submitted]


def _kind(address: str) -> str:
    return make_url(address).get_backend_name()


def _say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f" {text}")  # noqa: T201
