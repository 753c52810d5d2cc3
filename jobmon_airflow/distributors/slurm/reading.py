"""Slurm's words for states, indices, sizes and times, as values. Pure: whatever Slurm may print has a one-line test."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.seam import Elements, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# --- words ----------------------------------------------------------------------------------------------------

# https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES
# https://slurm.schedmd.com/sacct.html#SECTION_JOB-STATE-CODES
STATES: Final[Mapping[str, State]] = {
    "BOOT_FAIL": State.NODE_FAIL,
    "CANCELLED": State.CANCELLED,
    "COMPLETED": State.COMPLETED,
    "COMPLETING": State.RUNNING,
    "CONFIGURING": State.RUNNING,
    "DEADLINE": State.TIMEOUT,
    "FAILED": State.FAILED,
    "LAUNCH_FAILED": State.NODE_FAIL,
    "NODE_FAIL": State.NODE_FAIL,
    "OUT_OF_MEMORY": State.OUT_OF_MEMORY,
    "PENDING": State.PENDING,
    "POWER_UP_NODE": State.RUNNING,
    "PREEMPTED": State.PREEMPTED,
    "RECONFIG_FAIL": State.NODE_FAIL,
    "REQUEUED": State.PENDING,
    "REQUEUE_FED": State.PENDING,
    "REQUEUE_HOLD": State.PENDING,
    "RESIZING": State.RUNNING,
    "RESV_DEL_HOLD": State.PENDING,
    "REVOKED": State.CANCELLED,  # a sibling in another cluster of the federation was taken instead
    "RUNNING": State.RUNNING,
    "SIGNALING": State.RUNNING,
    "SPECIAL_EXIT": State.PENDING,  # it ended, was put back and is held
    "STAGE_OUT": State.RUNNING,
    "STOPPED": State.RUNNING,
    "SUSPENDED": State.RUNNING,
    "TIMEOUT": State.TIMEOUT,
    "UPDATE_DB": State.RUNNING,
}

_CANCELLED_BY: Final = re.compile(r"CANCELLED by (\d+)")
NOWHERE: Final = frozenset(
    {"", "n/a", "N/A", "(null)", "None", "None assigned", "Unknown", "UNLIMITED", "NONE"}
)


def state(word: str) -> State:
    """What a word for a state means; only the first counts, and newer Slurms may have new ones."""
    return STATES.get(word.partition(" ")[0].rstrip("+").upper(), State.UNKNOWN)


def cancelled_by(word: str) -> int | None:
    """The uid of who cancelled the job, if accounting says so."""
    found = _CANCELLED_BY.match(word)
    return int(found[1]) if found else None


# --- indices ----------------------------------------------------------------------------------------------------

_SPAN: Final = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


def elements(written: str) -> Elements | None:
    """The indices of ``4-8%3``, ``[1-2,4%10]`` or ``0-9:2``; None for what is no array, or was cut by Slurm.

    >>> elements("[1-2,4%10]")
    Elements(ranges=(range(1, 3), range(4, 5)))
    """
    spans = written.strip("[]").partition("%")[0].split(",")
    found = [_SPAN.fullmatch(span) for span in spans]
    if not all(found):
        return None
    return Elements(_joined(_range(*each.groups()) for each in found if each))


def _range(first: str, last: str | None, step: str | None) -> range:
    return range(int(first), int(last or first) + 1, int(step or 1))


def _joined(ranges: Iterable[range]) -> tuple[range, ...]:
    """The same with neighbours as one, since Slurm may write every second of thousands by itself."""
    joined: list[range] = []
    for each in ranges:
        if joined and (wider := _together(joined[-1], each)):
            joined[-1] = wider
        else:
            joined.append(each)
    return tuple(joined)


def _together(one: range, other: range) -> range | None:
    if len(other) != 1:
        return None
    step = other[0] - one[-1]
    if step < 1 or (len(one) > 1 and step != one.step) or (len(one) == 1 and step > 2):
        return None
    return range(one[0], other[0] + 1, step)


# --- numbers ----------------------------------------------------------------------------------------------------

_DURATION: Final = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([KMGTP]?)(?:[cn?])?")
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}


def seconds(written: str) -> float | None:
    """The seconds of ``1-02:03:04``, ``02:03:04`` or ``03:04.005``; None where there is no limit, or nothing yet."""
    if written.isdigit():
        return float(written) * 60  # a bare number is minutes, as in --time
    found = _DURATION.fullmatch(written)
    if found is None:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def size(written: str, *, unit: str = "") -> int | None:
    """The bytes of ``60024K`` or ``2.5G``; a bare number counts ``unit``. None for what is no size."""
    found = _SIZE.fullmatch(written)
    return round(float(found[1]) * _UNITS[found[2] or unit]) if found else None


def moment(written: str) -> datetime | None:
    """A time that Slurm was asked for in UTC; None for ``Unknown`` and the like."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=UTC)
    except ValueError:
        return None


def count(written: str) -> int | None:
    """A whole number; None where Slurm has none, or no limit."""
    return int(written) if written.isdigit() else None


def exit_and_signal(written: str) -> tuple[int, int]:
    """Exit code and signal of ``3:0``, of ``0:9``, or of the raw status of wait(2), such as 51200."""
    code, colon, signal = written.partition(":")
    if colon:
        return count(code) or 0, count(signal) or 0
    status = count(code) or 0
    return status >> 8, status & 0x7F


# --- nodes --------------------------------------------------------------------------------------------------------


def first_node(nodes: str) -> str:
    """The first of a list of nodes.

    >>> first_node("n[03-04,7]"), first_node("a1,b2"), first_node("r[1-2]c[5-6]"), first_node("n1")
    ('n03', 'a1', 'r1c5', 'n1')
    """
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", nodes)
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", first[0] if first else nodes)
