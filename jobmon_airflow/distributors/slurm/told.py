"""What jobs tell of themselves: lines that nodes append to files of the batch's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    exit_code: int
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


def read(text: bytes) -> Iterator[Told]:
    """What whole lines of a ``told-`` file say."""
    raise NotImplementedError
