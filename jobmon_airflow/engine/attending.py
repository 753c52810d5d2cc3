"""A workflow that is run for a task of Airflow.

    claim ─ define ─ watch or end what an earlier try left ─ heed what was cleared ─ run ─ note the outcome

Airflow tries a task again when it believes that the process of an earlier try is gone. It may be: then the workflow is
resumed. It may as well be alive: then its run is watched to its end, and nothing is repeated. In the triggerer, where a
try outlives every process, a new one means that a person cleared the task: then what still runs is ended first.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import DBAPIError

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.archive import Archive
from jobmon_airflow.engine.clock import RealClock
from jobmon_airflow.engine.outcomes import Outcome
from jobmon_airflow.engine.progress import Lines, Snapshot
from jobmon_airflow.engine.report import report
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.engine.tallies import counts_of, snapshot_of
from jobmon_airflow.errors import JobmonError, StoreIsGone, TrySuperseded, WorkflowAlreadyComplete
from jobmon_airflow.states import WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import airflow_tasks, set_back, workflow_runs, workflows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.distributors.protocol import Distributor
    from jobmon_airflow.engine.outcomes import Cleared, Definition
    from jobmon_airflow.engine.progress import Display
    from jobmon_airflow.store.airflow_tasks import Claim, Try
    from jobmon_airflow.store.database import Database

log = logging.getLogger(__name__)

Result = TypeVar("Result")

HEARD_OF: Final = timedelta(seconds=60)  #: for so long one word of an engine counts
_BEAT: Final = 10.0  # seconds between two of its words
_LOOK: Final = 1.0  # seconds between two looks at a run that another process conducts


class Attendance:
    """What a try of a task does for its workflow."""

    def __init__(
        self,
        database: Database,
        this: Try,
        define: Callable[[], Definition],
        options: Options,
        *,
        cleared: Sequence[Cleared] = (),
        watches: bool = True,
        repeats: bool = False,
        cancel_on_kill: bool = True,
        again: str = "",
        display: Display | None = None,
        distributors: Mapping[str, Distributor] | None = None,
    ) -> None:
        self._database = database
        self._this = this
        self._define = define
        self._options = options
        self._cleared = cleared
        self._watches = watches  #: what an earlier try left alive; else that is ended
        self._repeats = repeats  #: what is done, if this try is a new one
        self._cancel_on_kill = cancel_on_kill
        self._again = again  #: what to type in order to go on
        self._display = display or Lines()
        self._distributors = distributors
        self._session: Session | None = None
        self._is_stopped = False  # no lock may be taken where a signal is handled

    def run(self) -> Outcome:
        """Bring the workflow to an end, and note how it ended."""
        claim = self._write(self._claim)
        if claim.outcome is not None:
            return Outcome.from_json(claim.outcome)
        with self._attending():
            try:
                outcome = self._conduct(claim)
            except (TrySuperseded, StoreIsGone):
                raise  # nothing can be written
            except Exception as error:
                # Whoever waits for the outcome must learn why there is none.
                self._note(
                    outcome=Outcome(status=WorkflowRunStatus.ERROR, message=_account_of(error)).to_json()
                )
                raise
            self._note(outcome=outcome.to_json())
        return outcome

    def stop(self) -> None:
        """End it: somebody does not want it to go on. May be called from a signal's handler."""
        self._is_stopped = True
        if self._session is not None:
            self._session.stop(leaves_jobs=not self._cancel_on_kill)

    # --- the place ----------------------------------------------------------------------------------------

    def _claim(self, connection: Connection) -> Claim:
        """The place, which no other process can have taken in between."""
        now, here = _now(), claims.here()
        claim = airflow_tasks.claim(connection, self._this, now, repeats=self._repeats)
        may_act = claim.outcome is not None or airflow_tasks.act_through(
            connection, self._this, here, now + HEARD_OF, now, is_gone=claims.is_gone
        )
        if claim.is_superseded or not may_act:
            raise _superseded(self._this)
        return claim

    @contextmanager
    def _attending(self) -> Iterator[None]:
        """Say again and again that this process acts, as long as the block takes."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(is_over,), name="jobmon-attendance", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _beat(self, is_over: threading.Event) -> None:
        while not is_over.wait(_BEAT):
            try:
                if not self._database.write(
                    lambda it: airflow_tasks.beat(it, self._this, claims.here(), _now() + HEARD_OF)
                ):
                    return  # superseded: the later try asks the run itself to make way
            except DBAPIError as error:
                log.warning("The database does not answer: %s", error.orig)

    def _note(self, **values: Any) -> None:
        if not self._write(lambda it: airflow_tasks.note(it, self._this, _now(), **values)):
            raise _superseded(self._this)

    # --- the workflow -------------------------------------------------------------------------------------

    def _conduct(self, claim: Claim) -> Outcome:
        definition = self._define()
        workflow_id = definition.workflow_id
        self._note(workflow_id=workflow_id)
        if (
            self._watches
            and not self._cleared  # who has cleared mirrors does not wait for what goes on without them
            and claim.workflow_run_id is not None
            and (end := self._end_of_run(workflow_id, claim.workflow_run_id)) is not None
        ):
            return end
        if self._cleared or not claim.is_heeded:
            self._make_way(workflow_id)
        self._heed(workflow_id, repeats=self._repeats and not claim.is_heeded)
        if self._is_done(workflow_id):
            log.info("Workflow %s is done; nothing is left to run.", workflow_id)
            return self._outcome(workflow_id, claim.workflow_run_id, WorkflowRunStatus.DONE)
        return self._run(definition)

    def _run(self, definition: Definition) -> Outcome:
        options = replace(self._options, resume=True)
        self._session = session = Session(
            self._database,
            definition.workflow_id,
            options,
            functions=definition.functions,
            refresh=definition.refresh,
            noted=self._note_run,
            display=self._display,
            distributors=self._distributors,
        )
        if self._is_stopped:
            self.stop()
        try:
            with self._display:
                result = asyncio.run(session.run())
        except WorkflowAlreadyComplete:  # whoever was asked to make way had just done the rest
            return self._outcome(definition.workflow_id, None, WorkflowRunStatus.DONE)
        was_stopped = self._is_stopped or options.fail_fast
        return self._outcome(
            definition.workflow_id,
            result.workflow_run_id,
            result.status,
            result.last,
            was_stopped=was_stopped,
        )

    def _note_run(self, connection: Connection, run_id: int) -> None:
        if not airflow_tasks.note(connection, self._this, _now(), workflow_run_id=run_id):
            raise _superseded(self._this)

    def _heed(self, workflow_id: int, *, repeats: bool) -> None:
        """Set back what a person has cleared although it was done, with all that depends on it."""
        while (count := self._write(lambda it: self._note_heeded(it, workflow_id, repeats))) is None:
            self._make_way(workflow_id)
        if count:
            log.info("What was done was cleared: %d tasks will run again.", count)

    def _note_heeded(self, connection: Connection, workflow_id: int, repeats: bool) -> int | None:
        """How many tasks were set back; None, and nothing is done, if somebody else runs the workflow."""
        counts = counts_of(connection, workflow_id) if self._cleared or repeats else {}
        green = {name for name, count in counts.items() if count.total and count.done == count.total}
        names = green if repeats else green.intersection(cleared.template for cleared in self._cleared)
        moved: set[int] = set()
        if names:
            workflows.lock(connection, workflow_id)
            if workflow_runs.alive(connection, workflow_id) is not None:
                return None
            moved = set_back.templates(connection, workflow_id, names, _now())
        for cleared in self._cleared:
            airflow_tasks.heed(connection, cleared.place, cleared.number, _now())
        if not airflow_tasks.note(connection, self._this, _now(), heeded=self._this.number):
            raise _superseded(self._this)
        return len(moved)

    def _make_way(self, workflow_id: int) -> None:
        """Let nobody else run the workflow any more; its jobs are ended unless they are to outlive a kill."""
        patience = self._options.resume_timeout
        self._ask(
            lambda it: claims.make_way(
                it, RealClock(), workflow_id, cold=self._cancel_on_kill, patience=patience
            )
        )

    # --- a run of an earlier try --------------------------------------------------------------------------

    def _end_of_run(self, workflow_id: int, run_id: int) -> Outcome | None:
        """How the run ends that an earlier try left alive; None if there is none, or it does not reach its end."""
        if not self._is_under_way(run_id):
            return None
        log.info("Run %s of workflow %s goes on; watching it.", run_id, workflow_id)
        begun = time.monotonic()
        with self._display:
            while self._is_under_way(run_id):
                if self._is_stopped:
                    self._ask_to_leave(run_id)
                time.sleep(_LOOK)
                self._display.show(self._snapshot(workflow_id, run_id, time.monotonic() - begun))
        status = self._status(run_id)
        if status not in {WorkflowRunStatus.DONE, WorkflowRunStatus.ERROR} and not self._is_stopped:
            return None
        return self._outcome(workflow_id, run_id, status, was_stopped=self._is_stopped)

    def _is_under_way(self, run_id: int) -> bool:
        run = self._read(lambda it: workflow_runs.row(it, run_id))
        return not WorkflowRunStatus.of(run.status).is_final and claims.has_controller(run, _now())

    def _ask_to_leave(self, run_id: int) -> None:
        wish = WorkflowRunStatus.COLD_RESUME if self._cancel_on_kill else WorkflowRunStatus.HOT_RESUME
        self._write(lambda it: workflow_runs.advance(it, [run_id], wish, _now()))

    # --- what became of it --------------------------------------------------------------------------------

    def _is_done(self, workflow_id: int) -> bool:
        return bool(self._read(lambda it: claims.known(it, workflow_id)).status == WorkflowStatus.DONE)

    def _status(self, run_id: int) -> WorkflowRunStatus:
        return self._read(lambda it: workflow_runs.status(it, run_id))

    def _snapshot(self, workflow_id: int, run_id: int | None, elapsed: float = 0.0) -> Snapshot:
        return self._read(lambda it: snapshot_of(it, workflow_id, run_id or 0, elapsed))

    def _outcome(
        self,
        workflow_id: int,
        run_id: int | None,
        status: WorkflowRunStatus,
        last: Snapshot | None = None,
        *,
        was_stopped: bool = False,
    ) -> Outcome:
        known = last if last is not None and last.templates else self._snapshot(workflow_id, run_id)
        message = self._read(lambda it: report(it, known, self._again, was_stopped=was_stopped))
        return Outcome(
            status=status,
            message=message,
            workflow_id=workflow_id,
            workflow_run_id=run_id,
            total=known.total,
            done=known.done,
            failed=known.failed,
            templates={
                template.name: {"total": template.total, "done": template.done, "failed": template.failed}
                for template in known.templates
            },
        )

    # --- the database, which may be away for some minutes --------------------------------------------------

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        return self._ask(lambda it: it.change(work))

    def _read(self, work: Callable[[Connection], Result]) -> Result:
        return self._ask(lambda it: it.read(work))

    def _ask(self, question: Callable[[Archive], Awaitable[Result]]) -> Result:
        async def ask() -> Result:
            async with Archive(self._database) as archive:
                return await question(archive)

        return asyncio.run(ask())


def _account_of(error: Exception) -> str:
    return str(error) if isinstance(error, JobmonError) else traceback.format_exc().strip()


def _superseded(this: Try) -> TrySuperseded:
    return TrySuperseded(
        f"Try {this.number} of {this.place} may not act any more: a later try, or another process, does.",
        remedy="Nothing is to be done. The later try's log tells how the workflow fares.",
    )


def _now() -> datetime:
    return datetime.now(UTC)
