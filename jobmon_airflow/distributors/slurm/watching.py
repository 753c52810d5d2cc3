"""What is heard of the attempts that are held: from their jobs, from slurmctld, and from accounting.

Nobody is asked more often than is of use, and each is asked about everything at once. Whoever does not answer leaves a
note, and the others are listened to all the same.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.slurm.evidence import PUT_BACK, Known, Wait, judge
from jobmon_airflow.distributors.slurm.rhythm import Rhythm
from jobmon_airflow.distributors.slurm.seam import LONG_AGO, State
from jobmon_airflow.distributors.slurm.told import Begun, Over, PutBack, read
from jobmon_airflow.errors import AccountingIsDown, ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
    from typing import Any

    from jobmon_airflow.distributors.protocol import Evidence
    from jobmon_airflow.distributors.slurm.board import Board
    from jobmon_airflow.distributors.slurm.evidence import Patience
    from jobmon_airflow.distributors.slurm.held import Book, Held
    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Controller, QueueRow, Record, Spool
    from jobmon_airflow.distributors.slurm.told import Told

log = logging.getLogger(__name__)

_CLOCKS_DIFFER: Final = timedelta(minutes=10)  # ours and the cluster's
_IDLE: Final = 3600.0  # seconds; somebody rings before that


class Watch:
    """Listens for the attempts in a book."""

    def __init__(
        self,
        book: Book,
        controller: Controller,
        board: Board,
        spool: Spool | None,
        limits: ClusterLimits,
        patience: Patience,
        rings: Callable[[], None],
    ) -> None:
        self._book = book
        self._controller = controller
        self._board = board
        self._spool = spool
        self._limits = limits
        self._patience = patience
        self._rings = rings  # when somebody has answered who was not waited for
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, int] = {}
        self._heard_at = 0.0  # when jobs' own words were asked for last, and heard
        self._in_question: set[Held] = set()  # of whom something was heard that may be their end
        self._asks_accounting = False
        self._begun: list[Held] = []
        self.notes: dict[str, str] = {}
        seldom = 30.0 if spool is not None else 10.0
        # While hundreds of jobs end in a second, each look is to hear of some: what is heard is written down at once.
        self.files = Rhythm(shortest=0.25, longest=2.0, share=0.25)
        often = patience.between_questions
        self.queue = Rhythm(shortest=often, longest=min(seldom, max(often, limits.min_job_age / 4)))
        self.accounting = Rhythm(shortest=often, longest=60.0)

    def expect(self) -> None:
        """Something is about to be heard: jobs were submitted, or ended."""
        self.files.hurry()
        self.queue.expect(_now())

    def hurry(self) -> None:
        """Ask everybody as soon as possible."""
        self.files.hurry()
        self.queue.hurry()

    @property
    def rest(self) -> float:
        """Seconds until somebody is to be asked again."""
        if not len(self._book):
            return _IDLE
        due = [_now() + _IDLE]
        if "queue" not in self._asking:
            due.append(self.queue.due)
        if self._spool is not None:
            due.append(self.files.due)
        if self._asks_accounting and "accounting" not in self._asking:
            due.append(self.accounting.due)
        return max(0.0, min(due) - _now())

    async def look(self) -> list[tuple[Held, Evidence]]:
        """Ask whoever is due, and say who has ended and how. What jobs tell never waits for Slurm's answer."""
        if not len(self._book):
            return []
        self._take_answers()
        if self.queue.is_due(_now()):
            self._ask("queue", self._look_at_queue)
        if self._asks_accounting and self.accounting.is_due(_now()):
            self._ask("accounting", self._look_at_accounting)
        if self._spool is not None and self.files.is_due(_now()):
            await self._look_at_files(self._spool)
        return list(self._judged())

    def _ask(self, whom: str, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if whom not in self._asking:
            self._asking[whom] = asyncio.create_task(look())
            self._asking[whom].add_done_callback(lambda _: self._rings())

    def _take_answers(self) -> None:
        """Forget who has answered; raise what went wrong otherwise than it may."""
        for whom in [whom for whom, asking in self._asking.items() if asking.done()]:
            self._asking.pop(whom).result()

    async def leave(self) -> None:
        """Wait for nobody any more."""
        for asking in self._asking.values():
            asking.cancel()
        if self._asking:
            await asyncio.wait(self._asking.values())
        self._asking.clear()

    # --- what jobs tell -----------------------------------------------------------------------------------------

    async def _look_at_files(self, spool: Spool) -> None:
        begun = _now()
        try:
            grown = await spool.grown(self._book.tokens, self._seen)
        except ClusterUnreachable as error:
            self.notes["files"] = error.problem
            self.files.asked(at=_now(), took=_now() - begun, has_changed=False)
            return
        self.notes.pop("files", None)
        self._heard_at = begun
        for name, text in grown.items():
            self._seen[name] = self._seen.get(name, 0) + len(text)
            token = name.rpartition("/")[0]
            for told in read(text):
                self._note(token, told)
        self.files.asked(at=_now(), took=_now() - begun, has_changed=bool(grown))

    def _note(self, token: str, told: Told) -> None:
        held = self._book.by_step.get(token, {}).get(told.step)
        if held is None:
            return
        held.node = told.node or held.node
        match told:
            case Begun(pid=pid):
                held.pid = pid
                self._has_begun(held)
            case Over():
                if held.over is None or held.over.was_fenced:
                    held.over, held.over_at = told, _now()
                self._in_question.add(held)
            case PutBack():
                held.is_put_back = True
                self._in_question.add(held)

    def _has_begun(self, held: Held) -> None:
        if not held.has_begun:
            held.has_begun = True
            self._begun.append(held)

    def take_begun(self) -> list[Held]:
        """Those that are known to have begun since somebody last asked."""
        begun, self._begun = self._begun, []
        return begun

    def read_again(self, tokens: Collection[str]) -> None:
        """There are new attempts of these batches, perhaps with a past."""
        self._seen = {
            name: size for name, size in self._seen.items() if name.rpartition("/")[0] not in tokens
        }

    def forget_what_is_over(self) -> None:
        """Nothing more is to be heard of batches that are not in the book any more."""
        tokens = set(self._book.tokens)
        self._seen = {name: size for name, size in self._seen.items() if name.rpartition("/")[0] in tokens}

    # --- what slurmctld says --------------------------------------------------------------------------------------

    async def _look_at_queue(self) -> None:
        begun = _now()
        try:
            asked_at, rows = await self._board.rows(asked_after=time.time() - self._may_be_old())
        except ClusterUnreachable as error:
            self.notes["queue"] = error.problem
            self.queue.asked(at=_now(), took=_now() - begun, has_changed=False)
            return
        self.notes.pop("queue", None)
        has_changed = self._note_rows(rows, _now() - (time.time() - asked_at))
        self.queue.asked(at=_now(), took=_now() - begun, has_changed=has_changed)

    def _may_be_old(self) -> float:
        """Seconds that an answer may be old which somebody else got; none if we cannot wait."""
        return self.queue.shortest / 2 if self.queue.interval else 0.0

    def _note_rows(self, rows: Sequence[QueueRow], asked_at: float) -> bool:
        has_changed = False
        there: set[Held] = set()
        taken = (row for row in rows if not row.was_refused)
        # Elements' own rows come last, and are what counts.
        for row in sorted(taken, key=lambda row: not row.is_whole):
            for piece, held in self._book.of_job(row):
                if held.job_id not in (None, row.job_id):
                    continue
                held.piece, held.job_id = piece, row.job_id
                there.add(held)
                has_changed |= self._note_row(held, row)
        for held in self._book:
            # Who was submitted while we asked may not be there yet.
            if held.is_placed and held not in there and held.since < asked_at:
                held.gone_at = held.gone_at if held.gone_at is not None else _now()
                self._in_question.add(held)
        return has_changed

    def _note_row(self, held: Held, row: QueueRow) -> bool:
        before = held.row.state if held.row is not None else None
        held.row, held.gone_at = row, None
        held.submitted = row.submitted
        held.node = held.node or row.node or None
        if row.state.is_over:
            held.row_over_at = held.row_over_at if held.row_over_at is not None else _now()
            self._in_question.add(held)
        else:
            held.row_over_at = None
        if row.restarts:
            self._in_question.add(held)
        if row.state is State.RUNNING and self._spool is None:
            self._has_begun(held)
        return before is not row.state

    # --- what accounting says -------------------------------------------------------------------------------------

    async def _look_at_accounting(self) -> None:
        begun = _now()
        asking = [held for held in self._in_question if held.asks_accounting]
        self._asks_accounting = False
        if not asking:
            return
        since = min(held.submitted or datetime.now(UTC) - LONG_AGO for held in asking) - _CLOCKS_DIFFER
        jobs = {held.job_id for held in asking}
        known = {job_id for job_id in jobs if job_id is not None}
        try:
            records = await self._controller.accounting(
                since, known if known == jobs else None, with_steps=any(held.starts_steps for held in asking)
            )
        except (AccountingIsDown, ClusterUnreachable) as error:
            self.notes["accounting"] = error.problem
            self.accounting.asked(at=_now(), took=_now() - begun, has_changed=False)
            return
        self.notes.pop("accounting", None)
        has_changed = self._note_records(records)
        self.accounting.asked(at=_now(), took=_now() - begun, has_changed=has_changed)

    def _note_records(self, records: Iterable[Record]) -> bool:
        has_changed = False
        for record in sorted(records, key=lambda record: not record.is_whole):
            for piece, held in self._book.of_job(record):
                if held.job_id not in (None, record.job_id):
                    continue
                held.piece, held.job_id, held.record = piece, record.job_id, record
                held.node = held.node or record.node or None
                has_changed |= record.state.is_over
        return has_changed

    # --- who has ended --------------------------------------------------------------------------------------------

    def _judged(self) -> Iterator[tuple[Held, Evidence]]:
        for held in list(self._in_question):
            if self._book.by_attempt.get(held.attempt) is not held:
                self._in_question.discard(held)
                continue
            answer = PUT_BACK if held.is_put_back else judge(self._known(held), self._patience)
            if isinstance(answer, Wait):
                self._wait(held, answer)
            else:
                self._in_question.discard(held)
                yield held, answer

    def judge(self, held: Held, said: str, scheduler_said: str) -> Evidence | Wait:
        """How an attempt ended, its last words and Slurm's considered."""
        return judge(self._known(held, said, scheduler_said), self._patience)

    def _known(self, held: Held, said: str = "", scheduler_said: str = "") -> Known:
        now = _now()
        # Nobody is silent who was not listened to: what a job has not said is counted until it was asked last.
        heard = now if self._spool is None else self._heard_at
        return Known(
            over=held.over,
            over_since=now - held.over_at if held.over_at is not None else 0.0,
            row=held.row,
            row_over_since=heard - held.row_over_at if held.row_over_at is not None else None,
            gone_since=heard - held.gone_at if held.gone_at is not None else None,
            record=held.record,
            has_begun=held.has_begun,
            tells=self._spool is not None,
            has_accounting=self._limits.has_accounting,
            is_cancelled=held.is_cancelled,
            starts_steps=held.starts_steps,
            said=said,
            scheduler_said=scheduler_said,
        )

    def again(self, held: Held) -> None:
        """What seemed to be its end was not."""
        self._in_question.add(held)

    def _wait(self, held: Held, answer: Wait) -> None:
        held.asks_accounting = answer.asks_accounting and self._limits.has_accounting
        self._asks_accounting |= held.asks_accounting
        if answer.hurries:
            # Soon, but no storm of questions: what is waited for takes a moment.
            self.queue.due = min(self.queue.due, _now() + _SOON)


_SOON: Final = 0.5  # seconds


def _now() -> float:
    return asyncio.get_running_loop().time()
