"""Task generators: typed Python functions that become tasks.

    >>> @task_generator(tool_name="health", naming_args=["location_id"])
    ... def transform(location_id: int, years: list[int], scale: float = 1.0) -> None:
    ...     '''Transform one location.'''
    >>> transform.serialize(location_id=7, years=[1990, 1991])
    {'location_id': '7', 'years': '[1990,1991]', 'scale': '1.0'}

Every argument is a node arg of a task template that is called like the function. The task's command calls the
function on the compute node (see `jobmon_airflow.worker.call`), where it gets its arguments as they were given.
How they are written is told in `jobmon_airflow.client.serialization`.
"""

from __future__ import annotations

import inspect
import shlex
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from jobmon_airflow.client.address import Address, address_of
from jobmon_airflow.client.arguments import Arguments
from jobmon_airflow.client.command_template import RESERVED
from jobmon_airflow.client.names import default_task_name
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition

if TYPE_CHECKING:
    from os import PathLike

    from jobmon_airflow.client.serialization import Serializers
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.task_template import TaskTemplate
    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.client.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")

NameFunction = Callable[[str, dict[str, Any]], str]

# What may be another on another day, and leaves the task the same.
_PYTHON: Final = "_python"
_SOURCE: Final = "_module_source_path"
_TAKEN: Final = RESERVED | {"self", _PYTHON, _SOURCE}


def task_generator(
    serializers: Serializers | None = None,
    tool_name: str | None = None,
    naming_args: Iterable[str] | None = None,
    max_attempts: int | None = None,
    module_source_path: str | PathLike[str] | None = None,
    name_func: NameFunction | None = None,
    default_cluster_name: str = "",
    default_compute_resources: Mapping[str, Any] | None = None,
    default_resource_scales: Mapping[str, Any] | None = None,
    yaml_file: str | PathLike[str] | None = None,
) -> Callable[[Callable[P, R]], TaskGenerator[P, R]]:
    """Make a typed function a `TaskGenerator`.

    ``serializers`` say how to write other types: ``{Path: (str, Path)}``. Tasks are called after the function and
    ``naming_args``, all arguments if None; or by ``name_func``, which gets the function's name and the arguments.
    ``module_source_path`` is the function's file, or the directory to import its module from, if compute
    nodes would not find it by themselves. The rest are defaults as in `Tool.get_task_template`.

    >>> @task_generator(tool_name="health", naming_args=["location"])
    ... def transform(location: int, years: list[int], scale: float = 1.0) -> None:
    ...     print(f"{location} in {years}, times {scale}")
    >>> transform(7, [1990, 2020])
    7 in [1990, 2020], times 1.0
    >>> transform.serialize(location=7, years=[1990, 2020])
    {'location': '7', 'years': '[1990,2020]', 'scale': '1.0'}

    In a module, ``transform.create_tasks(location=[7, 8], years=[[1990, 2020]])`` makes two tasks that call the
    function on compute nodes with exactly these values.
    """
    if callable(serializers):
        raise InvalidDefinition(
            "task_generator was used without parentheses.", remedy="Write @task_generator(tool_name='…')."
        )

    def generator(function: Callable[P, R]) -> TaskGenerator[P, R]:
        return TaskGenerator(
            function,
            serializers=serializers or {},
            tool_name=tool_name,
            naming_args=naming_args,
            name_func=name_func,
            module_source_path=module_source_path,
            defaults={
                "default_cluster_name": default_cluster_name,
                "default_compute_resources": default_compute_resources,
                "default_resource_scales": default_resource_scales,
                "yaml_file": yaml_file,
                "max_attempts": max_attempts,
            },
        )

    return generator


class TaskGenerator(Generic[P, R]):
    """A function that makes tasks; calling it, or ``run``, is calling the function here and now."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        serializers: Serializers,
        tool_name: str | None,
        naming_args: Iterable[str] | None,
        name_func: NameFunction | None,
        module_source_path: str | PathLike[str] | None,
        defaults: Mapping[str, Any],
    ) -> None:
        _check_function(function)
        update_wrapper(self, function)
        self.function = function
        self.name = function.__name__
        self.tool_name = tool_name
        self.arguments = Arguments.of(function, serializers)
        _check_names(self.name, self.arguments)
        self._naming_args = _checked_naming_args(self.name, naming_args, self.arguments)
        self._name_func = name_func
        self._module_source_path = None if module_source_path is None else str(module_source_path)
        self._defaults = defaults
        self._version: TaskTemplateVersion | None = None

    def __repr__(self) -> str:
        return f"<TaskGenerator {self.name}>"

    # --- the function -----------------------------------------------------------------------------------

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, here and now."""
        return self.function(*args, **kwargs)

    run = __call__

    def call_with(self, values: Mapping[str, Any]) -> R:
        """Call the function with all of its arguments, by name."""
        bound = inspect.BoundArguments(inspect.signature(self.function), OrderedDict(values))
        return self.function(*bound.args, **bound.kwargs)

    def serialize(self, **fn_kwargs: Any) -> dict[str, str]:
        """The arguments as texts, as they stand in a command line and among the node args."""
        return self.arguments.write(fn_kwargs)

    def deserialize(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The arguments that were written as these texts."""
        return self.arguments.read(texts)

    def help(self) -> str:
        """What the function does, and what it takes."""
        description = inspect.getdoc(self.function)
        takes = "\n".join(f"    {argument}" for argument in self.arguments) or "    nothing"
        return "\n\n".join([self.name, *([description] if description else ()), f"It takes:\n{takes}"])

    # --- what it belongs to -----------------------------------------------------------------------------

    @property
    def tool(self) -> Tool:
        """The tool, which all generators of this tool name share."""
        return _tool_named(self.tool_name)

    @property
    def task_template(self) -> TaskTemplate:
        """The template that the tasks are made from, with the version of this function active."""
        tool_version = self.tool.active_tool_version
        if self._version is None or self._version.task_template.tool_version is not tool_version:
            template = self.tool.get_task_template(
                self.name, self._command_template(), self.arguments.names, **self._defaults
            )
            self._version = template.active_task_template_version
        # Another function of this name may have made its own version the active one since.
        self._version.task_template.set_active_task_template_version(self._version)
        return self._version.task_template

    @cached_property
    def address(self) -> Address:
        """Where a compute node finds the function."""
        return address_of(
            self, self.function.__module__, self.function.__qualname__, self._module_source_path
        )

    # --- tasks ------------------------------------------------------------------------------------------

    def create_task(
        self,
        cluster_name: str = "",
        compute_resources: Mapping[str, Any] | Callable[..., Any] | None = None,
        resource_scales: Mapping[str, Any] | None = None,
        upstream_tasks: Iterable[Task] | None = None,
        task_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_attempts: int | None = None,
        fallback_queues: Iterable[str] | None = None,
        **fn_kwargs: Any,
    ) -> Task:
        """One task that calls the function with these arguments; those left out take its defaults."""
        texts = self.arguments.write(fn_kwargs)
        return self.task_template.create_task(
            name=self._task_name(**texts),
            upstream_tasks=upstream_tasks,
            task_attributes=task_attributes,
            max_attempts=max_attempts,
            compute_resources=compute_resources,
            resource_scales=resource_scales,
            cluster_name=cluster_name,
            fallback_queues=fallback_queues,
            **self._template_args(texts),
        )

    def create_tasks(
        self,
        cluster_name: str = "",
        compute_resources: Mapping[str, Any] | Callable[..., Any] | None = None,
        resource_scales: Mapping[str, Any] | None = None,
        upstream_tasks: Iterable[Task] | None = None,
        task_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_attempts: int | None = None,
        fallback_queues: Iterable[str] | None = None,
        max_concurrently_running: int | None = None,
        **fn_kwargs: Any,
    ) -> list[Task]:
        """One task for every combination of the arguments that are given as lists of values.

        An argument that is a collection itself takes a list of collections; what is no list is one value.
        """
        return self.task_template.create_tasks(
            name=self._task_name,
            upstream_tasks=upstream_tasks,
            task_attributes=task_attributes,
            max_attempts=max_attempts,
            max_concurrently_running=max_concurrently_running,
            compute_resources=compute_resources,
            resource_scales=resource_scales,
            cluster_name=cluster_name,
            fallback_queues=fallback_queues,
            **self._template_args(self.arguments.write_each(fn_kwargs)),
        )

    # --- helpers ----------------------------------------------------------------------------------------

    def _command_template(self) -> str:
        """The command; the module and the function are in it, because others would be another template."""
        name, path = (shlex.quote(word).replace("{", "{{").replace("}", "}}") for word in self.address.names)
        return " ".join(
            (
                f"{{{_PYTHON}:q}} -m jobmon_airflow.worker.call --module_name {name} --func_name {path}",
                f"--module_source_path {{{_SOURCE}:q}} --args",
                *(f"{name}={{{name}:q}}" for name in self.arguments.names),
            )
        )

    def _template_args(self, node_args: Mapping[str, Any]) -> dict[str, Any]:
        return {**node_args, _PYTHON: sys.executable, _SOURCE: self.address.module_source_path}

    def _task_name(self, **texts: str) -> str:
        return default_task_name(self._raw_name(texts))

    def _raw_name(self, texts: Mapping[str, str]) -> str:
        if self._name_func is not None:
            return self._name_func(self.name, self.deserialize(texts))
        return ":".join((self.name, *(f"{arg}={texts[arg]}" for arg in self._naming_args)))


def get_tasks_by_node_args(
    workflow: Workflow,
    task_generator: TaskGenerator[..., Any],
    node_args_dict: Mapping[str, Any],
    error_on_empty: bool = True,
) -> list[Task]:
    """The generator's tasks in the workflow with these arguments; a list of values means any of them."""
    texts = task_generator.arguments.write_some(node_args_dict)
    array = workflow.array_of(task_generator.task_template.active_task_template_version)
    tasks = array.get_tasks_by_node_args(**texts) if array else []
    if not tasks and error_on_empty:
        raise InvalidArguments(
            f"The {workflow} has no task of {task_generator.name} with {dict(node_args_dict)}.",
            remedy="Add the tasks to the workflow first, or pass error_on_empty=False.",
        )
    return tasks


@cache
def _tool_named(tool_name: str | None) -> Tool:
    """One for all generators, so that its defaults hold for the tasks of all of them."""
    from jobmon_airflow.client.tool import Tool

    return Tool(tool_name)


def _check_function(function: Any) -> None:
    if not inspect.isfunction(function):
        raise InvalidDefinition(
            f"{function!r} is no function.",
            remedy="Use @task_generator(…) on a function, below other decorators.",
        )
    if (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or (inspect.isasyncgenfunction(function))
    ):
        raise InvalidDefinition(
            f"{function.__name__} is async or has a yield: calling it would not run it.",
            remedy="Make it an ordinary function, which may call asyncio.run(…) or loop over the generator.",
        )


def _check_names(function_name: str, arguments: Arguments) -> None:
    if taken := [name for name in arguments.names if name in _TAKEN]:
        raise InvalidDefinition(
            f"The argument '{taken[0]}' of {function_name} has a name that create_task uses itself.",
            remedy=f"Give it another name, such as '{taken[0].strip('_')}_arg'.",
        )


def _checked_naming_args(
    function_name: str, naming_args: Iterable[str] | None, arguments: Arguments
) -> tuple[str, ...]:
    if naming_args is None:
        return arguments.names
    chosen = (naming_args,) if isinstance(naming_args, str) else tuple(naming_args)
    if unknown := [name for name in chosen if name not in arguments.names]:
        raise InvalidDefinition(
            f"naming_args of {function_name} has {', '.join(map(str, unknown))}, which is no argument of it.",
            remedy=f"Choose from {', '.join(arguments.names) or 'none'}.",
        )
    return chosen
