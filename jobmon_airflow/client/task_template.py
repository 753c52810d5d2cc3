"""Task templates: a pattern of commands, its versions, and the tasks made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client.command_template import Command, CommandTemplate
from jobmon_airflow.client.defaults import Defaults, checked_attempts, checked_limit
from jobmon_airflow.client.names import checked_name, checked_task_name, checked_text, default_task_name
from jobmon_airflow.client.task import NO_SETTINGS, Task, TaskSettings
from jobmon_airflow.errors import (
    InvalidArguments,
    InvalidDefinition,
    InvalidTemplate,
    InvalidValue,
    UnknownVersion,
)
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales

if TYPE_CHECKING:
    from os import PathLike

    from jobmon_airflow.client.tool import Tool, ToolVersion

KEY_BYTES: Final = 16


class TaskTemplate:
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
    def default_cluster_name(self) -> str:
        """The cluster for tasks that name none."""
        return self.active_task_template_version.default_cluster_name

    @default_cluster_name.setter
    def default_cluster_name(self, cluster_name: str) -> None:
        self.active_task_template_version.default_cluster_name = cluster_name

    @property
    def default_compute_resources_set(self) -> dict[str, dict[str, Any]]:
        """The default resources of each cluster."""
        return self.active_task_template_version.default_compute_resources_set

    @property
    def default_resource_scales_set(self) -> dict[str, dict[str, Any]]:
        """The default scales of each cluster."""
        return self.active_task_template_version.default_resource_scales_set

    def set_default_cluster_name(self, cluster_name: str) -> None:
        """Run this template's tasks on this cluster unless they name another."""
        self.default_cluster_name = cluster_name

    def set_default_max_attempts(self, value: int) -> None:
        """Try this template's tasks this often unless they say otherwise."""
        self.active_task_template_version.set_default_max_attempts(value)

    def set_default_compute_resources_from_dict(
        self, cluster_name: str, compute_resources: Mapping[str, Any]
    ) -> None:
        """Ask for these resources on this cluster, in place of earlier defaults."""
        self.active_task_template_version.set_default_compute_resources_from_dict(
            cluster_name, compute_resources
        )

    def set_default_resource_scales_from_dict(
        self, cluster_name: str, resource_scales: Mapping[str, Any]
    ) -> None:
        """Raise resources like this on this cluster, in place of earlier defaults."""
        self.active_task_template_version.set_default_resource_scales_from_dict(cluster_name, resource_scales)

    def set_default_compute_resources_from_yaml(
        self,
        yaml_file: str | PathLike[str],
        default_cluster_name: str = "",
        *,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take them from a YAML file's ``task_template_resources.<template>.<cluster>``."""
        self.active_task_template_version.set_default_compute_resources_from_yaml(
            yaml_file, default_cluster_name, ignore_missing_keys=ignore_missing_keys
        )

    def set_default_resource_scales_from_yaml(
        self,
        yaml_file: str | PathLike[str],
        default_cluster_name: str = "",
        *,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take them from a YAML file's ``task_template_scales.<template>.<cluster>``."""
        self.active_task_template_version.set_default_resource_scales_from_yaml(
            yaml_file, default_cluster_name, ignore_missing_keys=ignore_missing_keys
        )

    def update_default_compute_resources(self, cluster_name: str, **compute_resources: Any) -> None:
        """Change the named resources and leave the others."""
        self.active_task_template_version.update_default_compute_resources(cluster_name, **compute_resources)

    def update_default_resource_scales(self, cluster_name: str, **resource_scales: Any) -> None:
        """Change the named scales and leave the others."""
        self.active_task_template_version.update_default_resource_scales(cluster_name, **resource_scales)

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
        version = self.active_task_template_version
        task = version.task(args)
        if name:
            task.name = name
        if task_attributes:
            task.add_attributes(task_attributes)
        if (
            compute_resources
            or compute_resources_callable
            or resource_scales
            or fallback_queues
            or cluster_name
            or (max_attempts is not None)
        ):
            task._settings = version.settings(
                NO_SETTINGS,
                max_attempts=max_attempts,
                compute_resources=compute_resources,
                compute_resources_callable=compute_resources_callable,
                resource_scales=resource_scales,
                cluster_name=cluster_name,
                fallback_queues=fallback_queues,
            )
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
        upstreams = list(upstream_tasks or ())
        tasks = []
        for combination in version.combinations(args):
            task = version.task(combination)
            task._settings = settings
            node_args = {arg: combination[arg] for arg in version.node_args}
            if name:
                task.name = _called(name, node_args)
            if task_attributes:
                task.add_attributes(
                    task_attributes(**node_args) if callable(task_attributes) else task_attributes
                )
            if upstreams:
                task.add_upstreams(upstreams)
            tasks.append(task)
        return tasks


class TaskTemplateVersion(Defaults):
    """One command template and its split into node, task and op args."""

    yaml_resources = "task_template_resources"
    yaml_scales = "task_template_scales"

    def __init__(
        self,
        task_template: TaskTemplate,
        command_template: str,
        node_args: Iterable[str],
        task_args: Iterable[str],
        op_args: Iterable[str],
    ) -> None:
        super().__init__()
        self.task_template = task_template
        self.command_template = CommandTemplate(command_template)
        self.node_args, self.task_args, self.op_args = _split(
            self.command_template, _arg_names(node_args), _arg_names(task_args), _arg_names(op_args)
        )
        self.args = (*self.node_args, *self.task_args, *self.op_args)
        self.command: Command = self.command_template.bound_to(self.args)
        self._expected = frozenset(self.args)
        self._pick = itemgetter(*self.args) if len(self.args) > 1 else None
        self._node_count = len(self.node_args)
        #: what makes it this version, in every process and database
        self.digest = self._identity().digest()
        self._keys = blake2b(self.digest, digest_size=KEY_BYTES)
        self._name_pattern = "".join(
            (task_template.template_name.replace("%", "%%"), *(f"_{arg}-%s" for arg in self.node_args))
        )
        self._settings_seen: dict[Any, TaskSettings] = {}

    def __repr__(self) -> str:
        return f"<TaskTemplateVersion {self.command_template.text!r}>"

    def __str__(self) -> str:
        return f"task template '{self.task_template.template_name}'"

    @cached_property
    def id(self) -> int:
        """The id in the database; asking for it writes the version there."""
        from jobmon_airflow.client import registry

        return registry.template_version_id(self)

    @property
    def tool(self) -> Tool:
        """The tool that the version belongs to."""
        return self.task_template.tool

    def task(self, args: dict[str, Any]) -> Task:
        """The task with these args."""
        if args.keys() != self._expected:
            self._refuse_args(args)
        given = self._pick(args) if self._pick else tuple(args.values())
        # Straight through for texts and integers: this line runs a million times.
        values = tuple(
            [
                value if type(value) is str else str(value) if type(value) is int else _text(value)
                for value in given
            ]
        )
        joined = "\0".join(values)
        if not joined.isascii() or (values and joined.count("\0") != len(values) - 1):
            for arg, value in zip(self.args, values, strict=True):
                checked_text(value, f"the argument '{arg}'")
        keys = self._keys.copy()
        node = joined if self._node_count == len(values) else "\0".join(values[: self._node_count])
        keys.update(node.encode())
        return Task(self, values, int.from_bytes(keys.digest(), "big"))

    def combinations(self, args: dict[str, Any]) -> Iterable[dict[str, Any]]:
        """The cross product of the node args that were given as lists."""
        if args.keys() != self._expected:
            self._refuse_args(args)
        fixed = {arg: args[arg] for arg in (*self.task_args, *self.op_args)}
        for arg, value in fixed.items():
            if isinstance(value, (list, tuple, set, frozenset, range)):
                raise InvalidArguments(
                    f"'{arg}' of {self} was given as a list, but only node args make one task per value.",
                    remedy=f"Pass one value, or declare '{arg}' in node_args.",
                )
        given: list[Any] = [args[arg] for arg in self.node_args]
        columns = [list(value) if _is_many(value) else [value] for value in given]
        for combination in product(*columns):
            yield {**dict(zip(self.node_args, combination, strict=True)), **fixed}

    def settings(
        self,
        base: TaskSettings,
        *,
        max_attempts: int | None = None,
        compute_resources: Mapping[str, Any] | Resources | Callable[..., Any] | None = None,
        compute_resources_callable: Callable[..., Any] | None = None,
        resource_scales: Mapping[str, Any] | None = None,
        cluster_name: str = "",
        fallback_queues: Iterable[str] | None = None,
        max_concurrently_running: int | None = None,
    ) -> TaskSettings:
        """The settings, read and checked; equal ones are one object, however many tasks have them."""
        if callable(compute_resources):
            compute_resources, compute_resources_callable = None, compute_resources
        _refuse_no_function(compute_resources_callable)
        resources = Resources.parse(compute_resources) if compute_resources else base.compute_resources
        scales = ResourceScales.parse(resource_scales) if resource_scales else base.resource_scales
        queues = _queues(fallback_queues) if fallback_queues is not None else base.fallback_queues
        asked = (
            base.max_attempts if max_attempts is None else checked_attempts(max_attempts),
            resources,
            compute_resources_callable or base.compute_resources_callable,
            scales,
            cluster_name or base.cluster_name,
            queues,
            base.max_concurrently_running
            if max_concurrently_running is None
            else checked_limit(max_concurrently_running),
        )
        known = self._settings_seen.get(asked)
        if known is None:
            known = self._settings_seen[asked] = TaskSettings(
                max_attempts=asked[0],
                compute_resources=asked[1],
                compute_resources_callable=asked[2],
                resource_scales=asked[3],
                cluster_name=asked[4],
                fallback_queues=asked[5],
                max_concurrently_running=asked[6],
            )
        return known

    def default_name(self, values: tuple[str, ...]) -> str:
        """What a task is called whom nobody named."""
        return default_task_name(self._name_pattern % values[: self._node_count])

    def _identity(self) -> Any:
        identity = blake2b(digest_size=KEY_BYTES)
        for part in (self.task_template.template_name, self.command_template.text):
            identity.update(part.encode() + b"\0")
        for names in (self.node_args, self.task_args, self.op_args):
            identity.update("\0".join(names).encode() + b"\0\0")
        return identity

    def _refuse_args(self, args: Mapping[str, Any]) -> None:
        missing, unknown = sorted(self._expected - args.keys()), sorted(args.keys() - self._expected)
        problem = " and ".join(
            part
            for part in (
                f"{', '.join(missing)} missing" if missing else "",
                f"{', '.join(unknown)} not asked for" if unknown else "",
            )
            if part
        )
        raise InvalidArguments(
            f"The arguments of {self} do not match: {problem}. Unexpected or missing kwarg.",
            remedy=f"It takes exactly {', '.join(self.args) or 'no arguments'}; it got {', '.join(args) or 'none'}.",
        )

    def _yaml_path(self, key: str, content: Any) -> tuple[str, ...]:  # noqa: ARG002 - says where, not what
        return (key, self.task_template.template_name)


def _split(
    command: CommandTemplate, node: tuple[str, ...], task: tuple[str, ...], op: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The three kinds of args, if together they are the template's gaps."""
    declared = (*node, *task, *op)
    if twice := sorted({arg for arg in declared if declared.count(arg) > 1}):
        raise InvalidTemplate(
            f"{', '.join(twice)} declared as two kinds of args of {command.text!r}.",
            remedy="An arg is a node arg, a task arg or an op arg.",
        )
    if unknown := sorted(set(declared) - set(command.fields)):
        raise InvalidTemplate(
            f"The command template {command.text!r} has no gap for {', '.join(unknown)}.",
            remedy=f"Write {{{unknown[0]}}} into the command, or leave it out of the args.",
        )
    # As in Jobmon, a gap that nobody declared may be filled with anything without changing the task's identity.
    # All in the order of the command: what is declared in another order is not another version.
    rest = set(declared) - set(op)
    return (
        tuple(field for field in command.fields if field in node),
        tuple(field for field in command.fields if field in task),
        tuple(field for field in command.fields if field not in rest),
    )


def _arg_names(args: Iterable[str]) -> tuple[str, ...]:
    if isinstance(args, str):
        raise InvalidDefinition(f"Args were given as the text {args!r}.", remedy=f"Pass a list: [{args!r}].")
    return tuple(checked_name(arg, "arg") for arg in args)


def _text(value: Any) -> str:
    """A value as it stands in a command line and in the database."""
    if isinstance(value, (set, frozenset)):
        raise InvalidValue(
            f"An argument is a set, whose order changes from run to run: {str(value)[:60]}.",
            remedy="Pass a sorted list, or a text that you made of it.",
        )
    if isinstance(value, (bytes, Iterator)) or callable(value) or _has_no_text(value):
        raise InvalidValue(
            f"An argument is {str(value)[:60]}, which is no text.",
            remedy="Pass the text or number that is meant.",
        )
    return str(value)


def _has_no_text(value: Any) -> bool:
    """Whether the value's text is its address in memory, another one in each run."""
    return str(value) == object.__repr__(value)


def _is_many(value: Any) -> bool:
    """Whether a node arg was given as many values; texts, bytes and mappings are one."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def _queues(fallback_queues: Iterable[str]) -> tuple[str, ...]:
    if isinstance(fallback_queues, str):
        raise InvalidDefinition(
            f"fallback_queues is the text {fallback_queues!r}.", remedy=f"Pass a list: [{fallback_queues!r}]."
        )
    return tuple(checked_name(queue, "queue") for queue in fallback_queues)


def _refuse_no_function(compute_resources_callable: Any) -> None:
    if compute_resources_callable is not None and not callable(compute_resources_callable):
        raise InvalidDefinition(
            f"compute_resources_callable is {compute_resources_callable!r}, which is no function.",
            remedy="Pass a function that returns a dictionary, or pass the dictionary as compute_resources.",
        )


def _called(name: Callable[..., str], node_args: dict[str, Any]) -> str:
    if not callable(name):
        raise InvalidDefinition(
            f"create_tasks was given the name {name!r} for all of its tasks.",
            remedy="Pass a function of the node args: name=lambda location_id: f'transform_{location_id}'.",
        )
    return checked_task_name(name(**node_args))
