"""Worlds in which a workflow is run: what its tasks do, what goes wrong, and what people do meanwhile.

A world is drawn, played in simulated time, and then left in peace. Whoever resumes the workflow last must end it
well, whatever was done to it before.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from jobmon_airflow import Tool
from jobmon_airflow.engine import claims
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.store import tasks, workflow_runs, workflows
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import task_instance, task_status_audit
from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
from tests.workflows import close

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow import Task, Workflow
    from jobmon_airflow.distributors.protocol import Attempt, Batch, Distributor, Job, News
    from jobmon_airflow.engine.session import Result

Answer = TypeVar("Answer")

RHYTHM: Final = Rhythm(beat=30, lease=90, look=20)
TEMPLATES: Final = ("draw", "paint", "frame")
CROWD: Final = 16  #: so many upstreams are stored as a join
_LONG: Final = 500_000.0  #: seconds; whoever is not ready by then never will be

# --- what is drawn --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A task, and what its command does."""

    array: int
    upstreams: frozenset[int]
    waits_for_the_crowd: bool
    max_attempts: int
    takes: float
    codes: tuple[int, ...]  #: how its first tries end; later ones end well
    asks: tuple[tuple[str, str], ...]  #: for resources
    grows: float  #: by what share, when it was too little
    needs_memory: str | None
    is_hopeless: bool  #: no try will ever end well

    def code(self, number: int) -> int:
        """How a try ends."""
        if self.is_hopeless:
            return 1
        return self.codes[number - 1] if number <= len(self.codes) else 0


class When(Enum):
    """At which moment somebody dies."""

    NOW = auto()
    BEFORE_A_WRITE = auto()
    AFTER_A_WRITE = auto()
    BEFORE_A_SUBMISSION = auto()
    AFTER_A_SUBMISSION = auto()


@dataclass(frozen=True, slots=True)
class Limit:
    """Let only so many run at a time, of all or of one template."""

    limit: int
    array: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Tell a controller to end its run."""

    whom: int
    at_once: bool


@dataclass(frozen=True, slots=True)
class Kill:
    """End a controller, with all that it knows."""

    whom: int
    when: When


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume the workflow, whether somebody runs it or not."""

    cold: bool
    patience: float
    fail_fast: bool
    increase_resources: bool


@dataclass(frozen=True, slots=True)
class Jump:
    """Set the clock on the wall."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """The database does not answer for a while; perhaps it does what it is asked all the same."""

    seconds: float
    hears: float  #: the chance that it does


@dataclass(frozen=True, slots=True)
class Reap:
    """End the runs that nobody hears of."""


Act = Limit | Stop | Kill | Resume | Jump | Silence | Reap


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A workflow, a cluster, and what happens."""

    deeds: tuple[Deed, ...]
    limit: int
    array_limits: tuple[int, ...]
    fail_fast: bool
    timeout: float
    slots: int | None
    queue_delay: float
    grace: float
    outlives_us: bool
    faults: Faults
    acts: tuple[tuple[float, Act], ...]  #: each with the seconds after the one before it
    ends_cold: bool  #: whether the last resume, in peace, is a cold one
    seed: int

    @property
    def has_crowd(self) -> bool:
        return any(deed.waits_for_the_crowd for deed in self.deeds)

    @property
    def most(self) -> int:
        """The largest limit that ever holds."""
        return max([self.limit, *(act.limit for act in self._limits if act.array is None)])

    def most_of(self, array: int) -> int:
        """The largest limit that a template ever has."""
        return max([self.array_limits[array], *(act.limit for act in self._limits if act.array == array)])

    @property
    def _limits(self) -> list[Limit]:
        return [act for _, act in self.acts if isinstance(act, Limit)]

    @property
    def jumps_back(self) -> float:
        """How much longer the dead seem to live."""
        return sum(-act.seconds for _, act in self.acts if isinstance(act, Jump) and act.seconds < 0)

    def name(self, task: int) -> str:
        return "abcdefghijkl"[task]

    def upstreams(self, task: int) -> set[str]:
        """The names of all tasks that it waits for."""
        deed = self.deeds[task]
        crowd = {f"w{number}" for number in range(CROWD)} if deed.waits_for_the_crowd else set()
        return {self.name(upstream) for upstream in deed.upstreams} | crowd

    def ends(self) -> dict[str, str]:
        """How all tasks end in peace: D, F if hopeless, and G below those."""
        found = {f"w{number}": "D" for number in range(CROWD)} if self.has_crowd else {}
        for task, deed in enumerate(self.deeds):
            is_ready = all(found[upstream] == "D" for upstream in self.upstreams(task))
            found[self.name(task)] = ("F" if deed.is_hopeless else "D") if is_ready else "G"
        return found


def seldom(strategy: st.SearchStrategy[Answer], usually: Answer) -> st.SearchStrategy[Answer]:
    """Mostly the usual."""
    return st.one_of(st.just(usually), st.just(usually), strategy)


_seldom = st.integers(0, 7).map(lambda number: number == 7)
chances = st.sampled_from([0, 0, 0.1, 0.4])
waits = st.sampled_from([0, 0, 5, 60])
pauses = st.sampled_from([0.0, 1.0, 10.0, 30.0, 60.0, 100.0, 200.0, 400.0]) | st.floats(0, 200)
whoms = st.integers(0, 2)
kills = st.builds(Kill, whoms, st.sampled_from(When))
resumes = st.builds(Resume, st.booleans(), st.sampled_from([300.0, 20.0, 2000.0]), _seldom, st.booleans())
acts = st.one_of(
    kills,
    resumes,
    resumes,
    st.builds(Limit, st.integers(0, 4), st.none() | st.integers(0, 2)),
    st.builds(Stop, whoms, st.booleans()),
    kills,
    st.builds(Jump, st.sampled_from([-7200.0, -100.0, -1.0, 1.0, 100.0, 7200.0])),
    st.builds(Silence, st.sampled_from([1.0, 40.0, 100.0, 300.0, 1500.0]), st.sampled_from([0.0, 0.5, 1.0])),
    st.just(Reap()),
)
faults = st.builds(
    Faults,
    outages=seldom(st.sampled_from([[(30, 300)], [(100, 160), (400, 1500)]]), ()),
    full_during=seldom(st.sampled_from([[(0, 200)], [(100, 500)]]), ()),
    capacity=st.sampled_from([None, None, 3]),
    lose_requests=chances,
    lose_answers=chances,
    refuse=st.sampled_from([0, 0, 0, 0.1]),
    full=chances,
    times_out_after=waits,
    delay_answers=waits,
    interrupt_news=chances,
    delay_news=st.sampled_from([0, 0, 5, 200]),
    repeat_news=chances,
    reorder_news=chances,
    kill_nodes=st.sampled_from([0, 0, 0.1, 0.3]),
    lose_jobs=st.sampled_from([0, 0, 0.1, 0.3]),
    silent_starts=chances,
)


@st.composite
def deeds(draw: st.DrawFn, number: int, joins: bool, fails: bool) -> Deed:
    """A task that may wait for those before it."""
    earlier = st.frozensets(st.integers(0, number - 1), max_size=4) if number else st.just(frozenset[int]())
    return Deed(
        array=draw(st.integers(0, 2)),
        upstreams=draw(earlier),
        waits_for_the_crowd=joins and draw(st.booleans()),
        max_attempts=draw(st.sampled_from([3, 4, 2, 1])),
        takes=draw(st.sampled_from([60.0, 100.0, 300.0, 1.0, 0.0])),
        codes=tuple(draw(st.lists(st.sampled_from([0, 0, 1, 137, 199]), max_size=2))),
        asks=draw(
            st.sampled_from([(), (("memory", "1G"),), (("memory", "2G"), ("runtime", "100s")), (("cores", "2"),)])
        ),
        grows=draw(st.sampled_from([0.5, 0.0, 2.0])),
        needs_memory=draw(st.sampled_from([None, None, None, "2G", "9G"])),
        is_hopeless=fails and draw(st.booleans()),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Anything that may happen."""
    joins, fails = draw(_seldom), draw(_seldom)
    return World(
        deeds=tuple(draw(deeds(number, joins, fails)) for number in range(draw(st.integers(1, 12)))),
        limit=draw(st.integers(1, 6)),
        array_limits=tuple(draw(st.lists(st.integers(1, 4), min_size=3, max_size=3))),
        fail_fast=draw(_seldom),
        timeout=draw(seldom(st.sampled_from([100.0, 600.0]), usually=36_000.0)),
        slots=draw(st.sampled_from([None, None, 2])),
        queue_delay=draw(waits),
        grace=draw(waits),
        outlives_us=draw(st.sampled_from([True, True, False])),
        faults=draw(faults),
        acts=tuple(draw(st.lists(st.tuples(pauses, acts), max_size=8))),
        ends_cold=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32)),
    )


# --- a database that fails, and controllers that die -----------------------------------------------------------


class Failing(Database):
    """A database that at times does not answer."""

    def __init__(self, url: str, clock: SimulatedClock, random: Random) -> None:
        super().__init__(Database.open(url).engine)
        self.is_silent_until = 0.0
        self.hears = 0.0
        self._clock = clock
        self._random = random

    def write(self, work: Callable[[Connection], Answer], *, in_bulk: bool = False) -> Answer:
        if self._is_silent and self._random.random() >= self.hears:
            raise _no_answer()
        result = super().write(work, in_bulk=in_bulk)
        if self._is_silent:
            raise _no_answer()
        return result

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._is_silent:
            raise _no_answer()
        with super().read() as connection:
            yield connection

    @property
    def _is_silent(self) -> bool:
        return self._clock.monotonic() < self.is_silent_until


def _no_answer() -> OperationalError:
    return OperationalError("COMMIT", {}, ConnectionError("nobody answers"))


class PowerCut(BaseException):
    """The controller is gone, with all that it knew."""


class Life:
    """A controller's, which may end at a moment that somebody else chose."""

    def __init__(self) -> None:
        self.ends: When | None = None
        self.is_over = False

    def reaches(self, moment: When) -> None:
        """Die here, if this is the moment; the dead do nothing."""
        self.is_over = self.is_over or self.ends is moment
        if self.is_over:
            raise PowerCut


class MortalArchive(Archive):
    """The database of a controller, which notes what it changes when its run is over."""

    def __init__(self, database: Database, life: Life) -> None:
        super().__init__(database, threaded=False)
        self.run_id: Callable[[], int | None] = lambda: None
        self.changed_when_over: list[str] = []
        self._life = life

    async def change(self, work: Callable[[Connection], Answer]) -> Answer:
        self._life.reaches(When.BEFORE_A_WRITE)
        result = await super().change(lambda connection: self._watched(work, connection))
        self._life.reaches(When.AFTER_A_WRITE)
        return result

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        self._life.reaches(When.NOW)
        return await super().read(work)

    def _watched(self, work: Callable[[Connection], Answer], connection: Connection) -> Answer:
        run_id = self.run_id()
        if run_id is None or workflow_runs.status(connection, run_id).is_alive:
            return work(connection)
        before = _progress(connection)
        result = work(connection)
        if _progress(connection) != before:
            self.changed_when_over.append(f"run {run_id}: {work}")
        return result


def _progress(connection: Connection) -> list[Any]:
    attempts = select(task_instance.c.id, task_instance.c.status, task_instance.c.workflow_run_id)
    changes = select(task_status_audit.c.id)
    return [*connection.execute(attempts), *connection.execute(changes)]


class MortalAccess:
    """A controller's way to the cluster."""

    def __init__(self, access: Distributor, life: Life) -> None:
        self.appetite = access.appetite
        self.outlives_us = access.outlives_us
        self._access = access
        self._life = life

    async def __aenter__(self) -> Self:
        await self._access.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._access.__aexit__(*error)

    async def submit(self, batch: Batch) -> Sequence[str]:
        self._life.reaches(When.BEFORE_A_SUBMISSION)
        names = await self._access.submit(batch)
        self._life.reaches(When.AFTER_A_SUBMISSION)
        return names

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:
        self._life.reaches(When.NOW)
        return await self._access.adopt(jobs)

    async def news(self) -> Sequence[News]:
        self._life.reaches(When.NOW)
        return await self._access.news()

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        self._life.reaches(When.NOW)
        await self._access.cancel(attempts, at_once=at_once)


class Controller:
    """One run of the workflow, by somebody who may die."""

    def __init__(self, play: Play, **options: Any) -> None:
        self.life = Life()
        self.archive = MortalArchive(play.database, self.life)
        self.session = Session(
            play.database,
            play.workflow.workflow_id,
            Options(**options),
            distributors={"multiprocess": MortalAccess(play.cluster.another_access(), self.life)},
            clock=play.clock,
            archive=self.archive,
            rhythm=RHYTHM,
            threaded=False,
        )
        self.archive.run_id = lambda: self.session.workflow_run_id
        self.was_stopped = False
        self.outcome: Result | BaseException | None = None
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            self.outcome = await self.session.run()
        except BaseException as error:  # noqa: BLE001 - the test says which are in order
            self.outcome = error

    def stop(self, *, at_once: bool) -> None:
        self.was_stopped = True
        self.session.stop(at_once=at_once)

    def die(self, when: When) -> None:
        self.life.ends = when
        if when is When.NOW:
            self.life.is_over = True
            self.task.cancel()


# --- what is played --------------------------------------------------------------------------------------------


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
        self.database = Failing(self.url, self.clock, Random(self.world.seed))
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
        with self.workflow.tool.database.read() as connection:
            row = workflows.row(connection, self.workflow.workflow_id)
        assert row is not None
        return str(row.status)

    def is_alive(self, run_id: int) -> bool:
        with self.workflow.tool.database.read() as connection:
            return workflow_runs.status(connection, run_id).is_alive

    # --- the workflow -----------------------------------------------------------------------------------------

    def _bound(self) -> Workflow:
        world, tool = self.world, Tool("world", database=self.url)
        templates = [tool.get_task_template(name, "true {letter}", node_args=["letter"]) for name in TEMPLATES]
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
        return self.world.deeds["abcdefghijkl".index(attempt.name)]

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
        self.controllers.append(Controller(self, **options))
        return self.controllers[-1]

    async def _all_are_over(self) -> None:
        async with asyncio.timeout(_LONG):
            await asyncio.gather(*(controller.task for controller in self.controllers if not controller.task.done()))

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
            case Silence(seconds, hears):
                self.database.is_silent_until = self.clock.monotonic() + seconds
                self.database.hears = hears
            case Reap():
                self.workflow.tool.database.write(lambda it: claims.reap(it, self.clock.now()))

    def _running(self, whom: int) -> list[Controller]:
        running = [controller for controller in self.controllers if not controller.task.done()]
        return running[whom : whom + 1]

    def _limit(self, limit: int, array: int | None) -> None:
        database, workflow_id = self.workflow.tool.database, self.workflow.workflow_id
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
        self.database.is_silent_until = 0.0
        self.clock.run(asyncio.sleep(RHYTHM.lease + self.world.jumps_back + 1))

    async def _resume_in_peace(self, cold: bool) -> None:
        controller = self._begin(resume=True, cold=cold)
        await self._all_are_over()
        self.last = controller.outcome


@contextmanager
def played(world: World, tables: Path) -> Iterator[Play]:
    """The world when it has been played, in a database of its own."""
    with TemporaryDirectory(dir=tables.parent) as folder:
        path = Path(folder) / "jobmon.db"
        shutil.copy(tables, path)
        url = f"sqlite:///{path}"
        play = Play(world, url)
        try:
            yield play.run()
        finally:
            play.database.close()
            close(url)
