"""Jobs as slurmrestd tells of them, from slurmctld and from slurmdbd. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.distributors.slurm import reading
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.rest_words import exit_and_signal, moment, number, word
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobmon_airflow.distributors.slurm.rest_words import Json

# --- the queue ------------------------------------------------------------------------------------------------------


def queue(jobs: Iterable[Json], user: str | None) -> list[QueueRow]:
    """The rows of one user; all, if none is named."""
    return [row for job in jobs if not user or job.get("user_name") == user for row in _queue_row(job)]


def _queue_row(job: Json) -> Iterator[QueueRow]:
    submitted, said = moment(job.get("submit_time")), word(job.get("job_state"))
    if submitted is None:
        return
    state = reading.state(said)
    code, signal = exit_and_signal(job.get("exit_code"))
    raw, name, reason = (
        number(job.get("job_id")),
        str(job.get("name") or ""),
        str(job.get("state_reason") or ""),
    )
    indices = _indices(job, name)
    yield QueueRow(
        job_id=number(job.get("array_job_id")) or raw or 0,
        elements=indices or Elements((range(1),)),
        name=name,
        state=state,
        word=said,
        reason="" if reason in reading.NOWHERE else reason,
        node=str(job.get("batch_host") or "") or reading.first_node(str(job.get("nodes") or "")),
        submitted=submitted,
        restarts=number(job.get("restart_cnt")) or 0,
        raw_id=raw,
        is_whole=indices is None,
        exit_code=code if state.is_over else None,
        signal=signal if state.is_over and signal else None,
    )


def _indices(job: Json, name: str) -> Elements | None:
    """The elements of an array that the row is about; None if there are none."""
    written = str(job.get("array_task_string") or "")
    if written:
        return reading.elements(written) or _all_from(written, name)
    element = number(job.get("array_task_id"))
    return (
        None
        if element is None or not number(job.get("array_job_id"))
        else Elements((range(element, element + 1),))
    )


def _all_from(written: str, name: str) -> Elements | None:
    """What a list may hold that slurmrestd has cut: its whole words, and all that may come after them."""
    words = written.strip("[]").partition("%")[0].removesuffix("...").split(",")[:-1]
    piece = Piece.named(name)
    begun = reading.elements(",".join(words)) if words else Elements(())
    if piece is None or begun is None:
        return None
    after = max(begun, default=-1) + 1
    return Elements((*begun.ranges, range(after, max(after, piece.size))))


# --- accounting -----------------------------------------------------------------------------------------------------


def accounting(jobs: Iterable[Json], user: str | None, ids: frozenset[int] | None) -> list[Record]:
    """The records of one user, or of some arrays; what waits is left out."""
    return [
        record
        for job in jobs
        if ids is not None or not user or job.get("user") == user
        for record in _records(job)
        if ids is None or record.job_id in ids
    ]


def _records(job: Json) -> Iterator[Record]:
    times, array, status = job.get("time") or {}, job.get("array") or {}, job.get("state") or {}
    said, submitted = word(status.get("current")), moment(times.get("submission"))
    state = reading.state(said)
    if submitted is None or state is State.PENDING:
        return
    steps = job.get("steps") or []
    code, signal = exit_and_signal(job.get("exit_code"))
    nodes = str(job.get("nodes") or "")
    element = number(array.get("task_id"))
    indices = (
        reading.elements(str(array.get("task") or ""))
        if element is None
        else Elements((range(element, element + 1),))
    )
    for each in indices or Elements((range(1),)):
        yield Record(
            job_id=number(array.get("job_id")) or number(job.get("job_id")) or 0,
            element=each,
            name=str(job.get("name") or ""),
            state=state,
            word=said,
            exit_code=_trusted(code, state),
            signal=signal or None,
            node="" if nodes in reading.NOWHERE else reading.first_node(nodes),
            submitted=submitted,
            is_whole=indices is None,
            ran=float(number(times.get("elapsed")) or 0),
            cpu=_seconds(times) or sum(_seconds(step.get("time") or {}) or 0.0 for step in steps),
            maxrss=max((_most_memory(step) for step in steps), default=0) or None,
            steps={
                name: reading.state(word(step.get("state")))
                for step in steps
                if (name := _step(step)) != "extern"
            },
            derived=exit_and_signal(job.get("derived_exit_code")),
        )


def _trusted(code: int, state: State) -> int | None:
    """22.05 says 0 of every code: what is not 0 is true, and 0 if it completed."""
    return code if code or state is State.COMPLETED else None


def _seconds(times: Json) -> float | None:
    """Of the CPU. 22.05 says nothing of a job's, and all of its steps'."""
    total = times.get("total")
    if not isinstance(total, dict):
        return None
    return (number(total.get("seconds")) or 0) + (number(total.get("microseconds")) or 0) / 1e6


def _step(step: Json) -> str:
    """``batch`` or ``0``, also of ``12.batch``."""
    return str((step.get("step") or {}).get("id", "")).rpartition(".")[2]


def _most_memory(step: Json) -> int:
    most = ((step.get("tres") or {}).get("requested") or {}).get("max") or []
    return max((number(each.get("count")) or 0 for each in most if each.get("type") == "mem"), default=0)
