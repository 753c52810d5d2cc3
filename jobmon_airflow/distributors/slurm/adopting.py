"""Which attempts of another controller the cluster has, or had.

What Slurm has is found by its job's name. What it has not, but began once, has claimed its step in the shared folder.
All other steps are claimed here, so that they never begin, even if their job is still on its way to the cluster.
Without a shared folder, only time can tell that.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobmon_airflow.distributors.slurm.held import Held, elements_of
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.seam import LONG_AGO
from jobmon_airflow.errors import AccountingIsDown, ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobmon_airflow.distributors.protocol import Job
    from jobmon_airflow.distributors.slurm.orders import Orders
    from jobmon_airflow.distributors.slurm.seam import Controller, QueueRow, Record, Spool


class Adopting:
    """Finds what other controllers have left on the cluster."""

    def __init__(
        self,
        controller: Controller,
        spool: Spool | None,
        orders: Orders,
        *,
        has_accounting: bool,
        on_its_way: float,
    ) -> None:
        self._controller = controller
        self._spool = spool
        self._orders = orders
        self._has_accounting = has_accounting
        self._on_its_way = (
            on_its_way  # seconds in which slurmctld may still take a job from an sbatch that is gone
        )
        self._first_asked: dict[str, float] = {}  # by token

    async def of(self, jobs: Sequence[Job]) -> list[Held]:
        """Those that are there, or were, with what is known of where."""
        wanted = {(job.token, job.step): self._orders.adopted(job) for job in jobs}
        found: dict[tuple[str, int], Held] = {}
        if wanted:
            await self._find_in_queue(wanted, found)
            missing = wanted.keys() - found.keys()
            if missing and self._spool is not None:
                await self._fence(self._spool, missing, wanted, found)
            elif missing:
                await self._find_in_accounting(missing, wanted, found)
        return list(found.values())

    async def _find_in_queue(
        self, wanted: dict[tuple[str, int], Held], found: dict[tuple[str, int], Held]
    ) -> None:
        for row in await self._controller.queue():
            if row.was_refused:
                continue
            for held in _of_job(row, wanted, found):
                held.row, held.submitted = row, row.submitted

    async def _fence(
        self,
        spool: Spool,
        missing: Iterable[tuple[str, int]],
        wanted: dict[tuple[str, int], Held],
        found: dict[tuple[str, int], Held],
    ) -> None:
        steps: dict[str, list[int]] = defaultdict(list)
        for token, step in missing:
            steps[token].append(step)
        for token, members in steps.items():
            for step in await spool.fence(token, sorted(members)):
                wanted[token, step].has_begun = True
                found[token, step] = wanted[token, step]

    async def _find_in_accounting(
        self,
        missing: Iterable[tuple[str, int]],
        wanted: dict[tuple[str, int], Held],
        found: dict[tuple[str, int], Held],
    ) -> None:
        """Without a folder nothing can be forbidden: what is not there may only be late."""
        await self._ask_accounting(wanted, found)
        now = asyncio.get_running_loop().time()
        late = {
            token
            for token, step in missing
            if (token, step) not in found
            and now - self._first_asked.setdefault(token, now) < self._on_its_way
        }
        if late:
            raise ClusterUnreachable(
                f"Slurm does not know the jobs of {len(late)} batches yet; they may be on their way for "
                f"{self._on_its_way:g} seconds.",
                remedy="Wait; or give the cluster a spool folder that its nodes share, which makes this sure at once.",
            )

    async def _ask_accounting(
        self, wanted: dict[tuple[str, int], Held], found: dict[tuple[str, int], Held]
    ) -> None:
        if not self._has_accounting:
            return
        try:
            records = await self._controller.accounting(datetime.now(UTC) - LONG_AGO)
        except AccountingIsDown as error:
            raise ClusterUnreachable(error.problem, remedy=error.remedy) from error
        for record in records:
            for held in _of_job(record, wanted, found):
                held.record, held.submitted = record, record.submitted


def _of_job(
    told: QueueRow | Record, wanted: dict[tuple[str, int], Held], found: dict[tuple[str, int], Held]
) -> Iterable[Held]:
    """Those of the wanted that Slurm speaks of."""
    piece = Piece.named(told.name)
    if piece is None:
        return
    for element in elements_of(told, piece):
        for step in piece.steps(element):
            if (held := wanted.get((piece.token, step))) is not None:
                held.piece, held.job_id = piece, told.job_id
                found[piece.token, step] = held
                yield held
