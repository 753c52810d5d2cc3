"""Attempts that earlier runs left behind: ended in a cold resume, adopted in a hot one.

A controller may have died at any point, so what is stored of an attempt says only what may be true. The cluster is
asked for all of them by their tokens. What it does not have is over, and never will be there.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from jobmon_airflow.distributors.protocol import Cause, Ended, Evidence, Job, Output
from jobmon_airflow.engine.attempts import Live, ending_of
from jobmon_airflow.engine.claims import known
from jobmon_airflow.engine.plan import mark_of
from jobmon_airflow.engine.verdict import LOST, verdict_on
from jobmon_airflow.errors import WorkflowNotResumable
from jobmon_airflow.resources import Resources
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import clusters as stored_clusters
from jobmon_airflow.store import task_instances
from jobmon_airflow.store.turns import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from sqlalchemy import Connection

    from jobmon_airflow.engine.clusters import Clusters
    from jobmon_airflow.engine.inbox import Inbox
    from jobmon_airflow.engine.journal import Journal


class Leftovers:
    """The attempts that earlier runs of a workflow left, ``on`` some clusters or anywhere, and what becomes of them."""

    def __init__(self, connection: Connection, workflow_id: int, on: Collection[str] | None = None) -> None:
        rows = task_instances.open_of_workflow(connection, workflow_id)
        self._requests = stored_clusters.requests(connection, {row.task_resources_id for row in rows})
        self._rows = {row.id: row for row in rows if on is None or self._cluster(row) in on}
        self._mark = mark_of(known(connection, workflow_id))

    @property
    def clusters(self) -> set[str]:
        """Where they may be."""
        return {self._cluster(row) for row in self._rows.values()}

    async def settle(
        self, clusters: Clusters, inbox: Inbox, journal: Journal, *, cold: bool, patience: float
    ) -> dict[int, Live]:
        """End those that are to end, and return those that go on, by task id.

        A cold resume ends all of them, any other those that somebody told to stop before.
        """
        ending = [row for row in self._rows.values() if cold or _is_told_to_stop(row)]
        going_on = [row for row in self._rows.values() if not (cold or _is_told_to_stop(row))]
        async with self._within(patience, clusters):
            await self._end(ending, clusters, inbox, journal)
            return await self._adopt(going_on, clusters, journal)

    async def end(self, clusters: Clusters, inbox: Inbox, journal: Journal, *, patience: float) -> int:
        """End all of them, and say how many jobs were ended by that."""
        async with self._within(patience, clusters):
            return await self._end(list(self._rows.values()), clusters, inbox, journal)

    @asynccontextmanager
    async def _within(self, patience: float, clusters: Clusters) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(patience):
                yield
        except TimeoutError:
            raise WorkflowNotResumable(
                f"What earlier runs left on {', '.join(sorted(self.clusters))} was not settled within {patience:g} "
                f"seconds: {clusters.note or 'jobs that do not end'}.",
                remedy="Look at them on the cluster, and resume again; or give it more time: resume_timeout=….",
            ) from None

    async def _end(self, rows: list[Any], clusters: Clusters, inbox: Inbox, journal: Journal) -> int:
        """End jobs, wait until they are gone, and say how many there were that had not ended by themselves."""
        if not rows:
            return 0
        await journal.write(Turn(told_to_stop=[row.id for row in rows]))
        endings: dict[int, Ended] = {}
        waits: set[int] = set()
        for name, members in self._by_cluster(rows).items():
            found = await clusters.adopt(name, [self._job(row) for row in members])
            clusters.cancel(name, found)
            waits |= found
            endings.update({row.id: _gone(row.id) for row in members if row.id not in found})
        while waits:
            ended = [item for item in await inbox.take() if isinstance(item, Ended)]
            endings.update({item.attempt: item for item in ended if item.attempt in waits})
            waits -= {item.attempt for item in ended}
        await journal.write(self._told(endings))
        return sum(ended.evidence.cause is Cause.CANCELLED for ended in endings.values())

    async def _adopt(self, rows: list[Any], clusters: Clusters, journal: Journal) -> dict[int, Live]:
        """Take over what the cluster has; all else is lost, and its tasks begin again."""
        if not rows:
            return {}
        adopted: dict[int, Live] = {}
        turn = Turn()
        for name, members in self._by_cluster(rows).items():
            found = await clusters.adopt(name, [self._job(row) for row in members])
            for row in members:
                if row.id in found:
                    adopted[row.task_id] = _live(row, name)
                    turn.launched.append((row.id, row.distributor_id))
                    turn.move(TaskStatus.LAUNCHED, [row.task_id])
                else:
                    turn.endings.append(ending_of(_live(row, name), _gone(row.id), LOST))
                    turn.move(TaskStatus.REGISTERING, [row.task_id])
        await journal.write(turn)
        return adopted

    def _told(self, endings: dict[int, Ended]) -> Turn:
        """What to write of those that were ended; one that was quicker than the order is done."""
        turn = Turn()
        for attempt, ended in endings.items():
            row = self._rows[attempt]
            live = _live(row, self._cluster(row))
            live.is_told_to_stop = True
            ending = ending_of(live, ended, verdict_on(ended.evidence, told_to_stop=True))
            turn.endings.append(ending)
            is_done = ending.status is TaskInstanceStatus.DONE
            turn.move(TaskStatus.DONE if is_done else TaskStatus.REGISTERING, [row.task_id])
        return turn

    def _by_cluster(self, rows: Iterable[Any]) -> dict[str, list[Any]]:
        members: dict[str, list[Any]] = {}
        for row in rows:
            members.setdefault(self._cluster(row), []).append(row)
        return members

    def _cluster(self, row: Any) -> str:
        name: str = self._requests[row.task_resources_id].cluster_name
        return name

    def _job(self, row: Any) -> Job:
        return Job(
            attempt=row.id,
            token=f"jobmon-{self._mark}-{row.array_id}-{row.array_batch_num}",
            step=row.array_step_id,
            distributor_id=row.distributor_id,
            resources=Resources.from_json(self._requests[row.task_resources_id].requested_resources),
            name=row.name,
        )


def _is_told_to_stop(row: Any) -> bool:
    return bool(row.status == TaskInstanceStatus.KILL_SELF)


def _live(row: Any, cluster: str) -> Live:
    return Live(
        row.id,
        row.task_id,
        cluster,
        distributor_id=row.distributor_id,
        nodename=row.nodename,
        process_group_id=row.process_group_id,
        is_told_to_stop=_is_told_to_stop(row),
        has_begun=row.status == TaskInstanceStatus.RUNNING,
        output=Output(stdout=row.stdout, stderr=row.stderr),
    )


def _gone(attempt: int) -> Ended:
    evidence = Evidence(cause=Cause.LOST, detail="It was not on its cluster when the workflow was resumed.")
    return Ended(attempt=attempt, evidence=evidence)
