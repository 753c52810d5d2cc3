"""One verdict on every attempt that is over, from all that is known of its end.

Whoever ended an attempt knows better than its exit code, which is that of the shell around the command as often as
not. So a cause goes first, and codes are read only where none is given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from signal import Signals
from typing import TYPE_CHECKING, Final, Literal

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.engine.kinds import kind_of
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.swarm.events import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.protocol import Ended, Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an attempt ended."""

    words: str
    status: TaskInstanceStatus
    failure: Failure | None  #: None is a success


DONE: Final = Verdict("done", TaskInstanceStatus.DONE, None)
APPLICATION: Final = Verdict("application error", TaskInstanceStatus.ERROR, Failure.APPLICATION)
MEMORY: Final = Verdict("out of memory", TaskInstanceStatus.RESOURCE_ERROR, Failure.OUT_OF_MEMORY)
TIME: Final = Verdict("out of time", TaskInstanceStatus.RESOURCE_ERROR, Failure.OUT_OF_TIME)
NODE: Final = Verdict("node failed", TaskInstanceStatus.UNKNOWN_ERROR, Failure.INFRASTRUCTURE)
LOST: Final = Verdict("lost", TaskInstanceStatus.UNKNOWN_ERROR, Failure.INFRASTRUCTURE)
INTERNAL: Final = Verdict("internal error", TaskInstanceStatus.UNKNOWN_ERROR, Failure.INFRASTRUCTURE)
PUT_BACK: Final = Verdict("put back", TaskInstanceStatus.UNKNOWN_ERROR, Failure.CANCELLED)
KILLED: Final = Verdict("killed", TaskInstanceStatus.ERROR_FATAL, Failure.CANCELLED)
MISMATCH: Final = Verdict("wrong environment", TaskInstanceStatus.ERROR_FATAL, Failure.REFUSED)
NOT_SUBMITTED: Final = Verdict("not submitted", TaskInstanceStatus.NO_DISTRIBUTOR_ID, Failure.INFRASTRUCTURE)
REFUSED: Final = Verdict("submission refused", TaskInstanceStatus.NO_DISTRIBUTOR_ID, Failure.REFUSED)
NOT_ASKED: Final = Verdict("no request", TaskInstanceStatus.ERROR_FATAL, Failure.REFUSED)

#: An attempt that ended like this was ended by others, so that its own last words do not say why.
ENDED_BY_OTHERS: Final = frozenset(verdict.words for verdict in (MEMORY, TIME, NODE, LOST, KILLED))
#: by its words: the resource that was too small
EXHAUSTED: Final[Mapping[str, Literal["memory", "runtime"]]] = {MEMORY.words: "memory", TIME.words: "runtime"}

_BY_CAUSE: Final[Mapping[Cause, Verdict]] = {
    Cause.OVER_MEMORY: MEMORY,
    Cause.OVER_RUNTIME: TIME,
    Cause.NODE_FAILED: NODE,
    Cause.CANCELLED: KILLED,
    Cause.LOST: LOST,
    Cause.PUT_BACK: PUT_BACK,
}
# 137 is how a shell tells that its command was killed, mostly for memory; 247 is the same -9, cut to a byte. 199 and
# 198 are Jobmon's own words for a worker that failed, and for one of another version.
_BY_EXIT_CODE: Final[Mapping[int, Verdict]] = {
    0: DONE,
    137: MEMORY,
    247: MEMORY,
    199: INTERNAL,
    198: MISMATCH,
}
_KILL: Final = 9


def verdict_on(evidence: Evidence, *, told_to_stop: bool = False) -> Verdict:
    """Say why an attempt ended; ``told_to_stop`` if we had ordered so.

    >>> from jobmon_airflow.distributors.protocol import Evidence
    >>> verdict_on(Evidence(exit_code=137)).words
    'out of memory'
    >>> verdict_on(Evidence(exit_code=137, cause=Cause.NODE_FAILED)).words
    'node failed'
    """
    verdict = _verdict(evidence)
    # Work that was finished before the order arrived is finished; all else that was told to stop was killed.
    return KILLED if told_to_stop and verdict is not DONE else verdict


def _verdict(evidence: Evidence) -> Verdict:
    if evidence.cause is not None:
        return _BY_CAUSE[evidence.cause]
    if evidence.signal is not None:
        # Nobody here sent it: it was the kernel, for memory, or somebody with a reason of his own.
        return MEMORY if evidence.signal == _KILL else APPLICATION
    if evidence.exit_code is None:
        return LOST
    return _BY_EXIT_CODE.get(evidence.exit_code, APPLICATION)


@lru_cache(maxsize=1024)
def evidence_as_json(evidence: Evidence) -> str:
    """The evidence as it is stored."""
    known = {
        "exit_code": evidence.exit_code,
        "signal": evidence.signal,
        "cause": evidence.cause,
        "detail": evidence.detail or None,
    }
    return json.dumps({name: value for name, value in known.items() if value is not None})


def error_kind(words: str, exit_code: int | None, text: str) -> str:
    """The kind of error of an attempt that failed, by its verdict's words and its own last ones.

    >>> error_kind("application error", 1, "KeyError: 'draw_7'"), error_kind("out of memory", 137, "Loading 7")
    ("KeyError: '...'", 'out of memory')
    """
    if words in ENDED_BY_OTHERS:
        return words
    return kind_of(text) or f"{why(words, exit_code)}, without a word"


def why(words: str, exit_code: int | None) -> str:
    """The verdict, with the code that there may be."""
    return words if exit_code is None else f"{words}, exit code {exit_code}"


def account_of(verdict: Verdict, ended: Ended) -> str:
    """What people are told of a failed attempt: why it ended, and its last words."""
    words = [f"{verdict.words.capitalize()}{_how(ended.evidence)}."]
    if ended.evidence.detail:
        words.append(ended.evidence.detail)
    if said := (ended.output.stderr_log or "").strip():
        words.append(said)
    return "\n".join(words)


def _how(evidence: Evidence) -> str:
    if evidence.signal is not None:
        return f": {_name_of(evidence.signal)}"
    return f": exit code {evidence.exit_code}" if evidence.exit_code is not None else ""


def _name_of(signal: int) -> str:
    try:
        return Signals(signal).name
    except ValueError:
        return f"signal {signal}"
