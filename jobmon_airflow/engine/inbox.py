"""What has happened since the engine last looked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.protocol import Ended, Started
from jobmon_airflow.swarm.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.engine.verdict import Verdict
    from jobmon_airflow.states import WorkflowRunStatus


@dataclass(frozen=True, slots=True)
class Accepted:
    """A cluster has these attempts, under these names of its own, where it said them."""

    names: Sequence[tuple[int, str | None]]


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A cluster does not have these attempts, and never will."""

    attempts: Sequence[int]
    verdict: Verdict
    account: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task's own function says that it needs, or why it could not say."""

    task: int
    answer: object
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the database says of the run, and of how many tasks may run at a time."""

    run_status: WorkflowRunStatus
    limit: int
    array_limits: dict[int, int]
    drains: bool = False  #: somebody wants it to begin nothing more, and to end when what runs is over


@dataclass(frozen=True, slots=True)
class Beat:
    """It is time to say that we are there, or to look whether we may go."""


Item = Event | Started | Ended | Accepted | NotTaken | Asked | Ordered | Beat


PATIENCE: Final = 0.2  #: seconds that what nobody waits for may lie there


class Inbox:
    """Items, in the order in which they came.

    That a job was accepted, or has started, changes nothing for anybody else: it waits a moment for company, and is
    often overtaken by the job's end.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._filled = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, *items: Item) -> None:
        """Add what has happened."""
        self._items.extend(items)
        if not all(isinstance(item, Accepted | Started) for item in items):
            self._filled.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._filled.set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened since."""
        return not self._items

    async def take(self) -> list[Item]:
        """Wait until something has happened, and take all of it."""
        await self._filled.wait()
        return self.take_now()

    def take_now(self) -> list[Item]:
        """Take what has happened, if anything."""
        self._filled.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, self._items = self._items, []
        return items
