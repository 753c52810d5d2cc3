"""Asking the database until it answers: a task in the triggerer does not fail because a server is started anew."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_FIRST: Final = 1.0  # seconds
_LONGEST: Final = 30.0


async def patiently(ask: Callable[[], Result]) -> Result:
    """What the database answers, whenever it does. The question is put in a thread, and may be put again."""
    pause = _FIRST
    while True:
        try:
            return await asyncio.to_thread(ask)
        except DBAPIError as error:
            if isinstance(error, IntegrityError | ProgrammingError):
                raise  # our own mistake, or tables that are not there: no waiting mends that
            log.warning("The Jobmon database does not answer; asking again in %g s. %s", pause, error.orig)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST)
