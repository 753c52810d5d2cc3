"""Controllers on a fake Slurm that are killed, at any point and again and again, while it misbehaves.

What ran is known from the commands themselves, each of which writes a line when it begins.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import pytest

from jobmon_airflow.cli.console import main
from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault
from tests.slurm.crashing import (
    COLD,
    FIRST,
    HOT,
    IS_CAMPAIGN,
    Nursery,
    World,
    assert_all_is_well,
    assert_nothing_was_lost,
    assert_one_acts_at_a_time,
    assert_resumed_well,
    assert_the_old_was_gone_before_the_new_began,
    deaths_at,
    die_again_and_again,
    each_of,
    every_beginning,
    hot_and_cold,
    points_of,
    say,
    sleeps,
    some_of,
    wait_until,
    wake,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PATIENCE: Final = {
    "for_line": 1.5,
    "for_line_of_killed": 0.4,
    "for_slurm": 3.0,
    "for_accounting": 4.0,
    "until_seen": 2.0,
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlurm]:
    with FakeSlurm(tmp_path / "fake", nodes=4, slots=16, kill_wait=0.5) as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


@pytest.fixture
def world_of(fake: FakeSlurm, nursery: Nursery, tmp_path: Path) -> Callable[..., World]:
    """Makes worlds on the fake, by name."""

    def world_of(name: object, **more: Any) -> World:
        return World(
            folder=tmp_path / f"world {name}".replace(" ", "-"),
            nursery=nursery,
            environment={"PATH": os.environ["PATH"]},
            **{"patience": PATIENCE, **more},
        )

    return world_of


# --- one death ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "point", ["with nothing in a batch's folder", "while sbatch runs", "before the answer of sbatch is read"]
)
@hot_and_cold
def test_whoever_resumes_after_a_crash_in_the_middle_of_a_submission_runs_nothing_twice(
    world_of: Callable[..., World], resume: dict[str, Any], point: str
) -> None:
    world = world_of(point)

    assert world.run(FIRST, point=point, before=1) is None
    world.until_done(resume)

    assert_resumed_well(world, resume)


@pytest.mark.long
@hot_and_cold
def test_whoever_resumes_after_a_crash_at_any_point_runs_nothing_twice(
    world_of: Callable[..., World], resume: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    points = some_of(points_of(world_of("rehearsal"), FIRST))

    deaths = deaths_at(points, world_of, resume)

    assert len(deaths) > 80 or not IS_CAMPAIGN
    assert sum(deaths) > 0.8 * len(points)  # how often files are looked at is not the same each time
    say(capsys, f"{len(points)} points, {sum(deaths)} deaths, no duplicate.")


@pytest.mark.long
@hot_and_cold
def test_whoever_dies_while_resuming_leaves_all_to_the_next(
    world_of: Callable[..., World], resume: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def half_run(name: object) -> World:
        """A controller has died when some jobs were done, one runs, and one was not submitted."""
        world = world_of(name, slow={"b": 2.0})
        assert world.run(FIRST, point="before sbatch runs", before=1) is None
        return world

    all_points = points_of(half_run("rehearsal"), resume)
    points = some_of(all_points)

    def die_at(point: tuple[str, int]) -> int:
        world = half_run(f"dies {point[1]} {point[0]}")
        if world.run(resume, point=point[0], before=point[1]) is None:
            world.until_done(resume)
        assert_resumed_well(world, resume)
        return len(world.deaths)

    deaths = each_of(points, die_at)

    assert {"in the middle of fence"} | ({"while scancel runs"} if resume is COLD else set()) <= {
        point for point, _ in all_points
    }
    say(capsys, f"{len(points)} points, {sum(deaths)} deaths, no duplicate.")


# --- many deaths, and misfortunes ---------------------------------------------------------------------------------


def nothing(fake: FakeSlurm, draw: Random) -> None:
    """All else goes well."""


def often(fault: Fault, value: float | None = None) -> Callable[[FakeSlurm, Random], None]:
    """A misfortune that happens once in a while."""

    def befall(fake: FakeSlurm, draw: Random) -> None:
        if draw.random() < 0.5:
            fake.set(fault, times=1, value=value)

    return befall


def always(fault: Fault) -> Callable[[FakeSlurm, Random], None]:
    """A misfortune that lasts."""
    return lambda fake, _: fake.set(fault)


def recycling(fake: FakeSlurm, draw: Random) -> None:
    if draw.random() < 0.5:
        fake.recycle_ids()


def losing_nodes(fake: FakeSlurm, draw: Random) -> None:
    """A node is lost, whose processes go on, and comes back some time later."""
    if draw.random() < 0.5:
        node = draw.choice(["n1", "n2"])
        fake.lose_node(node)
        fake.cluster.later(2, lambda: fake.return_node(node))


def requeueing(fake: FakeSlurm, draw: Random) -> None:
    """An administrator puts back what runs."""
    for job in draw.sample(taken := fake.taken(), min(1, len(taken))):
        try:
            fake.requeue(job)
        except LookupError:
            continue  # it is forgotten


def preempting(fake: FakeSlurm, draw: Random) -> None:
    for job in draw.sample(taken := fake.taken(), min(1, len(taken))):
        try:
            fake.preempt(job)
        except LookupError:
            continue


#: what befalls the cluster meanwhile, and whether it ends jobs
TROUBLES: Final[dict[str, tuple[Callable[[FakeSlurm, Random], None], bool]]] = {
    "nothing": (nothing, False),
    "sbatch times out though taken": (often(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN), False),
    "sbatch times out and nothing is taken": (often(Fault.SBATCH_TIMES_OUT), False),
    "sbatch times out and it is taken later": (often(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, 0.8), False),
    "slurmctld is away": (often(Fault.CONTROLLER_DOWN), False),
    "commands print garbage": (often(Fault.GARBAGE), False),
    "commands take their time": (often(Fault.HANGS, 0.5), False),
    "squeue answers half": (often(Fault.SQUEUE_ANSWERS_HALF), False),
    "squeue always answers half": (always(Fault.SQUEUE_ANSWERS_HALF), False),
    "squeue forgets at once": (always(Fault.SQUEUE_FORGETS), False),
    "there is no accounting": (always(Fault.ACCOUNTING_DISABLED), False),
    "accounting is lost": (always(Fault.ACCOUNTING_REFUSED), False),
    "ids are given again": (recycling, False),
    "jobs are requeued": (requeueing, True),
    "jobs are preempted": (preempting, True),
    "nodes are lost and their jobs go on": (losing_nodes, True),
}


@pytest.mark.long
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(
    "resumes",
    [[HOT, COLD], *([[HOT], [COLD]] if IS_CAMPAIGN else [])],
    ids=["in turn", *(["hot", "cold"] if IS_CAMPAIGN else [])],
)
def test_controllers_that_die_at_any_moment_again_and_again_run_nothing_twice(
    world_of: Callable[..., World],
    fake: FakeSlurm,
    trouble: str,
    resumes: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    befall, ends_jobs = TROUBLES[trouble]
    draw = Random(f"{trouble} {resumes}")
    world = world_of("dies again and again", seconds=0.7)

    with _troubled(fake, befall, draw):
        moments = (draw.uniform(0.3, 1.3) for _ in count())
        die_again_and_again(world, resumes, moments, most=12 if IS_CAMPAIGN else 5)
    fake.lift()
    world.until_done(resumes[-1])

    assert_all_is_well(world, lost=ends_jobs)
    if resumes == [HOT] and not ends_jobs:
        assert_nothing_was_lost(world)
    if COLD in resumes and HOT not in resumes and not ends_jobs:
        assert_the_old_was_gone_before_the_new_began(world)
    say(capsys, f"{len(world.deaths)} deaths, {sum(world.starts().values())} starts, no duplicate.")


@contextmanager
def _troubled(fake: FakeSlurm, befall: Callable[[FakeSlurm, Random], None], draw: Random) -> Iterator[None]:
    """While the block lasts, something befalls the cluster every now and then."""
    is_over, draw = Event(), Random(draw.random())

    def act() -> None:
        while not is_over.wait(draw.uniform(0.1, 0.5)):
            befall(fake, draw)

    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        try:
            yield
        finally:
            is_over.set()
            acting.result()


# --- nobody resumes ------------------------------------------------------------------------------------------------


def test_the_jobs_of_a_controller_that_is_gone_are_ended_by_whoever_reaps_its_run(
    world_of: Callable[..., World], fake: FakeSlurm, capsys: pytest.CaptureFixture[str]
) -> None:
    world = world_of("orphaned", seconds=60)
    fake.set(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, times=1, value=3)
    assert world.run(FIRST, point="before the answer of sbatch is read", before=1) is None
    fake.wait_until(lambda: len(world.starts()) >= 1)
    world.let_leases_run_out()

    assert main(["reap", "--database", world.url]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said == ["runs that were ended: 1", f"jobs that were ended: {len(world.starts())}"]
    assert world.open_jobs() == []
    fake.wait_until(lambda: len(fake.taken()) == 2)  # and what is only taken now runs nothing
    wait_until(lambda: world.open_jobs() == [], "Jobs are left.", 10)
    assert {line.what for line in world.lines()} <= {"begins", "beside", "told"}
    assert {row.status for row in world.rows()} == {"F", "W"}
    world.close()


def test_the_jobs_of_a_run_that_is_reaped_may_be_left_for_a_resume(
    world_of: Callable[..., World], fake: FakeSlurm, capsys: pytest.CaptureFixture[str]
) -> None:
    world = world_of("left", seconds=3)
    assert world.run(FIRST, point="after submit", before=1) is None
    world.let_leases_run_out()

    assert main(["reap", "--leave-jobs", "--database", world.url]) == 0

    assert capsys.readouterr().out == "runs that were ended: 1\n"
    world.until_done(HOT)
    assert_resumed_well(world, HOT)


# --- several at once ----------------------------------------------------------------------------------------------


@hot_and_cold
def test_what_is_submitted_by_a_controller_that_was_taken_for_dead_never_begins(
    world_of: Callable[..., World], fake: FakeSlurm, resume: dict[str, Any]
) -> None:
    world = world_of("sleeps", lease=2.0)
    life, process = world.begin(FIRST, point="before sbatch runs", before=2, sleeps=True)
    wait_until(lambda: sleeps(process), "It does not sleep.", 20)

    world.until_done(resume)
    before = len(fake.taken())
    wake(process)

    assert world.end_of(life, process) == "LeaseLost"
    assert len(fake.taken()) == before + 1
    assert_resumed_well(world, resume)


@hot_and_cold
def test_what_slurm_takes_when_the_workflow_is_done_never_begins(
    world_of: Callable[..., World], fake: FakeSlurm, resume: dict[str, Any]
) -> None:
    world = world_of("late")
    fake.set(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, times=1, value=4)

    assert world.run(FIRST, point="before the answer of sbatch is read") is None
    world.until_done(resume)
    before = len(fake.taken())
    fake.wait_until(lambda: len(fake.taken()) == before + 1)

    assert_resumed_well(world, resume)


@pytest.mark.long
@pytest.mark.parametrize(
    "point",
    ["before prepare", "while sbatch runs", "after submit", "with lines that nobody has read"],
)
@hot_and_cold
def test_a_controller_that_was_taken_for_dead_does_no_harm_when_it_wakes_up(
    world_of: Callable[..., World], resume: dict[str, Any], point: str
) -> None:
    world = world_of("sleeps", lease=2.0)
    life, process = world.begin(FIRST, point=point, before=2, sleeps=True)
    wait_until(lambda: sleeps(process), "It does not sleep.", 20)

    world.until_done(resume)
    wake(process)

    assert world.end_of(life, process) == "LeaseLost"
    assert_resumed_well(world, resume)


@pytest.mark.long
@every_beginning
def test_of_those_who_begin_at_once_one_acts_at_a_time(
    world_of: Callable[..., World], how: dict[str, Any]
) -> None:
    assert_one_acts_at_a_time(world_of("race"), how)
