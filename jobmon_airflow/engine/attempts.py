"""The attempts of a run that are not over, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobmon_airflow.distributors.protocol import Ended, Output, Started
from jobmon_airflow.engine.inbox import Accepted, NotTaken
from jobmon_airflow.engine.verdict import PUT_BACK, account_of, error_kind, evidence_as_json, verdict_on
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store.turns import Ending
from jobmon_airflow.swarm.events import Done, Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jobmon_airflow.engine.verdict import Verdict
    from jobmon_airflow.store.turns import Turn
    from jobmon_airflow.swarm.events import Event


@dataclass(slots=True)
class Live:
    """An attempt that is not over."""

    id: int
    task: int
    cluster: str
    distributor_id: str | None = None
    nodename: str | None = None
    process_group_id: int | None = None
    is_told_to_stop: bool = False
    has_begun: bool = False
    output: Output = field(default_factory=Output)  #: where it writes, as far as its cluster has said so


class Attempts:
    """The live attempts of a run. What is told twice, or of others, changes nothing."""

    def __init__(self, task_ids: Sequence[int], adopted: Iterable[Live] = ()) -> None:
        self._task_ids = task_ids
        self._live = {live.id: live for live in adopted}
        self._of_task = {live.task: live for live in self._live.values()}
        self._accepted: list[int] = []
        self._started: list[int] = []
        self.failed: dict[int, int] = {}  #: in this turn: the failed attempt of each task

    def __len__(self) -> int:
        return len(self._live)

    @property
    def live(self) -> Iterable[Live]:
        """Those that are not over."""
        return self._live.values()

    def of_tasks(self, tasks: Iterable[int]) -> list[Live]:
        """Those at some tasks."""
        return [self._of_task[task] for task in tasks if task in self._of_task]

    def begin(self, live: Live) -> None:
        """There is another."""
        self._live[live.id] = self._of_task[live.task] = live

    def read(self, item: Ended | Started | Accepted | NotTaken, turn: Turn) -> Iterator[Event]:
        """What the swarm should know of what was told; the turn takes the rest."""
        match item:
            case Ended():
                if live := self._live.pop(item.attempt, None):
                    verdict = verdict_on(item.evidence, told_to_stop=live.is_told_to_stop)
                    yield self._end(live, verdict, ending_of(live, item, verdict), turn)
            case Started():
                if live := self._live.get(item.attempt):
                    live.nodename, live.process_group_id = item.nodename, item.process_group_id
                    live.has_begun, live.output = True, item.output
                    self._started.append(live.id)
            case Accepted(names):
                for attempt, name in names:
                    if live := self._live.get(attempt):
                        live.distributor_id = name
                        self._accepted.append(attempt)
            case NotTaken(attempts, verdict, account):
                for attempt in attempts:
                    if live := self._live.pop(attempt, None):
                        yield self._end(live, verdict, _not_taken(live, verdict, account), turn)

    def close(self, turn: Turn) -> None:
        """Let the turn say how those fare that it does not end; nobody need know how the others fared before."""
        started = self._known(self._started)
        accepted = self._known(self._accepted) - started
        for live in (self._live[attempt] for attempt in sorted(accepted)):
            turn.launched.append((live.id, live.distributor_id))
            turn.move(TaskStatus.LAUNCHED, (self._task_ids[live.task],))
        for live in (self._live[attempt] for attempt in sorted(started)):
            where = live.distributor_id, live.nodename, live.process_group_id
            turn.started.append((live.id, *where, live.output.stdout, live.output.stderr))
            turn.move(TaskStatus.RUNNING, (self._task_ids[live.task],))
        self._accepted, self._started, self.failed = [], [], {}

    def _known(self, attempts: list[int]) -> set[int]:
        return {attempt for attempt in attempts if attempt in self._live}

    def _end(self, live: Live, verdict: Verdict, ending: Ending, turn: Turn) -> Event:
        del self._of_task[live.task]
        turn.endings.append(ending)
        if verdict.failure is None:
            turn.move(TaskStatus.DONE, (self._task_ids[live.task],))
            return Done((live.task,))
        self.failed[live.task] = live.id
        return Failed(live.task, verdict.failure)


def ending_of(live: Live, ended: Ended, verdict: Verdict) -> Ending:
    """What is stored of an attempt that is over."""
    evidence, usage, output = ended.evidence, ended.usage, ended.output
    facts = (  # in the order of `turns.ENDING`
        live.distributor_id,
        live.process_group_id,
        evidence.exit_code,
        verdict.words,
        evidence_as_json(evidence),
        usage.wallclock,
        usage.cpu,
        usage.maxrss,
        ended.nodename or live.nodename,
        output.stdout or live.output.stdout,
        output.stderr or live.output.stderr,
        output.stdout_log,
        output.stderr_log,
    )
    if verdict.failure is None or verdict is PUT_BACK:
        return Ending(attempt_id=live.id, status=verdict.status, facts=facts)
    account = account_of(verdict, ended)
    kind = error_kind(verdict.words, evidence.exit_code, output.stderr_log or account)
    return Ending(attempt_id=live.id, status=verdict.status, facts=facts, error=account, kind=kind)


def _not_taken(live: Live, verdict: Verdict, account: str) -> Ending:
    facts = (None, None, None, verdict.words, *[None] * 9)
    kind = error_kind(verdict.words, None, account)
    return Ending(attempt_id=live.id, status=verdict.status, facts=facts, error=account, kind=kind)
