"""The shared folder by programs for a POSIX sh: the same stories as of the folder here, and those of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.distributors.slurm.ssh_spool import SshSpool
from jobmon_airflow.errors import ClusterUnreachable, SubmissionRefused
from tests.distributors.slurm.test_spool import (  # noqa: F401 - told once more
    test_a_batchs_folder_is_for_its_owner_alone,
    test_a_fence_says_which_steps_jobs_had_claimed,
    test_a_folder_for_output_that_cannot_be_made_is_refused,
    test_a_name_that_leads_out_of_the_folder_is_no_token,
    test_a_step_is_fenced_or_claimed_and_never_both,
    test_folders_for_output_are_made,
    test_only_whole_new_lines_are_told,
    test_steps_are_told_that_their_time_is_over,
    test_the_ends_of_files,
    test_what_is_there_stays,
    test_what_nobody_has_written_to_for_long_is_removed,
)


@pytest.fixture
def spool(tmp_path):
    """The programs do not know that there is no ssh between."""
    return SshSpool(LocalShell(), str(tmp_path / "root" / "spool"))


def test_a_root_in_somebody_s_home_is_the_whole_path_as_nodes_know_it():
    async def story():
        async with SshSpool(LocalShell(), "~/a b/spool") as spool:
            await spool.prepare("t", {"a": b"one"})
            return spool.root

    root = asyncio.run(story())

    assert root == str(Path.home() / "a b" / "spool")
    assert (Path(root) / "t" / "a").read_bytes() == b"one"


def test_files_of_any_bytes_and_of_any_length_arrive_whole(spool):
    content = bytes(range(256)) * 4096

    asyncio.run(spool.prepare("t", {"big": content, "empty": b""}))

    assert (Path(spool.root) / "t" / "big").read_bytes() == content
    assert (Path(spool.root) / "t" / "empty").read_bytes() == b""


def test_paths_with_blanks_and_quotes_are_files_like_others(spool, tmp_path):
    odd = tmp_path / 'it\'s a "file" $x'
    odd.write_bytes(b"end")

    assert asyncio.run(spool.tails([str(odd)], 5)) == {str(odd): b"end"}


def test_a_folder_with_a_line_break_is_refused(spool):
    with pytest.raises(SubmissionRefused, match="line breaks"):
        asyncio.run(spool.make_folders(["/tmp/a\nb"]))


def test_a_folder_there_that_cannot_be_used_is_a_cluster_out_of_reach(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ClusterUnreachable, match="shared with the cluster's nodes"):
        asyncio.run(SshSpool(LocalShell(), str(tmp_path / "file" / "spool")).prepare("t", {}))


def test_what_is_known_of_a_file_is_not_taken_for_that_of_another(spool):
    asyncio.run(spool.prepare("t", {"told-n1": b"one\n", "told-n11": b"eleven\n"}))

    assert asyncio.run(spool.grown(["t"], {"t/told-n11": 7})) == {"t/told-n1": b"one\n"}
    assert asyncio.run(spool.grown(["t"], {"t/told-n1": 4})) == {"t/told-n11": b"eleven\n"}
