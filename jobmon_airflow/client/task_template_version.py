"""One version of a task template: a command, the kinds of its args, and how tasks are made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client.command_template import Command, CommandTemplate
from jobmon_airflow.client.defaults import Defaults, checked_attempts, checked_limit
from jobmon_airflow.client.foreign import Foreign, is_foreign
from jobmon_airflow.client.names import checked_name, checked_text, default_task_name
from jobmon_airflow.client.task import Task
from jobmon_airflow.client.task_settings import NO_SETTINGS, TaskSettings
from jobmon_airflow.client.version_identity import digest_of, key_of, keys_of, split_args
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, InvalidValue
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales

if TYPE_CHECKING:
    from jobmon_airflow.client.task_template import TaskTemplate
    from jobmon_airflow.client.tool import Tool


class TemplateDefaults(Defaults):
    """Defaults of a template, which a YAML file has under the template's name."""

    yaml_resources = "task_template_resources"
    yaml_scales = "task_template_scales"
    template_name: str

    def __str__(self) -> str:
        return f"task template '{self.template_name}'"

    def _yaml_path(self, key: str, content: Any) -> tuple[str, ...]:  # noqa: ARG002 - says where, not what
        return (key, self.template_name)


class TaskTemplateVersion(TemplateDefaults):
    """One command template and its split into node, task and op args."""

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
        self.template_name = task_template.template_name
        self.command_template = CommandTemplate(command_template)
        self.node_args, self.task_args, self.op_args = split_args(
            self.command_template, _arg_names(node_args), _arg_names(task_args), _arg_names(op_args)
        )
        self.args = (*self.node_args, *self.task_args, *self.op_args)
        self.command: Command = self.command_template.bound_to(self.args)
        self._expected = frozenset(self.args)
        self._pick = itemgetter(*self.args) if len(self.args) > 1 else None
        self._node_count = len(self.node_args)
        #: what makes it this version, in every process and database
        self.digest = digest_of(
            self.template_name, self.command_template.text, self.node_args, self.task_args, self.op_args
        )
        self._keys = keys_of(self.digest)
        self._name_pattern = "".join(
            (self.template_name.replace("%", "%%"), *(f"_{arg}-%s" for arg in self.node_args))
        )
        self._settings_seen: dict[Any, TaskSettings] = {}

    def __repr__(self) -> str:
        return f"<TaskTemplateVersion {self.command_template.text!r}>"

    @cached_property
    def id(self) -> int:
        """The id in the database; asking for it writes the version there."""
        from jobmon_airflow.client import registry

        registry.bind_template_versions([self])
        number: int = vars(self)["id"]
        return number

    @property
    def tool(self) -> Tool:
        """The tool that the version belongs to."""
        return self.task_template.tool

    def task(self, args: dict[str, Any], settings: TaskSettings = NO_SETTINGS) -> Task:
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
        return self._task_with(values, settings)

    def tasks(self, columns: Mapping[str, list[Any]], settings: TaskSettings) -> Iterator[Task]:
        """The tasks of all combinations of these values of each arg, each of which is made a text once."""
        for values in product(*(_texts(arg, columns[arg]) for arg in self.args)):
            yield self._task_with(values, settings)

    def columns(self, args: dict[str, Any]) -> dict[str, list[Any]]:
        """The values of each arg; only node args may have been given as lists of many."""
        if args.keys() != self._expected:
            self._refuse_args(args)
        for arg in (*self.task_args, *self.op_args):
            if isinstance(args[arg], (list, tuple, set, frozenset, range)):
                raise InvalidArguments(
                    f"'{arg}' of {self} was given as a list, but only node args make one task per value.",
                    remedy=f"Pass one value, or declare '{arg}' in node_args.",
                )
        many = set(self.node_args)
        return {arg: _as_column(args[arg]) if arg in many else [args[arg]] for arg in self.args}

    def _task_with(self, values: tuple[str, ...], settings: TaskSettings) -> Task:
        return Task(self, values, key_of(self._keys, values[: self._node_count]), settings=settings)

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
            checked_name(cluster_name, "cluster") if cluster_name else base.cluster_name,
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
            f"The arguments of {self} do not match: {problem}.",
            remedy=f"It takes exactly {', '.join(self.args) or 'no arguments'}; it got {', '.join(args) or 'none'}.",
        )


def _arg_names(args: Iterable[str]) -> tuple[str, ...]:
    if isinstance(args, str):
        raise InvalidDefinition(f"Args were given as the text {args!r}.", remedy=f"Pass a list: [{args!r}].")
    return tuple(checked_name(arg, "arg") for arg in args)


def _text(value: Any) -> str:
    """A value as it stands in a command line and in the database."""
    if isinstance(value, Foreign):
        return value
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
    return Foreign(value) if is_foreign(value) else str(value)


def _texts(arg: str, values: Iterable[Any]) -> list[str]:
    what = f"the argument '{arg}'"
    return [
        str(value)
        if type(value) is int
        else checked_text(value if type(value) is str else _text(value), what)
        for value in values
    ]


def _has_no_text(value: Any) -> bool:
    """Whether the value's text is its address in memory, another one in each run."""
    return str(value) == object.__repr__(value)


def crossed(args: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination of values; those given as lists are many, others one."""
    for combination in product(*map(_as_column, args.values())):
        yield dict(zip(args, combination, strict=True))


def _as_column(value: Any) -> list[Any]:
    return list(value) if is_many(value) else [value]


def is_many(value: Any) -> bool:
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
