"""Whatever Slurm may print of jobs has a line here."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.distributors.slurm import reading, rows
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State

AT = datetime(2026, 11, 27, 18, 12, 29, tzinfo=UTC)

# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", State.PENDING),
        ("RUNNING", State.RUNNING),
        ("CONFIGURING", State.RUNNING),
        ("COMPLETING", State.RUNNING),
        ("RESIZING", State.RUNNING),
        ("SUSPENDED", State.RUNNING),
        ("STOPPED", State.RUNNING),
        ("REQUEUED", State.PENDING),
        ("REQUEUE_HOLD", State.PENDING),
        ("SPECIAL_EXIT", State.PENDING),
        ("COMPLETED", State.COMPLETED),
        ("FAILED", State.FAILED),
        ("CANCELLED", State.CANCELLED),
        ("CANCELLED by 1000", State.CANCELLED),
        ("CANCELLED+", State.CANCELLED),  # in a column of its default width
        ("REVOKED", State.CANCELLED),
        ("OUT_OF_MEMORY", State.OUT_OF_MEMORY),
        ("TIMEOUT", State.TIMEOUT),
        ("DEADLINE", State.TIMEOUT),
        ("NODE_FAIL", State.NODE_FAIL),
        ("BOOT_FAIL", State.NODE_FAIL),
        ("PREEMPTED", State.PREEMPTED),
        ("TELEPORTED", State.UNKNOWN),
        ("", State.UNKNOWN),
    ],
)
def test_a_word_for_a_state_is_understood(word, state):
    assert reading.state(word) is state


def test_who_cancelled_is_known_if_accounting_says_so():
    assert reading.cancelled_by("CANCELLED by 1000") == 1000
    assert reading.cancelled_by("CANCELLED") is None
    assert reading.cancelled_by("FAILED") is None


# --- indices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "indices"),
    [
        ("4-8%3", [4, 5, 6, 7, 8]),
        ("[1-2,4%10]", [1, 2, 4]),
        ("0-9:2", [0, 2, 4, 6, 8]),
        ("7", [7]),
        ("0,2,4,6,9,11", [0, 2, 4, 6, 9, 11]),
        ("[3]", [3]),
    ],
)
def test_indices_are_understood(written, indices):
    assert list(reading.elements(written)) == indices


@pytest.mark.parametrize("written", ["0,2,4,6...", "N/A", "", "1-", "x"])
def test_indices_that_were_cut_are_none_rather_than_some(written):
    assert reading.elements(written) is None


def test_a_long_list_is_a_few_ranges():
    written = ",".join(map(str, [*range(0, 8, 2), *range(9, 4000, 2), 5001]))

    assert reading.elements(written) == Elements((range(0, 7, 2), range(9, 4000, 2), range(5001, 5002)))


@given(st.sets(st.integers(0, 60), min_size=1))
def test_ranges_hold_exactly_what_was_listed(indices):
    found = reading.elements(",".join(map(str, sorted(indices))))

    assert list(found) == sorted(indices)
    assert len(found) == len(indices)


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("00:00.003", 0.003),
        ("02:03", 123),
        ("01:02:03", 3723),
        ("1-02:03:04", 93784),
        ("16-00:00:00", 16 * 86400),
        ("90", 5400),  # minutes
        ("UNLIMITED", None),
        ("NONE", None),
        ("", None),
        ("Partition_Limit", None),
    ],
)
def test_a_duration_is_understood(written, seconds):
    assert reading.seconds(written) == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("60024K", 60024 * 1024),
        ("2.5G", 2560 * 2**20),
        ("0", 0),
        ("216", 216),
        ("100Mn", 100 * 2**20),
        ("4Gc", 4 * 2**30),
        ("1T", 2**40),
        ("16?", 16),
        ("", None),
        ("UNLIMITED", None),
    ],
)
def test_a_size_is_understood(written, size):
    assert reading.size(written) == size


def test_a_bare_size_counts_the_unit_of_its_column():
    assert reading.size("4096", unit="M") == 4 * 2**30
    assert reading.size("2G", unit="M") == 2 * 2**30


@pytest.mark.parametrize(
    ("written", "both"),
    [
        ("3:0", (3, 0)),
        ("0:9", (0, 9)),
        ("0:125", (0, 125)),
        ("51200", (200, 0)),
        ("9", (0, 9)),
        ("", (0, 0)),
    ],
)
def test_exit_codes_and_signals_are_understood(written, both):
    assert reading.exit_and_signal(written) == both


def test_times_are_utc_or_none():
    assert reading.moment("2026-11-27T18:12:29") == AT
    assert reading.moment("Unknown") is None
    assert reading.moment("N/A") is None


# --- squeue ---------------------------------------------------------------------------------------------------------


def row(**other):
    told = {
        "job_id": 26,
        "elements": Elements((range(4, 9),)),
        "name": "jobmon-1.0-9.1",
        "state": State.PENDING,
        "word": "PENDING",
        "reason": "JobArrayTaskLimit",
        "node": "",
        "submitted": AT,
        "raw_id": 26,
    }
    return QueueRow(**{**told, **other})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "26|4-8%3|26|PENDING|JobArrayTaskLimit|n/a|2026-11-27T18:12:29|0|0|jobmon-1.0-9.1|",
            row(),
        ),
        (
            "26|3|42|RUNNING|None|n1|2026-11-27T18:12:29|1|0|a|b|",
            row(
                elements=Elements((range(3, 4),)),
                raw_id=42,
                name="a|b",
                state=State.RUNNING,
                word="RUNNING",
                reason="",
                node="n1",
                restarts=1,
            ),
        ),
        (
            "26|8|26|FAILED|NonZeroExitCode|n1|2026-11-27T18:12:29|0|51200|x|",
            row(
                elements=Elements((range(8, 9),)),
                name="x",
                state=State.FAILED,
                word="FAILED",
                reason="NonZeroExitCode",
                node="n1",
                exit_code=200,
            ),
        ),
        (
            "3|N/A|3|CANCELLED|None|n2|2026-11-27T18:12:29|0|15|plain|",
            row(
                job_id=3,
                raw_id=3,
                elements=Elements((range(1),)),
                name="plain",
                state=State.CANCELLED,
                word="CANCELLED",
                reason="",
                node="n2",
                exit_code=0,
                signal=15,
                is_whole=True,
            ),
        ),
    ],
    ids=["several that wait", "one that was requeued", "the last, with the array's own id", "no array"],
)
def test_a_row_of_squeue_is_understood(line, told):
    assert rows.Queue().rows(line + "\n") == [told]


@pytest.mark.parametrize(
    "line",
    [
        "slurm_load_jobs error: Unable to contact slurm controller",
        "26|0,2,4...|26|PENDING|x|n/a|2026-11-27T18:12:29|0|0|cut|",
        "26|0|26|PENDING|x|n/a|Unknown|0|0|no time|",
    ],
)
def test_a_row_that_is_none_is_an_error_and_not_silence(line):
    with pytest.raises(rows.Unreadable):
        rows.Queue().rows(line)


# --- sacct ----------------------------------------------------------------------------------------------------------


def record(**other):
    told = {
        "job_id": 1,
        "element": 3,
        "name": "we|ird",
        "state": State.FAILED,
        "word": "FAILED",
        "exit_code": None,
        "signal": None,
        "node": "n1",
        "submitted": AT,
        "ran": 2.0,
        "cpu": 1.5,
    }
    return Record(**{**told, **other})


def accounted(*lines):
    return rows.accounting("".join(f"{line}\n" for line in lines))


def test_a_job_is_told_with_its_steps():
    found = accounted(
        "1_3|7|OUT_OF_MEMORY|0:125|0:0|n1|2026-11-27T18:12:29|2|00:01.500||we|ird",
        "1_3.batch|7.batch|OUT_OF_MEMORY|0:125||n1|2026-11-27T18:12:29|2|00:01.500|60024K|batch",
        "1_3.extern|7.extern|COMPLETED|0:0||n1|2026-11-27T18:12:29|2|00:00.500|90024K|extern",
        "1_3.0|7.0|COMPLETED|0:0||n1|2026-11-27T18:12:29|2|00:00.500|2G|srun",
    )

    assert found == [
        record(
            state=State.OUT_OF_MEMORY,
            word="OUT_OF_MEMORY",
            signal=125,
            maxrss=2 * 2**30,
            steps={"batch": State.OUT_OF_MEMORY, "0": State.COMPLETED},
        )
    ]


def test_a_step_that_was_out_of_memory_shows_in_a_job_that_completed():
    [found] = accounted("9|9|COMPLETED|0:0|0:125|n1|2026-11-27T18:12:29|2|00:01.500||x")

    assert (found.state, found.exit_code, found.derived) == (State.COMPLETED, 0, (0, 125))


@pytest.mark.parametrize("said", ["3:0", "72:0", "1:0"])
def test_an_exit_code_may_have_been_another_one(said):
    """sacct says 72 for 200, and 3 for 131."""
    [found] = accounted(f"1_3|7|FAILED|{said}|0:0|n1|2026-11-27T18:12:29|2|00:01.500||we|ird")

    assert found == record()


def test_what_was_cancelled_while_it_waited_is_told_element_by_element():
    found = accounted(
        "1_[4-5,9%3]|1|CANCELLED by 1000|0:0|0:0|None assigned|2026-11-27T18:12:29|0|00:00:00||x"
    )

    assert [each.element for each in found] == [4, 5, 9]
    assert {(each.cancelled_by, each.node, each.state) for each in found} == {(1000, "", State.CANCELLED)}


def test_a_requeued_job_is_told_run_by_run():
    found = accounted(
        "5|5|PREEMPTED|0:0|0:0|n1|2026-11-27T18:12:29|2|00:01.500||x",
        "5.batch|5.batch|CANCELLED|0:15||n1|2026-11-27T18:12:29|2|00:01.500|1K|batch",
        "5|5|REQUEUED|0:0|0:0|n2|2026-11-27T18:13:29|2|00:01.500||x",
        "5|5|COMPLETED|0:0|0:0|n3|2026-11-27T18:14:29|2|00:01.500||x",
    )

    assert [(each.state, each.node) for each in found] == [
        (State.PREEMPTED, "n1"),
        (State.PREEMPTED, "n2"),
        (State.COMPLETED, "n3"),
    ]


def test_what_waits_is_not_told():
    assert accounted("3|3|PENDING|0:0|0:0|None assigned|2026-11-27T18:12:29|0|00:00:00||plain") == []
    assert accounted("2_[0-3]|2|PENDING|0:0|0:0|None assigned|2026-11-27T18:12:29|0|00:00:00||plain") == []


def test_a_row_without_a_time_is_not_told_yet():
    assert accounted("3|3|COMPLETED|0:0|0:0|n1|Unknown|0|00:00:00||plain") == []


def test_an_array_s_last_element_is_not_taken_for_the_whole_array_while_it_lacks_its_index():
    row = "{}|7|COMPLETED|0:0|0:0|n1|2026-11-27T18:12:29|1|00:01||jobmon-1.0-9.{}"

    assert accounted(row.format("7", 1)) == []
    assert [record.element for record in accounted(row.format("7_9", 1))] == [9]
    assert [record.element for record in accounted(row.format("7", 10))] == [0]  # no array


def test_an_array_that_was_cancelled_before_any_of_it_began_is_told_as_a_whole():
    [found] = accounted(
        "7|7|CANCELLED by 0|0:0|0:0|None assigned|2026-11-27T18:12:29|0|00:00:00||jobmon-1.0-9.1"
    )

    assert (found.is_whole, found.state) == (True, State.CANCELLED)


def test_a_part_of_a_heterogeneous_job_is_told():
    [found] = accounted("12+0|12|COMPLETED|0:0|0:0|n[1-2]|2026-11-27T18:12:29|0|00:00:00||x")

    assert (found.job_id, found.element, found.node) == (12, 0, "n1")


@pytest.mark.parametrize(
    "line",
    [
        "sacct: error: oh",
        "x|7|FAILED|3:0|0:0|n1|2026-11-27T18:12:29|2|00:01||x",
        "1_[0,2...]|1|a|b|c|d|e|f|g|h|i",
    ],
)
def test_a_row_of_accounting_that_is_none_is_an_error(line):
    with pytest.raises(rows.Unreadable):
        accounted(line)
