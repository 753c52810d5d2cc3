"""What jobs tell of themselves: lines that nodes append to files of the batch's folder.

    B STEP NODE PID                                                          it begins
    O STEP NODE EXIT_CODE WALLCLOCK CPU MAXRSS OOM_KILLS FLAGS               it is over
    P STEP NODE                                                              it is put back

Times are seconds, memory is bytes; ``-`` is what the node cannot know. Each line is written at once, by
`worker/pack.py` or by the script of `script.py`. On a node that dies, or
a disk that is full, a line may be cut short all the same.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

TOLD_TO_END: Final = "t"
OUT_OF_TIME: Final = "l"
FENCED: Final = "f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A step's command begins."""

    step: int
    node: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A step's command is over."""

    step: int
    node: str
    exit_code: int  #: 128 and the signal, if one ended it
    wallclock: float | None = None  #: seconds
    cpu: float | None = None  #: seconds
    maxrss: int | None = None  #: bytes
    oom_kills: int = 0  #: processes of it that the kernel killed for memory
    was_told_to_end: bool = False  #: it got a TERM from outside: Slurm's time limit, scancel, preemption, us
    is_out_of_time: bool = False  #: a packed task that was ended by its own limit
    was_fenced: bool = False  #: it did not run: its step was claimed or forbidden before


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """A packed step that was not begun, because too little time was left; nobody else will begin it."""

    step: int
    node: str


Told = Begun | Over | PutBack

_STEP: Final = rb"(?P<step>\d{1,9}) (?P<node>[!-~]{1,255})"
_AMOUNT: Final = rb"(?:-|\d{1,18}(?:\.\d{1,9})?(?:e-\d)?)"
_BEGUN: Final = re.compile(rb"B %b (?P<pid>\d{1,10})" % _STEP)
_OVER: Final = re.compile(
    rb"O %b (?P<exit_code>\d{1,3}) (?P<wallclock>%b) (?P<cpu>%b) (?P<maxrss>-|\d{1,18}) (?P<oom_kills>-|\d{1,9}) "
    rb"(?P<flags>-|[tlf]{1,3})" % (_STEP, _AMOUNT, _AMOUNT)
)
_PUT_BACK: Final = re.compile(rb"P %b" % _STEP)


def read(text: bytes) -> Iterator[Told]:
    """What whole lines of a ``told-`` file say. What is no such line is logged, and says nothing."""
    for line in text.split(b"\n"):
        if told := _told(line):
            yield told
        elif line:
            log.warning("told.unreadable", extra={"line": line[:200]})


def _told(line: bytes) -> Told | None:
    if found := _OVER.fullmatch(line):
        return _over(found)
    if found := _BEGUN.fullmatch(line):
        return Begun(step=int(found["step"]), node=found["node"].decode(), pid=int(found["pid"]))
    if found := _PUT_BACK.fullmatch(line):
        return PutBack(step=int(found["step"]), node=found["node"].decode())
    return None


def _over(found: re.Match[bytes]) -> Over:
    flags = found["flags"].decode()
    return Over(
        step=int(found["step"]),
        node=found["node"].decode(),
        exit_code=int(found["exit_code"]),
        wallclock=_number(found["wallclock"]),
        cpu=_number(found["cpu"]),
        maxrss=None if found["maxrss"] == b"-" else int(found["maxrss"]),
        oom_kills=0 if found["oom_kills"] == b"-" else int(found["oom_kills"]),
        was_told_to_end=TOLD_TO_END in flags,
        is_out_of_time=OUT_OF_TIME in flags,
        was_fenced=FENCED in flags,
    )


def _number(text: bytes) -> float | None:
    return None if text == b"-" else float(text)
