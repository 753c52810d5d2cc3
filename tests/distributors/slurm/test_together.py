"""Questions to Slurm that are asked at the same time, of which one fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.shells import Answer
from jobmon_airflow.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence


class WithoutSinfo:
    """A shell in which sinfo fails at once, and all that is asked beside it takes long."""

    where = "a test"

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.given_up: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...

    async def run(self, words: Sequence[str], **how: Any) -> Answer:
        if words[0] == "sinfo":
            raise ClusterUnreachable("There is no command 'sinfo' on this machine.", remedy="Install it.")
        if words[:2] == ("id", "-un") or words[:3] == ("scontrol", "show", "config"):
            return Answer(0, "ClusterName = box\n", "")
        self.begun.append(words[0])
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.given_up.append(words[0])
            raise
        return Answer(0, "", "")


def test_when_one_of_slurms_commands_fails_nobody_is_left_waiting_for_the_others() -> None:
    shell = WithoutSinfo()

    async def story() -> set[asyncio.Task[Any]]:
        with pytest.raises(ClusterUnreachable, match="sinfo"):
            await CommandController(shell).limits()
        return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

    assert asyncio.run(story()) == set()
    assert shell.given_up == shell.begun
