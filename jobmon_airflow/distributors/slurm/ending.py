"""The end of an attempt as the engine is told of it: evidence, usage, and what it wrote last."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from jobmon_airflow.distributors.protocol import Cause, Ended, Evidence, Output, Usage
from jobmon_airflow.distributors.slurm.evidence import Wait
from jobmon_airflow.errors import ClusterUnreachable
from jobmon_airflow.worker.supervisor import TAIL, WIDEST, as_text, without_half_a_character

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobmon_airflow.distributors.slurm.held import Held
    from jobmon_airflow.distributors.slurm.seam import Spool
    from jobmon_airflow.distributors.slurm.suspects import Suspects
    from jobmon_airflow.distributors.slurm.watching import Watch


class Endings:
    """Makes ends of judged attempts."""

    def __init__(self, watch: Watch, spool: Spool | None, suspects: Suspects) -> None:
        self._watch = watch
        self._spool = spool
        self._suspects = suspects

    async def of(self, judged: Sequence[tuple[Held, Evidence]]) -> list[tuple[Held, Ended]]:
        """What to tell of each; those whose last words make them doubtful are looked at again later."""
        judged = await self._sure(judged)
        tails = await self._tails([held for held, _ in judged])
        ends = []
        for held, evidence in judged:
            scheduler_said = _of(held, tails.get(held.scheduler_log or "", ""))
            last = self._judged_again(held, evidence, tails.get(held.stderr or "", ""), scheduler_said)
            if isinstance(last, Wait):
                self._watch.again(held)
            else:
                ends.append((held, _ended(held, last, tails, scheduler_said)))
        await self._after([(held, end.evidence) for held, end in ends])
        return ends

    async def _sure(self, judged: Sequence[tuple[Held, Evidence]]) -> list[tuple[Held, Evidence]]:
        """Those that can't begin any more, whatever Slurm said or will say: another attempt may follow at once.

        Those that have begun unheard are looked at again.
        """
        if self._spool is None:
            return list(judged)
        unbegun: dict[str, dict[int, Held]] = defaultdict(dict)
        for held, _ in judged:
            if not (held.has_begun or held.is_put_back):
                unbegun[held.token][held.step] = held
        doubtful: set[Held] = set()
        for token, members in unbegun.items():
            doubtful |= await self._doubtful(self._spool, token, members)
        for held in doubtful:
            self._watch.again(held)
        return [(held, evidence) for held, evidence in judged if held not in doubtful]

    async def _doubtful(self, spool: Spool, token: str, members: Mapping[int, Held]) -> set[Held]:
        """Those that have begun after all, or may have; all others are forbidden to."""
        try:
            begun = await spool.fence(token, members.keys())
        except ClusterUnreachable as error:
            self._watch.notes["files"] = error.problem
            return set(members.values())
        for step in begun:
            members[step].has_begun = True
        return {members[step] for step in begun}

    async def _tails(self, members: Iterable[Held]) -> Mapping[str, str]:
        if self._spool is None:
            return {}
        paths = {path for held in members for path in (held.stdout, held.stderr, held.scheduler_log) if path}
        try:
            found = await self._spool.tails(paths, TAIL * WIDEST) if paths else {}
        except ClusterUnreachable as error:
            self._watch.notes["files"] = error.problem
            return {}
        return {path: as_text(without_half_a_character(text))[-TAIL:] for path, text in found.items()}

    def _judged_again(
        self, held: Held, evidence: Evidence, said: str, scheduler_said: str
    ) -> Evidence | Wait:
        """Its own last words, and Slurm's of it, may tell what no code does."""
        if held.is_put_back or not (said or scheduler_said):
            return evidence
        return self._watch.judge(held, said, scheduler_said)

    async def _after(self, ended: Sequence[tuple[Held, Evidence]]) -> None:
        """What was lost with its node may still run there: it is told to end, and the node is left out for a while."""
        lost = [
            (held, evidence) for held, evidence in ended if evidence.cause in (Cause.NODE_FAILED, Cause.LOST)
        ]
        for held, evidence in lost:
            if evidence.cause is Cause.NODE_FAILED and held.lost_its_node:
                self._suspects.note(held.node or "")
            if self._spool is not None and held.has_begun:
                await self._revoke(self._spool, held)

    async def _revoke(self, spool: Spool, held: Held) -> None:
        try:
            await spool.revoke(held.token, [held.step])
        except ClusterUnreachable as error:
            self._watch.notes["files"] = error.problem


def _ended(held: Held, evidence: Evidence, tails: Mapping[str, str], scheduler_said: str) -> Ended:
    return Ended(
        attempt=held.attempt,
        evidence=evidence,
        usage=_usage(held),
        output=Output(
            stdout=held.stdout,
            stderr=held.stderr,
            stdout_log=tails.get(held.stdout or ""),
            stderr_log=tails.get(held.stderr or "") or scheduler_said or None,
        ),
        nodename=held.node,
    )


def _usage(held: Held) -> Usage:
    """By the job's own account, and its gaps by Slurm's."""
    told, record = held.over, held.record
    own = Usage(wallclock=told.wallclock, cpu=told.cpu, maxrss=told.maxrss) if told else Usage()
    if record is None:
        return own
    return Usage(
        wallclock=record.ran if own.wallclock is None else own.wallclock,
        cpu=record.cpu if own.cpu is None else own.cpu,
        maxrss=record.maxrss if own.maxrss is None else own.maxrss,
    )


def _of(held: Held, text: str) -> str:
    """What Slurm's log of a node says of this job, among others."""
    marks = [
        f"{number}" for number in (held.row.raw_id if held.row is not None else None, held.job_id) if number
    ]
    marks += [f"{held.job_id}_{held.element}"] if held.job_id is not None and held.piece is not None else []
    words = {word for mark in marks for word in (f"StepId={mark}.", f"JOB {mark} ", f"job {mark} ")}
    return "\n".join(line for line in text.splitlines() if any(word in line for word in words))
