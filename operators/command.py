"""Single commands in hand-written DAGs, with everything that the engine does for a workflow's tasks.

A command's memory and runtime are raised when they were too small, over Airflow's own tries; a try after a crash finds
the job that the one before has left; usage and verdict are kept in the Jobmon tables.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.configuration import conf
from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs

from jobmon_airflow import settings
from jobmon_airflow.dags.clusters import DEFAULT
from jobmon_airflow.dags.commands import Command, as_text
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.operators.addresses import without_password
from jobmon_airflow.operators.links import JobmonLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.engine.attending import Attendance

TRIGGER = "jobmon_airflow.triggers.command.CommandTrigger"


class CommandOperator(BaseOperator):
    """Runs a command on a cluster. Its subclasses say on which.

    ``command`` is a line for the shell, or a list of words. Values of params and conf that a template puts into a line
    are quoted for the shell. ``compute_resources`` are what a task of Jobmon asks for; ``resource_scales`` say how a
    request grows that was too small, by half if nothing is said, within the limits of its queue and of
    ``fallback_queues``. ``max_attempts`` counts tries: it sets Airflow's ``retries``, which are immediate unless a
    ``retry_delay`` is given. ``env`` is added to the command's environment, and stored nowhere.

    With ``deferrable`` it takes no worker. Unless ``cancel_on_kill`` is off, its job is ended when the task is cleared
    or marked while it runs.
    """

    cluster: ClassVar[str] = ""
    template_fields: Sequence[str] = ("command", "compute_resources", "env")
    template_fields_renderers: ClassVar[Any] = {"command": "bash", "env": "json", "compute_resources": "json"}
    template_ext: Sequence[str] = (".sh",)
    ui_color = "#f4ead5"
    operator_extra_links = (JobmonLink(),)

    def __init__(
        self,
        *,
        command: str | Sequence[str],
        compute_resources: Any = None,
        resource_scales: Mapping[str, Any] | None = None,
        fallback_queues: Sequence[str] | None = None,
        max_attempts: int | None = None,
        env: Mapping[str, str] | None = None,
        cluster_name: str | None = None,
        tool: str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        cancel_on_kill: bool = True,
        database: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_with_retries(kwargs, max_attempts))
        self.command = command
        self.compute_resources = compute_resources if compute_resources is not None else {}
        self.resource_scales = dict(resource_scales or {})
        self.fallback_queues = list(fallback_queues or [])
        self.env = dict(env or {})
        self.cluster_name = cluster_name or self.cluster
        self.tool = tool
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.cancel_on_kill = cancel_on_kill
        self.database = database
        self.workflow_args: str | None = (
            None  #: of the workflow that the command belongs to, if it has its own
        )
        self._attendance: Attendance | None = None
        if not self.cluster_name:
            raise InvalidDefinition(
                f"Nobody said where the command of '{self.task_id}' is to run.",
                remedy="Take SlurmOperator, MultiprocessOperator or SequentialOperator; or name a cluster: "
                "cluster_name='…'.",
            )
        if deferrable:
            self._start_in_the_triggerer()

    @classmethod
    def partial(cls, *, max_attempts: int | None = None, **kwargs: Any) -> Any:
        """Begin to map it; Airflow tries what is mapped as often as it is told here."""
        at_once = {} if max_attempts is None else {"retry_delay": timedelta(0)}
        return super().partial(**{**at_once, **_as_retries(kwargs, max_attempts)})

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the command here; return ids, verdict and usage."""
        from jobmon_airflow.dags.running import run_command

        return run_command(self, context)

    def execute_complete(self, context: Context, event: Any = None) -> Any:  # noqa: ARG002 - Airflow's form
        """Not called: the trigger ends the task by itself."""
        return event

    def on_kill(self) -> None:
        """End the job, unless it is to go on."""
        if self._attendance is not None:
            self._attendance.stop()

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Fill in the templates; what a person wrote into params or conf is quoted where it enters the command."""
        from jobmon_airflow.dags.quoting import quoting

        env = jinja_env or self.get_template_env()
        self._do_render_template_fields(self, ("command",), quoting(context, self.command), env, set())
        others = tuple(name for name in self.template_fields if name != "command")
        self._do_render_template_fields(self, others, context, env, set())

    def as_command(self, dag_id: str) -> Command:
        """The command as the engine knows it, once its templates are filled in."""
        return Command.of_text(
            as_text(self.command),
            tool=self.tool or dag_id,
            template=self.task_id,
            cluster=self.cluster_name,
            compute_resources=self.compute_resources,
            resource_scales=self.resource_scales,
            fallback_queues=self.fallback_queues,
        )

    def _start_in_the_triggerer(self) -> None:
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=TRIGGER,
            trigger_kwargs={**self._told(), "wishes": Wishes().as_dict()},
            next_method="execute_complete",
            next_kwargs=None,
            timeout=None,
        )

    def _told(self) -> dict[str, Any]:
        """What the trigger is told, before its templates are filled in."""
        command = self.as_command(self.dag_id if self.has_dag() else "").packed()
        return {
            "command": self.command if isinstance(self.command, str) else list(self.command),
            "compute_resources": command["compute_resources"],
            "env": self.env,
            "rest": command,
            "workflow_args": self.workflow_args,
            "cancel_on_kill": self.cancel_on_kill,
            "poll_interval": self.poll_interval or settings.poll_interval(),
            "database": without_password(self.database, self.task_id),
        }


class SlurmOperator(CommandOperator):
    """Runs a command as a job of Slurm.

    ``slurm_conn_id`` is the connection that leads to the cluster. If none is named, it is ``slurm_default``; and where
    there is no such connection, the cluster ``slurm`` as the database knows it: by default, that of Slurm's commands on
    the machine of the worker or triggerer.
    """

    cluster = DEFAULT

    def __init__(
        self, *, slurm_conn_id: str | None = None, cluster_name: str | None = None, **kwargs: Any
    ) -> None:
        if slurm_conn_id and cluster_name and slurm_conn_id != cluster_name:
            raise InvalidDefinition(
                f"The task '{kwargs.get('task_id')}' has slurm_conn_id='{slurm_conn_id}' and "
                f"cluster_name='{cluster_name}'.",
                remedy="Leave one out: a connection's id is the cluster's name.",
            )
        super().__init__(cluster_name=slurm_conn_id or cluster_name, **kwargs)
        self.slurm_conn_id = slurm_conn_id


class MultiprocessOperator(CommandOperator):
    """Runs a command on the machine of its worker or triggerer, held to the memory and runtime that it asks for."""

    cluster = "multiprocess"


class SequentialOperator(CommandOperator):
    """The same as `MultiprocessOperator`, on the cluster that runs one command after the other."""

    cluster = "sequential"


class TaskOperator(CommandOperator):
    """Runs one task of a workflow that the DAG file has built."""

    template_fields: Sequence[str] = ()

    def __init__(self, *, task: Task, **kwargs: Any) -> None:
        self._task = Command.of_task(task)
        super().__init__(
            command=task.command,
            compute_resources=self._task.compute_resources,
            resource_scales=self._task.resource_scales,
            fallback_queues=self._task.fallback_queues,
            cluster_name=self._task.cluster,
            tool=self._task.tool,
            **kwargs,
        )
        if task.workflow is not None and task.workflow.has_own_args:
            self.workflow_args = task.workflow.workflow_args

    def as_command(self, dag_id: str) -> Command:  # noqa: ARG002 - it has a tool
        """The task as the engine knows it."""
        return self._task

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Leave the command as it is: braces in it are the command's own."""


def _with_retries(kwargs: dict[str, Any], max_attempts: int | None) -> dict[str, Any]:
    """Airflow's words for the number of tries, which begin at once unless somebody wants to wait."""
    if "retry_delay" not in {**(kwargs.get("default_args") or {}), **kwargs}:
        kwargs = {**kwargs, "retry_delay": timedelta(0)}
    return _as_retries(kwargs, max_attempts)


def _as_retries(kwargs: dict[str, Any], max_attempts: int | None) -> dict[str, Any]:
    if max_attempts is None:
        return kwargs
    if "retries" in kwargs or max_attempts < 1:
        raise InvalidDefinition(
            f"The task '{kwargs.get('task_id')}' has max_attempts={max_attempts}"
            f"{' and retries' if 'retries' in kwargs else ''}.",
            remedy="max_attempts counts all tries, and is 1 or more: max_attempts=3 is retries=2.",
        )
    return {**kwargs, "retries": max_attempts - 1}
