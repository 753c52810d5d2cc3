"""Why a job is over, from all that is known of it: what it told itself, what slurmctld and slurmdbd say, who ended it.

A job that tells its own end knows best how its command ended. Slurm knows who ended it from outside, and why one
vanished that told nothing. Where neither knows, nobody guesses: the answer is *wait*, until the time has come in which
nobody will ever know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.protocol import Cause, Evidence
from jobmon_airflow.distributors.slurm.seam import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.slurm.seam import QueueRow, Record
    from jobmon_airflow.distributors.slurm.told import Over

#: Of a packed step that nobody began.
PUT_BACK: Final = Evidence(
    cause=Cause.PUT_BACK,
    detail="The tasks before it in its job had left too little time, so it was not begun.",
)

_OUT_OF_MEMORY_STEP: Final = (0, 125)  # how accounting writes that a step of the job ran out of memory

# What slurmstepd, srun and the kernel write when they end something for its memory.
# https://slurm.schedmd.com/slurm.conf.html#OPT_OverMemoryKill
_OVER_MEMORY: Final = re.compile(
    r"oom[-_ ]kill event|exceeded (?:job |step )?memory limit|task \d+: Out Of Memory", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that are waited: for the better witness, mostly, from the moment in which the other has spoken."""

    for_line: float = 10.0  #: for the job's own line, once Slurm says that it ended as it should
    for_line_of_killed: float = 2.0  #: the same, once Slurm says that it was killed
    for_slurm: float = 60.0  #: for Slurm to say why a command was told to end
    for_accounting: float = 600.0  #: for accounting to say why a job vanished that Slurm has forgotten
    until_seen: float = 60.0  #: for Slurm to know a job that it has just accepted
    on_its_way: float = 120.0  #: for Slurm to take a job from an sbatch that is gone
    between_questions: float = 2.0  #: to slurmctld, or to accounting, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of an attempt, and since when, in seconds ago."""

    over: Over | None = None
    over_since: float = 0.0
    row: QueueRow | None = None  #: what slurmctld said last
    row_over_since: float | None = None  #: since slurmctld has said that it is over
    gone_since: float | None = None  #: since slurmctld has not known it any more, or not yet
    record: Record | None = None
    has_begun: bool = False
    tells: bool = True  #: whether its nodes can tell us anything
    has_accounting: bool = True
    is_cancelled: bool = False  #: by us
    starts_steps: bool = False  #: its command starts steps of its own, whose ends only accounting knows
    said: str = ""  #: the end of its standard error
    scheduler_said: str = ""  #: what Slurm wrote of it

    @property
    def over_for_slurm_since(self) -> float:
        """Since slurmctld has said that it is over, or has not known it any more."""
        return self.row_over_since if self.row_over_since is not None else self.gone_since or 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """It is too early to say. ``asks_accounting`` if that would help; ``hurries`` if slurmctld should be asked soon."""

    asks_accounting: bool = False
    hurries: bool = False


def judge(known: Known, patience: Patience) -> Evidence | Wait:
    """How an attempt ended, or that it is to be waited for."""
    if known.over is not None and not known.over.was_fenced:
        return _of_its_own_words(known, known.over, patience)
    if _was_requeued(known):
        return _node_failed(known, "Slurm started the job again; what it began the first time did not end")
    if known.over is not None and known.over_since < patience.for_line:
        return Wait(hurries=True)  # the other copy, which holds the claim, may have more to say
    return _of_slurms_words(known, patience)


# --- the job has told its end -----------------------------------------------------------------------------------


def _of_its_own_words(known: Known, over: Over, patience: Patience) -> Evidence | Wait:
    if over.is_out_of_time:
        return Evidence(
            exit_code=over.exit_code, cause=Cause.OVER_RUNTIME, detail="It ran longer than it had asked for."
        )
    if over.oom_kills:
        detail = f"The kernel killed {over.oom_kills} of its processes for memory."
        return Evidence(exit_code=over.exit_code, cause=Cause.OVER_MEMORY, detail=detail)
    if over.was_told_to_end:
        return _told_to_end(known, over, patience)
    if over.exit_code == 0:
        return _ended_well(known, patience)
    if _OVER_MEMORY.search(known.said):
        return Evidence(
            exit_code=over.exit_code, cause=Cause.OVER_MEMORY, detail=_line_of(_OVER_MEMORY, known.said)
        )
    if over.exit_code == _KILLED:
        return _killed(known, over, patience)
    return Evidence(exit_code=over.exit_code)


_KILLED: Final = 137


def _ended_well(known: Known, patience: Patience) -> Evidence | Wait:
    """Exit code 0 is believed, unless steps that the command started may have run out of memory behind its back."""
    if _OVER_MEMORY.search(known.said):
        return Evidence(exit_code=0, cause=Cause.OVER_MEMORY, detail=_line_of(_OVER_MEMORY, known.said))
    if not (known.starts_steps and known.has_accounting):
        return Evidence(exit_code=0)
    if known.record is not None and known.record.state.is_over:
        if _step_ran_out_of_memory(known.record):
            return Evidence(
                exit_code=0, cause=Cause.OVER_MEMORY, detail="One of its steps ran out of memory."
            )
        return Evidence(exit_code=0)
    if known.over_since < patience.for_slurm:
        return Wait(asks_accounting=True)
    return Evidence(exit_code=0)


def _told_to_end(known: Known, over: Over, patience: Patience) -> Evidence | Wait:
    """Somebody ended it from outside, and its exit code says nothing of why; a zero neither."""
    if known.is_cancelled:
        return Evidence(exit_code=over.exit_code, cause=Cause.CANCELLED, detail="cancelled")
    if known.row is not None and known.row.restarts:
        # Whatever became of the job since, its command was not begun again.
        return _node_failed(known, "Slurm ended it to start its job again", over.exit_code)
    if (state := _final_state(known)) is not None:
        if state is State.COMPLETED and over.exit_code == 0:
            return Evidence(exit_code=0)
        return _by_state(known, state, over.exit_code)
    if known.over_since < patience.for_slurm:
        return Wait(asks_accounting=known.gone_since is not None, hurries=True)
    detail = "It was told to end from outside, and Slurm does not say why."
    return Evidence(exit_code=over.exit_code, cause=Cause.NODE_FAILED, detail=detail)


def _killed(known: Known, over: Over, patience: Patience) -> Evidence | Wait:
    """A kill without a witness was mostly for memory; Slurm knows, if it looks after memory at all."""
    if (state := _final_state(known)) is not None:
        return _by_state(known, state, over.exit_code)
    if known.over_since < patience.for_line:
        return Wait(asks_accounting=known.gone_since is not None, hurries=True)
    return Evidence(exit_code=over.exit_code)


# --- only Slurm has something to say ----------------------------------------------------------------------------


def _of_slurms_words(known: Known, patience: Patience) -> Evidence | Wait:
    if (state := _final_state(known)) is not None:
        return _vanished(known, state, patience)
    if known.gone_since is None:
        return Wait()
    return _forgotten(known, known.gone_since, patience)


def _vanished(known: Known, state: State, patience: Patience) -> Evidence | Wait:
    """Slurm says that it is over, and it has told nothing: perhaps its words are still on their way."""
    if not known.tells:
        return _by_scheduler_alone(known, state, patience)
    since = known.over_for_slurm_since
    may_tell = state in (State.COMPLETED, State.FAILED) and known.has_begun and not known.is_cancelled
    if since < (patience.for_line if may_tell else patience.for_line_of_killed):
        return Wait(hurries=True)
    if state is State.COMPLETED:
        return _lost(known, "Slurm says that it completed, but its command never said how it ended")
    return _by_state(known, state, None)


def _by_scheduler_alone(known: Known, state: State, patience: Patience) -> Evidence | Wait:
    """Without a shared folder the exit code is Slurm's to tell; a state needs none."""
    record = known.record
    if record is not None and record.state.is_over and _step_ran_out_of_memory(record):
        return _by_state(known, State.OUT_OF_MEMORY, None)
    since = known.over_for_slurm_since
    is_asked = known.has_accounting and record is None and since < patience.for_accounting
    if is_asked and since < patience.for_line:
        return Wait(asks_accounting=True)  # what it used is told by nobody else
    if state is State.COMPLETED:
        return Wait(asks_accounting=True) if known.starts_steps and is_asked else Evidence(exit_code=0)
    if state is State.FAILED and is_asked and (known.row is None or known.row.exit_code is None):
        return Wait(asks_accounting=True)
    return _by_state(known, state, None)


def _forgotten(known: Known, gone: float, patience: Patience) -> Evidence | Wait:
    """It is not known to slurmctld: not yet, or not any more."""
    if known.is_cancelled and not known.has_begun and gone >= patience.for_line_of_killed:
        return Evidence(cause=Cause.CANCELLED, detail="cancelled before it began")
    if gone < patience.until_seen:
        return Wait(asks_accounting=known.row is not None or known.has_begun, hurries=True)
    if known.is_cancelled:
        return Evidence(cause=Cause.CANCELLED, detail="cancelled, and Slurm does not know it any more")
    # Whoever cannot tell by himself how he ended is waited for, as long as accounting may come back.
    if known.has_accounting and (gone < patience.for_accounting or not known.tells):
        return Wait(asks_accounting=True)
    return _lost(known, "Slurm does not know it any more, and nobody can say how it ended")


def _final_state(known: Known) -> State | None:
    """The state in which it ended, by accounting or by slurmctld; None as long as neither says that it is over."""
    if known.row is not None and known.row.state.is_over:
        # Accounting may know better that a kill was for memory, and never says less.
        if known.record is not None and known.record.state.is_over:
            return known.record.state
        return known.row.state
    if known.record is not None and known.record.state.is_over and known.gone_since is not None:
        return known.record.state
    return None


def _by_state(known: Known, state: State, exit_code: int | None) -> Evidence:
    words = _slurms_words(known)
    match state:
        case State.OUT_OF_MEMORY:
            return Evidence(exit_code=exit_code, cause=Cause.OVER_MEMORY, detail=words)
        case State.TIMEOUT:
            return Evidence(exit_code=exit_code, cause=Cause.OVER_RUNTIME, detail=words)
        case State.CANCELLED if known.is_cancelled:
            return Evidence(exit_code=exit_code, cause=Cause.CANCELLED, detail=words)
        case State.CANCELLED:
            return _node_failed(known, f"Somebody cancelled it: {words}", exit_code)
        case State.NODE_FAIL | State.PREEMPTED:
            return _node_failed(known, words, exit_code)
        case _:
            return _failed(known, exit_code, words)


def _failed(known: Known, exit_code: int | None, words: str) -> Evidence:
    """It failed by Slurm's account; of what it ran, only exit codes and its last words can tell."""
    if known.is_cancelled:
        return Evidence(exit_code=exit_code, cause=Cause.CANCELLED, detail=words)
    for text in (known.scheduler_said, known.said):
        if _OVER_MEMORY.search(text):
            return Evidence(exit_code=exit_code, cause=Cause.OVER_MEMORY, detail=_line_of(_OVER_MEMORY, text))
    code, signal = (exit_code, None) if exit_code is not None else _codes(known)
    if not code and signal == _NO_OUTPUT:
        return Evidence(exit_code=1, detail=f"{words}: Slurm could not open the job's log file")
    if code is None and not signal:
        return _lost(known, words)
    return Evidence(exit_code=code, signal=signal or None, detail=words)


def _codes(known: Known) -> tuple[int | None, int | None]:
    """Exit code and signal: slurmctld's, which are true, or else accounting's."""
    for told in (known.row, known.record):
        if told is not None and told.state.is_over and (told.exit_code is not None or told.signal):
            return told.exit_code, told.signal
    return None, None


_NO_OUTPUT: Final = 53  # accounting's 0:53: the folder for the job's own log is not there, so it never ran


def _was_requeued(known: Known) -> bool:
    """Whether Slurm has begun it once, and put it back into the queue, or begun it again."""
    row = known.row
    if row is None or not row.restarts or not known.tells:
        return False
    return known.has_begun or known.over is not None


def _step_ran_out_of_memory(record: Record) -> bool:
    return record.derived == _OUT_OF_MEMORY_STEP or State.OUT_OF_MEMORY in _states(record.steps)


def _states(steps: Mapping[str, State]) -> set[State]:
    return set(steps.values())


def _node_failed(known: Known, detail: str, exit_code: int | None = None) -> Evidence:
    cause = Cause.CANCELLED if known.is_cancelled else Cause.NODE_FAILED
    return Evidence(exit_code=exit_code, cause=cause, detail=detail)


def _lost(known: Known, detail: str) -> Evidence:
    return Evidence(cause=Cause.CANCELLED if known.is_cancelled else Cause.LOST, detail=detail)


def _slurms_words(known: Known) -> str:
    """What Slurm calls it, and where."""
    row, record = known.row, known.record
    word = record.word if record is not None and record.state.is_over else row.word if row is not None else ""
    reason = row.reason if row is not None and row.reason not in ("", "None") else ""
    node = (record.node if record is not None else "") or (row.node if row is not None else "")
    return " ".join(
        filter(
            None, [f"Slurm says {word or 'nothing'}", f"({reason})" if reason else "", node and f"on {node}"]
        )
    )


def _line_of(pattern: re.Pattern[str], text: str) -> str:
    return next((line.strip() for line in text.splitlines() if pattern.search(line)), "")
