"""A workflow that is run from the triggerer: without a worker, and without a moment of the triggerer's loop."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent

from jobmon_airflow import settings
from jobmon_airflow.client import registry
from jobmon_airflow.dags.about import about, packed, this_try
from jobmon_airflow.dags.airflow_states import state_of
from jobmon_airflow.dags.clearing import cleared_mirrors
from jobmon_airflow.dags.defining import asked_for
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.loading import whereabouts
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.engine.attending import Outcome
from jobmon_airflow.errors import RunError, TrySuperseded
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import airflow_tasks, workflow_runs
from jobmon_airflow.triggers import engines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from airflow.triggers.base import TriggerEvent
    from sqlalchemy import Row

    from jobmon_airflow.store.airflow_tasks import Try
    from jobmon_airflow.store.database import Database

_STARTS: Final = 3  # of engines for one try: one that dies again and again would do so for ever
_LOOK: Final = 0.5  # seconds between two looks at an engine of our own
_PATIENCE: Final = 25.0  # seconds for an engine to end; Airflow gives on_kill thirty


class WorkflowTrigger(BaseTrigger):
    """Ends its task as a workflow ends."""

    def __init__(
        self,
        *,
        workflow_id: int | str | None,
        workflow_args: str | None,
        family: Sequence[str] | None,
        is_built: bool,
        template_task_ids: Mapping[str, str],
        wishes: Mapping[str, Any],
        cancel_on_kill: bool,
        poll_interval: float,
        database: str | None = None,
    ) -> None:
        super().__init__()
        self.workflow_id = workflow_id
        self.workflow_args = workflow_args
        self.family = family
        self.is_built = is_built
        self.template_task_ids = template_task_ids
        self.wishes = wishes
        self.cancel_on_kill = cancel_on_kill
        self.poll_interval = poll_interval
        self.database = database

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Its path and arguments, as Airflow keeps them."""
        names = (
            *("workflow_id", "workflow_args", "family", "is_built", "template_task_ids", "wishes"),
            *("cancel_on_kill", "poll_interval", "database"),
        )
        return "jobmon_airflow.triggers.workflow.WorkflowTrigger", {
            name: getattr(self, name) for name in names
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Let an engine run the workflow, wait for its outcome, and end the task so."""
        try:
            outcome = await self._outcome()
        except Exception as error:  # an error of a trigger would end in a worker, which cannot tell more
            self.log.exception("The workflow could not be run.")
            yield TaskFailedEvent(xcoms={"return_value": {"status": "E", "error": str(error)}})
            return
        self.log.info("%s", outcome.message)
        event = TaskSuccessEvent if outcome.is_done else TaskFailedEvent
        yield event(xcoms={"return_value": outcome.facts()})

    async def on_kill(self) -> None:
        """End the workflow's run, if a person wants that; this is also called when the trigger moves elsewhere."""
        if not self.cancel_on_kill:
            return
        this = this_try(self.task_instance)
        if await asyncio.to_thread(state_of, this.place) in {"deferred", "running"}:
            return  # it was moved, or begins again: then the new try deals with what this one has left
        await asyncio.to_thread(self._end, this)
        await self._gone(this)

    # --- waiting ------------------------------------------------------------------------------------------

    async def _outcome(self) -> Outcome:
        this = this_try(self.task_instance)
        claim = await asyncio.to_thread(self._claim, this)
        if claim.outcome is not None:
            return Outcome.from_json(claim.outcome)
        for _ in range(_STARTS):
            row = await self._known(this)
            if engines.is_at_work(row):
                await self._watch(this)
            else:
                await self._run_engine(await asyncio.to_thread(self._order, this))
            if (row := await self._known(this)).outcome is not None:
                return Outcome.from_json(row.outcome)
            self.log.warning("The engine died before the workflow's end. Another one goes on.")
        raise RunError(
            f"{_STARTS} engines died, one after the other.",
            remedy=f"Their logs in {settings.engine_log_folder()} may say why. Clear the task to go on.",
        )

    async def _run_engine(self, order: Order) -> None:
        engine = await asyncio.to_thread(engines.Engine, order, self.database)
        self.log.info("The engine's log: %s", engine.log_file)
        while not engine.is_over:
            await asyncio.sleep(_LOOK)
            self._tell(engine)
        self._tell(engine)

    def _tell(self, engine: engines.Engine) -> None:
        for line in engine.news():
            self.log.info("%s", line)

    async def _watch(self, this: Try) -> None:
        """Wait for an engine that another triggerer has started."""
        self.log.info("The engine that was started for this try is at work; waiting for it.")
        row = await self._known(this)
        while row.outcome is None and engines.is_at_work(row):
            await asyncio.sleep(min(self.poll_interval, 5 * _LOOK))
            row = await self._known(this)

    async def _known(self, this: Try) -> Row[Any]:
        row = await asyncio.to_thread(engines.known, this, self._store())
        if row is None:
            raise TrySuperseded(
                f"Try {this.number} of {this.place} may not act any more: a later one does.",
                remedy="Nothing is to be done.",
            )
        return row

    # --- the engine's order -------------------------------------------------------------------------------

    def _claim(self, this: Try) -> airflow_tasks.Claim:
        return self._store().write(lambda it: airflow_tasks.claim(it, this, datetime.now(UTC)))

    def _order(self, this: Try) -> Order:
        facts = about(self.task_instance.get_template_context())  # type: ignore[union-attr]
        place = this.place
        return Order(
            dag_id=place.dag_id,
            run_id=place.run_id,
            task_id=place.task_id,
            map_index=place.map_index,
            try_number=this.number,
            facts=packed(facts),
            wishes=Wishes(**self.wishes).heard(facts["params"], facts["conf"]).as_dict(),
            cancel_on_kill=self.cancel_on_kill,
            workflow_id=asked_for(self.workflow_id, facts),
            family=self.family,
            workflow_args=self.workflow_args,
            dag_file=whereabouts(self.task.dag) if self.is_built else None,  # type: ignore[union-attr]
            cleared=[asdict(each) for each in cleared_mirrors(self._store(), place, self.template_task_ids)],
        )

    # --- ending -------------------------------------------------------------------------------------------

    def _end(self, this: Try) -> None:
        row = engines.known(this, self._store())
        if row is None:
            return
        if row.workflow_run_id is not None:
            wish = WorkflowRunStatus.COLD_RESUME
            self._store().write(
                lambda it: workflow_runs.advance(it, [row.workflow_run_id], wish, datetime.now(UTC))
            )
        engines.end(row)

    async def _gone(self, this: Try) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() - begun < _PATIENCE:
            row = await asyncio.to_thread(engines.known, this, self._store())
            if row is None or row.outcome is not None or not engines.is_at_work(row):
                return
            await asyncio.sleep(_LOOK)

    def _store(self) -> Database:
        return registry.database(self.database)
