"""A task whose work is done by an engine beside the triggerer: without a worker, and without a moment of its loop."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent

from jobmon_airflow import settings
from jobmon_airflow.client import registry
from jobmon_airflow.dags import telemetry
from jobmon_airflow.dags.about import this_try
from jobmon_airflow.dags.airflow_states import state_of
from jobmon_airflow.engine.outcomes import Outcome
from jobmon_airflow.errors import RunError, TrySuperseded
from jobmon_airflow.operators.links import page_of
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import airflow_tasks, workflow_runs
from jobmon_airflow.triggers import engines
from jobmon_airflow.triggers.leaving import leave
from jobmon_airflow.triggers.patience import patiently
from jobmon_airflow.triggers.told import ToldTrigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow.triggers.base import TriggerEvent
    from sqlalchemy import Row

    from jobmon_airflow.dags.engine import Order
    from jobmon_airflow.store.airflow_tasks import Claim, Try
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.triggers.engines import Engine
    from jobmon_airflow.triggers.errands import Errand

_STARTS: Final = 3  # of engines for one try: one that dies again and again would do so for ever
_LOOK: Final = 0.5  # seconds between two looks at an engine of our own
_PATIENCE: Final = 25.0  # seconds for an engine to end; Airflow gives on_kill thirty


@dataclass(kw_only=True, eq=False, repr=False)
class AttendingTrigger(ToldTrigger):
    """Ends its task as a workflow ends."""

    repeats = False  #: what is done, when a person clears the task

    cancel_on_kill: bool

    @abstractmethod
    def order(self, this: Try) -> Order:
        """What the engine is to do for a try."""

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """What others learn of the outcome."""
        return outcome.facts()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Let an engine run the workflow, wait for its outcome, and end the task so."""
        try:
            outcome = await self._outcome()
            await asyncio.to_thread(self._leave, outcome)
        except Exception:  # an error of a trigger would end in a worker, which cannot tell more
            self.log.exception("The workflow could not be run.")
            yield TaskFailedEvent()
        else:
            yield TaskSuccessEvent() if outcome.is_done else TaskFailedEvent()

    async def on_kill(self) -> None:
        """End the workflow's run, if a person wants that; this is also called when the trigger moves elsewhere."""
        if not self.cancel_on_kill:
            return
        this = this_try(self.task_instance)
        if await asyncio.to_thread(state_of, this.place) in {"deferred", "running"}:
            return  # it was moved, or begins again: then the new try deals with what this one has left
        await asyncio.to_thread(self._end, this)
        if (outcome := await self._gone(this)) is not None:
            await asyncio.to_thread(self._tell_of, outcome)

    def _leave(self, outcome: Outcome) -> None:
        leave(self, self.facts(outcome))
        self._tell_of(outcome)

    def _tell_of(self, outcome: Outcome) -> None:
        telemetry.tell_from_triggerer(self.store(), self.task_instance, outcome)

    # --- waiting ------------------------------------------------------------------------------------------

    async def _outcome(self) -> Outcome:
        this = this_try(self.task_instance)
        self.log.info("The workflow's page: %s", page_of(this.place))
        claim = await patiently(lambda: self._claim(this))
        if claim.is_superseded:
            raise _superseded(this)
        if claim.outcome is not None:
            return Outcome.from_json(claim.outcome)
        for _ in range(_STARTS):
            if engines.is_at_work(await self._known(this)):
                await self._watch(this)
            else:
                await self._run_engine(await patiently(lambda: self.order(this)))
            if (row := await self._known(this)).outcome is not None:
                return Outcome.from_json(row.outcome)
            self.log.warning("The engine died before the workflow's end. Another one goes on.")
        raise RunError(
            f"{_STARTS} engines died, one after the other.",
            remedy=f"Their logs in {settings.engine_log_folder()} may say why. Clear the task to go on.",
        )

    async def _run_engine(self, order: Order) -> None:
        engine = await engines.begin(order, self.database)
        self.log.info("The engine's log: %s", engine.log_file)
        with closing(engine):
            while not engine.is_over:
                await asyncio.sleep(_LOOK)
                self._tell(engine)
            while self._tell(engine):
                pass

    def _tell(self, engine: Engine | Errand) -> bool:
        """Tell what the engine has said, and say whether it has said anything."""
        lines = engine.news()
        for line in lines:
            self.log.info("%s", line)
        return bool(lines)

    async def _watch(self, this: Try) -> None:
        """Wait for an engine that another triggerer has started."""
        self.log.info("The engine that was started for this try is at work; waiting for it.")
        row = await self._known(this)
        while row.outcome is None and engines.is_at_work(row):
            await asyncio.sleep(min(self.poll_interval, 5 * _LOOK))
            row = await self._known(this)

    async def _known(self, this: Try) -> Row[Any]:
        row = await patiently(lambda: engines.known(this, self.store()))
        if row is None:
            raise _superseded(this)
        return row

    def _claim(self, this: Try) -> Claim:
        return self.store().write(
            lambda it: airflow_tasks.claim(it, this, datetime.now(UTC), repeats=self.repeats)
        )

    # --- ending -------------------------------------------------------------------------------------------

    def _end(self, this: Try) -> None:
        row = engines.known(this, self.store())
        if row is None:
            return
        if row.workflow_run_id is not None:
            wish, run_ids = WorkflowRunStatus.COLD_RESUME, [row.workflow_run_id]
            self.store().write(lambda it: workflow_runs.advance(it, run_ids, wish, datetime.now(UTC)))
        engines.end(row, this)

    async def _gone(self, this: Try) -> Outcome | None:
        """Wait until the engine has ended; how it left the run, if it could say so."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() - begun < _PATIENCE:
            row = await asyncio.to_thread(engines.known, this, self.store())
            if row is None or row.outcome is not None or not engines.is_at_work(row):
                return Outcome.from_json(row.outcome) if row is not None and row.outcome is not None else None
            await asyncio.sleep(_LOOK)
        return None

    def store(self) -> Database:
        """The database with the Jobmon tables."""
        return registry.database(self.database)


def _superseded(this: Try) -> TrySuperseded:
    return TrySuperseded(
        f"Try {this.number} of {this.place} may not act any more: a later one does.",
        remedy="Nothing is to be done.",
    )
