"""A cluster that runs nothing: every command succeeds at once. For trying out a workflow's shape."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from jobmon_airflow.distributors.protocol import Ended, Evidence, Plain, Started

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from jobmon_airflow.distributors.protocol import Batch, Job, News


class Dummy(Plain):
    """Says of every attempt that it was started and ended well."""

    appetite = 100_000
    outlives_us = False

    def __init__(self) -> None:
        self._news: list[News] = []
        self._bell = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...

    async def submit(self, batch: Batch) -> Sequence[str]:
        for attempt in batch.attempts:
            self._news += _story_of(attempt.id)
        self._bell.set()
        return [str(attempt.id) for attempt in batch.attempts]

    async def adopt(self, jobs: Sequence[Job]) -> Collection[int]:  # noqa: ARG002  (nothing ever runs here)
        return ()

    async def news(self) -> Sequence[News]:
        while not self._news:
            self._bell.clear()
            await self._bell.wait()
        news, self._news = self._news, []
        return news

    async def cancel(self, attempts: Collection[int], *, at_once: bool = False) -> None:
        """Nothing to end: all has ended by then."""


def _story_of(attempt: int) -> Iterator[News]:
    yield Started(attempt=attempt, at=datetime.now(UTC))
    yield Ended(attempt=attempt, evidence=Evidence(exit_code=0))
