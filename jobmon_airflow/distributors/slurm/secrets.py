"""Tokens for slurmrestd: told to this process, or in its environment. They are stored nowhere.

Looked for in this order, for the host ``api.example.org`` and the user ``ada``:

    what `hold` was told for the user at the host, or for the host
    JOBMON_SLURM_TOKEN_ADA_API_EXAMPLE_ORG, JOBMON_SLURM_TOKEN_API_EXAMPLE_ORG
    JOBMON_SLURM_TOKEN
    SLURM_JWT, which `scontrol token` prints
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE: Final = "JOBMON_SLURM_TOKEN"

_held: dict[tuple[str, str], str] = {}


def hold(host: str | None, token: str, *, user: str | None = None) -> None:
    """Know a token in this process only, in place of the one that was known; children do not inherit it."""
    _held[_place(host), user or ""] = token


def token_of(host: str | None, user: str | None = None) -> str | None:
    """The token with which a user is let in at a host; None if nobody has said.

    It is asked for again whenever one is needed, since tokens are short-lived and may have been renewed.
    """
    for whose in dict.fromkeys((user or "", "")):
        if token := _held.get((_place(host), whose)):
            return token
    return next((token for name in _variables(host, user) if (token := os.environ.get(name))), None)


def _variables(host: str | None, user: str | None) -> Iterator[str]:
    where, who = (re.sub(r"\W+", "_", name).upper() for name in (_place(host), user or ""))
    if where and who:
        yield f"{VARIABLE}_{who}_{where}"
    if where:
        yield f"{VARIABLE}_{where}"
    yield VARIABLE
    yield "SLURM_JWT"


def _place(host: str | None) -> str:
    """A host by its name alone.

    >>> _place("https://API.example.org:6820/") == _place("api.example.org")
    True
    """
    without_scheme = (host or "").rpartition("://")[2].rstrip("/").lower()
    return re.sub(r":\d+$", "", without_scheme)
