"""Tools, as Jobmon 2.x made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.classic.task_template import TaskTemplate
from jobmon_airflow.client import tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobmon_airflow.classic.workflow import ToolWorkflow


class Tool(tool.Tool):
    """A tool, as `jobmon_airflow.Tool` and as Jobmon 2.x had it.

    >>> tool = Tool.create_tool(name="codcorrect")
    >>> workflow = tool.create_workflow(name="codcorrect_2021", workflow_args="v23")
    >>> workflow.set_executor(executor_class="SequentialExecutor", project="proj_scicomp")
    >>> workflow.default_cluster_name
    'sequential'
    """

    @classmethod
    def create_tool(cls, name: str | None = None, **arguments: Any) -> Self:
        """The tool of this name; it is made if there is none."""
        return cls(name, **arguments)

    def get_task_template(
        self,
        template_name: str,
        command_template: str,
        node_args: Iterable[str] | None = None,
        task_args: Iterable[str] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> TaskTemplate:
        """The template of this name, with the version of this command and args active.

        Where no node args are named at all, not even an empty list, the task args are what makes tasks differ within a
        workflow: Jobmon 2.x told tasks apart by both.
        """
        if node_args is None:
            node_args, task_args = task_args, None
        template = super().get_task_template(
            template_name, command_template, node_args, task_args, *args, **kwargs
        )
        assert isinstance(template, TaskTemplate)
        return template

    def create_workflow(self, *args: Any, **kwargs: Any) -> ToolWorkflow:
        """A workflow of the active version."""
        from jobmon_airflow.classic.workflow import ToolWorkflow

        return ToolWorkflow(self, *args, **kwargs)

    def _new_template(self, template_name: str) -> TaskTemplate:
        return TaskTemplate(self.active_tool_version, template_name)
