"""One look at a time at a workflow, for all the triggers of this process that wait for it."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client import registry
from jobmon_airflow.dags.mirroring import view_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jobmon_airflow.dags.mirroring import View
    from jobmon_airflow.store.airflow_tasks import Place

log = logging.getLogger(__name__)

_SHORT: Final = 0.25  # seconds between the first looks: many workflows are short


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at, how often."""

    database: str | None
    run: Place
    interval: float


@dataclass(slots=True)
class Watch:
    """Looks at a workflow as long as anybody wants to know."""

    subject: Subject
    watchers: int = 0
    looks: int = 0  #: how often it has looked
    view: View | None = None
    _looked: asyncio.Condition = field(default_factory=asyncio.Condition)
    _looking: asyncio.Task[None] | None = None

    async def next(self, after: int) -> tuple[int, View]:
        """The first view after so many looks."""
        async with self._looked:
            await self._looked.wait_for(lambda: self.looks > after)
            assert self.view is not None
            return self.looks, self.view

    def begin(self) -> None:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name=f"jobmon watch {self.subject.run}")

    def end(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        begun = time.monotonic()
        is_out = False
        while True:
            try:
                view = await asyncio.to_thread(self._view)
            except Exception:  # whatever is away, the database or Airflow, comes back
                if not is_out:
                    log.warning(
                        "Cannot look at the workflow of %s; trying again.", self.subject.run, exc_info=True
                    )
                is_out = True
            else:
                is_out = False
                async with self._looked:
                    self.looks, self.view = self.looks + 1, view
                    self._looked.notify_all()
            # A tenth of its age: nobody minds if what took an hour is seen a few seconds later.
            await asyncio.sleep(min(self.subject.interval, max(_SHORT, (time.monotonic() - begun) / 10)))

    def _view(self) -> View:
        return view_of(registry.database(self.subject.database), self.subject.run)


_watches: dict[Subject, Watch] = {}


@asynccontextmanager
async def watching(subject: Subject) -> AsyncIterator[Watch]:
    """A watch that is shared with all who look at the same."""
    watch = _watches.setdefault(subject, Watch(subject))
    watch.watchers += 1
    watch.begin()
    try:
        yield watch
    finally:
        watch.watchers -= 1
        if not watch.watchers:
            watch.end()
            _watches.pop(subject, None)
