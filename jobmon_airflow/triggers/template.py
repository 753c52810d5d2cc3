"""The mirror of a template, in the triggerer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent

from jobmon_airflow.client import registry
from jobmon_airflow.dags.about import this_try
from jobmon_airflow.dags.mirroring import End, ending, facts, in_words, step
from jobmon_airflow.operators.links import page_of
from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.triggers.leaving import leave
from jobmon_airflow.triggers.patience import patiently
from jobmon_airflow.triggers.told import ToldTrigger
from jobmon_airflow.triggers.watch import Subject, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow.triggers.base import TriggerEvent

    from jobmon_airflow.dags.mirroring import Ending, View
    from jobmon_airflow.store.airflow_tasks import Claim, Try

EVENTS = {End.SUCCESS: TaskSuccessEvent, End.FAILED: TaskFailedEvent, End.SKIPPED: TaskSkippedEvent}


@dataclass(kw_only=True, eq=False, repr=False)
class TemplateTrigger(ToldTrigger):
    """Ends its task as the tasks of a template end."""

    template: str
    run_task_id: str

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the template's end, and end the task so."""
        try:
            found = await self._mirrored()
        except Exception:  # an error of a trigger would end in a worker, which cannot tell more
            self.log.exception("The template could not be mirrored.")
            yield TaskFailedEvent()
        else:
            yield EVENTS[found.end]()

    async def _mirrored(self) -> Ending:
        this = this_try(self.task_instance)
        claim = await patiently(lambda: self._claim(this))
        self.log.info("The workflow's page: %s", page_of(this.place))
        view, found = await self._ending(this, claim)
        self.log.info(found.reason)
        await patiently(lambda: self._note(this, view, found))
        await asyncio.to_thread(leave, self, {**facts(view, self.template), "reason": found.reason})
        return found

    async def _ending(self, this: Try, claim: Claim) -> tuple[View, Ending]:
        place = this.place
        run = airflow_tasks.Place(dag_id=place.dag_id, run_id=place.run_id, task_id=self.run_task_id)
        told: object = None
        async with watching(Subject(self.database, run, self.poll_interval)) as watch:
            # After a clear, what others have just seen, or are just seeing, may be older than the clear.
            looks = 0 if claim.is_heeded else watch.looks + 1
            while True:
                looks, view = await watch.next(looks)
                if (news := step(view, self.template)) != told:
                    told = news
                    self.log.info(in_words(view, self.template))
                if (found := ending(view, self.template, place.task_id)) is not None:
                    return view, found

    def _claim(self, this: Try) -> Claim:
        return registry.database(self.database).write(
            lambda it: airflow_tasks.claim_mirror(it, this, datetime.now(UTC))
        )

    def _note(self, this: Try, view: View, found: Ending) -> None:
        outcome = json.dumps({"end": found.end, "reason": found.reason})
        registry.database(self.database).write(
            lambda it: airflow_tasks.note(
                it, this, datetime.now(UTC), workflow_id=view.workflow_id, outcome=outcome
            )
        )
