"""What the swarm is told, and what it orders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


class Failure(Enum):
    """Why an attempt did not end well."""

    APPLICATION = auto()  #: the command said so: try again as it is
    OUT_OF_MEMORY = auto()  #: try again with more memory, and with nothing else more
    OUT_OF_TIME = auto()  #: try again with more runtime, and with nothing else more
    INFRASTRUCTURE = auto()  #: a node or the cluster failed: try again, and do not count it against the task
    CANCELLED = auto()  #: we ended it: it counts for nothing
    REFUSED = auto()  #: the cluster will never take it: trying again is no use


class Outcome(Enum):
    """How a run ended."""

    DONE = auto()  #: every task is done
    FAILED = auto()  #: tasks failed for good, and nothing is left that does not wait for them
    STOPPED = auto()  #: somebody stopped it


# --- events ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    """The run may begin; what its tasks are like is known."""


@dataclass(frozen=True, slots=True)
class Done:
    """The attempts at these tasks succeeded."""

    tasks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt at this task did not."""

    task: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class Raised:
    """The task's next request is larger, as was ordered."""

    task: int


@dataclass(frozen=True, slots=True)
class NotRaised:
    """No queue can give the task what it would need next."""

    task: int


@dataclass(frozen=True, slots=True)
class Limited:
    """Only so many may run at a time: of an array, or of the whole workflow if none is named; 0 pauses."""

    limit: int
    array: int | None = None


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Launch nothing more; what runs may end, or is to be cancelled."""

    cancel: bool = False


Event = Began | Done | Failed | Raised | NotRaised | Limited | StopAsked

# --- commands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Launch:
    """Make an attempt at each of these tasks, all of one array."""

    array: int
    tasks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Raise:
    """Work out a larger request for the task, and answer `Raised` or `NotRaised`."""

    task: int
    resource: Literal["memory", "runtime"]


@dataclass(frozen=True, slots=True)
class Retry:
    """The task waits for another attempt, as it is."""

    task: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The task has failed for good."""

    task: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the attempts at these tasks."""

    tasks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    outcome: Outcome


Command = Launch | Raise | Retry | GiveUp | Cancel | Finish
