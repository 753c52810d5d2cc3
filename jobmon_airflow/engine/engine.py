"""The engine: one loop of turns.

A turn takes what has happened, asks the swarm what follows, writes both in one transaction, and only then acts: a
batch is handed to its cluster when the intent is stored. While a turn is written, the next things happen; the busier
it is, the more of them one turn takes. Nothing waits for a tick.
"""

from __future__ import annotations

import asyncio
import traceback
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, assert_never

from jobmon_airflow.distributors.protocol import Attempt, Batch, Ended, Started
from jobmon_airflow.engine import verdict as verdicts
from jobmon_airflow.engine.attempts import Attempts, Live
from jobmon_airflow.engine.inbox import Accepted, Asked, Beat, NotTaken, Ordered
from jobmon_airflow.engine.plan import request_of, without_default_queue
from jobmon_airflow.engine.progress import Snapshot, TemplateCounts
from jobmon_airflow.engine.requests import Requests
from jobmon_airflow.engine.typical import Typical
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import clusters, tasks, turns, waiting, workflow_runs, workflows
from jobmon_airflow.store.turns import Intent, Turn
from jobmon_airflow.swarm.events import (
    Began,
    Cancel,
    Command,
    Done,
    Event,
    Finish,
    GiveUp,
    Launch,
    Limited,
    NotRaised,
    Outcome,
    Raise,
    Raised,
    Retry,
    StopAsked,
)
from jobmon_airflow.swarm.limits import Waiting
from jobmon_airflow.swarm.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.engine.clusters import Clusters
    from jobmon_airflow.engine.inbox import Inbox, Item
    from jobmon_airflow.engine.journal import Journal
    from jobmon_airflow.engine.plan import Plan, Request
    from jobmon_airflow.engine.verdict import Verdict
    from jobmon_airflow.store.turns import Written

# While so many attempts are under way nobody runs dry, and a turn of a hundred costs little more than one of one.
MANY: Final = 32
GATHER: Final = 0.1  #: seconds
PATIENCE: Final = 60.0  #: seconds that a run which was told to stop waits for its jobs to end

_MAKES_WAY: Final = frozenset({WorkflowRunStatus.COLD_RESUME, WorkflowRunStatus.HOT_RESUME})
_ENDS: Final = {Outcome.DONE: WorkflowRunStatus.DONE, Outcome.FAILED: WorkflowRunStatus.ERROR}


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is to be stored, and then submitted."""

    array: int
    number: int
    request: Request
    tasks: Sequence[int]


class Engine:
    """Runs the tasks of a plan to the end."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        reached: Clusters,
        inbox: Inbox,
        *,
        adopted: Iterable[Live] = (),
        fail_fast: bool = False,
        threaded: bool = True,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._clusters = reached
        self._inbox = inbox
        self._threaded = threaded
        self._attempts = Attempts(plan.task_ids, adopted)
        self._requests = Requests(plan)
        self._batches = Counter(plan.last_batches)
        self._totals = Counter(plan.arrays)
        self._limit = plan.max_concurrently_running
        self._array_limits = dict(plan.array_limits)
        self._throttling = self._throttled(plan)
        self._typical = Typical(plan.typical_runtimes)
        self._waiting: dict[tuple[int, str], int] = {}  # what was written of why jobs wait
        self._outlook: dict[int, tuple[int, int]] = {}  # what was written of what tasks wait for
        self._told_limits: set[int] = set()  # arrays whose cluster was told a limit
        self._swarm = Swarm(
            plan.graph,
            plan.arrays,
            plan.max_attempts,
            Waiting(self._allowed(self._limit), self._limits_here()),
            done=plan.done,
            active=plan.active,
            fail_fast=fail_fast,
        )
        self._refused: dict[int, tuple[Verdict, str]] = {}  # tasks that are not to be submitted after all
        self._is_ending = False
        self._leaves_as: WorkflowRunStatus | None = None
        self._leaves_jobs = False
        self._drains = False
        self._waits_no_longer = False
        self._status: WorkflowRunStatus | None = None

    # --- from outside -------------------------------------------------------------------------------------

    async def run(self) -> WorkflowRunStatus:
        """Run everything, and return how the run ended."""
        self._clusters.start(self._beat())
        self._clusters.start(self._look())
        for array, limit in self._array_limits.items():
            self._throttle(array, limit)
        # Before all that was told already of those that were adopted.
        await self._take_turn([Began()])
        while self._status is None:
            items = await self._inbox.take()
            if len(self._attempts) > MANY:
                await asyncio.sleep(GATHER)
                items += self._inbox.take_now()
            await self._take_turn(items)
        return self._status

    async def raise_exhausted(self, last: Sequence[Any]) -> None:
        """Let tasks that failed for a resource begin again with more of it, each once, and nobody else.

        ``last`` are their last attempts: task id, verdict, task_resources id, and how many ended so before.
        """
        ids = {row.task_resources_id for row in last}
        asked = await self._journal.archive.read(lambda it: clusters.requests(it, ids))
        raised: dict[int, Request] = {}
        for row in last:
            task = bisect_left(self._plan.task_ids, row.task_id)
            resource = verdicts.EXHAUSTED[row.verdict]
            self._requests.begin_with(task, request_of(asked[row.task_resources_id]), resource, row.before)
            if self._requests.raise_for(task, resource) is None:
                raised[row.task_id] = self._requests.of(task)
        await self._store_requests(raised.values())
        rows = [(task_id, self._requests.id_of(request)) for task_id, request in raised.items()]
        await self._journal.change(lambda it: tasks.request(it, rows))

    def leave(self, status: WorkflowRunStatus, *, cancel: bool, at_once: bool = False) -> None:
        """End the run before its work is done.

        With ``cancel`` every job is ended first. Otherwise those on clusters that outlive us go on, for another
        run to adopt. ``at_once`` gives nobody time to end.
        """
        if self._leaves_as is None or self._drains:
            self._leaves_as, self._drains = status, False
        self._leaves_jobs = not cancel or at_once
        self._clusters.stop()
        self._inbox.put(StopAsked(cancel=cancel and not at_once))
        if at_once:
            self._cancel(self._attempts.live, at_once=True)
        elif not cancel:
            self._cancel(live for live in self._attempts.live if not self._clusters.outlives_us(live.cluster))
        asyncio.get_running_loop().call_later(2.0 if at_once else PATIENCE, self._wait_no_longer)

    def drain(self) -> None:
        """Begin nothing more, take back what waits on its cluster, and end the run when what runs is over."""
        self._leaves_as, self._drains, self._is_ending = WorkflowRunStatus.STOPPED, True, True
        self._clusters.stop()
        self._inbox.put(StopAsked(cancel=False))
        self._cancel([live for live in self._attempts.live if not live.has_begun])

    @property
    def is_leaving(self) -> bool:
        """Whether the run is to end before its work is done, and waits for no task."""
        return self._leaves_as is not None and not self._drains

    def snapshot(self, elapsed: float) -> Snapshot:
        """How far it is."""
        note = "paused: the workflow's limit is 0" if self._limit == 0 else ""
        note = "it ends when what runs is over, because somebody wants it to" if self._drains else note
        return Snapshot(
            workflow_id=self._plan.workflow_id,
            workflow_run_id=self._journal.run_id,
            templates=[self._counts(array, name) for array, name in self._plan.array_names.items()],
            done_before=len(self._plan.done),
            elapsed=elapsed,
            note=self._journal.archive.note or self._clusters.note or note,
        )

    # --- a turn -------------------------------------------------------------------------------------------

    async def _take_turn(self, items: Sequence[Item]) -> None:
        turn = Turn()
        drafts: list[Draft] = []
        stopping: list[Live] = []
        events = [event for item in items for event in self._read(item, turn, drafts)]
        outcome = self._perform(self._swarm.handle(*events), turn, drafts, stopping)
        self._attempts.close(turn)
        if outcome is None and self._may_leave():
            outcome = Outcome.STOPPED
        if outcome is not None:
            turn.run_status, turn.waiting = self._end_of(outcome), self._seen_now()
        if _says_something(turn, drafts) or Beat() in items:
            await self._write(turn, drafts)
        self._cancel(stopping)
        if self._swarm.has_more:
            self._inbox.put(Beat())

    async def _write(self, turn: Turn, drafts: list[Draft]) -> None:
        await self._store_requests({draft.request for draft in drafts})
        turn.intents = [self._intent(draft) for draft in drafts]
        written = await self._journal.write(turn)
        self._submit(drafts, written)
        self._heed(written.run_status)
        if turn.run_status is not None:
            self._status = await self._ended(written.run_status)

    async def _ended(self, status: WorkflowRunStatus) -> WorkflowRunStatus:
        """How the run ended; one that was asked to make way in its last moment says that it has."""
        if status in _MAKES_WAY:
            written = await self._journal.write(Turn(run_status=WorkflowRunStatus.TERMINATED))
            return written.run_status
        return status

    def _read(self, item: Item, turn: Turn, drafts: list[Draft]) -> Iterator[Event]:
        match item:
            case Ended() | Started() | Accepted() | NotTaken():
                for event in self._attempts.read(item, turn):
                    self._learn(item, event)
                    yield event
            case Asked():
                drafts.append(self._answered(item))
            case Ordered():
                yield from self._ordered(item)
            case Beat():
                pass
            case _:
                yield item

    def _learn(self, item: Item, event: Event) -> None:
        if isinstance(item, Ended) and isinstance(event, Done) and item.usage.wallclock is not None:
            self._typical.note(self._plan.arrays[event.tasks[0]], item.usage.wallclock)

    def _perform(
        self, commands: Iterable[Command], turn: Turn, drafts: list[Draft], stopping: list[Live]
    ) -> Outcome | None:
        outcome = None
        pending = deque(commands)
        while pending:
            match pending.popleft():
                case Launch(array, tasks):
                    drafts.extend(self._drafts(array, tasks))
                case Raise(task, resource):
                    pending.extend(self._swarm.handle(self._raised(task, resource, turn)))
                case Retry(task):
                    turn.move(TaskStatus.REGISTERING, (self._plan.task_ids[task],))
                case GiveUp(task):
                    turn.move(TaskStatus.ERROR_FATAL, (self._plan.task_ids[task],))
                case Cancel(tasks):
                    self._is_ending = True
                    stopping.extend(self._told_to_stop(tasks, turn))
                case Finish(how):
                    outcome = how
                case unknown:
                    assert_never(unknown)
        return outcome

    # --- launching ----------------------------------------------------------------------------------------

    def _drafts(self, array: int, tasks: Iterable[int]) -> Iterator[Draft]:
        """Batches of those that ask for the same; who asks a function first comes later."""
        by_request: dict[Request, list[int]] = {}
        for task in tasks:
            if function := self._requests.function_of(task):
                self._clusters.start(self._ask(task, function))
            else:
                by_request.setdefault(self._requests.of(task), []).append(task)
        for request, members in by_request.items():
            yield self._draft(array, request, members)

    def _draft(self, array: int, request: Request, tasks: Sequence[int]) -> Draft:
        self._batches[array] += 1
        return Draft(array, self._batches[array], request, tasks)

    async def _ask(self, task: int, function: Callable[[], Any]) -> None:
        """Ask a task's own function what it needs. It may take its time, and may fail."""
        try:
            answer = await asyncio.to_thread(function) if self._threaded else function()
        except Exception:  # noqa: BLE001 - it is anybody's function; its task fails with its traceback
            self._inbox.put(Asked(task, None, traceback.format_exc().strip()))
        else:
            self._inbox.put(Asked(task, answer))

    def _answered(self, asked: Asked) -> Draft:
        """The attempt of a task that has asked; one that has no answer is stored too, and fails."""
        error = asked.error
        if error is None:
            try:
                self._requests.take_answer(asked.task, asked.answer)
            except Exception as refusal:  # noqa: BLE001 - whatever was returned, it is that task's failure
                error = str(refusal)
        if self._is_ending:
            self._refused[asked.task] = verdicts.KILLED, "The run ended before it was submitted."
        elif error is not None:
            self._refused[asked.task] = (
                verdicts.NOT_ASKED,
                f"The function for its resources failed.\n{error}",
            )
        return self._draft(self._plan.arrays[asked.task], self._requests.of(asked.task), (asked.task,))

    async def _store_requests(self, requests: Iterable[Request]) -> None:
        if new := self._requests.unstored(requests):
            rows = [(request.cluster_id, request.resources) for request in new]
            ids = await self._journal.archive.change(lambda connection: turns.bind_requests(connection, rows))
            self._requests.stored({request: ids[row] for request, row in zip(new, rows, strict=True)})

    def _intent(self, draft: Draft) -> Intent:
        return Intent(
            array_id=draft.array,
            batch=draft.number,
            resources_id=self._requests.id_of(draft.request),
            tasks={self._plan.task_ids[task]: self._swarm.attempts(task) for task in draft.tasks},
        )

    def _submit(self, drafts: Iterable[Draft], written: Written) -> None:
        for draft, attempts in zip(drafts, written.attempts, strict=True):
            for task in draft.tasks:
                self._attempts.begin(Live(attempts[self._plan.task_ids[task]], task, draft.request.cluster))
            if (refused := draft.tasks[0]) in self._refused:
                attempt = attempts[self._plan.task_ids[refused]]
                self._inbox.put(NotTaken((attempt,), *self._refused.pop(refused)))
            else:
                batch = self._batch(draft, attempts, written.commands)
                self._clusters.submit(draft.request.cluster, batch)

    def _batch(self, draft: Draft, attempts: dict[int, int], commands: dict[int, tuple[str, str]]) -> Batch:
        ids = [self._plan.task_ids[task] for task in draft.tasks]
        return Batch(
            token=self._plan.token(draft.array, draft.number),
            workflow_id=self._plan.workflow_id,
            workflow_run_id=self._journal.run_id,
            array=self._plan.array_names[draft.array],
            resources=without_default_queue(draft.request.resources),
            at_a_time=self._at_a_time(draft),
            typical_runtime=self._typical.runtime(draft.array),
            attempts=[Attempt(attempts[task_id], task_id, *commands[task_id]) for task_id in ids],
        )

    # --- failing ------------------------------------------------------------------------------------------

    def _raised(self, task: int, resource: Any, turn: Turn) -> Event:
        if (problem := self._requests.raise_for(task, resource)) is not None:
            turn.remarks[self._attempts.failed[task]] = problem.why
            return NotRaised(task)
        turn.move(TaskStatus.ADJUSTING_RESOURCES, (self._plan.task_ids[task],))
        return Raised(task)

    # --- stopping -----------------------------------------------------------------------------------------

    def _told_to_stop(self, tasks: Iterable[int], turn: Turn) -> list[Live]:
        stopping = self._attempts.of_tasks(tasks)
        for live in stopping:
            live.is_told_to_stop = True
            turn.told_to_stop.append(live.id)
        return stopping

    def _cancel(self, stopping: Iterable[Live], *, at_once: bool = False) -> None:
        by_cluster: dict[str, list[int]] = {}
        for live in stopping:
            live.is_told_to_stop = True
            by_cluster.setdefault(live.cluster, []).append(live.id)
        for cluster, attempts in by_cluster.items():
            self._clusters.cancel(cluster, attempts, at_once=at_once)

    def _may_leave(self) -> bool:
        """Whether a run that is to end has nothing left to wait for."""
        if self._leaves_as is None or not (self._leaves_jobs or self._waits_no_longer):
            return False
        ours = any(not self._clusters.outlives_us(live.cluster) for live in self._attempts.live)
        is_settled = self._clusters.is_settled and self._inbox.is_empty
        return self._waits_no_longer or (is_settled and not ours)

    def _wait_no_longer(self) -> None:
        self._waits_no_longer = True
        self._inbox.put(Beat())

    def _end_of(self, outcome: Outcome) -> WorkflowRunStatus:
        if self._leaves_as is WorkflowRunStatus.TERMINATED or outcome is Outcome.STOPPED:
            return self._leaves_as or WorkflowRunStatus.STOPPED
        return _ENDS[outcome]

    # --- orders -------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._journal.rhythm.beat)
            self._inbox.put(Beat())

    async def _look(self) -> None:
        """Look what people have ordered from elsewhere."""
        while True:
            await asyncio.sleep(self._journal.rhythm.look)
            await self._note_waiting()
            ordered = await self._journal.archive.read(self._orders)
            if self._is_news(ordered):
                self._inbox.put(ordered)

    def _orders(self, connection: Connection) -> Ordered:
        limit, array_limits = workflows.limits(connection, self._plan.workflow_id)
        status, drains = workflow_runs.orders(connection, self._journal.run_id)
        return Ordered(status, limit, array_limits, drains)

    def _is_news(self, ordered: Ordered) -> bool:
        makes_way = ordered.run_status in _MAKES_WAY and not self.is_leaving
        drains = ordered.drains and self._leaves_as is None
        is_other = (ordered.limit, ordered.array_limits) != (self._limit, self._array_limits)
        return makes_way or drains or is_other

    def _ordered(self, ordered: Ordered) -> Iterator[Event]:
        self._heed(ordered.run_status)
        if ordered.drains and self._leaves_as is None:
            self.drain()
        if ordered.limit != self._limit:
            self._limit = ordered.limit
            yield Limited(self._allowed(ordered.limit))
        for array, limit in ordered.array_limits.items():
            if self._array_limits[array] != limit:
                self._array_limits[array] = limit
                self._throttle(array, limit)
                yield Limited(self._limit_here(array), array)

    # --- limits that clusters keep, and what they say of jobs that wait ----------------------------------------

    def _throttled(self, plan: Plan) -> dict[int, str]:
        """The cluster of each array that is held to its limit there: nothing need wait for room here."""
        clusters = {
            array: next(iter(names)) for array, names in plan.clusters_of_arrays().items() if len(names) == 1
        }
        return {array: name for array, name in clusters.items() if self._clusters.throttles(name)}

    def _limits_here(self) -> dict[int, int]:
        return {array: self._limit_here(array) for array in self._array_limits}

    def _limit_here(self, array: int) -> int:
        """An array's limit, unless its cluster keeps it; what is paused is not even submitted."""
        limit = self._array_limits[array]
        return UNLIMITED if limit and array in self._throttling else limit

    def _throttle(self, array: int, limit: int) -> None:
        if array in self._throttling and (limit < UNLIMITED or array in self._told_limits):
            self._told_limits.add(array)
            self._clusters.limit(self._throttling[array], self._plan.family(array), limit)

    def _at_a_time(self, draft: Draft) -> int | None:
        limit = self._array_limits[draft.array]
        return limit if limit < UNLIMITED and draft.array in self._throttling else None

    async def _note_waiting(self) -> None:
        """Write down what tasks wait for, and jobs on their clusters, if that has changed."""
        families = {self._plan.family(array): array for array in self._plan.array_names}
        said = {
            (families[family], reason): count
            for (family, reason), count in self._clusters.waiting.items()
            if family in families
        }
        seen, at = self._seen_now(), self._journal.now()
        if seen != self._outlook:
            self._outlook = seen
            await self._journal.change(lambda it: waiting.note(it, self._journal.run_id, seen, at))
        if said != self._waiting:
            self._waiting = said
            await self._journal.change(lambda it: waiting.replace(it, self._journal.run_id, said))

    def _seen_now(self) -> dict[int, tuple[int, int]]:
        """How many tasks of each array could run if there were room, and how many never will."""
        tallies = {array: self._swarm.tally(array) for array in self._plan.array_names}
        return {array: (tally.waiting, tally.blocked) for array, tally in tallies.items()}

    def _heed(self, status: WorkflowRunStatus) -> None:
        """Make way, if another run or a person asks for it."""
        if status in _MAKES_WAY and not self.is_leaving:
            self.leave(WorkflowRunStatus.TERMINATED, cancel=status is WorkflowRunStatus.COLD_RESUME)

    def _allowed(self, limit: int) -> int:
        return min(limit, self._clusters.appetite)

    def _counts(self, array: int, name: str) -> TemplateCounts:
        tally = self._swarm.tally(array)
        return TemplateCounts(
            name=name,
            total=self._totals[array],
            done=tally.done,
            active=tally.active,
            failed=tally.failed,
        )


def _says_something(turn: Turn, drafts: list[Draft]) -> bool:
    news = (turn.launched, turn.started, turn.told_to_stop, turn.endings, turn.moved, drafts)
    return any(news) or turn.run_status is not None
