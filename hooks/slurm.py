"""The way to a Slurm cluster, as a connection of Airflow, and what may be asked of the cluster from any task.

There is no submitting here. What submits must remember what it sent before it sends it, or a retry sends it again:
`SlurmOperator` does, and so does a workflow.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseHook

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.hooks import slurm_fields, slurm_words
from jobmon_airflow.hooks.slurm_reach import ping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

    from jobmon_airflow.distributors.slurm.seam import Controller
    from jobmon_airflow.hooks.slurm_reach import SlurmConnection

Answer = TypeVar("Answer")


class SlurmHook(BaseHook):
    """A connection of type ``slurm``: by Slurm's own commands here, by the same over ssh, or by slurmrestd.

    Where there is no connection ``slurm_default``, Slurm's commands are on this machine. Answers are words and
    numbers, so that a task may return them; jobs are those of the user whom the connection leads to.
    """

    conn_name_attr: ClassVar[str] = "slurm_conn_id"
    default_conn_name: ClassVar[str] = "slurm_default"
    conn_type: ClassVar[str] = "slurm"
    hook_name: ClassVar[str] = "Slurm"

    def __init__(self, slurm_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.slurm_conn_id = slurm_conn_id

    # --- the connection -------------------------------------------------------------------------------------------

    def get_conn(self) -> SlurmConnection:
        """The connection's fields, as plain values."""
        return slurm_fields.found(self.slurm_conn_id, self.default_conn_name, self.get_connection)

    def connection_parameters(self) -> dict[str, Any]:
        """What a distributor needs to know, without secrets, so that it may be stored with the cluster."""
        return self.get_conn().parameters()

    def test_connection(self) -> tuple[bool, str]:
        """Whether Slurm answers, asked from where this runs."""
        try:
            return True, ping(self.get_conn())
        except JobmonError as error:
            return False, str(error)

    # --- asking ---------------------------------------------------------------------------------------------------

    def limits(self) -> dict[str, Any]:
        """What the cluster allows: of jobs, of arrays, and in each of its partitions."""
        return slurm_words.of_limits(self._ask(lambda it: it.limits()))

    def queue(self) -> list[dict[str, Any]]:
        """The user's jobs that Slurm still remembers: what waits, and why; what runs, and where."""
        return [slurm_words.of_row(row) for row in self._ask(lambda it: it.queue())]

    def accounting(
        self, jobs: Collection[int] | None = None, *, since: datetime | None = None
    ) -> list[dict[str, Any]]:
        """What became of these jobs, or of all that the user submitted: in the last day, unless it is said since when.

        An error if the cluster keeps no accounting, or does not answer for it now.
        """
        begin = since or datetime.now(UTC) - timedelta(days=1)
        records = self._ask(lambda it: it.accounting(begin, None if jobs is None else set(jobs)))
        return [slurm_words.of_record(record) for record in records]

    # --- ending ---------------------------------------------------------------------------------------------------

    def cancel(self, jobs: Collection[int], *, at_once: bool = False) -> None:
        """End jobs, whole arrays among them, in one call. Unknown ones, and those that are over, are left as they are.

        They are asked to end and given some seconds, or none with ``at_once``. A task of Jobmon whose job is ended so
        by hand is tried again, which costs it no attempt.
        """
        whole = dict.fromkeys(jobs)
        self._ask(lambda it: it.cancel(whole, at_once=at_once))

    # --- for whoever asks more ------------------------------------------------------------------------------------

    @asynccontextmanager
    async def controller(self) -> AsyncIterator[Controller]:
        """The cluster as the distributor sees it: ``async with hook.controller() as slurm: await slurm.queue()``."""
        async with _controller(await asyncio.to_thread(self.get_conn)) as controller:
            yield controller

    def _ask(self, question: Callable[[Controller], Awaitable[Answer]]) -> Answer:
        to = self.get_conn()

        async def ask() -> Answer:
            async with _controller(to) as controller:
                return await question(controller)

        return asyncio.run(ask())


def _controller(to: SlurmConnection) -> Controller:
    from jobmon_airflow.distributors.slurm import secrets
    from jobmon_airflow.distributors.slurm.ways import way_to

    secrets.hold_all(to.parameters(), to.secrets())
    return way_to(**to.parameters()).controller()
