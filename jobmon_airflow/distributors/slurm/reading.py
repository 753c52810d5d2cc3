"""What Slurm's commands print of jobs, as values. Pure: whatever Slurm may print has a one-line test.

Commands are asked for columns of our own choice, with ``|`` between them and the job's name, which may hold anything,
as the last. Times are asked for in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
# What accounting calls a run after which the job was put back. The next run has a row of its own.
_PUT_BACK: Final = frozenset({"REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"})
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


# --- squeue -----------------------------------------------------------------------------------------------------

# https://slurm.schedmd.com/squeue.html#OPT_Format
QUEUE: Final = (
    *(
        "ArrayJobID",
        "ArrayTaskID",
        "JobID",
        "State",
        "Reason",
        "BatchHost",
        "SubmitTime",
        "RestartCnt",
        "exit_code",
    ),
    "Name",
)
QUEUE_FORMAT: Final = ",".join(f"{column}:|" for column in QUEUE)


class Unreadable(ValueError):
    """A row that is not what was asked for."""


def queue(text: str) -> list[QueueRow]:
    """The rows of squeue in ``QUEUE_FORMAT``, asked with SLURM_BITSTR_LEN=0."""
    return [_queue_row(line) for line in text.splitlines() if line]


def _queue_row(line: str) -> QueueRow:
    columns = line.split("|", len(QUEUE) - 1)
    if len(columns) != len(QUEUE):
        raise Unreadable(line)
    job, task, raw, word, reason, node, submitted, restarts, status, name = columns
    indices, when = Elements((range(1),)) if task in NOWHERE else elements(task), moment(submitted)
    if indices is None or when is None or not job.isdigit():
        raise Unreadable(line)
    is_over = state(word).is_over
    code, signal = exit_and_signal(status)
    return QueueRow(
        job_id=int(job),
        elements=indices,
        name=name.removesuffix("|"),
        state=state(word),
        word=word,
        reason="" if reason in NOWHERE else reason,
        node="" if node in NOWHERE else node,
        submitted=when,
        restarts=count(restarts) or 0,
        raw_id=count(raw),
        exit_code=code if is_over else None,
        signal=signal if is_over and signal else None,
        is_whole=task in NOWHERE,
    )


# --- sacct ------------------------------------------------------------------------------------------------------

# https://slurm.schedmd.com/sacct.html#SECTION_Job-Accounting-Fields
ACCOUNTING: Final = (
    *("JobID", "JobIDRaw", "State", "ExitCode", "DerivedExitCode", "NodeList", "Submit"),
    *("ElapsedRaw", "TotalCPU", "MaxRSS", "JobName"),
)
ACCOUNTING_FORMAT: Final = ",".join(ACCOUNTING)

_JOB: Final = re.compile(r"(\d+)(?:\+\d+)?(?:_(\d+|\[[^\]]*\]))?(?:\.(.+))?")
_NO_STEP: Final = "extern"  # what runs beside the job, and says nothing about it


@dataclass(slots=True)
class _Row:
    """A line of sacct: a job, or a step of the job before it."""

    job_id: int
    elements: Elements
    step: str | None
    columns: Mapping[str, str]
    is_whole: bool = False
    steps: list[_Row] = field(default_factory=list)


def accounting(text: str) -> list[Record]:
    """The rows of sacct -P in ``ACCOUNTING_FORMAT``, with their steps; what waits is left out."""
    jobs: list[_Row] = []
    for row in map(_accounting_row, filter(None, text.splitlines())):
        if row.step is None:
            jobs.append(row)
        elif jobs and row.step != _NO_STEP:
            jobs[-1].steps.append(row)
    return [record for job in jobs for record in _records(job)]


def _accounting_row(line: str) -> _Row:
    values = line.split("|", len(ACCOUNTING) - 1)
    columns = dict(zip(ACCOUNTING, values, strict=False))
    found = _JOB.fullmatch(columns["JobID"])
    if found is None or len(values) != len(ACCOUNTING):
        raise Unreadable(line)
    job, task, step = found.groups()
    # A row without an index is of an array that ended before any of its elements began, or of a plain job.
    indices = Elements((range(1),)) if task is None else elements(task)
    if indices is None:
        raise Unreadable(line)
    return _Row(int(job), indices, step, columns, is_whole=task is None)


def _records(job: _Row) -> Iterator[Record]:
    word, when = job.columns["State"], moment(job.columns["Submit"])
    # A row that was just made has no time yet; sacct has it a moment later.
    if when is None or (state(word) is State.PENDING and word not in _PUT_BACK) or _lacks_its_index(job):
        return
    code, signal = exit_and_signal(job.columns["ExitCode"])
    nodes = job.columns["NodeList"]
    for element in job.elements:
        yield Record(
            job_id=job.job_id,
            element=element,
            name=job.columns["JobName"],
            is_whole=job.is_whole,
            state=State.PREEMPTED if word in _PUT_BACK else state(word),
            word=word,
            exit_code=trusted_exit_code(code, state(word)),
            signal=signal or None,
            node="" if nodes in NOWHERE else first_node(nodes),
            submitted=when,
            cancelled_by=cancelled_by(word),
            ran=float(job.columns["ElapsedRaw"] or 0),
            cpu=seconds(job.columns["TotalCPU"]),
            maxrss=max((size(step.columns["MaxRSS"]) or 0 for step in job.steps), default=0) or None,
            steps={step.step: state(step.columns["State"]) for step in job.steps if step.step},
            derived=exit_and_signal(job.columns["DerivedExitCode"]),
        )


def _lacks_its_index(job: _Row) -> bool:
    """Whether it is an array's last element, which has the array's own id, and for a second no index.

    Taken for what it looks like, its end would be that of the whole array. It is told at the next look.
    """
    piece = Piece.named(job.columns["JobName"])
    has_begun = job.columns["NodeList"] not in NOWHERE
    return job.is_whole and has_begun and piece is not None and piece.size > 1


def trusted_exit_code(code: int, state: State) -> int | None:
    """An exit code of accounting, if it can be no other: sacct takes 128 off what is 128 or more.

    So 1 may have been 129, and 0 may have been 128; out of memory hides what the script returned.
    """
    return 0 if code == 0 and state is State.COMPLETED else None


def first_node(nodes: str) -> str:
    """The first of a list of nodes.

    >>> first_node("n[03-04,7]"), first_node("a1,b2"), first_node("r[1-2]c[5-6]"), first_node("n1")
    ('n03', 'a1', 'r1c5', 'n1')
    """
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", nodes)
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", first[0] if first else nodes)
