"""What nodes tell is read line by line, and nothing else is believed."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.distributors.slurm.told import Begun, Over, PutBack, read


def test_lines_of_a_job():
    text = b"B 3 n1 77\nO 3 n1 0 12e-2 3e-2 4096 0 -\nP 4 n1\n"

    assert list(read(text)) == [
        Begun(step=3, node="n1", pid=77),
        Over(step=3, node="n1", exit_code=0, wallclock=0.12, cpu=0.03, maxrss=4096),
        PutBack(step=4, node="n1"),
    ]


@pytest.mark.parametrize(
    ("line", "over"),
    [
        (b"O 0 n 137 1.5 - - 2 -", Over(step=0, node="n", exit_code=137, wallclock=1.5, oom_kills=2)),
        (b"O 0 n 143 - - - 0 t", Over(step=0, node="n", exit_code=143, was_told_to_end=True)),
        (b"O 0 n 143 - - - - l", Over(step=0, node="n", exit_code=143, is_out_of_time=True)),
        (b"O 0 n 0 - - - 0 f", Over(step=0, node="n", exit_code=0, was_fenced=True)),
    ],
)
def test_what_is_said_of_an_end(line, over):
    assert list(read(line + b"\n")) == [over]


@pytest.mark.parametrize(
    "line",
    [
        b"B 3 n1",
        b"O 3 n1 0 12e-2",
        b"X",
        b"B 3 n1 77 ",
        b"O 3 n1 0 1 1 1 0 x",
        b"B -1 n 5",
        b"\xff\0",
        b"O 1 n 0 nan 1 1 0 -",
    ],
)
def test_what_is_no_line_is_logged_and_skipped(line, caplog):
    with caplog.at_level(logging.WARNING):
        assert list(read(b"B 1 n 1\n" + line + b"\nB 2 n 2\n")) == [
            Begun(step=1, node="n", pid=1),
            Begun(step=2, node="n", pid=2),
        ]

    assert [record.message for record in caplog.records] == ["told.unreadable"]


@given(st.binary())
def test_no_bytes_are_too_strange_to_read(text):
    list(read(text))
