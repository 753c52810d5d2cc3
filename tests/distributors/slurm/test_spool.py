"""The folder that nodes share with us."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import time
from pathlib import Path

import pytest

from jobmon_airflow.distributors.slurm.spool import LocalSpool
from jobmon_airflow.errors import ClusterUnreachable, SubmissionRefused


@pytest.fixture
def spool(tmp_path):
    return LocalSpool(str(tmp_path / "root" / "spool"))


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_batchs_folder_is_for_its_owner_alone(spool):
    run(spool.prepare("t-1", {"steps-0.sh": b"one"}))

    folder = Path(spool.root) / "t-1"
    assert [oct(each.stat().st_mode & 0o777) for each in (Path(spool.root), folder)] == ["0o700", "0o700"]
    assert sorted(each.name for each in folder.iterdir()) == ["claims", "out", "revoked", "steps-0.sh"]


def test_what_is_there_stays(spool):
    run(spool.prepare("t", {"a": b"one"}))
    run(spool.prepare("t", {"a": b"two", "b": b"three"}))

    assert [(Path(spool.root) / "t" / name).read_bytes() for name in "ab"] == [b"one", b"three"]


def test_only_whole_new_lines_are_told(spool):
    run(spool.prepare("t", {}))
    told = Path(spool.root) / "t" / "told-n1"
    assert run(spool.grown(["t", "unknown"], {})) == {}

    told.write_bytes(b"one\ntwo\nthr")
    assert run(spool.grown(["t"], {})) == {"t/told-n1": b"one\ntwo\n"}
    assert run(spool.grown(["t"], {"t/told-n1": 8})) == {}
    told.write_bytes(b"one\ntwo\nthree\n")
    (told.parent / "told-n2").write_bytes(b"x\n")
    assert run(spool.grown(["t"], {"t/told-n1": 8})) == {"t/told-n1": b"three\n", "t/told-n2": b"x\n"}
    assert run(spool.grown([], {})) == {}


def test_a_fence_says_which_steps_jobs_had_claimed(spool):
    run(spool.prepare("t", {}))
    (Path(spool.root) / "t" / "claims" / "2").touch()

    assert run(spool.fence("t", [1, 2, 3])) == {2}
    assert run(spool.fence("t", [1, 2, 3])) == {2}
    assert run(spool.fence("never-prepared", [0])) == set()


def _fence(root, barrier, found):
    barrier.wait()
    found.put(sorted(asyncio.run(LocalSpool(root).fence("t", range(50)))))


def test_a_step_is_fenced_or_claimed_and_never_both(spool):
    run(spool.prepare("t", {}))
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(4), context.Queue()
    fencers = [context.Process(target=_fence, args=(spool.root, barrier, found)) for _ in range(3)]
    for fencer in fencers:
        fencer.start()
    barrier.wait()
    claim = 'i=49; set -C; while [ $i -ge 0 ]; do { true >"$1/$i"; } 2>/dev/null && echo $i; i=$((i-1)); done'
    claimed = subprocess.run(
        ["/bin/sh", "-c", claim, "sh", f"{spool.root}/t/claims"], capture_output=True, check=False
    )
    answers = [found.get() for _ in fencers]
    for fencer in fencers:
        fencer.join()

    mine = sorted(map(int, claimed.stdout.split()))
    assert run(spool.fence("t", range(50))) == set(mine)
    assert all(set(answer) <= set(mine) for answer in answers)


def test_steps_are_told_that_their_time_is_over(spool):
    run(spool.revoke("t", [3, 4]))

    assert sorted(each.name for each in Path(Path(spool.root) / "t" / "revoked").iterdir()) == ["3", "4"]


def test_the_ends_of_files(spool, tmp_path):
    (tmp_path / "long").write_bytes(b"x" * 100 + b"end")
    (tmp_path / "empty").touch()
    paths = [str(tmp_path / name) for name in ("long", "empty", "missing", "")] + ["a\0b"]

    assert run(spool.tails(paths, 5)) == {str(tmp_path / "long"): b"xxend"}
    assert run(spool.tails(paths, 500)) == {str(tmp_path / "long"): b"x" * 100 + b"end"}


def test_folders_for_output_are_made(spool, tmp_path):
    run(spool.make_folders([str(tmp_path / "a" / "b"), str(tmp_path)]))

    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_for_output_that_cannot_be_made_is_refused(spool, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SubmissionRefused, match="cannot be made"):
        run(spool.make_folders([str(tmp_path / "file" / "b")]))


def test_what_nobody_has_written_to_for_long_is_removed(spool):
    long_ago = time.time() - 1000

    for token in ("old", "quiet", "young"):
        run(spool.prepare(token, {"a": b"x"}))
    for path in Path(spool.root).rglob("*"):
        if "young" not in path.parts:
            os.utime(path, (long_ago, long_ago))
    (Path(spool.root) / "quiet" / "out" / "task.o1").touch()
    (Path(spool.root) / "not ours").mkdir()
    run(spool.clean(500))

    assert sorted(each.name for each in Path(spool.root).iterdir()) == ["not ours", "quiet", "young"]


def test_a_folder_that_cannot_be_used_is_a_cluster_out_of_reach(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ClusterUnreachable, match="shared with the cluster's nodes"):
        run(LocalSpool(str(tmp_path / "file" / "spool")).prepare("t", {}))


def test_a_name_that_leads_out_of_the_folder_is_no_token(spool):
    with pytest.raises(ValueError, match="no token"):
        run(spool.prepare("../x", {}))
