"""What commands inherit: the environment of the process that hands them over, and what is added for some of them.

Several runs may go on in one process, each with additions of its own, which nothing else there must see. So they are
kept beside the process's environment, for all that is done in the same context: a task of asyncio and its children.

Commands on other machines inherit nothing of themselves. What was added is passed on to them, and so are the variables
whose names stand in ``JOBMON_EXPORT``, with commas between them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXPORT: Final = "JOBMON_EXPORT"  #: the variable that names what goes along to other machines

_ADDED: Final[ContextVar[Mapping[str, str] | None]] = ContextVar("jobmon_environment", default=None)


@contextmanager
def added(variables: Mapping[str, str]) -> Iterator[None]:
    """Let commands that are handed over in this block find these variables, wherever they run.

    >>> with added({"STAGE": "test"}):
    ...     environment()["STAGE"], exported()["STAGE"], "STAGE" in os.environ
    ('test', 'test', False)
    """
    token = _ADDED.set({**_added(), **variables})
    try:
        yield
    finally:
        _ADDED.reset(token)


def environment() -> dict[str, str]:
    """All that a command on this machine inherits."""
    names = ",".join(sorted({*_names(), *_added()}))
    return {**os.environ, **_added(), **({EXPORT: names} if names else {})}


def exported() -> dict[str, str]:
    """What goes along to commands on other machines."""
    known = {name: os.environ[name] for name in _names() if name in os.environ}
    return {**known, **_added()}


def _added() -> Mapping[str, str]:
    return _ADDED.get() or {}


def _names() -> list[str]:
    return [cleaned for name in os.environ.get(EXPORT, "").split(",") if (cleaned := name.strip())]
