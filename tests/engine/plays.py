"""Worlds as they are played in simulated time, and then left in peace.

Whoever resumes the workflow last must end it well, whatever was done to it before.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self
from unittest.mock import patch

from jobmon_airflow import Tool
from jobmon_airflow.engine import engine
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.store import workflow_runs, workflows
from jobmon_airflow.swarm import swarm
from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
from tests.engine.world_controllers import Controller, Failing, Life, MortalAccess, MortalArchive
from tests.engine.worlds import CROWD, NAMES, Act, Deed, Jump, Kill, Limit, Reap, Resume, Silence, Stop, World
from tests.workflows import close, end_silent_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow import Task, Workflow
    from jobmon_airflow.distributors.protocol import Attempt, Batch

RHYTHM: Final = Rhythm(beat=30, lease=90, look=20)
TEMPLATES: Final = ("draw", "paint", "frame")
_LONG: Final = 500_000.0  #: seconds; whoever is not ready by then never will be


class Watched(SimulatedCluster):
    """A cluster that notes what should not happen, as it happens."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.succeeded: set[str] = set()
        self.too_early: list[str] = []
        self.by_the_dead: list[str] = []
        self.most_held: Counter[str] = Counter()  #: at a time: of each template, and of all
        self._held_of: Counter[str] = Counter()
        self._array_of: dict[int, str] = {}
        world = play.world
        super().__init__(
            play.clock,
            takes=play.takes,
            exit_code=play.exit_code,
            needs_memory=play.needs_memory,
            slots=world.slots,
            queue_delay=world.queue_delay,
            grace=world.grace,
            outlives_us=world.outlives_us,
            faults=world.faults,
            rng=Random(world.seed),
        )

    def leave_in_peace(self) -> None:
        """Let nothing go wrong any more."""
        self._luck.faults = Faults()

    def note_submission(self, batch: Batch) -> None:
        super().note_submission(batch)
        if not self._play.is_alive(batch.workflow_run_id):
            self.by_the_dead.append(batch.token)
        for attempt in batch.attempts:
            self._array_of[attempt.id] = batch.array
        for group in (batch.array, "all"):
            self._held_of[group] += len(batch.attempts)
            self.most_held[group] = max(self.most_held[group], self._held_of[group])

    def note_start(self, attempt: Attempt, at: float, running: int) -> int:
        if not self._play.upstreams[attempt.name] <= self.succeeded:
            self.too_early.append(attempt.name)
        return super().note_start(attempt, at, running)

    def note_end(self, attempt: Attempt, at: float, *, well: bool) -> None:
        super().note_end(attempt, at, well=well)
        if well:
            self.succeeded.add(attempt.name)
        for group in (self._array_of[attempt.id], "all"):
            self._held_of[group] -= 1


@dataclass
class Play:
    """A world as it was played."""

    world: World
    url: str
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    controllers: list[Controller] = field(default_factory=list)
    is_peaceful: bool = False

    def __post_init__(self) -> None:
        self.workflow = self._bound()
        self.names = {task.task_id: task.name for task in self.workflow.tasks}
        self.database = self.workflow.tool.database
        self.random = Random(self.world.seed)
        self.upstreams = {
            task.name: {upstream.name for upstream in task.upstream_tasks} for task in self.workflow.tasks
        }
        self.cluster = Watched(self)

    def run(self) -> Self:
        """Play it, and bring it to a good end."""
        self.clock.run(self._perform())
        self._leave_in_peace()
        for cold in (self.world.ends_cold, True, True):
            self.clock.run(self._resume_in_peace(cold))
            if self.status == "D":
                break
        return self

    @property
    def status(self) -> str:
        """The workflow's."""
        with self.database.read() as connection:
            row = workflows.row(connection, self.workflow.workflow_id)
        assert row is not None
        return str(row.status)

    def is_alive(self, run_id: int) -> bool:
        """Whether a run holds the workflow."""
        with self.database.read() as connection:
            return workflow_runs.status(connection, run_id).is_alive

    # --- the workflow -----------------------------------------------------------------------------------------

    def _bound(self) -> Workflow:
        world, tool = self.world, Tool("world", database=self.url)
        templates = [
            tool.get_task_template(name, "true {letter}", node_args=["letter"]) for name in TEMPLATES
        ]
        workflow = tool.create_workflow(
            workflow_args="a world", default_cluster_name="multiprocess", max_concurrently_running=world.limit
        )
        crowd = [
            templates[0].create_task(name=f"w{number}", letter=f"w{number}")
            for number in range(CROWD if world.has_crowd else 0)
        ]
        made: list[Task] = []
        for number, deed in enumerate(world.deeds):
            upstreams = [made[upstream] for upstream in sorted(deed.upstreams)]
            made.append(
                templates[deed.array].create_task(
                    name=world.name(number),
                    letter=world.name(number),
                    upstream_tasks=[*upstreams, *(crowd if deed.waits_for_the_crowd else [])],
                    max_attempts=deed.max_attempts,
                    compute_resources=dict(deed.asks),
                    resource_scales={"memory": deed.grows, "runtime": deed.grows},
                )
            )
        workflow.add_tasks([*crowd, *made])
        for name, limit in zip(TEMPLATES, world.array_limits, strict=True):
            if name in workflow.arrays:
                workflow.set_task_template_max_concurrency_limit(name, limit)
        return workflow.bind()

    def takes(self, attempt: Attempt, _: int) -> float:
        deed = self._deed(attempt)
        return 1.0 if deed is None or self.is_peaceful else deed.takes

    def exit_code(self, attempt: Attempt, number: int) -> int:
        deed = self._deed(attempt)
        if deed is None:
            return 0
        return int(deed.is_hopeless) if self.is_peaceful else deed.code(number)

    def needs_memory(self, attempt: Attempt, _: int) -> str | None:
        deed = self._deed(attempt)
        return None if deed is None or self.is_peaceful else deed.needs_memory

    def _deed(self, attempt: Attempt) -> Deed | None:
        if attempt.name.startswith("w"):
            return None
        return self.world.deeds[NAMES.index(attempt.name)]

    # --- what happens -----------------------------------------------------------------------------------------

    async def _perform(self) -> None:
        world = self.world
        self._begin(fail_fast=world.fail_fast, timeout=world.timeout)
        for pause, act in world.acts:
            await asyncio.sleep(pause)
            self._do(act)
        await asyncio.sleep(200)
        self._set_limits_free()
        await self._all_are_over()

    def _begin(self, **options: Any) -> Controller:
        life = Life()
        database = Failing(self.database, self.clock, self.random)
        archive = MortalArchive(database, life)
        session = Session(
            database,
            self.workflow.workflow_id,
            Options(**options),
            distributors={"multiprocess": MortalAccess(self.cluster.another_access(), life)},
            clock=self.clock,
            archive=archive,
            rhythm=RHYTHM,
            threaded=False,
        )
        self.controllers.append(Controller(session, archive, database, life))
        return self.controllers[-1]

    async def _all_are_over(self) -> None:
        async with asyncio.timeout(_LONG):
            await asyncio.gather(
                *(controller.task for controller in self.controllers if not controller.task.done())
            )

    def _do(self, act: Act) -> None:
        match act:
            case Limit(limit, array):
                self._limit(limit, array)
            case Stop(whom, at_once):
                for controller in self._running(whom):
                    controller.stop(at_once=at_once)
            case Kill(whom, when):
                for controller in self._running(whom):
                    controller.die(when)
            case Resume(cold, patience, fail_fast, increase_resources):
                self._begin(
                    resume=True,
                    cold=cold,
                    resume_timeout=patience,
                    fail_fast=fail_fast,
                    increase_resources=increase_resources,
                )
            case Jump(seconds):
                self.clock.jump(seconds)
            case Silence(whom, seconds, hears):
                for controller in self.controllers if whom is None else self._running(whom):
                    controller.database.fall_silent(seconds, hears)
            case Reap():
                self.database.write(lambda it: end_silent_runs(it, self.clock.now()))

    def _running(self, whom: int) -> list[Controller]:
        running = [controller for controller in self.controllers if not controller.task.done()]
        return running[whom : whom + 1]

    def _limit(self, limit: int, array: int | None) -> None:
        database, workflow_id = self.database, self.workflow.workflow_id
        if array is None:
            database.write(lambda it: workflows.set_limit(it, workflow_id, limit))
        elif found := self.workflow.arrays.get(TEMPLATES[array]):
            assert found.array_id is not None
            limits = {found.array_id: limit}
            database.write(lambda it: workflows.set_array_limits(it, limits))

    def _set_limits_free(self) -> None:
        self._limit(self.world.limit, None)
        for array, limit in enumerate(self.world.array_limits):
            self._limit(limit, array)

    def _leave_in_peace(self) -> None:
        self.is_peaceful = True
        self.cluster.leave_in_peace()
        self.clock.run(asyncio.sleep(RHYTHM.lease + self.world.jumps_back + 1))

    async def _resume_in_peace(self, cold: bool) -> None:
        self._begin(resume=True, cold=cold)
        await self._all_are_over()


@contextmanager
def played(world: World, tables: Path) -> Iterator[Play]:
    """The world when it has been played, in a database of its own."""
    with TemporaryDirectory(dir=tables.parent) as folder:
        path = Path(folder) / "jobmon.db"
        shutil.copy(tables, path)
        url = f"sqlite:///{path}"
        play = Play(world, url)
        try:
            with _small_numbers() if world.is_small else nullcontext():
                play.run()
            yield play
        finally:
            close(url)


@contextmanager
def _small_numbers() -> Iterator[None]:
    """Let a few tasks be what thousands are elsewhere."""
    with patch.object(swarm, "LAUNCHES_AT_A_TIME", 2), patch.object(engine, "MANY", 2):
        yield
