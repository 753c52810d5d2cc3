"""Rows of squeue and of sacct. Pure.

Both are asked for columns of our own choice, with ``|`` between them and the job's name, which may hold anything, as
the last; for times in UTC, and for lists of indices that are not cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.reading import (
    NOWHERE,
    cancelled_by,
    count,
    elements,
    exit_and_signal,
    first_node,
    moment,
    seconds,
    size,
    state,
)
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What accounting calls a run after which the job was put back. The next run has a row of its own.
_PUT_BACK: Final = frozenset({"REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"})


class Unreadable(ValueError):
    """A row that is not what was asked for."""


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


class Queue:
    """Reads what squeue says in ``QUEUE_FORMAT``, asked with SLURM_BITSTR_LEN=0.

    Most of it are jobs that were over the last time already, in the very same words: these are not read again.
    """

    def __init__(self) -> None:
        self._known: dict[str, QueueRow] = {}

    def rows(self, text: str) -> list[QueueRow]:
        """A row for each line."""
        lines = filter(None, text.splitlines())
        self._known = {line: self._known.get(line) or _queue_row(line) for line in lines}
        return list(self._known.values())


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
