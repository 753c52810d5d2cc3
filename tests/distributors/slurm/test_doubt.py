"""What sbatch must have said before anybody believes that a job was not taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.refusals import SubmissionInDoubt
from jobmon_airflow.distributors.slurm.seam import Submission
from jobmon_airflow.distributors.slurm.shells import Answer
from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence


class Says:
    """A shell in which every command gives this answer."""

    where = "a test"

    def __init__(self, *answer: Any) -> None:
        self._answer = Answer(*answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...

    async def run(self, words: Sequence[str], **how: Any) -> Answer:
        return self._answer


def submit(*answer: Any) -> int:
    submission = Submission(
        name="jobmon-1-1-1.0-0.1",
        script="#!/bin/sh\n",
        size=1,
        is_array=True,
        throttle=None,
        options={},
        environment={},
        working_dir="/tmp",
    )
    return asyncio.run(CommandController(Says(*answer)).submit(submission))


@pytest.mark.parametrize(
    "answer",
    [
        (255, "4711\n", ""),  # taken, by what it printed; how it ended was read by somebody else
        (1, "", ""),
        (255, "", ""),
        (-9, "", "sbatch: error: invalid partition specified"),
        (0, "", ""),
    ],
    ids=["with an id", "failed silently", "silent", "killed", "nothing said"],
)
def test_whoever_did_not_say_no_may_have_taken_the_job(answer: tuple[int, str, str]) -> None:
    with pytest.raises(SubmissionInDoubt):
        submit(*answer)


def test_whoever_said_no_has_not_taken_it() -> None:
    with pytest.raises(SubmissionRefused, match="invalid partition specified"):
        submit(1, "", "sbatch: error: Batch job submission failed: invalid partition specified")
