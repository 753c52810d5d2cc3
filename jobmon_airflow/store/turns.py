"""What a controller writes: one turn after another, each in one transaction.

A turn holds all that has happened since the last one, and what shall be done next. It is guarded: the run's row
says how many turns were written and whether the run is still alive. A controller that counts otherwise has lost its
run, and nothing of its turn is written. One that did not learn whether its last turn arrived writes it again: it
is found to be there. So a turn is written once, whatever breaks while it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from jobmon_airflow.errors import LeaseLost
from jobmon_airflow.states import TASK_INSTANCE, TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import (
    clusters,
    error_kinds,
    moves,
    sets,
    task_instances,
    tasks,
    usage_by_hour,
    waiting,
    workflow_runs,
)
from jobmon_airflow.store.schema import task_instance, workflow_run
from jobmon_airflow.store.texts import storable
from jobmon_airflow.store.vocabulary import ADJUSTED, DEFAULT_QUEUE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.resources import Resources

# What is known of an attempt that runs, besides its id.
STARTED: Final = ("distributor_id", "nodename", "process_group_id", "stdout", "stderr")
# What is known of an ended attempt besides its status; in the order of `Ending.facts`.
ENDING: Final = (
    "distributor_id",
    "process_group_id",
    "exit_code",
    "verdict",
    "evidence",
    "wallclock",
    "cpu",
    "maxrss",
    "nodename",
    "stdout",
    "stderr",
    "stdout_log",
    "stderr_log",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An attempt that is over."""

    attempt_id: int
    status: TaskInstanceStatus
    facts: tuple[Any, ...]  #: in the order of `ENDING`
    error: str | None = None  #: what to tell people, if it did not succeed
    kind: str | None = None  #: of the error, in words that others of its kind have, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A batch that is about to be handed to a cluster: attempts at tasks of one array."""

    array_id: int
    batch: int
    resources_id: int
    tasks: Mapping[int, int]  #: task id, and which attempt at it this is, as far as attempts count


@dataclass(slots=True, kw_only=True)
class Turn:
    """What one turn writes."""

    number: int = 0
    launched: list[tuple[int, str | None]] = field(default_factory=list)  #: attempts, and the cluster's names
    #: attempts, in the order of `STARTED`
    started: list[tuple[int, str | None, str | None, int | None, str | None, str | None]] = field(
        default_factory=list
    )
    told_to_stop: list[int] = field(default_factory=list)  #: attempts
    endings: list[Ending] = field(default_factory=list)
    moved: dict[TaskStatus, list[int]] = field(default_factory=dict)  #: tasks, by where they go, in order
    remarks: dict[int, str] = field(default_factory=dict)  #: what else to tell people of attempts
    intents: list[Intent] = field(default_factory=list)
    waiting: Mapping[int, tuple[int, int]] | None = (
        None  #: by array: what waits for room, and for what has failed
    )
    run_status: WorkflowRunStatus | None = None  #: where the run goes, at last

    def move(self, target: TaskStatus, task_ids: Iterable[int]) -> None:
        """Let these tasks go there."""
        self.moved.setdefault(target, []).extend(task_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a controller learns from its turn."""

    run_status: WorkflowRunStatus
    attempts: list[dict[int, int]]  #: the attempts' ids by task, for each intent
    commands: dict[int, tuple[str, str]]  #: name and command of each task of the intents


# The order in which tasks are moved: what happened to earlier attempts comes before the next ones.
_ORDER: Final = (
    TaskStatus.LAUNCHED,
    TaskStatus.RUNNING,
    TaskStatus.DONE,
    TaskStatus.REGISTERING,
    TaskStatus.ADJUSTING_RESOURCES,
    TaskStatus.ERROR_FATAL,
)


def write(connection: Connection, run_id: int, turn: Turn, at: datetime, until: datetime) -> Written:
    """Write a turn, if it is this controller's to write; the run will be heard of again ``until`` then."""
    status, is_there = _guard(connection, run_id, turn, until)
    if is_there:
        attempts = [_attempts(connection, intent) for intent in turn.intents]
    else:
        _write_news(connection, run_id, turn, at)
        attempts = _write_intents(connection, run_id, turn, at)
        if turn.run_status is not None:
            status = workflow_runs.go(connection, run_id, turn.run_status, at)
    return Written(
        run_status=status,
        attempts=attempts,
        commands=tasks.commands(connection, [number for intent in turn.intents for number in intent.tasks]),
    )


def last(connection: Connection, run_id: int) -> int:
    """The number of the last turn that was written."""
    query = select(workflow_run.c.turn).where(workflow_run.c.id == run_id)
    return int(connection.execute(query).scalar_one())


def bind_requests(
    connection: Connection, requests: Collection[tuple[int, Resources]]
) -> dict[tuple[int, Resources], int]:
    """The ids of requests that were raised or worked out, each with its cluster's id.

    They are words, and may be written at any time.
    """
    queues = {
        cluster_id: clusters.queue_ids(
            connection, cluster_id, {_queue(asked) for number, asked in requests if number == cluster_id}
        )
        for cluster_id in sorted({cluster_id for cluster_id, _ in requests})
    }
    rows = {
        (cluster_id, asked): (queues[cluster_id][_queue(asked)], replace(asked, queue=None))
        for cluster_id, asked in requests
    }
    ids = clusters.bind_resources(connection, set(rows.values()), ADJUSTED)
    return {request: ids[row] for request, row in rows.items()}


def _queue(asked: Resources) -> str:
    return asked.queue or DEFAULT_QUEUE


def require_alive(connection: Connection, run_id: int) -> None:
    """Refuse to go on with a transaction that changes things for a run which is over."""
    status, _ = _locked(connection, run_id)
    if not status.is_alive:
        raise _lost(run_id, status)


def _locked(connection: Connection, run_id: int) -> tuple[WorkflowRunStatus, int]:
    """The run's status and last turn, which nobody else changes until this transaction ends."""
    query = select(workflow_run.c.status, workflow_run.c.turn).where(workflow_run.c.id == run_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise _lost(run_id, None)
    return WorkflowRunStatus.of(row.status), row.turn


def _lost(run_id: int, status: WorkflowRunStatus | None) -> LeaseLost:
    return LeaseLost(
        f"Workflow run {run_id} is {f'{status.label} ({status})' if status else 'gone'}, and not this "
        "controller's any more. Nothing that this controller knows was written since.",
        remedy="Another run has taken the workflow, or somebody ended this one. Look at its latest run; resume "
        "it with resume=True if nobody has.",
    )


def _guard(
    connection: Connection, run_id: int, turn: Turn, until: datetime
) -> tuple[WorkflowRunStatus, bool]:
    """The run's status, and whether the turn is there already; an error if the run is another's, or over."""
    status, last = _locked(connection, run_id)
    if not _is_next(turn, last, status):
        raise _lost(run_id, status)
    is_there = last == turn.number
    if not is_there:
        values = {"turn": turn.number, "heartbeat_date": until}
        connection.execute(update(workflow_run).where(workflow_run.c.id == run_id).values(values))
    return status, is_there


def _is_next(turn: Turn, last: int, status: WorkflowRunStatus) -> bool:
    """Whether the turn follows the last one, or is the last one once more."""
    if turn.number == last and turn.run_status is not None and turn.run_status.is_final:
        return True  # it may have been this turn that ended the run
    return status.is_alive and turn.number in {last, last + 1}


def _write_news(connection: Connection, run_id: int, turn: Turn, at: datetime) -> None:
    _report(connection, TaskInstanceStatus.LAUNCHED, ("distributor_id",), turn.launched, at)
    _report(
        connection,
        TaskInstanceStatus.RUNNING,
        STARTED,
        turn.started,
        at,
    )
    if turn.told_to_stop:
        task_instances.advance(connection, turn.told_to_stop, TaskInstanceStatus.KILL_SELF, at)
    _write_endings(connection, turn.endings, at)
    errors = {ending.attempt_id: ending.error for ending in turn.endings if ending.error is not None}
    for said in (errors, turn.remarks):
        if said:
            task_instances.log_errors(connection, said, at)
    for target in _ORDER:
        if numbers := turn.moved.get(target):
            tasks.advance(connection, numbers, target, at)
    if turn.waiting is not None:
        waiting.note(connection, run_id, turn.waiting, at)


def _write_endings(connection: Connection, endings: Collection[Ending], at: datetime) -> None:
    """End attempts, and add up what they used."""
    by_status: dict[TaskInstanceStatus, list[Ending]] = {}
    for ending in endings:
        by_status.setdefault(ending.status, []).append(ending)
    kinds = error_kinds.ids_of(connection, {ending.kind for ending in endings if ending.kind is not None})
    ended: list[int] = []
    for status, those in by_status.items():
        rows = [(each.attempt_id, *each.facts, kinds.get(each.kind)) for each in those]
        ended += _report(connection, status, (*ENDING, "error_kind_id"), rows, at)
    if ended:
        usage_by_hour.add(connection, ended)


def _report(
    connection: Connection,
    status: TaskInstanceStatus,
    columns: tuple[str, ...],
    rows: list[Any],
    at: datetime,
) -> list[int]:
    """Move attempts, each with what is known of it; those that may not go there stay as they are. Who went?"""
    known = {row[0]: row for row in rows}
    gone: list[int] = []
    for going in moves.movable(connection, task_instance, known, TASK_INSTANCE.sources_of(status)):
        sets.update(
            connection,
            task_instance,
            "id",
            columns,
            [_storable(known[number]) for number in going],
            constants={"status": status, "status_date": at},
        )
        gone += going
    return gone


def _storable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is told of an attempt, by whatever cluster: one odd text must not end the run."""
    return tuple([storable(value) if type(value) is str else value for value in row])


def _write_intents(connection: Connection, run_id: int, turn: Turn, at: datetime) -> list[dict[int, int]]:
    attempts: list[dict[int, int]] = []
    by_attempt: dict[int, list[int]] = {}
    for intent in turn.intents:
        requests = dict.fromkeys(intent.tasks, intent.resources_id)
        ids = task_instances.queue(
            connection,
            run_id,
            intent.array_id,
            intent.batch,
            requests,
            at,
            status=TaskInstanceStatus.INSTANTIATED,
        )
        attempts.append(ids)
        for task_id, attempt in intent.tasks.items():
            by_attempt.setdefault(attempt, []).append(task_id)
    for attempt, numbers in by_attempt.items():
        tasks.advance(connection, numbers, TaskStatus.INSTANTIATING, at, num_attempts=attempt)
    return attempts


def _attempts(connection: Connection, intent: Intent) -> dict[int, int]:
    return task_instances.of_batch(connection, intent.array_id, intent.batch)
