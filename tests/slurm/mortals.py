"""Controllers of workflows on Slurm that may die or fall asleep at any point, each in a process of its own.

A *point* is a place where a controller may die: before and after each commit, before, after and in the middle of each
call to Slurm's commands and to the shared folder. Points have names; a fate is the name of one, and how often it is
passed by before.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.distributors.slurm.shells import Answer, LocalShell, _environment
from jobmon_airflow.distributors.slurm.spool import LocalSpool
from jobmon_airflow.distributors.slurm.ways import way_to
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.store.database import Database
from tests.engine.mortals import MortalArchive

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jobmon_airflow.engine.session import Result

CLUSTER: Final = "box"
#: what a controller asks of Slurm and of the shared folder
OF_SLURM: Final = ("submit", "queue", "accounting", "cancel", "throttle", "hold", "limits")
OF_FOLDER: Final = ("prepare", "make_folders", "grown", "fence", "tails", "revoke", "clean")
_A_MOMENT: Final = 0.02  #: seconds in which a command has begun to do what it was asked


@dataclass(frozen=True, kw_only=True)
class Life:
    """A controller: what it is to run, where, and what becomes of it."""

    folder: str  #: where it says how it ended
    number: int  #: of the lives in this folder
    database: str
    workflow_id: int
    spool: str
    options: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    point: str | None = None  #: at which it meets its fate
    before: int = 0  #: so often it passes by there unharmed
    sleeps: bool = False  #: it falls asleep there, else it dies
    dies_after: float | None = None  #: seconds, wherever it is then
    lease: float = 90.0
    patience: dict[str, float] = field(default_factory=dict)

    @property
    def said(self) -> Path:
        """The file in which it says how it ended."""
        return Path(self.folder) / f"life-{self.number}.json"

    @property
    def fate(self) -> Path:
        """The file in which it says that it meets its fate."""
        return Path(self.folder) / f"fate-{self.number}"


class Mortal:
    """Notes the points that it passes by, and meets its fate at one of them. Points may be in any thread."""

    def __init__(self, life: Life) -> None:
        self.passed: Counter[str] = Counter()
        self._life = life
        self._lock = threading.Lock()
        if life.dies_after is not None:
            timer = threading.Timer(life.dies_after, self._die, [f"after {life.dies_after:.3f} seconds"])
            timer.daemon = True
            timer.start()

    def passes(self, point: str) -> bool:
        """Go by a point; whether it has slept there."""
        with self._lock:
            number = self.passed[point]
            self.passed[point] += 1
        is_fated = point == self._life.point and number == self._life.before
        if is_fated:
            self._sleep() if self._life.sleeps else self._die(f"{point}, {number}")
        return is_fated

    def _die(self, words: str) -> None:
        self._life.fate.write_text(words)
        os.kill(os.getpid(), signal.SIGKILL)

    def _sleep(self) -> None:
        self._life.fate.write_text("sleeps")
        os.kill(os.getpid(), signal.SIGSTOP)


class MortalShell(LocalShell):
    """Whoever uses it may die while one of Slurm's commands runs, which goes on, and when it has ended."""

    def __init__(self, mortal: Mortal) -> None:
        self._mortal = mortal

    async def run(self, words: Sequence[str], **how: Any) -> Answer:
        if self._mortal.passes(f"before {words[0]} runs"):
            return _run_at_once(words, how)  # it has slept, and hears of nothing before this is done
        running = asyncio.create_task(super().run(words, **how))
        try:
            await asyncio.wait([running], timeout=_A_MOMENT)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait([running])
            raise
        self._mortal.passes(f"while {words[0]} runs")
        answer = await running
        self._mortal.passes(f"before the answer of {words[0]} is read")
        return answer


def _run_at_once(words: Sequence[str], how: Mapping[str, Any]) -> Answer:
    ran = subprocess.run(
        words,
        input=how.get("stdin", b""),
        env=_environment(how.get("extra"), how.get("only")),
        capture_output=True,
        check=False,
    )
    return Answer(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


class MortalFolder(LocalSpool):
    """Whoever uses it may die in the middle of what it does, too."""

    def __init__(self, root: str, mortal: Mortal) -> None:
        super().__init__(root)
        self._mortal = mortal

    def _make_folders(self, folder: Path) -> None:
        super()._make_folders(folder)
        self._mortal.passes("with nothing in a batch's folder")

    def _fence(self, token: str, steps: Collection[int]) -> set[int]:
        begun: set[int] = set()
        for step in steps:
            begun |= super()._fence(token, [step])
            self._mortal.passes("in the middle of fence")
        return begun

    def _grown(self, tokens: Collection[str], seen: Mapping[str, int]) -> Any:
        for each in super()._grown(tokens, seen):
            self._mortal.passes("with lines that nobody has read")
            yield each


class Watched:
    """Something whose methods are points: whoever calls them may die before and after."""

    def __init__(self, real: Any, methods: Sequence[str], mortal: Mortal) -> None:
        self._real = real
        for name in methods:
            setattr(self, name, self._mortal_call(name, mortal))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def __aenter__(self) -> Self:
        await self._real.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._real.__aexit__(*error)

    def _mortal_call(self, name: str, mortal: Mortal) -> Any:
        method = getattr(self._real, name)

        async def call(*args: Any, **more: Any) -> Any:
            mortal.passes(f"before {name}")
            answer = await method(*args, **more)
            mortal.passes(f"after {name}")
            return answer

        return call


def live(life: Life) -> None:
    """Run the workflow, and say how that ended."""
    os.environ.update(life.environment)
    mortal = Mortal(life)
    database = Database.open(life.database)
    session = Session(
        database,
        life.workflow_id,
        Options(**life.options),
        distributors={CLUSTER: _slurm(life, mortal)},
        archive=MortalArchive(database, mortal),  # type: ignore[arg-type]
        rhythm=Rhythm(beat=min(1.0, life.lease / 4), lease=life.lease, look=0.2),
        threaded=False,
    )
    try:
        ended = str(asyncio.run(_run(session)).status)
    except JobmonError as error:
        ended = type(error).__name__
    life.said.write_text(json.dumps({"ended": ended, "passed": mortal.passed}))


async def _run(session: Session) -> Result:
    """Run to the end, and on a signal say for what everybody waits."""
    faulthandler.register(signal.SIGUSR1)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, _say_what_is_waited_for)
    return await session.run()


def _say_what_is_waited_for() -> None:
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)


def _slurm(life: Life, mortal: Mortal) -> Slurm:
    way = replace(
        way_to(spool=life.spool),
        controller=lambda: Watched(CommandController(MortalShell(mortal)), OF_SLURM, mortal),  # type: ignore[arg-type,return-value]
        spool=lambda: Watched(MortalFolder(life.spool, mortal), OF_FOLDER, mortal),  # type: ignore[arg-type,return-value]
    )
    return Slurm(way=way, patience=Patience(**life.patience))


# --- the process that bears them ----------------------------------------------------------------------------------


def bear() -> None:
    """Fork a controller for each line of standard input, and say the number of its process.

    What is not a thread of its own, as the tests' process has them, can be forked; and what is imported once need not
    be imported by every controller. All of them end with the input.
    """
    born: set[int] = set()  # by file, since a number is soon another's
    try:
        for line in sys.stdin:
            life = Life(**json.loads(line))
            child = os.fork()
            if child == 0:
                _live_and_leave(life)
            with suppress(ProcessLookupError):
                born.add(os.pidfd_open(child))
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
    finally:
        for child in born:
            _kill(child)


def _live_and_leave(life: Life) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        live(life)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, it must not go on as one that bears others
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _kill(child: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(child, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended, so none is left as a zombie
    bear()
