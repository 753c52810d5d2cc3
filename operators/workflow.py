"""The task that runs a whole workflow: in its worker, or by an engine beside the triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs

from jobmon_airflow import settings
from jobmon_airflow.dags.clusters import of_tasks
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.operators.addresses import without_password
from jobmon_airflow.operators.links import JobmonLink

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from airflow.sdk import Context

    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.engine.attending import Attendance

TRIGGER = "jobmon_airflow.triggers.workflow.WorkflowTrigger"


class WorkflowOperator(BaseOperator):
    """Runs a workflow to its end, and whatever is not done of it when Airflow tries again or a person clears it.

    The workflow is one that the DAG file has built (``workflow``), that a function builds when the task runs
    (``build``), that the database knows (``workflow_id``), or the newest of a tool and a name (``family``). A DAG run
    whose conf or params have a ``workflow_id`` runs that one. There, ``cold``, ``increase_resources``, ``fail_fast``,
    ``seconds_until_timeout`` and ``resume_timeout`` are heard too.

    With ``deferrable`` it takes no worker: an engine of its own runs beside the triggerer, which watches it. Unless
    ``cancel_on_kill`` is off, the workflow's jobs are ended when the task is cleared or marked while it runs.
    """

    template_fields: Sequence[str] = ("workflow_id", "workflow_args")
    ui_color = "#d5e8f2"
    operator_extra_links = (JobmonLink(),)

    def __init__(
        self,
        *,
        workflow: Workflow | None = None,
        build: Callable[..., Workflow] | None = None,
        workflow_id: int | str | None = None,
        family: tuple[str, str] | None = None,
        template_task_ids: Mapping[str, str] | None = None,
        clusters: Collection[str] = (),
        fail_fast: bool = False,
        seconds_until_timeout: float = 36_000,
        resume_timeout: float = 300,
        increase_resources: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        cancel_on_kill: bool = True,
        database: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.build = build
        self.workflow_id = workflow_id
        self.workflow_args = (
            workflow.workflow_args if workflow is not None and workflow.has_own_args else None
        )
        self.family = family
        self.template_task_ids = dict(template_task_ids or {})
        self.wishes = Wishes(
            fail_fast=fail_fast,
            seconds_until_timeout=float(seconds_until_timeout),
            resume_timeout=float(resume_timeout),
            increase_resources=increase_resources,
        )
        self.clusters = sorted({*clusters, *(of_tasks(workflow) if workflow is not None else ())})
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.cancel_on_kill = cancel_on_kill
        self.database = database
        self._attendance: Attendance | None = None
        if sum(way is not None for way in (workflow, build, workflow_id, family)) != 1:
            raise InvalidDefinition(
                f"It is not clear which workflow the task '{self.task_id}' runs.",
                remedy="Give it one of these: a workflow, a function that builds one (build), a workflow_id, a family "
                "(tool, name).",
            )
        if deferrable:
            self._start_in_the_triggerer()

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the workflow here; return ids and counts."""
        from jobmon_airflow.dags.running import run_workflow

        return run_workflow(self, context)

    def execute_complete(self, context: Context, event: Any = None) -> Any:  # noqa: ARG002 - Airflow's form
        """Not called: the trigger ends the task by itself."""
        return event

    def on_kill(self) -> None:
        """End the run, and its jobs with it unless they are to outlive it."""
        if self._attendance is not None:
            self._attendance.stop()

    def _start_in_the_triggerer(self) -> None:
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=TRIGGER,
            trigger_kwargs={
                "workflow_id": self.workflow_id,
                "workflow_args": self.workflow_args,
                "family": list(self.family) if self.family else None,
                "is_built": self.workflow is not None or self.build is not None,
                "template_task_ids": self.template_task_ids,
                "wishes": self.wishes.as_dict(),
                "cancel_on_kill": self.cancel_on_kill,
                "poll_interval": self.poll_interval or settings.poll_interval(),
                "database": without_password(self.database, self.task_id),
                "clusters": list(self.clusters),
            },
            next_method="execute_complete",
            next_kwargs=None,
            timeout=None,
        )
