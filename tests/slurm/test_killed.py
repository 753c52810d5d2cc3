"""Controllers on a real Slurm that are killed, at any point and again and again, and wake up when others have acted.

What ran is known from the commands themselves, each of which writes a line when it begins.
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.slurm.crashing import (
    COLD,
    FIRST,
    HOT,
    IS_CAMPAIGN,
    Nursery,
    World,
    assert_all_is_well,
    assert_one_acts_at_a_time,
    assert_resumed_well,
    deaths_at,
    die_again_and_again,
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
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.slurm.box import Box

pytestmark = pytest.mark.long

#: Of those that ask only what the cluster is like, or look at what it does, so many are left out for each that is
#: tried: they are all tried on the fake.
STRIDE: Final = 4
OF_A_SUBMISSION: Final = ("submit", "sbatch", "prepare", "batch's folder", "commit", "fence", "cancel")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def world_of(box: Box, nursery: Nursery, tmp_path: Path) -> Callable[..., World]:
    """Makes worlds on the box, by name. One of its tasks runs out of memory first."""

    def world_of(name: object, **more: Any) -> World:
        return World(
            folder=tmp_path / f"world {name}",
            nursery=nursery,
            environment=box.environment,
            eats=True,
            resources={"memory": "60M", "runtime": "1m"},
            **more,
        )

    return world_of


@hot_and_cold
def test_whoever_resumes_after_a_crash_at_any_point_runs_nothing_twice(
    world_of: Callable[..., World], resume: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    points = some_of(_chosen(points_of(world_of("rehearsal"), FIRST)))

    deaths = deaths_at(points, world_of, resume)

    assert sum(deaths) > len(points) / 2
    say(capsys, f"{len(points)} points, {sum(deaths)} deaths, no duplicate.")


@pytest.mark.parametrize("resumes", [[HOT], [COLD], [HOT, COLD]], ids=["hot", "cold", "in turn"])
def test_controllers_that_die_at_any_moment_again_and_again_run_nothing_twice(
    world_of: Callable[..., World], resumes: Sequence[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    draw = Random(f"{resumes}")
    worlds = [world_of(number, seconds=1) for number in range(4 if IS_CAMPAIGN else 1)]

    for world in worlds:
        die_again_and_again(world, resumes, (draw.uniform(0.5, 4) for _ in count()), most=8)
        world.until_done(resumes[-1])
        if len(resumes) == 1:
            assert_resumed_well(world, resumes[0])
        else:
            assert_all_is_well(world)

    deaths = sum(len(world.deaths) for world in worlds)
    assert deaths >= 2 * len(worlds)
    say(capsys, f"{deaths} deaths, {sum(sum(w.starts().values()) for w in worlds)} starts, no duplicate.")


@hot_and_cold
def test_what_is_submitted_by_a_controller_that_was_taken_for_dead_never_begins(
    world_of: Callable[..., World], box: Box, resume: dict[str, Any]
) -> None:
    world = world_of("sleeps", lease=2.0)
    life, process = world.begin(FIRST, point="before sbatch runs", before=2, sleeps=True)
    wait_until(lambda: sleeps(process), "It does not sleep.", 60)

    world.until_done(resume)
    before = _jobs(box)
    wake(process)

    assert world.end_of(life, process) == "LeaseLost"
    assert len(_jobs(box) - before) >= 1
    assert_resumed_well(world, resume)


@every_beginning
def test_of_those_who_begin_at_once_one_acts_at_a_time(
    world_of: Callable[..., World], how: dict[str, Any]
) -> None:
    assert_one_acts_at_a_time(world_of("race"), how)


def _chosen(points: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """All points of submissions and of commits, and some of the others."""
    crucial = [point for point in points if any(each in point[0] for each in OF_A_SUBMISSION)]
    return crucial + [point for point in points if point not in crucial][::STRIDE]


def _jobs(box: Box) -> set[str]:
    return set(box.command("squeue", "-h", "-t", "all", "-r", "-o", "%i").split())
