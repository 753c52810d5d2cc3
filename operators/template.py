"""The mirror of a task template: a light task that begins and ends in the triggerer, with its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs

from jobmon_airflow import settings
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.operators.addresses import without_password
from jobmon_airflow.operators.links import JobmonLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

TRIGGER = "jobmon_airflow.triggers.template.TemplateTrigger"


class TemplateOperator(BaseOperator):
    """Succeeds when all tasks of a template are done, fails when some failed, and is skipped if none were run.

    Other Airflow tasks and Assets depend on it as on any task. It does no work of its own: ``run_task_id`` names the
    task that runs the workflow. It takes neither a worker nor a slot, and one query at a time serves all mirrors of a
    DAG run.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#eaf4e4"
    operator_extra_links = (JobmonLink(),)

    def __init__(
        self,
        *,
        template: str,
        run_task_id: str = "run",
        poll_interval: float | None = None,
        database: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("outlets"):
            raise InvalidDefinition(
                f"The mirror '{kwargs.get('task_id')}' has outlets, and Airflow tells no Asset of what ends in the "
                "triggerer.",
                remedy="Let a task of a worker tell it: mirror >> EmptyOperator(task_id='published', outlets=[asset]).",
            )
        # It waits for nobody, and there is nothing to try again: its template's tasks have retries of their own.
        kwargs |= {"trigger_rule": kwargs.get("trigger_rule", "always"), "retries": 0}
        super().__init__(**kwargs)
        self.template = template
        self.run_task_id = run_task_id
        self.poll_interval = poll_interval or settings.poll_interval()
        self.database = database
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=TRIGGER,
            trigger_kwargs={
                "template": template,
                "run_task_id": run_task_id,
                "poll_interval": self.poll_interval,
                "database": without_password(database, self.task_id),
            },
            next_method="execute_complete",
            next_kwargs=None,
            timeout=None,
        )

    def execute(self, context: Context) -> dict[str, Any]:
        """Look once, and come again later; for `airflow dags test`, which has no triggerer."""
        from jobmon_airflow.dags.mirroring import look_once

        return look_once(self, context)

    def execute_complete(self, context: Context, event: Any = None) -> Any:  # noqa: ARG002 - Airflow's form
        """Not called: the trigger ends the task by itself."""
        return event
