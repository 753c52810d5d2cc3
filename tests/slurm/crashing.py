"""A workflow on Slurm whose controllers die, and what really ran of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from itertools import count, cycle
from pathlib import Path
from random import randrange
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.engine.plan import mark_of
from jobmon_airflow.states import TaskInstanceStatus, WorkflowRunStatus
from jobmon_airflow.store import clusters as stored_clusters
from jobmon_airflow.store import task_instances, tasks, workflow_runs, workflows
from tests.slurm.mortals import CLUSTER, Life
from tests.workflows import migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CHECKOUT: Final = Path(__file__).parents[2]
STEP: Final = Path(__file__).with_name("step.sh")

#: each task, and what it waits for; capital letters are of a template of their own
UPSTREAMS: Final = {"a": "", "b": "", "f": "", "C": "ab", "d": "C", "e": "C", "G": "defm", "m": ""}
FIRST: Final[dict[str, Any]] = {"resume": False}
HOT: Final[dict[str, Any]] = {"resume": True, "cold": False}
COLD: Final[dict[str, Any]] = {"resume": True, "cold": True}
#: who died after the very last commit has left nothing to resume
ENDS: Final = frozenset({"D", "WorkflowAlreadyComplete"})

hot_and_cold = pytest.mark.parametrize("resume", [HOT, COLD], ids=["hot", "cold"])
every_beginning = pytest.mark.parametrize("how", [FIRST, HOT, COLD], ids=["first run", "hot", "cold"])
_BINDING: Final = Lock()  # migrations know one database at a time
STRIDE: Final = 12  #: so many points further on is the next that is tried, unless all are
#: whether every point is tried, which takes most of an hour; read before the tests' environment is cleaned
IS_CAMPAIGN: Final = bool(os.environ.get("JOBMON_TEST_CAMPAIGN"))
OFTEN: Final = 3  #: so often is a point tried that is passed by again and again while nothing happens
AT_A_TIME: Final = 3  #: worlds
WITHIN: Final = 200.0  #: seconds in which a controller that is not killed comes to an end


@dataclass(frozen=True, slots=True)
class Line:
    """What a command said."""

    what: str  #: begins, beside, told, fails, succeeds
    task: str
    attempt: int
    run: int
    pid: int
    beside: str = ""  #: the task that ran then
    beside_run: int = 0


class Nursery:
    """A process that bears controllers, for whoever asks, in whatever thread."""

    def __enter__(self) -> Self:
        self._asking = Lock()
        self._open = ExitStack()
        self._process = self._open.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tests.slurm.mortals"],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._open.close()

    def bear(self, life: Life) -> int:
        """Let a controller live: the number of its process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            self._process.stdin.write(json.dumps(asdict(life)) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


@dataclass(kw_only=True)
class World:
    """A bound workflow in a folder of its own, on a Slurm that the environment leads to."""

    folder: Path
    nursery: Nursery
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.1  #: that a task takes
    slow: Mapping[str, float] = field(default_factory=dict)  #: tasks that take longer
    eats: bool = False  #: whether one task needs more memory than it asks for at first
    resources: Mapping[str, Any] = field(default_factory=dict)
    lease: float = 90.0
    deaths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self._numbers = count()
        self.url = f"sqlite:///{self.folder / 'jobmon.db'}"
        self.log = self.folder / "log"
        self.spool = self.folder / "spool"
        self.log.touch()
        with _BINDING:
            migrated(self.url)
            self.database = registry.database(self.url)
            way = {"spool": str(self.spool)}
            self.database.write(lambda it: stored_clusters.register(it, CLUSTER, "slurm", way))
            self.workflow_id, self.names = self._bound()

    def close(self) -> None:
        self.database.close()
        registry._opened.pop(self.url, None)

    def _bound(self) -> tuple[int, dict[int, str]]:
        tool = Tool("crashing", database=self.url)
        workflow = tool.create_workflow(workflow_args=str(self.folder), default_cluster_name=CLUSTER)
        templates = {
            name: tool.get_task_template(
                name,
                "sh {step:q} {log:q} {letter} {seconds} {how}",
                node_args=["letter"],
                op_args=["step", "log", "seconds", "how"],
            )
            for name in ("step", "gather")
        }
        made: dict[str, Any] = {}
        for letter in UPSTREAMS:
            made[letter] = templates["gather" if letter.isupper() else "step"].create_task(
                name=letter,
                letter=letter,
                step=str(STEP),
                log=str(self.log),
                seconds=str(self.slow.get(letter, self.seconds)),
                how="fails" if letter == "f" else "eats" if letter == "m" and self.eats else "well",
                compute_resources=dict(self.resources),
                resource_scales={"memory": 3.0},
                max_attempts=20,
            )
        for letter, upstreams in UPSTREAMS.items():
            for upstream in upstreams:
                made[letter].add_upstream(made[upstream])
        workflow.add_tasks(made.values())
        workflow.bind()
        return workflow.workflow_id, {task.task_id: letter for letter, task in made.items()}

    # --- controllers ----------------------------------------------------------------------------------------------

    def run(self, options: Mapping[str, Any], **fate: Any) -> str | None:
        """Let a controller run the workflow: how that ended, or None if it met its fate."""
        life, process = self.begin(options, **fate)
        return self.end_of(life, process)

    def begin(self, options: Mapping[str, Any], **fate: Any) -> tuple[Life, int]:
        """Let a controller begin to run the workflow."""
        life = Life(
            folder=str(self.folder),
            number=next(self._numbers),
            database=self.url,
            workflow_id=self.workflow_id,
            spool=str(self.spool),
            options=dict(options),
            environment=dict(self.environment),
            patience=dict(self.patience),
            lease=self.lease,
            **fate,
        )
        return life, self.nursery.bear(life)

    def end_of(self, life: Life, process: int) -> str | None:
        """How a controller's run ended; None if it met its fate."""
        try:
            wait_until(lambda: not lives(process), f"{life} does not end; {self.deaths}.", WITHIN)
        except AssertionError:
            ask_where_it_is(process)
            raise
        if life.said.exists():
            return str(json.loads(life.said.read_text())["ended"])
        assert life.fate.exists(), f"{life} failed otherwise than it should; see its traceback."
        self.deaths.append(life.fate.read_text())
        return None

    def passed(self, life: Life) -> Counter[str]:
        """The points that a controller which came to its end went by."""
        return Counter(json.loads(life.said.read_text())["passed"])

    def until_done(self, *resumes: Mapping[str, Any]) -> None:
        """Resume until the workflow is done, in these ways and then in the last of them."""
        ends = [self.run(resume) for resume in resumes]
        while ends[-1] not in ENDS:
            assert len(ends) < 5, (ends, self.deaths)
            ends.append(self.run(resumes[-1]))

    # --- what really happened -------------------------------------------------------------------------------------

    def lines(self) -> list[Line]:
        """All that commands said, in order."""
        found = []
        for line in self.log.read_text().splitlines():
            what, task, attempt, run, pid, *more = line.split()
            beside = (more[0], int(more[2])) if more else ("", 0)
            found.append(Line(what, task, int(attempt), int(run), int(pid), *beside))
        return found

    def starts(self) -> Counter[int]:
        """How often the command of each attempt began."""
        return Counter(line.attempt for line in self.lines() if line.what == "begins")

    @property
    def duplicates(self) -> int:
        """How many commands began that should not have."""
        return sum(times - 1 for times in self.starts().values())

    def attempts(self, task: str) -> list[int]:
        """The attempts at a task whose command began, in order."""
        return [line.attempt for line in self.lines() if line.what == "begins" and line.task == task]

    def rows(self) -> list[Any]:
        """The attempts that the database knows."""
        with self.database.read() as connection:
            return task_instances.of_tasks(connection, list(self.names))

    def let_leases_run_out(self) -> None:
        """Let the time go by after which a silent controller counts as gone."""
        with self.database.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE workflow_run SET heartbeat_date = '2000-01-01 00:00:00.000000'"
            )

    def open_jobs(self) -> list[str]:
        """The workflow's jobs that Slurm has and that are not over."""
        with self.database.read() as connection:
            mark = f"jobmon-{mark_of(workflows.row(connection, self.workflow_id))}-"

        async def ask() -> list[str]:
            async with CommandController(LocalShell()) as controller:
                rows = await controller.queue()
            return [
                f"{row.job_id} {row.word}"
                for row in rows
                if row.name.startswith(mark) and not row.state.is_over
            ]

        return asyncio.run(ask())


# --- the ways to die ----------------------------------------------------------------------------------------------


def points_of(world: World, how: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Every point, by its name and number, that a run goes by which nobody disturbs.

    Of those that depend on how long things take, only some: nothing new happens there.
    """
    life, process = world.begin(how)
    assert world.end_of(life, process) in ENDS
    return [
        (name, number)
        for name, times in sorted(world.passed(life).items())
        for number in range(min(times, OFTEN) if _is_of_polling(name) else times)
    ]


def some_of(points: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Every so many-th point, others in each run of the tests; all of them in a campaign."""
    return list(points) if IS_CAMPAIGN else list(points)[randrange(STRIDE) :: STRIDE]


def _is_of_polling(name: str) -> bool:
    return any(each in name for each in ("grown", "tails", "lines", "queue", "sacctmgr", "scontrol", "sinfo"))


def each_of(points: Sequence[tuple[str, int]], what: Callable[[tuple[str, int]], int]) -> list[int]:
    """Do it for each point, some at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(what, points))


def deaths_at(
    points: Sequence[tuple[str, int]], world_of: Callable[[str], World], resume: Mapping[str, Any]
) -> list[int]:
    """Let a first controller die at each of the points, in a world of its own, and others resume: how many died."""

    def die_at(point: tuple[str, int]) -> int:
        world = world_of(f"dies {point[1]} {point[0]}")
        if world.run(FIRST, point=point[0], before=point[1]) is None:
            world.until_done(resume)
        assert_resumed_well(world, resume)
        return len(world.deaths)

    return each_of(points, die_at)


def assert_one_acts_at_a_time(world: World, how: Mapping[str, Any]) -> None:
    """Of three controllers that begin at once, one comes to the end, and no other has disturbed it."""
    racers = [world.begin(how) for _ in range(3)]

    ends = [world.end_of(*racer) for racer in racers]

    # Each who resumes asks the one before it to make way; who does not is refused.
    others = {"T", "LeaseLost", "WorkflowNotResumable"} if how["resume"] else {"WorkflowAlreadyExists"}
    assert "D" in ends
    assert set(ends) <= ENDS | others
    assert_all_is_well(world)
    if how is not COLD:
        assert_nothing_was_lost(world)


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Tell people how much was tried."""
    with capsys.disabled():
        print(f" {text}")  # noqa: T201


def die_again_and_again(
    world: World, resumes: Sequence[Mapping[str, Any]], lives: Iterator[float], *, most: int
) -> None:
    """Let controllers begin one after the other and die when their time is over, until one comes to the end."""
    how = FIRST
    for resume in cycle(resumes):
        ended = world.run(how, dies_after=next(lives))
        if ended in ENDS or len(world.deaths) >= most:
            return
        how = resume


# --- what must hold, whatever happened ----------------------------------------------------------------------------


def assert_resumed_well(world: World, resume: Mapping[str, Any]) -> None:
    """All is well after resumes of one kind, on a cluster that ends no jobs by itself."""
    assert_all_is_well(world)
    if resume is HOT:
        assert_nothing_was_lost(world)
    else:
        assert_the_old_was_gone_before_the_new_began(world)
    assert len(world.starts()) >= len(UPSTREAMS)


def assert_all_is_well(world: World, *, lost: bool = False) -> None:
    """Everything was done, and no attempt ran twice; the database knows it, and nothing is left.

    Whether a command may have gone on that its cluster had given up for ``lost``.
    """
    wait_until(lambda: not world.open_jobs(), f"{world.deaths}: {world.open_jobs()}", 30)
    assert world.duplicates == 0, (world.starts(), world.deaths)
    _assert_that_tasks_follow_each_other(world, lost=lost)
    _assert_that_the_database_knows(world)
    world.close()


def _assert_that_tasks_follow_each_other(world: World, *, lost: bool) -> None:
    succeeded: dict[str, list[int]] = defaultdict(list)
    done = {row.task_id: row.id for row in world.rows() if row.status == "D"}
    for line in world.lines():
        if line.what == "begins":
            assert set(UPSTREAMS[line.task]) <= succeeded.keys(), (line, world.deaths)
        elif line.what == "succeeds":
            succeeded[line.task].append(line.attempt)
        elif line.what == "beside" and not lost:
            assert line.beside != line.task, (line, world.deaths)
    assert succeeded.keys() == set(UPSTREAMS), world.deaths
    for task_id, name in world.names.items():
        # Nothing is begun when an attempt is known to be done.
        assert done[task_id] == max(world.attempts(name)), (name, world.deaths)


def _assert_that_the_database_knows(world: World) -> None:
    with world.database.read() as connection:
        workflow = workflows.row(connection, world.workflow_id)
        *earlier, last = workflow_runs.of_workflow(connection, world.workflow_id)
        statuses = tasks.statuses(connection, world.workflow_id)
    assert workflow is not None
    assert (workflow.status, last.status, set(statuses.values())) == ("D", "D", {"D"}), world.deaths
    assert all(WorkflowRunStatus.of(run.status).is_final for run in earlier), world.deaths
    rows = {row.id: TaskInstanceStatus.of(row.status) for row in world.rows()}
    assert all(status.is_final for status in rows.values()), (rows, world.deaths)
    assert world.starts().keys() <= rows.keys(), world.deaths
    assert sum(status == "D" for status in rows.values()) == len(UPSTREAMS), (rows, world.deaths)


def assert_nothing_was_lost(world: World) -> None:
    """No command that ran, or was done, was begun again: only what failed, or never ran, was."""
    failed = {line.attempt for line in world.lines() if line.what == "fails"}
    for name in UPSTREAMS:
        *earlier, _ = world.attempts(name)
        assert set(earlier) <= failed, (name, world.attempts(name), world.deaths)
    assert not [line for line in world.lines() if line.what == "told"], world.deaths


def assert_the_old_was_gone_before_the_new_began(world: World) -> None:
    """After a cold resume, nothing begins beside what an earlier run has begun."""
    beside = [line for line in world.lines() if line.what == "beside" and line.beside_run != line.run]
    assert not beside, (beside, world.deaths)


# --- processes ----------------------------------------------------------------------------------------------------


def lives(process: int) -> bool:
    """Whether a controller is there, and not another process that has got its number."""
    return _state(process) is not None


def sleeps(process: int) -> bool:
    """Whether a process was stopped."""
    return _state(process) == "T"


def _state(process: int) -> str | None:
    with suppress(OSError):
        if b"tests.slurm.mortals" in Path(f"/proc/{process}/cmdline").read_bytes():
            return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return None


def ask_where_it_is(process: int) -> None:
    """Let a controller say on standard error what it waits for."""
    for how in (signal.SIGUSR2, signal.SIGUSR1):
        os.kill(process, how)
        time.sleep(1)


def wake(process: int) -> None:
    os.kill(process, signal.SIGCONT)


def wait_until(holds: Any, otherwise: str, within: float) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
