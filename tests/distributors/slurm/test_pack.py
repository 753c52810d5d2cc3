"""Many steps in one element, each with its own end."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobmon_airflow.distributors.slurm import script
from jobmon_airflow.distributors.slurm.script import Pace
from jobmon_airflow.distributors.slurm.told import Begun, Over
from jobmon_airflow.worker import pack
from tests.distributors.slurm.node import Node, batch_of
from tests.distributors.slurm.test_script import HOSTILE, stand_in, until


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / "spool")


def codes(node, batch):
    return {step: over.exit_code for step, over in node.over(batch).items()}


def test_it_runs_on_pythons_of_old_clusters():
    ast.parse(Path(pack.__file__).read_text(), feature_version=(3, 6))


def test_an_element_runs_its_steps_and_each_has_its_own_end(node):
    batch = batch_of("echo a", "exit 3", "echo c >&2; kill -9 $$", "echo d", "true", "echo f")

    assert node.run(batch, element=1, first=1, pack=3) == (0, "")
    assert codes(node, batch) == {4: 0, 5: 0}
    assert node.run(batch, element=0, first=1, pack=3) == (1, "")
    assert codes(node, batch) == {1: 3, 2: 137, 3: 0, 4: 0, 5: 0}
    assert node.begun(batch) == [4, 5, 1, 2, 3]
    assert node.output(batch, 2) == (b"", b"c\n")
    assert node.output(batch, 5) == (b"f\n", b"")
    assert not (node.folder(batch) / "claims" / "0").exists()


def test_each_step_has_its_own_usage(node):
    eat = f"{sys.executable} -I -S -c 'x = b\"x\" * 60_000_000; import time; time.sleep(0.2)'"
    batch = batch_of("true", eat, "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done", "true")

    node.run(batch, pack=4)
    overs = [node.over(batch)[step] for step in range(4)]
    assert [over.maxrss > 60_000_000 for over in overs] == [False, True, False, False]
    assert [over.wallclock > 0.2 for over in overs][:2] == [False, True]
    assert overs[2].cpu > 0.05 > overs[3].cpu


@pytest.mark.parametrize("command", HOSTILE)
def test_a_command_does_what_a_shell_does_with_it(node, command):
    batch = batch_of(command, "echo next")
    bare = subprocess.run(
        ["/bin/sh", "-c", os.fsencode(command)],
        capture_output=True,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        check=False,
    )

    node.run(batch, pack=2)
    code = bare.returncode if bare.returncode >= 0 else 128 - bare.returncode
    assert codes(node, batch) == {0: code, 1: 0}
    assert node.output(batch)[0] == bare.stdout
    assert node.output(batch, 1)[0] == b"next\n"


def test_the_environment_the_folder_and_the_files_are_those_of_steps_that_are_not_packed(node, tmp_path):
    values = {"PLAIN": "x", "HARD": "a 'b' \n\r\n%s é"}
    packed, alone = (
        batch_of(
            "env -0; pwd",
            "env -0; pwd",
            token=f"t{pack}",
            env=values,
            working_dir=str(tmp_path),
            stdout=str(tmp_path / f"o{pack}"),
        )
        for pack in (1, 2)
    )
    node.run(packed, pack=2)
    node.run(alone, first=1)

    def seen(batch):
        text = os.fsdecode(node.output(batch, 1)[0])
        return {line for line in text.split("\0") if not line.startswith(("JOBMON_BATCH=", "OLDPWD=", "_="))}

    assert seen(packed) == seen(alone)
    assert f"PWD={tmp_path}" in seen(packed)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("/nonexistent/x", 127),
        ("no-such-program-here", 127),
        ("/etc/passwd", 126),
        ("{dir}/bad", 127),
        ("{dir}/plain a", 5),
    ],
)
def test_a_program_that_cannot_be_started_gives_the_codes_of_a_shell(node, tmp_path, command, code):
    for name, text in (("bad", "#!/nonexistent\n"), ("plain", "exit 5\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    batch = batch_of(command.format(dir=tmp_path), "true")

    node.run(batch, pack=2)
    assert codes(node, batch) == {0: code, 1: 0}
    assert (code == 5) == (node.output(batch)[1] == b"")


def test_a_folder_that_is_not_there_is_a_clear_failure(node):
    batch = batch_of("pwd", working_dir="/nonexistent")

    assert node.run(batch, pack=2)[0] == 1
    assert codes(node, batch) == {0: 127}
    assert node.output(batch)[1] == b"jobmon: cannot work in /nonexistent on n1\n"


def test_steps_may_be_more_than_a_file_holds(node):
    batch = batch_of(*("true" for _ in range(2500)))

    assert node.run(batch, first=990, last=2010, pack=5000) == (0, "")
    assert sorted(node.over(batch)) == list(range(990, 2011))


def test_what_a_step_leaves_behind_does_not_outlive_it(node):
    batch = batch_of("sleep 61 & echo $!", "sleep 0.1")

    node.run(batch, pack=2)
    stray = Path("/proc") / node.output(batch)[0].decode().strip() / "stat"
    assert not stray.exists() or stray.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_python_without_posix_spawn_does_the_same(node, tmp_path):
    batch = batch_of(
        "echo $JOBMON_TASK_ID",
        "no-such-program-here",
        f"{tmp_path}/plain",
        "python3 -c 'import signal as s; print(s.getsignal(10) == s.SIG_DFL)'",
    )
    (tmp_path / "plain").write_text("exit 5\n")
    (tmp_path / "plain").chmod(0o755)
    path = node.prepared(batch, pack=4)
    packer = node.folder(batch) / script.PACKER
    packer.write_text(
        packer.read_text().replace("import errno\n", "import errno\nimport os\ndel os.posix_spawn\n")
    )
    node.start(path).communicate(timeout=30)

    assert codes(node, batch) == {0: 0, 1: 127, 2: 5, 3: 0}
    assert (node.output(batch, 0)[0], node.output(batch, 3)[0]) == (b"1000\n", b"True\n")


def test_a_node_without_python_says_so_and_fails_its_steps(node, tmp_path):
    batch = batch_of("true", "true", "true", "true")
    path = node.prepared(batch, pack=3)
    path.write_text(
        path.read_text().replace("/usr/bin/python3 /usr/libexec/platform-python python3", "/nonexistent")
    )
    (tmp_path / "bin").mkdir()
    node.env = {"PATH": str(tmp_path / "bin")}
    job = node.start(path, 1)

    assert b"packed tasks need python3, and there is none on n1" in job.communicate()[1]
    assert (job.returncode, codes(node, batch)) == (127, {3: 127})


# --- at most once -------------------------------------------------------------------------------------------------


def test_a_step_runs_once_however_many_packs_want_it(node, tmp_path):
    batch = batch_of(*(f"echo {step} >>{tmp_path}/runs" for step in range(40)))
    path = node.prepared(batch, pack=40)
    jobs = [node.start(path) for _ in range(4)]

    for job in jobs:
        job.communicate(timeout=60)
    assert sorted(map(int, (tmp_path / "runs").read_text().split())) == list(range(40))
    told = node.told(batch)
    assert sorted(each.step for each in told if isinstance(each, Begun)) == list(range(40))
    assert len([each for each in told if isinstance(each, Over) and each.was_fenced]) == 3 * 40


def test_a_fenced_step_never_runs_and_the_others_do(node):
    batch = batch_of("true", "true", "true")
    path = node.prepared(batch, pack=3)
    (node.folder(batch) / "claims" / "1").symlink_to("fenced")
    node.start(path).communicate()

    assert codes(node, batch) == {0: 0, 2: 0}
    assert [told.step for told in node.told(batch) if isinstance(told, Over) and told.was_fenced] == [1]


def test_a_node_without_the_folder_runs_nothing_more(node, tmp_path):
    batch = batch_of("true", f"rm -r {node.root}/t/claims", f"touch {tmp_path}/ran", token="t")
    code, log = node.run(batch, pack=3)

    assert (code, codes(node, batch)) == (script.CANNOT_CLAIM, {0: 0, 1: 0})
    assert "cannot use the folder" in log
    assert not (tmp_path / "ran").exists()


def test_a_file_system_without_links_will_do(node):
    batch = batch_of("true", "true", "true")
    path = node.prepared(batch, pack=3)
    packer = node.folder(batch) / script.PACKER
    packer.write_text(
        packer.read_text().replace(
            "import errno\n",
            "import errno\nimport os\n\ndef no_link(*_):\n    raise PermissionError(1, 'no')\n\nos.link = no_link\n",
        )
    )
    (node.folder(batch) / "claims" / "1").touch()
    node.start(path).communicate()

    assert codes(node, batch) == {0: 0, 2: 0}


def test_what_quick_steps_print_is_kept_and_what_a_long_one_prints_is_seen_while_it_runs(node):
    batch = batch_of("true", "echo one; echo two >&2", "echo three", "echo go; sleep 30", runtime="4s")
    job = node.start(node.prepared(batch, pack=4, kill_wait=1))
    until(lambda: node.speaks(batch, 3))

    assert job.poll() is None
    job.communicate(timeout=20)
    assert [node.output(batch, step) for step in (1, 2, 3)] == [
        (b"one\n", b"two\n"),
        (b"three\n", b""),
        (b"go\n", b""),
    ]


# --- time ---------------------------------------------------------------------------------------------------------


def test_a_step_that_uses_up_its_own_time_is_ended_and_the_next_one_runs(node):
    batch = batch_of("sleep 30", "trap '' TERM; while :; do sleep 0.1; done", "true", runtime="0.5s")

    node.run(batch, pack=3, kill_wait=1)
    assert codes(node, batch) == {0: 143, 1: 137, 2: 0}
    overs = node.over(batch)
    assert [overs[step].is_out_of_time for step in range(3)] == [True, True, False]
    assert [overs[step].was_told_to_end for step in range(3)] == [False, False, False]
    assert 0.5 <= overs[0].wallclock < 5


@pytest.mark.parametrize(
    ("pace", "limit", "begin"),
    [
        (Pace(), "1m", 4),
        (Pace(budget=0.1), "1m", 1),
        (Pace(lasts=100.0), "1m", 4),
        (Pace(lasts=50.0), "1m", 1),
        (Pace(lasts=50.0, typical=1.0), "1m", 4),
        (Pace(lasts=0.5, typical=0.01), "1m", 1),
        (Pace(lasts=0.5, typical=0.01), "0.4s", 1),
        (Pace(lasts=0.5), None, 1),
    ],
)
def test_a_pack_puts_back_what_it_has_no_time_for(node, pace, limit, begin):
    batch = batch_of(*(["sleep 0.2"] * 4), runtime=limit)

    assert node.run(batch, pack=4, pace=pace) == (0, "")
    assert sorted(node.over(batch)) == list(range(begin))
    assert node.put_back(batch) == list(range(begin, 4))
    assert {step for step in range(4) if (node.folder(batch) / "claims" / str(step)).exists()} == {0, 1, 2, 3}


def test_slurm_says_when_the_job_ends(node):
    batch = batch_of("true", "true")
    node.env = {"SLURM_JOB_END_TIME": str(int(time.time()) + 30)}

    node.run(batch, pack=2, pace=Pace(lasts=1e6))
    assert node.put_back(batch) == [1]


def test_what_is_put_back_but_claimed_by_others_is_theirs(node):
    batch = batch_of("sleep 0.2", "true", "true")
    path = node.prepared(batch, pack=3, pace=Pace(budget=0.1))
    (node.folder(batch) / "claims" / "1").symlink_to("fenced")
    node.start(path).communicate()

    assert node.put_back(batch) == [2]


# --- the end ------------------------------------------------------------------------------------------------------


def test_a_job_that_is_told_to_end_ends_its_step_and_puts_the_rest_back(node):
    batch = batch_of("true", "trap 'echo bye; exit 7' TERM; echo go; sleep 60 & wait", "true", "true")
    job = node.start(node.prepared(batch, pack=4))
    until(lambda: node.speaks(batch, 1))

    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=20)
    assert codes(node, batch) == {0: 0, 1: 7}
    assert [node.over(batch)[step].was_told_to_end for step in (0, 1)] == [False, True]
    assert node.put_back(batch) == [2, 3]
    assert node.output(batch, 1)[0] == b"go\nbye\n"


def test_a_signal_is_passed_on_to_the_step_that_runs(node):
    batch = batch_of("trap 'echo saved; exit 5' USR1; echo go; while :; do sleep 0.1; done", "true")
    job = node.start(node.prepared(batch, pack=2))
    until(lambda: node.speaks(batch))

    job.send_signal(signal.SIGUSR1)
    job.communicate(timeout=20)
    assert codes(node, batch) == {0: 5, 1: 0}


def test_a_step_that_will_not_end_is_ended_before_slurm_ends_its_job(node):
    batch = batch_of("trap '' TERM; echo go; while :; do sleep 0.1; done", "true")
    job = node.start(node.prepared(batch, pack=2, kill_wait=2))
    until(lambda: node.speaks(batch))

    began = time.monotonic()
    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=20)
    assert time.monotonic() - began < 2
    assert (codes(node, batch), node.put_back(batch)) == ({0: 137}, [1])
    assert node.over(batch)[0].was_told_to_end


def test_a_step_whose_time_is_over_is_ended_and_others_go_on(node):
    batch = batch_of("true", "echo go; exec sleep 60", "true", "true")
    path = node.prepared(batch, pack=4)
    (node.folder(batch) / "revoked" / "2").touch()
    job = node.start(path)
    until(lambda: node.speaks(batch, 1))

    (node.folder(batch) / "revoked" / "1").touch()
    job.communicate(timeout=20)
    assert codes(node, batch) == {0: 0, 1: 143, 2: 143, 3: 0}
    assert [node.over(batch)[step].was_told_to_end for step in range(4)] == [False, True, True, False]
    assert node.begun(batch) == [0, 1, 3]


def test_lines_are_told_soon(node):
    batch = batch_of("true", "echo go; sleep 3")
    job = node.start(node.prepared(batch, pack=2))
    until(lambda: node.speaks(batch, 1))

    time.sleep(0.5)
    assert job.poll() is None
    assert (node.begun(batch), codes(node, batch)) == ([0, 1], {0: 0})
    job.communicate(timeout=20)


def test_lines_that_cannot_be_written_are_written_later(tmp_path):
    news = pack.News(str(tmp_path / "folder" / "told-n1"))
    news.add("B 1 n1 5")
    assert not news.write()

    (tmp_path / "folder").mkdir()
    news.add("P 2 n1")
    assert news.write_all(1)
    assert (tmp_path / "folder" / "told-n1").read_text() == "B 1 n1 5\nP 2 n1\n"


# --- containers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", ["apptainer", "singularity"])
def test_a_container_gets_exactly_these_arguments(node, tmp_path, runtime):
    stand_in(tmp_path / "bin", runtime)
    record = tmp_path / "record"
    node.env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RECORD": str(record)}
    batch = batch_of(
        "true",
        "python3 -c 'print(1)' 'a b'",
        working_dir=str(tmp_path),
        env={"MINE": "it's"},
        container_image="image.sif",
        container_args=["--bind", "/data:/my data"],
    )
    said = [runtime, "exec", "--pwd", str(tmp_path), "--bind", "/data:/my data", "image.sif"]

    assert node.run(batch, pack=2)[0] == 0
    assert record.read_text().splitlines() == [
        *said,
        "python3",
        "-c",
        "print(1)",
        "a b",
        str(tmp_path),
        "1001",
        "it's",
    ]
    assert node.output(batch, 1)[0] == b"1\n"


def test_a_node_without_a_container_runtime_says_so(node):
    batch = batch_of("true", "true", container_image="image.sif")

    assert node.run(batch, pack=2)[0] == 1
    assert codes(node, batch) == {0: 127, 1: 127}
    assert b"neither apptainer nor singularity on n1" in node.output(batch)[1]
