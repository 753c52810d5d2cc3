"""Task templates: a pattern of commands, its versions, and the tasks made from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client import garbage
from jobmon_airflow.client.names import checked_name, checked_task_name
from jobmon_airflow.client.task import let_wait, listed
from jobmon_airflow.client.task_settings import NO_SETTINGS
from jobmon_airflow.client.task_template_version import TaskTemplateVersion, TemplateDefaults, crossed
from jobmon_airflow.errors import InvalidDefinition, UnknownVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jobmon_airflow.client.defaults import Said
    from jobmon_airflow.client.shape import Part, Shape
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.tool import Tool, ToolVersion


class TaskTemplate(TemplateDefaults):
    """A family of commands. Tools make templates: see `Tool.get_task_template`.

    >>> from jobmon_airflow import Tool
    >>> template = Tool("health").get_task_template(
    ...     "transform", "transform.py {location_id} {year} > {folder}/out",
    ...     node_args=["location_id", "year"], task_args=["folder"],
    ... )
    >>> template.create_task(location_id=7, year=1990, folder="/data").command
    'transform.py 7 1990 > /data/out'
    >>> [task.name for task in template.create_tasks(location_id=[7, 8], year=[1990, 1991], folder="/data")]
    ['transform_location_id-7_year-1990', 'transform_location_id-7_year-1991',
     'transform_location_id-8_year-1990', 'transform_location_id-8_year-1991']
    """

    def __init__(self, tool_version: ToolVersion, template_name: str) -> None:
        self.tool_version = tool_version
        self.template_name = checked_name(template_name, "task template")
        self._versions: list[TaskTemplateVersion] = []
        self._active: TaskTemplateVersion | None = None

    def __repr__(self) -> str:
        return f"<TaskTemplate {self.template_name}>"

    # --- versions ---------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The template's name, which is also the name of its array in a workflow."""
        return self.template_name

    @property
    def tool(self) -> Tool:
        """The tool that the template belongs to."""
        return self.tool_version.tool

    @cached_property
    def id(self) -> int:
        """The id in the database; asking for it writes the template there."""
        from jobmon_airflow.client import registry

        return registry.template_id(self)

    @property
    def active_task_template_version(self) -> TaskTemplateVersion:
        """The version that new tasks are made from."""
        if self._active is None:
            raise UnknownVersion(
                f"The task template '{self.template_name}' has no version yet.",
                remedy="Make one: get_task_template_version(command_template, node_args=…).",
            )
        return self._active

    @property
    def task_template_versions(self) -> list[TaskTemplateVersion]:
        """The versions known here: those made by this script, and those loaded."""
        return list(self._versions)

    def get_task_template_version(
        self,
        command_template: str,
        node_args: Iterable[str] | None = None,
        task_args: Iterable[str] | None = None,
        op_args: Iterable[str] | None = None,
    ) -> TaskTemplateVersion:
        """The version of this command and args, made if there is none; it becomes the active one."""
        wanted = TaskTemplateVersion(self, command_template, node_args or (), task_args or (), op_args or ())
        known = next((version for version in self._versions if version.digest == wanted.digest), None)
        if known is None:
            self._versions.append(known := wanted)
        self._active = known
        return known

    def load_task_template_versions(self) -> list[TaskTemplateVersion]:
        """All versions in the database, oldest first, and those that only this script knows."""
        from jobmon_airflow.client import registry

        active = self._active
        for version_id, found in registry.template_versions(self):
            version = self.get_task_template_version(
                found.command, found.node_args, found.task_args, found.op_args
            )
            version.id = version_id
        self._active = active or self._active
        return self.task_template_versions

    def set_active_task_template_version(self, task_template_version: TaskTemplateVersion) -> None:
        """Make new tasks from this version."""
        if task_template_version not in self._versions:
            raise UnknownVersion(
                f"{task_template_version!r} is no version of the task template '{self.template_name}'.",
                remedy=f"Choose one of {self._versions}.",
            )
        self._active = task_template_version

    def set_active_task_template_version_id(self, task_template_version_id: int | str = "latest") -> None:
        """Make new tasks from the version of this id, or from the latest one in the database."""
        by_id = {version.id: version for version in self.load_task_template_versions()}
        wanted = (
            max(by_id, default=None) if task_template_version_id == "latest" else task_template_version_id
        )
        if wanted not in by_id:
            raise UnknownVersion(
                f"The task template '{self.template_name}' has no version {task_template_version_id}.",
                remedy=f"Choose one of {sorted(by_id)}, or 'latest'.",
            )
        self._active = by_id[wanted]

    # --- defaults, which belong to the active version ----------------------------------------------------

    @property
    def _said(self) -> Said:
        return self.active_task_template_version._said

    # --- tasks ------------------------------------------------------------------------------------------

    def create_task(
        self,
        name: str = "",
        upstream_tasks: Iterable[Task] | None = None,
        task_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_attempts: int | None = None,
        compute_resources: Mapping[str, Any] | Callable[..., Any] | None = None,
        compute_resources_callable: Callable[..., Any] | None = None,
        resource_scales: Mapping[str, Any] | None = None,
        cluster_name: str = "",
        fallback_queues: Iterable[str] | None = None,
        **args: Any,
    ) -> Task:
        """One task; ``args`` are the template's, all of them and no others.

        ``compute_resources`` may be a function, which is asked when the task is about to run.
        """
        version, settings = self.active_task_template_version, NO_SETTINGS
        if (
            compute_resources
            or compute_resources_callable
            or resource_scales
            or fallback_queues
            or cluster_name
            or (max_attempts is not None)
        ):
            settings = version.settings(
                NO_SETTINGS,
                max_attempts=max_attempts,
                compute_resources=compute_resources,
                compute_resources_callable=compute_resources_callable,
                resource_scales=resource_scales,
                cluster_name=cluster_name,
                fallback_queues=fallback_queues,
            )
        task = version.task(args, settings)
        if name:
            task.name = name
        if task_attributes:
            task.add_attributes(task_attributes)
        if upstream_tasks:
            task.add_upstreams(upstream_tasks)
        return task

    def create_tasks(
        self,
        max_attempts: int | None = None,
        upstream_tasks: Iterable[Task] | None = None,
        max_concurrently_running: int | None = None,
        compute_resources: Mapping[str, Any] | Callable[..., Any] | None = None,
        compute_resources_callable: Callable[..., Any] | None = None,
        resource_scales: Mapping[str, Any] | None = None,
        cluster_name: str = "",
        name: Callable[..., str] | None = None,
        task_attributes: Mapping[str, Any] | Iterable[str] | Callable[..., Mapping[str, Any]] | None = None,
        fallback_queues: Iterable[str] | None = None,
        **args: Any,
    ) -> list[Task]:
        """One task for every combination of the node args that are given as lists.

        Texts are single values. ``name`` and ``task_attributes`` may be functions, which get each task's node
        args; ``max_concurrently_running`` limits this template's tasks in the workflow.
        """
        version = self.active_task_template_version
        settings = version.settings(
            NO_SETTINGS,
            max_attempts=max_attempts,
            compute_resources=compute_resources,
            compute_resources_callable=compute_resources_callable,
            resource_scales=resource_scales,
            cluster_name=cluster_name,
            fallback_queues=fallback_queues,
            max_concurrently_running=max_concurrently_running,
        )
        with garbage.left_lying():
            columns = version.columns(args)
            tasks = list(version.tasks(columns, settings))
            if name or task_attributes:
                for task, node_args in zip(
                    tasks, crossed({arg: columns[arg] for arg in version.node_args}), strict=True
                ):
                    _describe(task, node_args, name, task_attributes)
            let_wait(tasks, listed(upstream_tasks or ()))
        return tasks

    # --- which templates wait for which -------------------------------------------------------------------

    def __rshift__(self, later: Part) -> Shape:
        """``transform >> [aggregate, report] >> summarize``: see `Shape`."""
        from jobmon_airflow.client.shape import Shape

        return Shape.of(self) >> later

    def __rrshift__(self, earlier: Part) -> Shape:
        from jobmon_airflow.client.shape import Shape

        return Shape.of(earlier) >> self

    def __lshift__(self, earlier: Part) -> Shape:
        from jobmon_airflow.client.shape import Shape

        return Shape.of(self) << earlier

    def __rlshift__(self, later: Part) -> Shape:
        from jobmon_airflow.client.shape import Shape

        return Shape.of(later) << self

    # --- what became of them ----------------------------------------------------------------------------

    def resource_usage(
        self,
        workflows: Iterable[int] | int | None = None,
        node_args: Mapping[str, Any] | None = None,
        ci: float | None = None,
    ) -> dict[str, Any]:
        """What attempts at tasks of the active version used, in workflows of these ids if any are named.

        ``node_args`` are those of the tasks that count; a list means any of its values. ``ci``, such as 0.95,
        asks for the interval in which the mean lies with this probability. The answer has Jobmon's keys:
        num_tasks; min, max, mean and median of memory (texts such as '123B') and runtime (seconds) as
        ``min_mem``, ``min_runtime`` and so on; ci_mem and ci_runtime. It also has num_attempts,
        percentiles_mem and percentiles_runtime, and ``suggested``: compute_resources that would have held
        95 % of the attempts with a fifth to spare.
        """
        from jobmon_airflow.client import usage

        return usage.of_template(self, workflows, node_args, ci)


def _describe(
    task: Task,
    node_args: dict[str, Any],
    name: Callable[..., str] | None,
    task_attributes: Mapping[str, Any] | Iterable[str] | Callable[..., Mapping[str, Any]] | None,
) -> None:
    if name:
        task.name = _called(name, node_args)
    if task_attributes:
        task.add_attributes(task_attributes(**node_args) if callable(task_attributes) else task_attributes)


def _called(name: Callable[..., str], node_args: dict[str, Any]) -> str:
    if not callable(name):
        raise InvalidDefinition(
            f"create_tasks was given the name {name!r} for all of its tasks.",
            remedy="Pass a function of the node args: name=lambda location_id: f'transform_{location_id}'.",
        )
    return checked_task_name(name(**node_args))
