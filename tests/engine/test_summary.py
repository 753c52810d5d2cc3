"""What a scientist reads when a run has failed."""

from __future__ import annotations

import pytest

from jobmon_airflow.engine.kinds import kind_of
from jobmon_airflow.engine.summary import Counts, FailedTask, groups, summary

CHAINED = """\
Traceback (most recent call last):
  File "/ihme/code/model.py", line 31, in load
    return table["x"]
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/ihme/code/model.py", line 40, in <module>
    raise NoLuck(draw) from error
model.errors.NoLuck: draw 17 of location 102
"""

WITH_DETAILS = """\
Traceback (most recent call last):
  File "/ihme/code/model.py", line 31, in save
    connection.execute(insert)
sqlalchemy.exc.IntegrityError: (psycopg.errors.UniqueViolation) duplicate key violates constraint "uq_1"
DETAIL:  Key (id)=(3) already exists.
[SQL: INSERT INTO draws VALUES (1)]
"""

GROUPED = """\
  + Exception Group Traceback (most recent call last):
  |   File "/ihme/a.py", line 1, in <module>
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/ihme/a.py", line 1, in <module>
    | Weird: number 1
    +------------------------------------
"""

SYNTAX = """\
  File "/ihme/code/run.py", line 12
    print("x"
         ^
SyntaxError: '(' was never closed
"""

R = """\
Loading required package: data.table
Error in readRDS(file) :
  cannot open file '/ihme/draws/draw_3.rds'
Calls: main -> readRDS
Execution halted
"""

TIDY = """\
Error in `mutate()`:
i In argument: `z = x + q`.
Caused by error:
! object 'q' not found
Run `rlang::last_trace()` to see where it happened.
Execution halted
"""

STATA = """\
. regress deaths age
variable age not found
r(111);

end of do-file

r(111);
"""

CPP = """\
terminate called after throwing an instance of 'std::runtime_error'
  what():  bad mesh at 0x7ffe12ab in /ihme/a.msh
Aborted (core dumped)
"""

JAVA = """\
Exception in thread "main" java.lang.RuntimeException: no input
\tat org.ihme.Model.main(Model.java:5)
Caused by: java.io.FileNotFoundException: /ihme/1.csv (No such file or directory)
\tat java.io.FileInputStream.open(FileInputStream.java:195)
\t... 1 more
"""

STEP_FAILED = """\
Traceback (most recent call last):
  File "/ihme/a.py", line 1, in <module>
ZeroDivisionError: division by zero
srun: error: node0123: task 0: Exited with exit code 1
"""

PYTHON_KILLED = """\
Traceback (most recent call last):
  File "/ihme/a.py", line 1, in <module>
BrokenPipeError: [Errno 32] Broken pipe
slurmstepd: error: Detected 1 oom_kill event in StepId=812.batch.
"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("Reading 7 files\nDone with 3\n", "Done with <n>"),
        (CHAINED, "model.errors.NoLuck: draw <n> of location <n>"),
        (
            WITH_DETAILS,
            "sqlalchemy.exc.IntegrityError: (psycopg.errors.UniqueViolation) duplicate key violates constraint '...'",
        ),
        (GROUPED, "Weird: number <n>"),
        (SYNTAX, "SyntaxError: '...' was never closed"),
        (STEP_FAILED, "ZeroDivisionError: division by zero"),
        ("Traceback (most recent call last):\n  File 'x', line 1\nKeyboardInterrupt\n", "KeyboardInterrupt"),
        (
            "KeyError: \"None of [Index(['a', 'b'], dtype='object')] are in the [columns]\"",
            "KeyError: None of [Index(['...', ...], dtype='...')] are in the [columns]",
        ),
        (
            "subprocess.CalledProcessError: Command '['--x', 'a', '1']' returned non-zero exit status 137.",
            "subprocess.CalledProcessError: Command '...' returned non-zero exit status 137.",
        ),
        (
            "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 10.76 GiB free)",
            "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate <n> (GPU <n>; <n> free)",
        ),
        (R, "Error in readRDS(file) : cannot open file '...'"),
        (
            "Error in library(zoo) : there is no package called \u2018zoo\u2019\nExecution halted",
            "Error in library(zoo) : there is no package called '...'",
        ),
        ("Error: unexpected symbol\nExecution halted\n", "Error: unexpected symbol"),
        (TIDY, "Caused by error: ! object '...' not found"),
        (STATA, "variable age not found r(111);"),
        (CPP, "what(): bad mesh at <id> in <path>"),
        (JAVA, "Caused by: java.io.FileNotFoundException: <path> (No such file or directory)"),
        ("/tmp/job81.sh: line 8: fitt: command not found\n", "<path>: line <n>: fitt: command not found"),
        ("/bin/sh: 1: fitt: not found", "<path>: <n>: fitt: not found"),
        ("cat: a/b/draw_3.csv: No such file or directory", "cat: <path>: No such file or directory"),
        ("Killed\n", "Killed"),
        ("job.sh: line 8: 4711 Killed      python fit.py", "job.sh: line <n>: <n> Killed python fit.py"),
        ("epoch 3\nSegmentation fault (core dumped)\n", "Segmentation fault (core dumped)"),
        (
            PYTHON_KILLED,
            "slurmstepd: error: Detected <n> oom_kill event in StepId=<n>.batch.",
        ),
        (
            "slurmstepd: error: *** JOB 81 ON node7 CANCELLED AT 2024-05-01T10:11:12 DUE TO TIME LIMIT ***",
            "slurmstepd: error: *** JOB <n> ON node<n> CANCELLED AT <time> DUE TO TIME LIMIT ***",
        ),
        ("\x1b[31mValueError\x1b[0m: \x1b[1mbad\x1b[0m", "ValueError: bad"),
        ("thread 'main' panicked at src/main.rs:2:5:\nno more\nnote: run with", None),
    ],
)
def test_a_kind_is_the_telling_line_without_its_details(text, kind):
    if kind is None:
        kind = "thread '...' panicked at <path>:<n>:<n>: no more"

    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "template",
    [
        "FileNotFoundError: [Errno 2] No such file or directory: '/ihme/draws/{n}.csv'",
        "OSError: cannot read /ihme/draws/{n}.h5 since 2024-01-{n} 10:00:{n}",
        "ValueError: node {n} at 0x7f{n}ab has 1{n}.5e-3",
        "ValueError: no row 123e4567-e89b-12d3-a456-4266554400{n}",
        "RuntimeError: commit 4be19{n}fe3a is gone from https://example.org/{n}?x=1",
        "KeyError: 'location {n}'",
    ],
)
def test_copies_of_an_error_are_of_one_kind(template):
    assert len({kind_of(template.format(n=n)) for n in range(10, 40)}) == 1


def test_unrelated_errors_stay_apart():
    texts = [
        "KeyError: 'age'",
        "KeyError: \"['age'] not in index of frame\"",
        "OSError: [Errno 5] Input/output error: '/x'",
        "OSError: [Errno 28] No space left on device: '/x'",
        "ValueError: read/write is and/or not allowed",
        "ValueError: cannot cast float64 to int32",
        "ValueError: cannot cast float64 to int64",
        "too few r's\nr(198);",
        "too few r's\nr(601);",
        "make: it returned non-zero exit status 1",
        "make: it returned non-zero exit status 137",
    ]

    assert len({kind_of(text) for text in texts}) == len(texts)


def test_a_text_without_end_costs_no_more_than_its_end():
    for endless in ("a" * 10**7, "'" * 10**6, "a/" * 10**6, "KeyError: '" + "a " * 10**6, "1-" * 10**6):
        assert len(kind_of(endless)) < 2_000


def failure(number=1, text="ValueError: bad", **others) -> FailedTask:
    usual = {
        "task_id": number,
        "attempt_id": 1000 + number,
        "name": f"fit_{number}",
        "template": "fit",
        "verdict": "application error",
        "exit_code": 1,
        "text": text,
        "stderr": None,
        "nodename": "node7",
        "asked": None,
        "used": None,
    }
    return FailedTask(**(usual | others))


def test_the_largest_group_comes_first_and_counts_its_templates():
    failed = [failure(1, "KeyError: 'x'"), *(failure(n, template=f"t{n % 2}") for n in range(2, 7))]

    first, second = groups(failed)

    assert (first.kind, first.count, dict(first.templates)) == ("ValueError: bad", 5, {"t0": 3, "t1": 2})
    assert first.sample.task_id == 2
    assert (second.kind, second.count) == ("KeyError: '...'", 1)


def test_tasks_that_others_ended_are_grouped_by_that_and_not_by_their_last_words():
    failed = [failure(n, f"reading {'abc'[n]}", verdict="out of memory", exit_code=137) for n in range(3)]

    assert [(group.kind, group.count) for group in groups(failed)] == [("out of memory", 3)]


def test_a_task_without_a_word_is_named_by_its_exit_code():
    assert groups([failure(text="", exit_code=3)])[0].kind == "application error, exit code 3, without a word"


def test_the_summary_says_what_failed_why_where_and_how_to_go_on():
    failed = [
        failure(1, "a\nb\nc\nKeyError: 'x'", stderr="/ihme/logs/1.e"),
        failure(2, "", verdict="out of memory", exit_code=137, asked="4G", used="4.1G"),
    ]

    text = summary(failed, Counts(done=5, failed=2, not_run=3, total=10), "python fit.py --resume")

    assert (
        text
        == """\
2 tasks of 10 failed for good, 5 are done, 3 were not run because something before them failed.

1. 1 task: KeyError: '...'
   of fit (1)
   such as fit_1: task 1, attempt 1001 on node7: application error, exit code 1
     | b
     | c
     | KeyError: 'x'
   its log: /ihme/logs/1.e

2. 1 task: out of memory
   of fit (1)
   such as fit_2: task 2, attempt 1002 on node7: out of memory, exit code 137
   it asked for 4G and used 4.1G
   all that it said: table task_instance_error_log, task_instance_id = 1002

To run again what is not done:
  python fit.py --resume"""
    )


def test_the_telling_line_is_shown_even_if_much_was_said_after_it():
    noise = "\n".join(f"step {n}" for n in range(9))

    text = summary(
        [failure(text=f"KeyError: 'x'\n{noise}")], Counts(done=0, failed=1, not_run=0, total=1), ""
    )

    assert "| KeyError: 'x'\n     | ...\n     | step 7\n     | step 8\n" in text
    assert "run again" not in text


def test_a_run_in_which_all_went_well_says_so_in_a_line():
    assert summary([], Counts(done=4120, failed=0, not_run=0, total=4120), "x") == "All 4,120 tasks are done."


def test_a_run_that_was_stopped_says_what_is_left():
    text = summary([], Counts(done=4, failed=0, not_run=0, total=10), "python fit.py --resume")

    assert text.startswith("4 of 10 are done, 6 are left.\n\nTo run again what is not done:")


def test_a_thousand_kinds_fit_on_a_screen():
    kinds = [
        f"Error{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}Error: x" for n in range(1000)
    ]
    failed = [
        failure(n, f"{'long ' * 99}\n" * 5 + kinds[n % 1000], template=f"t{n % 99}") for n in range(5000)
    ]

    text = summary(failed, Counts(done=0, failed=5000, not_run=9, total=6000), "python fit.py --resume")

    assert len(text.splitlines()) <= 60
    assert "and 988 more kinds: 4,940 tasks" in text


def test_what_others_wrote_does_nothing_to_the_terminal():
    nasty = failure(
        name="a\x1b[2Jb\nc", text="\x1b]0;title\x07ValueError: \x1b[31mbad\x08", stderr="/x\x1b[1m"
    )

    text = summary([nasty], Counts(done=0, failed=1, not_run=0, total=1), "")

    assert "\x1b" not in text
    assert "such as ab c: task 1" in text
