"""What may follow what: the statuses of a task, an attempt, a run and a workflow, as tables.

The usual course of each, by the letters that the database stores:

    Task           G → Q → I → O → R → D     again by E or A, given up as F
    TaskInstance   Q → I → O → R → D         otherwise E, F, U, W or Z; doubted in T and X, to be killed in K
    WorkflowRun    G → L → B → I → O → R → D otherwise A, E, S or T; makes way in C and H
    Workflow       G → Q → I → O → R → D     rests in A and F, and in H between two runs, until it is resumed

Each machine has three tables. ``transitions`` are the moves of the engine. ``orders`` are the moves that a
person, or a resume, asks for. ``untimely`` are reports that come too late and are safe to drop. ``judge``
says what a report does; ``sources_of`` is the guard of every UPDATE. A refusal changes nothing; what else to
do about it is the caller's business. docs/states.md is drawn from these tables.

Two rules hold everywhere. No status is a trap: from each the engine can reach a final one, and orders lead on
from where work may be wanted again. And steps may be skipped: writes come in batches, so that a quick command
is over before anybody stored that it started.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet


class Status(StrEnum):
    """A letter, with the words that explain it to people."""

    description: str

    def __new__(cls, letter: str, description: str) -> Self:
        status = str.__new__(cls, letter)
        status._value_ = letter
        status.description = description
        return status

    @classmethod
    def of(cls, letter: str) -> Self:
        """The status that the database stores as this letter."""
        return cast("Self", cls._value2member_map_[letter])

    @property
    def label(self) -> str:
        """Jobmon's name of the status."""
        return self.name


class TaskBucket(StrEnum):
    """What people ask about a task, in the order in which it happens."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FATAL = "FATAL"


class TaskStatus(Status):
    """Statuses of a task, through all its attempts."""

    REGISTERING = "G", "Stored; waits for the tasks that it depends on, or for its next attempt."
    QUEUED = "Q", "Everything that it depends on is done; waits for a free slot."
    INSTANTIATING = "I", "An attempt is being handed to the cluster."
    LAUNCHED = "O", "The cluster has accepted the attempt, which waits there for its turn."
    RUNNING = "R", "The command runs."
    DONE = "D", "The command succeeded, or somebody marked the task as done."
    ERROR_RECOVERABLE = "E", "The attempt failed; what happens next is being decided."
    ADJUSTING_RESOURCES = "A", "The attempt needed more than it asked for; the next one asks for more."
    ERROR_FATAL = "F", "Failed for good: no attempt is left, or none can help."

    @property
    def is_final(self) -> bool:
        """The task has its result; only an order begins it again."""
        return self in {TaskStatus.DONE, TaskStatus.ERROR_FATAL}

    @property
    def bucket(self) -> TaskBucket:
        """The heading under which people look for the task."""
        return _BUCKETS.get(self, TaskBucket.PENDING)


class TaskInstanceStatus(Status):
    """Statuses of a task instance: one attempt at a task."""

    QUEUED = "Q", "Waits to be handed to the cluster."
    INSTANTIATED = "I", "Is being handed to the cluster, under a token by which it can be found again."
    LAUNCHED = "O", "Accepted by the cluster, where it waits for its turn."
    RUNNING = "R", "The command runs."
    TRIAGING = "T", "Was running and fell silent; the cluster is being asked what became of it."
    DONE = "D", "The command succeeded."
    ERROR = "E", "The command failed."
    ERROR_FATAL = "F", "Stopped on request, or could not be run at all."
    KILL_SELF = "K", "Told to stop; may still be running."
    UNKNOWN_ERROR = "U", "Lost, for example with its node; nobody can say how the command ended."
    NO_DISTRIBUTOR_ID = "W", "The cluster did not accept it."
    NO_HEARTBEAT = "X", "Accepted by the cluster, but never heard of since; it is being looked for."
    RESOURCE_ERROR = "Z", "Ended by the cluster for using more memory or time than it asked for."

    @property
    def is_final(self) -> bool:
        """The attempt is over, and its verdict stands."""
        return self in _ENDED_ATTEMPTS

    @property
    def is_active(self) -> bool:
        """Something may still run, so that the attempt occupies a slot."""
        return not self.is_final

    @property
    def is_error(self) -> bool:
        """The attempt is over and did not succeed."""
        return self.is_final and self is not TaskInstanceStatus.DONE


class WorkflowRunStatus(Status):
    """Statuses of a workflow run: one start, or resume, of a workflow. ``workflow.run()`` returns one.

    >>> WorkflowRunStatus.DONE == "D", WorkflowRunStatus.DONE.label
    (True, 'DONE')
    """

    REGISTERED = "G", "Created; does not hold the workflow yet."
    LINKING = "L", "Holds the workflow and stores its tasks."
    BOUND = "B", "All tasks are stored."
    INSTANTIATED = "I", "The cluster is being made ready."
    LAUNCHED = "O", "The cluster is ready for the first tasks."
    RUNNING = "R", "Tasks are being run."
    DONE = "D", "Every task is done."
    ERROR = "E", "Ended with tasks that are not done, or lost its controller."
    STOPPED = "S", "Somebody stopped it."
    ABORTED = "A", "Ended before its tasks were stored."
    COLD_RESUME = "C", "Makes way for another run: stops what it runs and ends."
    HOT_RESUME = "H", "Makes way for another run, which takes over what is running."
    TERMINATED = "T", "Made way for another run."

    @property
    def is_final(self) -> bool:
        """The run is over; whoever wants to go on starts another."""
        return self in _ENDED_RUNS

    @property
    def is_alive(self) -> bool:
        """The run holds its workflow: a controller may still act, and no other run may begin."""
        # Jobmon counts neither I nor O. A client that died there left a workflow that nobody could resume.
        return not self.is_final and self is not WorkflowRunStatus.REGISTERED

    @property
    def is_active(self) -> bool:
        """The run is, or is about to be, running tasks."""
        return self in _ACTIVE_RUNS

    @property
    def workflow_status(self) -> WorkflowStatus | None:
        """The status that a run gives its workflow by coming here; None leaves it as it is."""
        return _WORKFLOW_FOLLOWS.get(self)


class WorkflowStatus(Status):
    """Statuses of a workflow, through all its runs."""

    REGISTERING = "G", "A run holds it and stores its tasks."
    QUEUED = "Q", "All tasks are stored; the run is about to begin."
    INSTANTIATING = "I", "The cluster is being made ready."
    LAUNCHED = "O", "The cluster is ready for the first tasks."
    RUNNING = "R", "Tasks are being run."
    DONE = "D", "Every task is done."
    FAILED = "F", "The last run ended with tasks that are not done. It can be resumed."
    ABORTED = "A", "The last run ended before the tasks were stored. It can be resumed."
    HALTED = "H", "The last run made way for another that has not begun yet."

    @property
    def is_final(self) -> bool:
        """No run works on it; only an order begins it again."""
        return self in {WorkflowStatus.DONE, WorkflowStatus.FAILED, WorkflowStatus.ABORTED}


# Short names, so that most rows below fit a line.
T = TaskStatus
TI = TaskInstanceStatus
WR = WorkflowRunStatus
W = WorkflowStatus

_BUCKETS: Final[Mapping[TaskStatus, TaskBucket]] = {
    T.LAUNCHED: TaskBucket.SCHEDULED,
    T.RUNNING: TaskBucket.RUNNING,
    T.DONE: TaskBucket.DONE,
    T.ERROR_FATAL: TaskBucket.FATAL,
}
_ENDED_ATTEMPTS: Final = frozenset(
    {TI.DONE, TI.ERROR, TI.ERROR_FATAL, TI.UNKNOWN_ERROR, TI.NO_DISTRIBUTOR_ID, TI.RESOURCE_ERROR}
)
_ENDED_RUNS: Final = frozenset({WR.DONE, WR.ERROR, WR.STOPPED, WR.ABORTED, WR.TERMINATED})
_ACTIVE_RUNS: Final = frozenset({WR.BOUND, WR.INSTANTIATED, WR.LAUNCHED, WR.RUNNING})
# While a run makes way (C, H) the workflow stays where it was, and halts when the run has gone.
_WORKFLOW_FOLLOWS: Final[Mapping[WorkflowRunStatus, WorkflowStatus]] = {
    WR.LINKING: W.REGISTERING,
    WR.BOUND: W.QUEUED,
    WR.INSTANTIATED: W.INSTANTIATING,
    WR.LAUNCHED: W.LAUNCHED,
    WR.RUNNING: W.RUNNING,
    WR.DONE: W.DONE,
    WR.ERROR: W.FAILED,
    WR.STOPPED: W.FAILED,
    WR.ABORTED: W.ABORTED,
    WR.TERMINATED: W.HALTED,
}

# Letters of Jobmon 2.x that the newest Jobmon writes otherwise. All its other letters kept their meaning.
OLDER_LETTERS: Final[Mapping[type[Status], Mapping[str, Status]]] = {
    TaskInstanceStatus: {"B": TI.LAUNCHED},  # SUBMITTED_TO_BATCH_EXECUTIONER
    WorkflowStatus: {"B": W.QUEUED, "C": W.INSTANTIATING, "S": W.HALTED},  # BOUND, CREATED, SUSPENDED
}

S = TypeVar("S", bound=Status)


class Verdict(Enum):
    """What a report does."""

    APPLY = auto()  #: the status changes
    DROP = auto()  #: the report is late; nothing changes and nobody need know
    REFUSE = auto()  #: the report contradicts what is known; nothing changes and somebody must know


@dataclass(frozen=True, slots=True)
class Order(Generic[S]):
    """Moves that a person, or a resume, may ask for."""

    sources: frozenset[S]
    target: S
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateMachine(Generic[S]):
    """What may follow what, for one kind of thing."""

    name: str
    statuses: type[S]
    transitions: Mapping[S, frozenset[S]]
    untimely: Mapping[S, frozenset[S]]
    orders: Mapping[str, Order[S]]

    @property
    def first(self) -> S:
        """The status in which everything begins."""
        return next(iter(self.statuses))

    def judge(self, current: S, reported: S) -> Verdict:
        """Say what a report of ``reported`` does to what is in ``current``."""
        if reported in self.transitions[current]:
            return Verdict.APPLY
        # Whatever is told twice was known: outcomes are read again after a crash.
        if reported == current or reported in self.untimely[current]:
            return Verdict.DROP
        return Verdict.REFUSE

    @cache  # noqa: B019 - there are four machines, for ever
    def sources_of(self, target: S, *, ordered: bool = False) -> frozenset[S]:
        """Return the statuses that ``target`` may follow; ``ordered`` adds those of every order.

        An order of its own kind is guarded by ``orders[name].sources``: a resume must not touch what is done.
        """
        tables = (self.transitions, self.overrides) if ordered else (self.transitions,)
        return frozenset(
            status for status in self.statuses if any(target in table[status] for table in tables)
        )

    @property
    def overrides(self) -> Mapping[S, frozenset[S]]:
        """The moves of all orders together."""
        orders = self.orders.values()
        return {
            status: frozenset(order.target for order in orders if status in order.sources)
            for status in self.statuses
        }


def _machine(
    name: str,
    statuses: type[S],
    transitions: Mapping[S, AbstractSet[S]],
    untimely: Mapping[S, AbstractSet[S]],
    orders: Mapping[str, Order[S]],
) -> StateMachine[S]:
    return StateMachine(
        name=name,
        statuses=statuses,
        transitions=_complete(statuses, transitions),
        untimely=_complete(statuses, untimely),
        orders=MappingProxyType(orders),
    )


def _complete(statuses: type[S], rows: Mapping[S, AbstractSet[S]]) -> Mapping[S, frozenset[S]]:
    """Return ``rows`` for good, and an empty one for every status that has none."""
    return MappingProxyType({status: frozenset(rows.get(status, ())) for status in statuses})


# What becomes of a task when its attempt ends: done, tried again (at once, or by way of E), or given up.
# Jobmon stores E first and decides later; a client that died in between left the task there.
_AFTER_AN_ATTEMPT: Final = {T.DONE, T.ERROR_RECOVERABLE, T.REGISTERING, T.ADJUSTING_RESOURCES, T.ERROR_FATAL}
_ALL_TASKS: Final = frozenset(TaskStatus)

_TASK_TRANSITIONS: Final = {
    # Who queues a task often claims it in the same transaction, so that Q is never seen. F without
    # an attempt: no queue can hold the request. A task below a failed one stays G for the resume.
    T.REGISTERING: {T.QUEUED, T.INSTANTIATING, T.ERROR_FATAL},
    # Every status with an attempt has the same exits: the attempt may be over before its steps are stored.
    T.QUEUED: {T.INSTANTIATING, T.LAUNCHED, T.RUNNING, *_AFTER_AN_ATTEMPT},
    T.INSTANTIATING: {T.LAUNCHED, T.RUNNING, *_AFTER_AN_ATTEMPT},
    T.LAUNCHED: {T.RUNNING, *_AFTER_AN_ATTEMPT},
    T.RUNNING: _AFTER_AN_ATTEMPT,
    T.ERROR_RECOVERABLE: {T.REGISTERING, T.QUEUED, T.ADJUSTING_RESOURCES, T.ERROR_FATAL},
    # F: what the next attempt would need is more than any queue has.
    T.ADJUSTING_RESOURCES: {T.QUEUED, T.INSTANTIATING, T.ERROR_FATAL},
}

# Q and I are said by our own engine alone, in order, and are therefore never late.
_TASK_UNTIMELY: Final = {
    T.RUNNING: {T.LAUNCHED},
    # The attempt is over, and its first steps are told last.
    T.REGISTERING: {T.LAUNCHED, T.RUNNING},
    T.ERROR_RECOVERABLE: {T.LAUNCHED, T.RUNNING},
    T.ADJUSTING_RESOURCES: {T.LAUNCHED, T.RUNNING},
    # An orphan, an attempt of a task that has its result, says how it fares. The result stands.
    T.DONE: {T.LAUNCHED, T.RUNNING, T.ERROR_RECOVERABLE, T.ADJUSTING_RESOURCES, T.ERROR_FATAL},
    T.ERROR_FATAL: {T.LAUNCHED, T.RUNNING, T.ERROR_RECOVERABLE, T.ADJUSTING_RESOURCES},
}

_TASK_ORDERS: Final = {
    "cold resume": Order(
        _ALL_TASKS - {T.REGISTERING, T.DONE},
        T.REGISTERING,
        "Whatever is not done begins again, with all its attempts.",
    ),
    "hot resume": Order(
        _ALL_TASKS - {T.REGISTERING, T.DONE, T.LAUNCHED, T.RUNNING},
        T.REGISTERING,
        "The same, but what the cluster has is left there and taken over.",
    ),
    "set back": Order(
        _ALL_TASKS - {T.REGISTERING},
        T.REGISTERING,
        "The task, and every task that depends on it, is to run again, done or not.",
    ),
    "mark done": Order(_ALL_TASKS - {T.DONE}, T.DONE, "The task counts as done without having run."),
    "kill": Order(
        _ALL_TASKS - {T.DONE, T.ERROR_FATAL}, T.ERROR_FATAL, "The task is given up, and its attempt stopped."
    ),
}

TASK: Final = _machine("Task", TaskStatus, _TASK_TRANSITIONS, _TASK_UNTIMELY, _TASK_ORDERS)


# How an attempt that the cluster may have ends. F: killed and seen to be gone in one step, or beyond repair.
_VERDICTS: Final = {TI.DONE, TI.ERROR, TI.RESOURCE_ERROR, TI.UNKNOWN_ERROR, TI.ERROR_FATAL}
# What may still be said of an attempt that is over: by a copy that outlived its node, by a scheduler that
# answers late, by somebody who wants it killed. The first verdict stands; the next attempt may already run.
# Q, I and W are not among them: only our own engine says those, and in order.
_AFTERTHOUGHTS: Final = {TI.LAUNCHED, TI.RUNNING, TI.TRIAGING, TI.NO_HEARTBEAT, TI.KILL_SELF, *_VERDICTS}

_TASK_INSTANCE_TRANSITIONS: Final = {
    # Nothing was sent to a cluster, so there is nothing to wait for when it is to stop. I cannot be skipped:
    # the token must be stored before the cluster is asked.
    TI.QUEUED: {TI.INSTANTIATED, TI.KILL_SELF, TI.ERROR_FATAL},
    # A quick command reports in, or is over, before the cluster's answer to its submission is stored.
    TI.INSTANTIATED: {TI.LAUNCHED, TI.RUNNING, TI.NO_DISTRIBUTOR_ID, TI.KILL_SELF, *_VERDICTS},
    TI.LAUNCHED: {TI.RUNNING, TI.NO_HEARTBEAT, TI.KILL_SELF, *_VERDICTS},
    TI.RUNNING: {TI.TRIAGING, TI.KILL_SELF, *_VERDICTS},
    # Silence proves nothing: it may come back (R), and it may have ended in any way, done included.
    # Jobmon knows neither E nor D here, nor K, so that a resume waits for it in vain.
    TI.TRIAGING: {TI.RUNNING, TI.KILL_SELF, *_VERDICTS},
    # The same, for one that was never seen to run. O: the cluster's outage is over and it waits there still.
    TI.NO_HEARTBEAT: {TI.LAUNCHED, TI.RUNNING, TI.KILL_SELF, *_VERDICTS},
    # Work that was finished before the kill arrived is finished. All else that was killed is F.
    TI.KILL_SELF: {TI.DONE, TI.ERROR_FATAL},
}

_TASK_INSTANCE_UNTIMELY: Final = {
    # The answer to the submission, or the suspicion that it was lost, comes after the worker's own word.
    TI.RUNNING: {TI.LAUNCHED, TI.NO_HEARTBEAT, TI.NO_DISTRIBUTOR_ID},
    TI.TRIAGING: {TI.LAUNCHED, TI.NO_HEARTBEAT, TI.NO_DISTRIBUTOR_ID},
    # An order to stop outlives all news but the end. An error does not end it here, since F is the verdict
    # on what we killed: whoever saw the end reports F. Keep a late job id all the same, for the kill.
    TI.KILL_SELF: frozenset(TI) - {TI.QUEUED, TI.DONE, TI.ERROR_FATAL},
    **dict.fromkeys(_ENDED_ATTEMPTS, _AFTERTHOUGHTS),
    # Stopped while somebody was about to hand it to the cluster.
    TI.ERROR_FATAL: {TI.INSTANTIATED, TI.NO_DISTRIBUTOR_ID, *_AFTERTHOUGHTS},
}

TASK_INSTANCE: Final = _machine(
    "TaskInstance", TaskInstanceStatus, _TASK_INSTANCE_TRANSITIONS, _TASK_INSTANCE_UNTIMELY, {}
)


# A controller may die, be stopped or be asked to make way at any moment after it took the workflow.
_AT_ANY_MOMENT: Final = {WR.ERROR, WR.STOPPED, WR.COLD_RESUME, WR.HOT_RESUME}
# The parting words of a controller, and orders that cross them. The first end stands. Words of beginning are
# refused instead: a controller that was taken for dead must learn that it lost its workflow.
_PARTING_WORDS: Final = {WR.COLD_RESUME, WR.HOT_RESUME, *_ENDED_RUNS}

_WORKFLOW_RUN_TRANSITIONS: Final = {
    # A: another run holds the workflow, or the client died before it could ask.
    WR.REGISTERED: {WR.LINKING, WR.ABORTED},
    WR.LINKING: {WR.BOUND, WR.ABORTED, *_AT_ANY_MOMENT},
    # I and O are for clusters that take time to be made ready. D: a resume that finds nothing left to run.
    WR.BOUND: {WR.INSTANTIATED, WR.LAUNCHED, WR.RUNNING, WR.DONE, *_AT_ANY_MOMENT},
    WR.INSTANTIATED: {WR.LAUNCHED, WR.RUNNING, WR.DONE, *_AT_ANY_MOMENT},
    WR.LAUNCHED: {WR.RUNNING, WR.DONE, *_AT_ANY_MOMENT},
    WR.RUNNING: {WR.DONE, *_AT_ANY_MOMENT},
    # No way back to hot: the attempts were already told to stop.
    WR.COLD_RESUME: {WR.TERMINATED, WR.ERROR, WR.STOPPED},
    # C: what was to be taken over shall be stopped after all.
    WR.HOT_RESUME: {WR.TERMINATED, WR.COLD_RESUME, WR.ERROR, WR.STOPPED},
}

_WORKFLOW_RUN_UNTIMELY: Final = {
    # The reaper gave up on a client that has just finished storing its tasks.
    WR.BOUND: {WR.ABORTED},
    WR.LAUNCHED: {WR.INSTANTIATED},
    WR.RUNNING: {WR.INSTANTIATED, WR.LAUNCHED},
    # The order to make way stands. If everything is done, the next run finds it so.
    WR.COLD_RESUME: {WR.BOUND, WR.INSTANTIATED, WR.LAUNCHED, WR.RUNNING, WR.DONE, WR.HOT_RESUME},
    WR.HOT_RESUME: {WR.BOUND, WR.INSTANTIATED, WR.LAUNCHED, WR.RUNNING, WR.DONE},
    **dict.fromkeys(_ENDED_RUNS, _PARTING_WORDS),
}

WORKFLOW_RUN: Final = _machine(
    "WorkflowRun", WorkflowRunStatus, _WORKFLOW_RUN_TRANSITIONS, _WORKFLOW_RUN_UNTIMELY, {}
)


# A workflow moves only when its run has moved, so that late reports end there. Its run may end, or make way,
# at any moment.
_WORKFLOW_TRANSITIONS: Final = {
    W.REGISTERING: {W.QUEUED, W.ABORTED, W.FAILED, W.HALTED},
    W.QUEUED: {W.INSTANTIATING, W.LAUNCHED, W.RUNNING, W.DONE, W.FAILED, W.HALTED},
    W.INSTANTIATING: {W.LAUNCHED, W.RUNNING, W.DONE, W.FAILED, W.HALTED},
    W.LAUNCHED: {W.RUNNING, W.DONE, W.FAILED, W.HALTED},
    W.RUNNING: {W.DONE, W.FAILED, W.HALTED},
    # F: the run that was to take over never came.
    W.HALTED: {W.REGISTERING, W.FAILED},
}

_WORKFLOW_UNTIMELY: Final = {W.LAUNCHED: {W.INSTANTIATING}, W.RUNNING: {W.INSTANTIATING, W.LAUNCHED}}

_WORKFLOW_ORDERS: Final = {
    "resume": Order(
        frozenset({W.FAILED, W.ABORTED, W.HALTED}),
        W.REGISTERING,
        "Another run takes the workflow. What is done needs no resume.",
    ),
    "set back": Order(
        frozenset({W.DONE}), W.FAILED, "A task of it was set back, so that there is work for a resume."
    ),
    "mark done": Order(
        frozenset({W.FAILED, W.ABORTED, W.HALTED}),
        W.DONE,
        "Its last open task was marked as done, or all are found to be done.",
    ),
}

WORKFLOW: Final = _machine(
    "Workflow", WorkflowStatus, _WORKFLOW_TRANSITIONS, _WORKFLOW_UNTIMELY, _WORKFLOW_ORDERS
)

MACHINES: Final = (TASK, TASK_INSTANCE, WORKFLOW_RUN, WORKFLOW)
