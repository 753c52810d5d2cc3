"""Questions that are asked at the same time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from jobmon_airflow.errors import first_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of questions, answered when the block is left. If one fails, the others are given up, and it is raised.

    With `asyncio.gather` the others would go on, with nobody to wait for them; and a loop that is closed while a
    command is just being started can hang: https://github.com/python/cpython/issues/125502
    """
    try:
        async with asyncio.TaskGroup() as asking:
            yield asking
    except BaseExceptionGroup as errors:
        raise first_of(errors) from None
