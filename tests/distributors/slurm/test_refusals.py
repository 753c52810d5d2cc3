"""Slurm's words about a job that it did not take, and what they mean."""

from __future__ import annotations

import pytest

from jobmon_airflow.distributors.slurm.refusals import ArrayIsTooLarge, SubmissionInDoubt, refusal
from jobmon_airflow.errors import ClusterIsFull, SubmissionRefused

POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


def refused(*lines, size=1, most=None):
    said = "".join(f"sbatch: error: {line}\n" for line in lines)
    return refusal(said, name="jobmon-1.0-0.1", size=size, most=most)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("Requested time limit is invalid (missing or exceeds some limit)", "less runtime"),
        ("Memory required by task is not available", "less memory"),
        ("Memory specification can not be satisfied", "less memory"),
        ("Requested node configuration is not available", "fewer cores"),
        ("More processors requested than permitted", "fewer cores"),
        ("Invalid partition name specified", "sinfo -s"),
        ("Required partition not available (inactive or drain)", "another one"),
        ("Invalid account or account/partition combination specified", "project"),
        ("Invalid qos specification", "qos"),
        ("Invalid node name specified", "sinfo -N"),
        ("Requested reservation is invalid", "scontrol show reservation"),
        ("Invalid feature specification", "constraints"),
        ("Invalid generic resource (gres) specification", "gres"),
        ("Invalid license specification", "scontrol show licenses"),
        ("Job dependency problem", "not there"),
        ("Invalid job array specification", "MaxArraySize"),
        ("Something that was never heard of", "sbatch --test-only"),
    ],
)
def test_what_can_never_be_is_refused_with_what_to_change(words, remedy):
    error = refused(f"Batch job submission failed: {words}")

    assert type(error) is SubmissionRefused
    assert error.problem == f"Slurm refuses 'jobmon-1.0-0.1': {words}"
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("Invalid --time specification", "1h30m"),
        ("Invalid --mem specification", "512M"),
        ("unrecognized option '--teleport'", "leave it out"),
    ],
)
def test_what_sbatch_itself_rejects_is_refused(words, remedy):
    error = refused(words)

    assert type(error) is SubmissionRefused
    assert remedy in error.remedy


@pytest.mark.parametrize(
    "limit",
    [
        "AssocGrpSubmitJobsLimit",
        "AssocMaxSubmitJobLimit",
        "QOSMaxSubmitJobPerUserLimit",
        "QOSGrpSubmitJobsLimit",
    ],
)
def test_a_limit_of_what_is_submitted_means_wait(limit):
    error = refused(limit, f"Batch job submission failed: {POLICY}", size=10)

    assert type(error) is ClusterIsFull
    assert limit in error.problem
    assert "all its 10 elements" in error.problem


def test_a_policy_without_its_name_means_wait_and_says_what_else_it_may_be():
    """slurmrestd does not tell which limit it was."""
    error = refused(POLICY)

    assert type(error) is ClusterIsFull
    assert "more than its project or qos ever allows" in error.remedy


@pytest.mark.parametrize(
    "limit", ["QOSMaxWallDurationPerJobLimit", "QOSMaxMemoryPerJob", "AssocMaxCpuPerJobLimit"]
)
def test_a_limit_of_one_job_means_never(limit):
    error = refused(limit, f"Batch job submission failed: {POLICY}")

    assert type(error) is SubmissionRefused
    assert limit in error.remedy


def test_an_array_that_is_larger_than_the_limit_is_told_from_a_cluster_that_is_full():
    error = refused("AssocGrpSubmitJobsLimit", f"Batch job submission failed: {POLICY}", size=10, most=5)

    assert type(error) is ArrayIsTooLarge
    assert (error.size, error.most) == (10, 5)
    assert "arrays of 5 elements" in error.remedy


def test_an_array_within_the_limit_waits():
    error = refused("AssocGrpSubmitJobsLimit", f"Batch job submission failed: {POLICY}", size=5, most=5)

    assert type(error) is ClusterIsFull


def test_an_index_that_is_too_large_says_how_many_there_may_be():
    error = refused("Batch job submission failed: Invalid job array specification", size=2000, most=1001)

    assert type(error) is ArrayIsTooLarge
    assert error.most == 1001


@pytest.mark.parametrize(
    "words",
    [
        "Batch job submission failed: Socket timed out on send/recv operation",
        "Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "Batch job submission failed: Resource temporarily unavailable",
        "Slurm temporarily unable to accept job, sleeping and retrying",
        "Batch job submission failed: Zero Bytes were transmitted or received",
        "Batch job submission failed: Connection refused",
        "Batch job submission failed: Slurm backup controller in standby mode",
        'Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory',
    ],
)
def test_a_slurmctld_that_falls_silent_leaves_it_in_doubt(words):
    error = refused(words)

    assert type(error) is SubmissionInDoubt
    assert not isinstance(error, ClusterIsFull | SubmissionRefused)
    assert words.removeprefix("Batch job submission failed: ") in error.problem


def test_words_are_told_once_and_in_one_line():
    error = refusal("sbatch: error: a\nsbatch: error: a\n\nb\n", name="x")

    assert error.problem == "Slurm refuses 'x': a; b"
