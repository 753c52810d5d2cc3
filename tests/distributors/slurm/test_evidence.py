"""Why jobs are over: what is believed, what is doubted, and what is waited for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobmon_airflow.distributors.protocol import Cause
from jobmon_airflow.distributors.slurm.evidence import Known, Patience, Wait, judge
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State
from jobmon_airflow.distributors.slurm.told import Over
from jobmon_airflow.engine.verdict import verdict_on

PATIENCE = Patience(for_line=10, for_line_of_killed=2, for_slurm=60, for_accounting=600, until_seen=60)
LONG = 10_000.0  # seconds, in which every patience ends
SUBMITTED = datetime(2026, 1, 1, tzinfo=UTC)


def over(exit_code, **more):
    return Over(step=0, node="n1", exit_code=exit_code, **more)


def row(state, word="", **more):
    return QueueRow(
        job_id=7,
        elements=Elements((range(1),)),
        name="t.0-0.1",
        state=state,
        word=word or state.name,
        reason=more.pop("reason", ""),
        node="n1",
        submitted=SUBMITTED,
        **more,
    )


def record(state, word="", **more):
    return Record(
        job_id=7,
        element=0,
        name="t.0-0.1",
        state=state,
        word=word or state.name,
        exit_code=more.pop("exit_code", None),
        signal=more.pop("signal", None),
        node="n1",
        submitted=SUBMITTED,
        **more,
    )


def told(exit_code, since=0.0, **more):
    """The job has told its end; the rest is known besides."""
    flags = {
        name: more.pop(name)
        for name in ("oom_kills", "was_told_to_end", "is_out_of_time", "was_fenced")
        if name in more
    }
    return judge(Known(over=over(exit_code, **flags), over_since=since, has_begun=True, **more), PATIENCE)


def silent(state, since=LONG, **more):
    """The job has told nothing, and slurmctld has said for so long that it is over."""
    known = Known(
        row=row(state, more.pop("word", ""), **more.pop("of_row", {})), row_over_since=since, has_begun=True
    )
    return judge(Known(**{**{name: getattr(known, name) for name in Known.__slots__}, **more}), PATIENCE)


def gone(since=LONG, **more):
    """Slurm does not know the job any more."""
    return judge(Known(gone_since=since, **{"has_begun": True, **more}), PATIENCE)


def words(evidence):
    return verdict_on(evidence).words


# --- the job tells its end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "verdict"), [(0, "done"), (1, "application error"), (200, "application error")]
)
def test_an_exit_code_is_believed_at_once(code, verdict):
    evidence = told(code)

    assert (evidence.exit_code, evidence.cause) == (code, None)
    assert words(evidence) == verdict


@pytest.mark.parametrize("code", [0, 1, 7, 137])
def test_whoever_lost_a_process_to_the_kernel_ran_out_of_memory_whatever_it_exits_with(code):
    evidence = told(code, oom_kills=1)

    assert (evidence.exit_code, words(evidence)) == (code, "out of memory")


def test_a_step_that_ran_out_of_memory_is_seen_in_what_srun_wrote():
    said = "working\nsrun: error: n1: task 0: Out Of Memory\n"

    evidence = told(0, said=said)

    assert words(evidence) == "out of memory"
    assert evidence.detail == "srun: error: n1: task 0: Out Of Memory"


def test_a_command_that_starts_steps_is_believed_when_accounting_has_seen_them():
    fine = record(State.COMPLETED)
    starved = record(State.COMPLETED, derived=(0, 125))

    assert told(0, starts_steps=True) == Wait(asks_accounting=True)
    assert words(told(0, starts_steps=True, record=fine)) == "done"
    assert words(told(0, starts_steps=True, record=starved)) == "out of memory"
    assert words(told(0, starts_steps=True, has_accounting=False)) == "done"


def test_a_step_that_ran_out_of_memory_is_seen_among_the_steps_too():
    starved = record(State.COMPLETED, steps={"batch": State.COMPLETED, "0": State.OUT_OF_MEMORY})

    assert words(told(0, starts_steps=True, record=starved)) == "out of memory"


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (State.TIMEOUT, "out of time"),
        (State.PREEMPTED, "node failed"),
        (State.NODE_FAIL, "node failed"),
        (State.CANCELLED, "node failed"),
        (State.OUT_OF_MEMORY, "out of memory"),
    ],
)
@pytest.mark.parametrize("code", [0, 143])
def test_who_told_a_command_to_end_is_asked_of_slurm(code, state, verdict):
    assert told(code, was_told_to_end=True) == Wait(hurries=True)
    assert told(code, was_told_to_end=True, row=row(State.RUNNING, "COMPLETING")) == Wait(hurries=True)
    assert words(told(code, was_told_to_end=True, row=row(state))) == verdict


def test_a_command_that_ends_well_after_all_has_ended_well():
    assert words(told(0, was_told_to_end=True, row=row(State.COMPLETED))) == "done"


def test_what_was_told_to_end_so_that_slurm_could_start_its_job_again_is_not_its_own_fault():
    again = row(State.COMPLETED, restarts=1)  # the second time it found its claim, and did nothing
    assert words(told(143, was_told_to_end=True, row=again)) == "node failed"
    assert words(told(143, was_told_to_end=True, row=row(State.PENDING, restarts=1))) == "node failed"


def test_what_we_told_to_end_was_cancelled_by_us():
    assert told(143, was_told_to_end=True, is_cancelled=True).cause is Cause.CANCELLED


def test_what_was_told_to_end_by_nobody_we_know_of_was_not_its_own_fault():
    assert words(told(143, since=LONG, was_told_to_end=True)) == "node failed"


def test_a_kill_is_for_memory_unless_slurm_knows_better():
    assert told(137) == Wait(hurries=True)
    assert words(told(137, since=LONG)) == "out of memory"
    assert words(told(137, row=row(State.NODE_FAIL))) == "node failed"


def test_a_packed_task_that_its_own_limit_ended_is_out_of_time():
    assert words(told(143, is_out_of_time=True)) == "out of time"


# --- the job is silent ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (State.OUT_OF_MEMORY, "out of memory"),
        (State.TIMEOUT, "out of time"),
        (State.NODE_FAIL, "node failed"),
        (State.PREEMPTED, "node failed"),
        (State.CANCELLED, "node failed"),
        (State.COMPLETED, "lost"),
        (State.FAILED, "lost"),
    ],
)
def test_slurm_says_why_a_job_vanished_that_told_nothing(state, verdict):
    assert isinstance(silent(state, since=0.5), Wait)
    assert words(silent(state)) == verdict


def test_whoever_completes_has_longer_to_say_so_than_whoever_was_killed():
    assert isinstance(silent(State.COMPLETED, since=5), Wait)
    assert not isinstance(silent(State.TIMEOUT, since=5), Wait)


def test_a_stranger_who_cancels_a_job_is_named():
    assert silent(State.CANCELLED, word="CANCELLED by 1000").detail == (
        "Somebody cancelled it: Slurm says CANCELLED by 1000 on n1"
    )


def test_a_job_that_could_not_open_its_log_failed_by_itself():
    evidence = silent(State.FAILED, of_row={"exit_code": 0, "signal": 53})

    assert words(evidence) == "application error"
    assert "log file" in evidence.detail


def test_without_cgroups_slurms_log_says_who_took_too_much_memory():
    line = "slurmstepd: error: StepId=7.batch exceeded memory limit (110977024 > 62914560), being killed"

    evidence = silent(State.FAILED, scheduler_said=f"hello\n{line}\n")

    assert (words(evidence), evidence.detail) == ("out of memory", line)


def test_a_job_that_slurm_begins_again_was_ended_before():
    again = row(State.PENDING, reason="BeginTime", restarts=1)

    assert words(judge(Known(row=again, has_begun=True), PATIENCE)) == "node failed"
    assert words(told(0, was_fenced=True, row=row(State.COMPLETED, restarts=1))) == "node failed"


def test_the_first_copys_own_word_counts_more_than_that_it_was_begun_again():
    assert words(told(0, row=row(State.PENDING, restarts=1))) == "done"


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.UNKNOWN])
def test_what_is_not_over_is_waited_for(state):
    assert judge(Known(row=row(state)), PATIENCE) == Wait()


# --- Slurm has forgotten it -------------------------------------------------------------------------------------


def test_a_job_that_slurm_does_not_show_yet_is_waited_for():
    assert gone(since=30, has_begun=False) == Wait(hurries=True)


@pytest.mark.parametrize(
    ("state", "verdict"), [(State.TIMEOUT, "out of time"), (State.OUT_OF_MEMORY, "out of memory")]
)
def test_accounting_says_why_a_job_vanished_that_slurm_has_forgotten(state, verdict):
    assert gone(since=120) == Wait(asks_accounting=True)
    assert words(gone(since=120, record=record(state))) == verdict


def test_a_job_of_which_nobody_knows_anything_is_lost_and_neither_done_nor_failed():
    assert words(gone()) == "lost"
    assert words(gone(since=120, has_accounting=False)) == "lost"


def test_what_we_cancelled_before_it_began_leaves_no_trace():
    assert gone(since=5, has_begun=False, is_cancelled=True).cause is Cause.CANCELLED


# --- without a shared folder ------------------------------------------------------------------------------------


def test_slurm_alone_tells_exit_codes():
    assert words(silent(State.COMPLETED, since=20, tells=False)) == "done"
    evidence = silent(State.FAILED, since=20, tells=False, of_row={"exit_code": 3})
    assert (evidence.exit_code, words(evidence)) == (3, "application error")


def test_what_a_job_used_that_tells_nothing_is_waited_for_a_moment():
    assert silent(State.COMPLETED, since=1, tells=False) == Wait(asks_accounting=True)
    assert words(silent(State.COMPLETED, since=1, tells=False, record=record(State.COMPLETED))) == "done"
    assert words(silent(State.COMPLETED, since=1, tells=False, has_accounting=False)) == "done"


def test_accounting_is_asked_for_what_slurmctld_has_forgotten_and_waited_for_as_long_as_it_takes():
    assert gone(since=LONG, tells=False) == Wait(asks_accounting=True)
    done = record(State.COMPLETED, exit_code=0)
    assert words(gone(since=LONG, tells=False, record=done)) == "done"


def test_a_step_out_of_memory_is_found_by_accounting_where_jobs_tell_nothing():
    starved = record(State.COMPLETED, derived=(0, 125))

    assert (
        words(silent(State.COMPLETED, since=0, tells=False, starts_steps=True, record=starved))
        == "out of memory"
    )
