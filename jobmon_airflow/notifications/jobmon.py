"""What became of a workflow, told by any of Airflow's notifiers.

    on_failure_callback=JobmonNotifier(
        SmtpNotifier(to="ada@example.org", subject="{{ jobmon.subject }}",
                     html_content="<pre>{{ jobmon.summary | e }}</pre>"),
        SlackWebhookNotifier(slack_webhook_conn_id="slack", text="{{ jobmon.summary }}"),
    )

It may be the callback of a DAG or of a task, for failures or successes. Wherever Airflow calls it (in a worker, or in
the dag-processor), the Jobmon tables are within reach.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context
    from sqlalchemy import Connection

    from jobmon_airflow.engine.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What templates of notifications know as ``jobmon``."""

    subject: str  #: a line
    summary: str  #: a screenful: what is done, what failed and how, and what to type next
    workflow_id: int | None = None
    status: str | None = None  #: such as FAILED
    counts: Mapping[str, int] = field(
        default_factory=dict
    )  #: tasks by PENDING, SCHEDULED, RUNNING, DONE, FATAL
    link: str = ""  #: to the Jobmon view


@dataclass(frozen=True, slots=True)
class _Occasion:
    """What Airflow says of who called."""

    dag_id: str
    run_id: str
    task_id: str | None
    map_index: int
    reason: str

    def __str__(self) -> str:
        task = f"task {self.task_id} of " if self.task_id else ""
        return f"{task}run {self.run_id} of DAG {self.dag_id}"


class JobmonNotifier(BaseNotifier):
    """Hands the story of the workflow that an Airflow task or DAG run acted for to other notifiers.

    They are notifiers, or plain functions of the context, and find it there as ``jobmon``: subject, summary,
    workflow_id, status, counts, link. Without any, the summary goes to the log.
    """

    template_fields: Sequence[str] = ("jobmon_conn_id",)

    def __init__(
        self,
        *notifiers: Callable[[Context], Any],
        jobmon_conn_id: str = "jobmon_default",
        context: Context | None = None,
    ) -> None:
        super().__init__(context)
        self.notifiers = notifiers
        self.jobmon_conn_id = jobmon_conn_id

    def notify(self, context: Context) -> None:
        """Tell all of the notifiers. One that fails does not keep the others from being told."""
        told: Any = {**context, "jobmon": self.story(context)}
        if not self.notifiers:
            self.log.info("%s\n%s", told["jobmon"].subject, told["jobmon"].summary)
        failed = [error for notifier in self.notifiers if (error := self._failure(notifier, told))]
        if failed:
            raise failed[0]

    def story(self, context: Context) -> Story:
        """What there is to tell. If the tables do not answer, that is told: a failure is never passed over."""
        from sqlalchemy.exc import SQLAlchemyError

        occasion = _occasion(context)
        try:
            return self._story(occasion)
        except (JobmonError, SQLAlchemyError) as error:
            self.log.exception("The Jobmon tables could not be asked about %s", occasion)
            why = str(getattr(error, "orig", None) or error)
            return _without_workflow(occasion, f"The Jobmon tables could not be asked: {why}")

    def _story(self, occasion: _Occasion) -> Story:
        from jobmon_airflow.engine import standing
        from jobmon_airflow.hooks.jobmon import JobmonHook
        from jobmon_airflow.view import runs

        database = JobmonHook(self.jobmon_conn_id).database
        place = occasion.dag_id, occasion.run_id, occasion.task_id, occasion.map_index
        with database.read() as connection:
            workflow_id = runs.find(connection, *place)
            if workflow_id is None:
                return _without_workflow(occasion, "No workflow was bound.")
            return _told(connection, standing.of_workflow(connection, workflow_id), occasion)

    def _failure(self, notifier: Callable[[Context], Any], context: Context) -> Exception | None:
        try:
            # A notifier fills in its templates once and for all; the next story needs them as they were.
            copy.copy(notifier)(context)
        except Exception as error:
            self.log.exception("The notifier %s failed", type(notifier).__name__)
            return error
        return None


def _told(connection: Connection, found: Standing, occasion: _Occasion) -> Story:
    from jobmon_airflow.engine import standing

    name = f"{found.tool}: {found.name}" if found.name else found.tool
    failed = f", {found.failed:,} of {found.total:,} tasks failed" if found.failed else ""
    link = _link(found.workflow_id)
    account = standing.account(connection, found)
    about = [f"Workflow {found.workflow_id} ({name}) by {occasion}", link]
    return Story(
        subject=f"Jobmon: {name}, workflow {found.workflow_id}: {found.status.label}{failed}",
        summary="\n".join([*filter(None, about), "", account]),
        workflow_id=found.workflow_id,
        status=found.status.label,
        counts={bucket.value: count for bucket, count in found.counts.items()},
        link=link,
    )


def _without_workflow(occasion: _Occasion, why: str) -> Story:
    said = "\n".join(filter(None, [why, occasion.reason]))
    return Story(subject=f"Jobmon: {occasion}", summary=f"This is about {occasion}.\n\n{said}")


def _link(workflow_id: int) -> str:
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/jobmon/workflow/{workflow_id}" if base.startswith("http") else ""


def _occasion(context: Any) -> _Occasion:
    """Who called: a task instance, or a whole run, of which Airflow says less."""
    instance, run = context.get("ti") or context.get("task_instance"), context.get("dag_run")
    dag_id = getattr(instance, "dag_id", None) or getattr(run, "dag_id", None) or context["dag"].dag_id
    run_id = getattr(instance, "run_id", None) or getattr(run, "run_id", None) or context["run_id"]
    map_index = getattr(instance, "map_index", None)
    return _Occasion(
        dag_id=dag_id,
        run_id=run_id,
        task_id=getattr(instance, "task_id", None),
        map_index=-1 if map_index is None else map_index,
        reason=str(context.get("exception") or context.get("reason") or ""),
    )
