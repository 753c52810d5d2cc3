"""A workflow and a cluster for controllers in processes of their own, which die or fall asleep.

The cluster stands in this process and answers through pipes, so that it outlives all of them.
"""

from __future__ import annotations

import os
import signal
import traceback
from dataclasses import dataclass, field
from functools import partial
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import wait
from random import Random
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.errors import SubmissionRefused
from jobmon_airflow.testing.behaviour import Behaviour
from jobmon_airflow.testing.diary import Diary
from jobmon_airflow.testing.state import ClusterState
from tests.engine.mortals import Line, Mortal, dawdling, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from jobmon_airflow.distributors.protocol import Attempt
    from jobmon_airflow.testing.mailbox import Mailbox

#: each task, and what it waits for; capital letters are of a template of their own
UPSTREAMS: Final = {
    "a": "",
    "b": "",
    "f": "",
    "m": "",
    "C": "ab",
    "d": "C",
    "e": "C",
    "G": "defm",
    "H": "defm",
}
LIMITS: Final = {"step": 3, "gather": 1}
SECONDS: Final = {"a": 60, "b": 900, "f": 30, "m": 400, "C": 50, "d": 800, "e": 10, "G": 20, "H": 200}
FAIL_FIRST: Final = {"f": 1}
NEEDS_MEMORY: Final = {"m": "1200M"}  #: more than it asks for at first

GAP: Final = 500.0  #: from one controller to the next: the lease of the dead one has run out
SILENCE: Final = 60.0  #: in truth and without a word from any controller: something is wrong


def template_of(letter: str) -> str:
    """The template of a task."""
    return "gather" if letter.isupper() else "step"


def bound(url: str, args: str) -> int:
    """A workflow with whatever a controller can stumble over; its id.

    a>C b>C, C>d C>e, and G and H wait for d e f m by way of a join. f fails first, and m needs more memory than it asks
    for.
    """
    tool = Tool("crashing", database=url)
    workflow = tool.create_workflow(workflow_args=args, default_cluster_name="multiprocess")
    templates = {
        name: tool.get_task_template(name, f"{name} {{letter}}", node_args=["letter"]) for name in LIMITS
    }
    made: dict[str, Any] = {}
    for letter, upstreams in UPSTREAMS.items():
        made[letter] = templates[template_of(letter)].create_task(
            name=letter,
            letter=letter,
            compute_resources={"memory": "1G", "runtime": "1h"},
            upstream_tasks=[made[upstream] for upstream in upstreams],
        )
    workflow.add_tasks(made.values())
    for name, limit in LIMITS.items():
        workflow.arrays[name].limit_to(limit)
    workflow.bind()
    return workflow.workflow_id


@dataclass(kw_only=True, eq=False)
class Witness(Diary):
    """A diary that also knows in which order all of it happened."""

    #: "starts", "fails" or "succeeds", the task's name, and the attempt
    log: list[tuple[str, str, int]] = field(default_factory=list)

    def note_start(self, attempt: Attempt, at: float, running: int) -> int:
        self.log.append(("starts", attempt.name, attempt.id))
        return super().note_start(attempt, at, running)

    def note_end(self, attempt: Attempt, at: float, *, well: bool) -> None:
        super().note_end(attempt, at, well=well)
        self.log.append(("succeeds" if well else "fails", attempt.name, attempt.id))


class World:
    """A bound workflow, and a cluster for whoever runs it."""

    def __init__(self, url: str, args: str, *, speed: float = 1.0) -> None:
        self.database = registry.database(url)
        self.workflow_id = bound(url, args)
        self.witness = Witness()
        self.deaths: list[str] = []  #: where controllers died, for whoever has to find out why a test failed
        self._meanwhile: dict[str, Any] = {}
        self._time = 0.0  #: seconds since the world began, as far as anybody has told
        self._state = ClusterState(
            Behaviour(
                takes=lambda attempt, _: SECONDS[attempt.name] / speed,
                fail_first=FAIL_FIRST,
                needs_memory=NEEDS_MEMORY,
            ),
            queue_delay=5 / speed,
            grace=30 / speed,
            diary=self.witness,
        )

    def rehearse(self) -> list[str]:
        """Run the workflow in this process, where nobody dies: all the points by which that went.

        Whoever is forked from this process later need not learn how all its statements are written.
        """
        mortal = Mortal(Line(Here(self)))
        simulated(mortal, self, GAP, {})
        return mortal.passed

    def run(self, *, die_at: int | None = None, **options: Any) -> str | None:
        """Let a controller run the workflow, in simulated time: how that ended, or None if it died at that point."""
        begins = self._time + GAP
        return self._serve([lambda line: simulated(Mortal(line, die_at), self, begins, options)])[0]

    def run_asleep(self, point: int, **meanwhile: Any) -> str | None:
        """Let a controller run the workflow, and sleep at that point until another has run it to its end."""
        self._meanwhile = meanwhile
        begins = self._time + GAP
        return self._serve(
            [lambda line: simulated(Mortal(line, point, falls_asleep=True), self, begins, {})]
        )[0]

    def race(self, controllers: int, **options: Any) -> list[str | None]:
        """Let several begin at once, in real time, none of whom goes at an even pace."""
        dawdlers = [Random(number) for number in range(controllers)]
        return self._serve([partial(dawdling, world=self, rng=rng, options=options) for rng in dawdlers])

    def _serve(self, works: Sequence[Callable[[Line], str]]) -> list[str | None]:
        """Do each work in a process of its own, and be the cluster of all of them."""
        self.database.close()  # children are not to inherit a connection
        callers: dict[Connection, Caller] = {}
        for work in works:
            our_end, its_end = Pipe()
            child = _fork(work, its_end, others=[our_end, *callers])
            its_end.close()
            callers[our_end] = Caller(child, self.connect())
        try:
            self._answer_all(dict(callers))
        except BaseException:
            for caller in callers.values():
                os.kill(caller.pid, signal.SIGKILL)
            raise
        finally:
            for pipe, caller in callers.items():
                pipe.close()
                caller.see_off()
        return [caller.said for caller in callers.values()]

    def _answer_all(self, callers: dict[Connection, Caller]) -> None:
        while callers:
            ready = set(wait(list(callers), SILENCE))
            assert ready, f"Nobody has said a word for {SILENCE:g} seconds. {self.deaths}"
            for pipe in callers.keys() & ready:
                try:
                    question = pipe.recv()
                except EOFError:
                    self._state.disconnect(callers.pop(pipe).mailbox)
                else:
                    pipe.send(self.answer(callers[pipe], *question))

    def let_all_happen(self) -> None:
        """Let the cluster do what is still to come, when nobody is there any more."""
        self._state.advance(inf)

    def connect(self) -> Mailbox:
        """Another controller is there."""
        return self._state.connect()

    def answer(self, caller: Caller, time: float, what: str, *arguments: Any) -> Any:
        """Do at that time what a controller asks."""
        self._time = max(self._time, time)
        self._state.advance(self._time)
        match what:
            case "submit":
                (batch,) = arguments
                try:
                    return self._state.submit(batch, caller.mailbox)
                except SubmissionRefused as refusal:
                    return refusal  # raised where the question was asked
            case "adopt":
                (jobs,) = arguments
                return self._state.adopt(jobs, caller.mailbox)
            case "cancel":
                attempts, at_once = arguments
                self._state.cancel(attempts, at_once=at_once)
            case "news":
                return caller.mailbox.take(self._time), self._state.next_event()
            case "dies":
                self.deaths += arguments
            case "sleeps":
                self.deaths += arguments
                assert self.run(**self._meanwhile) == "D", self.deaths
                return self._time + GAP
            case "ends":
                (caller.said,) = arguments
        return None


@dataclass(slots=True)
class Caller:
    """A controller, as the cluster sees it."""

    pid: int
    mailbox: Mailbox
    said: str | None = None  #: how its run ended

    def see_off(self) -> None:
        """Wait for its end, which is no accident."""
        _, status = os.waitpid(self.pid, 0)
        if self.said is None:
            assert os.WIFSIGNALED(status), "A controller failed otherwise than it should; see its traceback."
            assert os.WTERMSIG(status) == signal.SIGKILL


class Here:
    """The near end of a pipe without a far one: for a controller in this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._caller = Caller(os.getpid(), world.connect())

    def send(self, question: tuple[Any, ...]) -> None:
        self._answer = self._world.answer(self._caller, *question)

    def recv(self) -> Any:
        return self._answer


def _fork(work: Callable[[Line], str], pipe: Connection, *, others: Sequence[Connection]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        for other in others:
            other.close()
        line = Line(pipe)
        line.ask("begins")  # nobody is answered before all are there
        line.ask("ends", work(line))
    except BaseException:  # noqa: BLE001 - whatever it was, a child must not go on as a second test run
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
