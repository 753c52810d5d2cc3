"""What lets us in at a cluster: told to this process, or in its environment. It is stored nowhere.

A token, for slurmrestd, or the text of a private key, for ssh. Looked for in this order, for the host
``api.example.org`` and the user ``ada``:

    what `hold` was told for the user at the host, or for the host
    JOBMON_SLURM_TOKEN_ADA_API_EXAMPLE_ORG, JOBMON_SLURM_TOKEN_API_EXAMPLE_ORG
    JOBMON_SLURM_TOKEN
    SLURM_JWT, which `scontrol token` prints

and the key in the variables that begin with JOBMON_SLURM_KEY.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["token", "key"]

#: variables of the environment: the first may be followed by a user and a host
VARIABLES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "token": ("JOBMON_SLURM_TOKEN", "SLURM_JWT"),
    "key": ("JOBMON_SLURM_KEY",),
}

_held: dict[tuple[Kind, str, str], str] = {}


def hold(host: str | None, secret: str, *, user: str | None = None, kind: Kind = "token") -> None:
    """Know a secret in this process only, in place of the one that was known; children do not inherit it."""
    _held[kind, _place(host), user or ""] = secret


def hold_all(parameters: Mapping[str, Any], found: Mapping[Kind, str]) -> None:
    """The same, for the way to a cluster with these parameters."""
    for kind, secret in found.items():
        hold(parameters.get("host"), secret, user=parameters.get("user"), kind=kind)


def token_of(host: str | None, user: str | None = None) -> str | None:
    """The token with which a user is let in at a host; None if nobody has said.

    It is asked for again whenever one is needed, since tokens are short-lived and may have been renewed.
    """
    return _known("token", host, user)


def key_of(host: str | None, user: str | None = None) -> str | None:
    """The text of the private key with which a user is let in at a host; None if nobody has said."""
    return _known("key", host, user)


def _known(kind: Kind, host: str | None, user: str | None) -> str | None:
    for whose in dict.fromkeys((user or "", "")):
        if secret := _held.get((kind, _place(host), whose)):
            return secret
    return next((found for name in _variables(kind, host, user) if (found := os.environ.get(name))), None)


def _variables(kind: Kind, host: str | None, user: str | None) -> Iterator[str]:
    general = VARIABLES[kind]
    where, who = (re.sub(r"\W+", "_", name).upper() for name in (_place(host), user or ""))
    if where and who:
        yield f"{general[0]}_{who}_{where}"
    if where:
        yield f"{general[0]}_{where}"
    yield from general


def _place(host: str | None) -> str:
    """A host by its name alone.

    >>> _place("https://API.example.org:6820/") == _place("api.example.org")
    True
    """
    without_scheme = (host or "").rpartition("://")[2].rstrip("/").lower()
    return re.sub(r":\d+$", "", without_scheme)
