"""The script that jobs run, really run: by every shell that is here."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobmon_airflow.distributors.slurm import script
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.told import Begun, Over
from jobmon_airflow.errors import SubmissionRefused
from tests.distributors.slurm.node import SHELLS, Node, batch_of

PATIENCE = 20.0


@pytest.fixture(params=SHELLS, ids=lambda words: words[0])
def node(request, tmp_path):
    return Node(tmp_path / "spool", shell=request.param)


def until(claim):
    end = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)


# --- a command, as given ----------------------------------------------------------------------------------------


def test_an_element_runs_its_step_and_says_how_it_ended(node):
    batch = batch_of("true", "echo out; echo err >&2; exit 3")

    assert node.run(batch, element=1) == (3, "")
    begun, over = node.told(batch)
    assert (begun.step, begun.node) == (1, "n1")
    assert (over.step, over.exit_code, over.was_told_to_end) == (1, 3, False)
    assert node.output(batch, 1) == (b"out\n", b"err\n")


@pytest.mark.parametrize("pack", [1, 2], ids=["plain", "packed"])
def test_nothing_runs_of_a_script_that_was_cut_short_on_its_way_to_slurm(node, pack):
    batch = batch_of(f"echo ran >>{node.root}/ran", f"echo ran >>{node.root}/ran")
    path = node.prepared(batch, pack=pack)
    whole = path.read_bytes()
    lines = [place for place, byte in enumerate(whole) if byte == ord("\n")]

    for cut in [*lines[:-1], len(whole) // 2, len(whole) - 3]:
        path.write_bytes(whole[:cut])
        node.start(path).communicate(timeout=60)

    assert not (node.root / "ran").exists()
    assert node.told(batch) == []


def test_time_and_cpu_are_measured(node):
    batch = batch_of("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 0.3")

    node.run(batch)
    over = node.over(batch)[0]
    assert 0.3 <= over.wallclock < PATIENCE
    assert 0 < over.cpu < over.wallclock


HOSTILE = [
    "echo 'it''s' \"$HOME\" `echo x` $(echo y) \\\\ \\' ; # comment",
    "printf '%s\\n' a\\ b '  two  spaces ' \"tab\there\"",
    "cat <<'X'\nesac\n;;\n5) echo no\nX\n",
    "echo one\necho two\n#SBATCH --array=0-9\necho three",
    "printf 'a\r\nb\r\n'",
    "echo 'naïve 漢字'",
    "echo '\udcff\udc80'",
    'echo $0 $# "$@"',
    "set -- x y; echo $#; jm_id=5 jm_end=t; echo $$ >/dev/null",
    "echo $jm_step:$jm_folder:$jm_node; set | grep -c '^jm_' || true",
    "trap 'echo trapped' EXIT; exit 4",
    "echo @child@ @first@ {0} %s $((1+2))",
    "echo -n x",
    "echo ~ * | head -c 1",
    "jm_tell x",
    "kill -9 $$",
    "",
    "   ",
    "if then",
    "exec 3>&1; echo x >&3",
    "echo \x01\x7f",
]


@pytest.mark.parametrize("command", HOSTILE)
def test_a_command_does_what_a_shell_does_with_it(node, command, tmp_path):
    batch = batch_of(command)
    bare = subprocess.run(
        ["/bin/sh", "-c", os.fsencode(command)],
        capture_output=True,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        check=False,
    )

    node.run(batch)
    out, err = node.output(batch)
    assert out == bare.stdout
    assert (
        node.over(batch)[0].exit_code == bare.returncode % 256
        if bare.returncode >= 0
        else 128 - bare.returncode
    )
    if bare.returncode != 127:  # who misses a program says so in its own words
        assert err in (bare.stderr, bare.stderr + b"Killed\n")  # some shells say so


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    word=st.binary(max_size=60).map(lambda word: word.replace(b"\0", b"")),
    name=st.text(max_size=20),
)
def test_any_bytes_reach_the_command(tmp_path, word, name):
    node = Node(tmp_path / "spool", shell=["dash"])
    text = os.fsdecode(b"'" + word.replace(b"'", b"'\\''") + b"'")
    batch = batch_of(f"printf %s {text}", f"env printf %s {text}", names=[name, name])

    for step in range(2):
        node.run(batch, element=step)
        assert node.output(batch, step)[0] == word


def test_a_command_that_no_program_can_be_given_fails_alone(node):
    batch = batch_of("true", "echo a\0b", "echo \ud800")

    codes = [node.run(batch, element=step)[0] for step in range(3)]
    assert codes == [0, 126, 126]
    assert b"no program can be given" in node.output(batch, 1)[1]


@pytest.mark.parametrize(
    ("command", "code"), [("/nonexistent/x", 127), ("no-such-program-here", 127), ("/etc/passwd", 126)]
)
def test_a_program_that_cannot_be_started_gives_the_codes_of_a_shell(node, command, code):
    batch = batch_of(command)

    assert node.run(batch)[0] == code
    assert node.over(batch)[0].exit_code == code
    assert command.encode() in node.output(batch)[1]


def test_a_program_without_an_interpreter_is_run_by_a_shell(node, tmp_path):
    program = tmp_path / "program"
    program.write_text("echo ran $1\n")
    program.chmod(0o755)
    batch = batch_of(f"{program} well")

    assert node.run(batch)[0] == 0
    assert node.output(batch)[0] == b"ran well\n"


@pytest.mark.parametrize("runtime", ["1m", "1h"])
def test_signals_have_their_defaults(node, runtime):
    show = "python3 -c 'import signal as s; print(*(n for n in range(1, 32) if s.getsignal(n) == s.SIG_IGN))'"
    # The first job of a node finds out what it has for that, the second knows it.
    batch = batch_of(show, show, runtime=runtime)
    by_python = {"13", "25"}
    by_the_shell = {"2", "3"}  # as POSIX has it for background commands

    for step in (0, 1):
        node.run(batch, step)
    ignored, by_the_second = (set(node.output(batch, step)[0].decode().split()) for step in (0, 1))

    assert by_the_second == ignored
    if node.shell[0] == "busybox":  # which finds its own env before GNU's, or does not
        assert ignored - by_the_shell == by_python
    else:
        is_quick_dash = runtime == "1m" and node.shell[0] == "dash"
        assert ignored == by_python | (by_the_shell if is_quick_dash else set())


# --- where it runs ------------------------------------------------------------------------------------------------


def test_the_environment_is_what_was_asked_for_and_nothing_of_ours(node):
    values = {"PLAIN": "x", "HARD": "a 'b' \"c\" $d `e` \\ \n\r\n%s é", "EMPTY": "", "IFS": "0123456789 "}
    batch = batch_of("true", "env -0", env=values)
    node.env = {"jm_id": "stale", "OTHER": "kept"}

    node.run(batch, element=1)
    found = dict(pair.split("=", 1) for pair in os.fsdecode(node.output(batch, 1)[0]).split("\0") if pair)
    jobmon = {name: value for name, value in found.items() if name.startswith("JOBMON_")}
    assert jobmon == {
        "JOBMON_TASK_ID": "1001",
        "JOBMON_TASK_INSTANCE_ID": "101",
        "JOBMON_WORKFLOW_ID": "3",
        "JOBMON_WORKFLOW_RUN_ID": "4",
        "JOBMON_BATCH": batch.token,
    }
    assert {name: found[name] for name in values} == values
    assert found["OTHER"] == "kept"
    assert not [name for name in found if name.startswith("jm_") and name != "jm_id"]


@pytest.mark.parametrize("name", ["a.b", "jm_id", "é"])
def test_a_variable_that_no_shell_can_export_is_refused(name):
    batch = batch_of("true", env={name: "x"})

    with pytest.raises(SubmissionRefused, match="no shell can export"):
        script.script_of(batch, Piece(batch.token, 0, 0), folder="/spool")


def test_a_command_runs_in_its_folder(node, tmp_path):
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    batch = batch_of("pwd; echo $PWD", "/bin/pwd", working_dir=str(folder))

    for step in range(2):
        assert node.run(batch, element=step) == (0, "")
    assert node.output(batch, 0)[0] == f"{folder}\n{folder}\n".encode()
    assert node.output(batch, 1)[0] == f"{folder}\n".encode()


def test_a_folder_that_is_not_there_is_a_clear_failure_and_not_another_folder(node):
    batch = batch_of("pwd", working_dir="/nonexistent/it's here")

    assert node.run(batch)[0] == 127
    assert node.over(batch)[0].exit_code == 127
    assert node.output(batch) == (b"", b"jobmon: cannot work in /nonexistent/it's here on n1\n")


def test_output_goes_to_folders_that_were_asked_for_and_are_made(node, tmp_path):
    out, err = tmp_path / "logs" / "out put", tmp_path / "logs" / "err"
    batch = batch_of("echo o; echo e >&2", names=["a/b: it's $x"], stdout=str(out), stderr=str(err))

    assert node.run(batch) == (0, "")
    assert (out / "a_b: it's $x.o100").read_bytes() == b"o\n"
    assert (err / "a_b: it's $x.e100").read_bytes() == b"e\n"
    assert script.folders_of(batch, "/spool") == {str(out), str(err)}


def test_an_output_that_cannot_be_written_ends_the_attempt(node, tmp_path):
    (tmp_path / "file").touch()
    batch = batch_of("touch /nonexistent; echo x", stdout=str(tmp_path / "file" / "logs"))

    code, log = node.run(batch)
    assert (code, node.over(batch)[0].exit_code) == (126, 126)
    assert "file/logs" in log


# --- the table ----------------------------------------------------------------------------------------------------


def test_a_large_table_is_in_files_of_which_an_element_reads_one(node):
    batch = batch_of(*(f"echo {step} {'x' * 200} \r\n" for step in range(300)))
    job = script.script_of(batch, Piece(batch.token, 130, 299), folder=str(node.folder(batch)))

    assert len(job.text) < 8000
    assert sorted(job.files) == ["steps-2.sh", "steps-3.sh", "steps-4.sh"]
    for step in (130, 191, 192, 299):
        assert node.run(batch, element=step - 130, first=130)[0] == 0
        assert node.output(batch, step)[0].split()[0] == str(step).encode()


def test_a_node_that_does_not_see_the_table_runs_nothing_and_claims_nothing(node):
    batch = batch_of(*(f"echo {'x' * 20000}" for _ in range(3)))
    path = node.prepared(batch)
    (node.folder(batch) / "steps-0.sh").unlink()
    job = node.start(path, 1)

    assert "does not find step 1" in job.communicate()[1].decode()
    assert job.returncode == script.CANNOT_CLAIM
    assert not list((node.folder(batch) / "claims").iterdir())


def test_without_a_folder_all_is_in_the_script_and_slurm_says_how_it_ended(node, tmp_path):
    batch = batch_of("echo one; exit 3", "python3 -c 'print(2)'", working_dir=str(tmp_path))
    job = script.script_of(batch, Piece(batch.token, 0, 1), folder=None)
    path = tmp_path / "job.sh"
    path.write_text(job.text)

    first, second = node.start(path, 0), node.start(path, 1)
    assert first.communicate()[0] == b"one\n"
    assert second.communicate()[0] == b"2\n"
    assert (first.returncode, second.returncode, job.files) == (3, 0, {})


def test_it_is_known_how_many_steps_fit_into_one_script():
    batch = batch_of(*(f"echo {'x' * 1000}" for _ in range(2000)), "x" * 2_000_000)
    fit = script.fitting(batch)

    assert 900 < fit < 1100
    assert (
        len(script.script_of(batch, Piece(batch.token, 0, fit - 1), folder=None).text)
        < script.MAY_HOLD + 3000
    )
    assert script.fitting(batch, 1990) == 10
    assert script.fitting(batch, 2000) == 1


# --- at most once -------------------------------------------------------------------------------------------------


def test_a_step_runs_once_however_many_jobs_want_it(node, tmp_path):
    batch = batch_of(f"echo ran >>{tmp_path}/runs")
    path = node.prepared(batch)
    jobs = [node.start(path) for _ in range(12)]

    assert {job.wait(PATIENCE) for job in jobs} == {0}
    assert (tmp_path / "runs").read_text() == "ran\n"
    told = node.told(batch)
    assert len([each for each in told if isinstance(each, Begun)]) == 1
    assert len([each for each in told if isinstance(each, Over) and each.was_fenced]) == 11
    for job in jobs:
        job.communicate()


def test_a_fenced_step_never_runs(node, tmp_path):
    batch = batch_of(f"touch {tmp_path}/ran")
    path = node.prepared(batch)
    (node.folder(batch) / "claims" / "0").symlink_to("fenced")
    job = node.start(path)

    assert job.communicate()[1] == b""
    assert job.returncode == 0
    assert [(told.step, told.was_fenced) for told in node.told(batch)] == [(0, True)]
    assert not (tmp_path / "ran").exists()


def test_a_node_without_the_folder_runs_nothing(node, tmp_path):
    batch = batch_of(f"touch {tmp_path}/ran")
    path = node.prepared(batch)
    (node.folder(batch) / "claims").rmdir()
    job = node.start(path)

    assert "cannot use the folder" in job.communicate()[1].decode()
    assert job.returncode == script.CANNOT_CLAIM
    assert not (tmp_path / "ran").exists()


# --- the end ------------------------------------------------------------------------------------------------------


def test_a_command_that_is_told_to_end_may_do_so_in_its_own_way(node):
    batch = batch_of("trap 'echo bye; exit 7' TERM; echo go; sleep 60 & wait")
    job = node.start(node.prepared(batch))
    until(lambda: node.speaks(batch))

    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=PATIENCE)
    over = node.over(batch)[0]
    assert node.output(batch)[0] == b"go\nbye\n"
    assert (job.returncode, over.exit_code, over.was_told_to_end) == (7, 7, True)


def test_a_signal_that_ends_the_command_is_its_exit_code(node):
    batch = batch_of("echo go; exec sleep 60")
    job = node.start(node.prepared(batch))
    until(lambda: node.speaks(batch))

    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=PATIENCE)
    over = node.over(batch)[0]
    assert (job.returncode, over.exit_code, over.was_told_to_end) == (143, 143, True)


def test_a_signal_for_the_command_does_not_end_its_job(node):
    batch = batch_of(
        "trap 'echo saved' USR1; echo go; i=0; while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done; exit 5"
    )
    job = node.start(node.prepared(batch))
    until(lambda: node.speaks(batch))

    job.send_signal(signal.SIGUSR1)
    job.communicate(timeout=PATIENCE)
    assert (node.over(batch)[0].exit_code, node.over(batch)[0].was_told_to_end) == (5, False)
    assert b"saved" in node.output(batch)[0]


@pytest.mark.parametrize("asked", ["B:USR1@60", "B:SIGWINCH", "RB:28@30"])
def test_a_signal_that_sbatch_was_asked_to_send_is_passed_on(node, asked):
    name = "USR1" if "USR1" in asked else "WINCH"
    batch = batch_of(
        f"trap 'echo saved' {name}; echo go; i=0; while [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done; exit 5",
        signal=asked,
    )
    job = node.start(node.prepared(batch))
    until(lambda: node.speaks(batch))

    job.send_signal(getattr(signal, f"SIG{name}"))
    time.sleep(0.4)
    job.send_signal(getattr(signal, f"SIG{name}"))
    job.communicate(timeout=PATIENCE)
    assert (job.returncode, node.over(batch)[0].exit_code) == (5, 5)
    assert node.output(batch)[0] == b"go\nsaved\nsaved\n"


# --- long jobs ----------------------------------------------------------------------------------------------------


def naps_of(session):
    """The naps of the watchdogs of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rpartition(")")[2].split()
            words = (stat.parent / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if int(rest[3]) == session and rest[0] != "Z" and words[1:2] in (["60"], ["1"]):
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def quick(monkeypatch):
    """Watchdogs that look every second."""
    monkeypatch.setattr(script, "_LOOK_EVERY", 1)


def test_a_short_job_has_no_watchdog_and_a_long_one_has():
    texts = [
        script.script_of(batch_of("true", token="t", runtime=runtime), Piece("t", 0, 0), folder="/f").text
        for runtime in ("9m", "10m", None)
    ]
    assert ["revoked" in text for text in texts] == [False, True, True]


def test_a_watchdog_leaves_nothing_behind(node):
    batch = batch_of("sleep 0.3; exit 2", runtime="1h")
    started = time.monotonic()
    job = node.start(node.prepared(batch))
    out, err = job.communicate(timeout=PATIENCE)

    assert (job.returncode, out + err) == (2, b"")
    assert time.monotonic() - started < PATIENCE
    until(lambda: not naps_of(job.pid))
    assert node.over(batch)[0].exit_code == 2


def test_a_step_whose_time_is_over_is_ended(node, quick):
    batch = batch_of("trap 'echo bye; exit 9' TERM; echo go; sleep 60 & wait", runtime="1h")
    job = node.start(node.prepared(batch))
    until(lambda: node.speaks(batch))

    (node.folder(batch) / "revoked" / "0").touch()
    job.communicate(timeout=PATIENCE)
    assert node.output(batch)[0] == b"go\nbye\n"
    assert (node.over(batch)[0].exit_code, node.over(batch)[0].was_told_to_end) == (9, True)


@pytest.mark.parametrize(("by", "runtime"), [("TERM", "1m"), ("TERM", "1h"), ("revoked", "1h")])
def test_a_command_that_will_not_end_is_ended_before_slurm_ends_its_job(node, quick, by, runtime):
    batch = batch_of("trap '' TERM; echo go; while :; do sleep 0.1; done", runtime=runtime)
    job = node.start(node.prepared(batch, kill_wait=2))
    until(lambda: node.speaks(batch))

    began = time.monotonic()
    if by == "TERM":
        job.send_signal(signal.SIGTERM)
    else:
        (node.folder(batch) / "revoked" / "0").touch()
    job.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 10
    assert (node.over(batch)[0].exit_code, node.over(batch)[0].was_told_to_end) == (137, True)
    until(lambda: not naps_of(job.pid))


@pytest.mark.parametrize("moment", range(20))
def test_whoever_is_told_to_end_when_he_has_just_begun_leaves_no_watcher_behind(node, moment):
    batch = batch_of(f"sleep 0.0{moment:02}; kill -TERM $PPID; sleep 61", runtime="1h")
    job = node.start(node.prepared(batch, kill_wait=61))

    job.communicate(timeout=PATIENCE)
    assert node.over(batch)[0].was_told_to_end
    assert naps_of(job.pid) == []


def test_a_command_may_take_its_time_to_end_and_leaves_no_killer_behind(node):
    batch = batch_of("trap 'sleep 0.5; exit 4' TERM; echo go; sleep 62 & wait")
    job = node.start(node.prepared(batch, kill_wait=61))
    until(lambda: node.speaks(batch))

    job.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=PATIENCE)
    assert (node.over(batch)[0].exit_code, node.over(batch)[0].was_told_to_end) == (4, True)
    until(lambda: not naps_of(job.pid))


# --- containers ---------------------------------------------------------------------------------------------------

STAND_IN = """#!/bin/sh
printf '%s\\n' "${0##*/}" "$@" >"$RECORD"
printf '%s\\n' "$PWD" "$PREFIXENV_JOBMON_TASK_ID" "$PREFIXENV_MINE" >>"$RECORD"
while [ "$1" != image.sif ]; do shift; done
shift
exec "$@"
"""


def stand_in(folder, runtime):
    folder.mkdir(exist_ok=True)
    program = folder / runtime
    program.write_text(STAND_IN.replace("PREFIX", runtime.upper()))
    program.chmod(0o755)


@pytest.mark.parametrize("runtime", ["apptainer", "singularity"])
def test_a_container_gets_exactly_these_arguments(node, tmp_path, runtime):
    stand_in(tmp_path / "bin", runtime)
    record = tmp_path / "record"
    node.env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RECORD": str(record)}
    batch = batch_of(
        "python3 -c 'print(1)' 'a b'",
        "echo $((1+1)) | cat",
        working_dir=str(tmp_path),
        env={"MINE": "it's"},
        container_image="image.sif",
        container_args=["--bind", "/data:/my data", "--nv"],
    )
    common = [runtime, "exec", "--pwd", str(tmp_path), "--bind", "/data:/my data", "--nv", "image.sif"]

    assert node.run(batch, 0)[0] == 0
    assert record.read_text().splitlines() == [
        *common,
        "python3",
        "-c",
        "print(1)",
        "a b",
        str(tmp_path),
        "1000",
        "it's",
    ]
    assert node.run(batch, 1)[0] == 0
    assert record.read_text().splitlines()[8:11] == ["/bin/sh", "-c", "echo $((1+1)) | cat"]
    assert node.output(batch, 1)[0] == b"2\n"


def test_a_node_without_a_container_runtime_says_so(node):
    batch = batch_of("true", container_image="image.sif")

    assert node.run(batch)[0] == 127
    assert node.output(batch)[1] == b"jobmon: there is neither apptainer nor singularity on n1\n"


@pytest.mark.parametrize(
    "extra", [{"container_image": 5}, {"container_image": "i", "container_args": "--nv"}]
)
def test_a_container_that_is_no_words_is_refused(extra):
    batch = batch_of("true", **extra)

    with pytest.raises(SubmissionRefused, match="container_image"):
        script.script_of(batch, Piece(batch.token, 0, 0), folder="/spool")
