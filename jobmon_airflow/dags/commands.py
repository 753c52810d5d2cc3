"""A single command of an Airflow task, as a workflow of one task: what the engine does for many, it does for one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.client.workflow import Workflow

COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command, and all that is known of it before it runs."""

    tool: str
    template: str
    command_template: str
    node_args: Mapping[str, str] = field(default_factory=dict)
    task_args: Mapping[str, str] = field(default_factory=dict)
    op_args: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    workflow_name: str = ""
    cluster: str = ""
    compute_resources: Any = field(default_factory=dict)
    resource_scales: Mapping[str, Any] = field(default_factory=dict)
    fallback_queues: list[str] = field(default_factory=list)

    @classmethod
    def of_text(cls, text: str, *, tool: str, template: str, **more: Any) -> Self:
        """A command that was written out; one template stands for all commands of an Airflow task."""
        return cls(
            tool=tool,
            template=template,
            command_template=f"{{{COMMAND}}}",
            op_args={COMMAND: text},
            workflow_name=template,
            **more,
        )

    @classmethod
    def of_task(cls, task: Task) -> Self:
        """A task that a workflow defines."""
        version, workflow = task.task_template_version, task.workflow
        assert workflow is not None
        return cls(
            tool=workflow.tool.name,
            template=version.template_name,
            command_template=version.command_template.text,
            node_args=task.node_args,
            task_args=task.task_args,
            op_args=task.op_args,
            name=task.name,
            workflow_name=workflow.name,
            cluster=task.cluster_name,
            compute_resources=task.compute_resources_callable or task.compute_resources,
            resource_scales=task.resource_scales,
            fallback_queues=task.fallback_queues,
        )

    def workflow(self, workflow_args: str, facts: Mapping[str, Any], database: str | None) -> Workflow:
        """The workflow that has this one task, and leaves it to Airflow to try again."""
        from jobmon_airflow.client.tool import Tool

        tool = Tool(self.tool, database=database)
        attributes = {"airflow_dag_id": facts["dag_id"], "airflow_run_id": facts["run_id"]}
        workflow = tool.create_workflow(workflow_args, self.workflow_name, workflow_attributes=attributes)
        workflow.add_task(self._task(tool))
        return workflow

    @property
    def task_name(self) -> str:
        """What the task, its job and its files are called."""
        from jobmon_airflow.client.tool import Tool

        return self._task(Tool(self.tool)).name

    def _task(self, tool: Tool) -> Task:
        args: dict[str, Any] = {**self.node_args, **self.task_args, **self.op_args}
        template = tool.get_task_template(
            self.template,
            self.command_template,
            node_args=list(self.node_args),
            task_args=list(self.task_args),
            op_args=list(self.op_args),
        )
        return template.create_task(
            name=self.name,
            cluster_name=self.cluster,
            compute_resources=self.compute_resources,
            resource_scales=self.resource_scales,
            fallback_queues=self.fallback_queues,
            max_attempts=1,
            **args,
        )

    def packed(self) -> dict[str, Any]:
        """The same, as JSON can carry it."""
        return {each.name: _plain(each.name, getattr(self, each.name)) for each in fields(self)}


def as_text(command: str | Iterable[str]) -> str:
    """A command line; of a list, every word is quoted."""
    return command if isinstance(command, str) else shlex.join(map(str, command))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Memory | Runtime):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(name, each) for key, each in value.items()}
    if isinstance(value, str | int | float | bool | type(None)):
        return value
    if isinstance(value, list | tuple):  # an iterator may have no end
        return [_plain(name, each) for each in value]
    raise InvalidDefinition(
        f"{name} has {value!r}, which lives in the DAG file alone.",
        remedy="What runs in the triggerer needs plain values: write them out, or let the task run in a worker: "
        "deferrable=False.",
    )
