"""A task: one command, its place in the graph, and its neighbours.

A workflow may hold more than a million of them, so a task keeps references and computes the rest: its command
and its name are made when somebody asks, its settings are shared with all tasks that have the same, and a
long list of upstreams that many tasks share is kept once, in a `Join`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client.attributes import checked_attributes
from jobmon_airflow.client.names import checked_task_name
from jobmon_airflow.client.task_settings import (
    NO_SETTINGS,
    TaskSettings,
    max_attempts_of,
    resources_of,
    scales_of,
)
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from jobmon_airflow.client.array import Array
    from jobmon_airflow.client.defaults import Defaults
    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.workflow import Workflow

# Fewer upstreams than this are kept as plain edges; more are kept once for all tasks that name the same.
JOIN_FROM: Final = 16
_LONG_LIST: Final = 32  # from here on, asking a list whether it holds a task is too slow

_next_serial = count().__next__


class Task:
    """One command of a workflow. Templates make tasks: see `TaskTemplate.create_task`.

    >>> from jobmon_airflow import Tool
    >>> template = Tool("kitchen").get_task_template("boil", "boil {what}", node_args=["what"])
    >>> water, tea = template.create_task(what="water"), template.create_task(what="tea")
    >>> tea.add_upstream(water)
    >>> tea.upstream_tasks == {water} and water.downstream_tasks == {tea}
    True
    """

    __slots__ = (
        "_attributes",
        "_downstreams",
        "_key",
        "_name",
        "_node_id",
        "_serial",
        "_settings",
        "_upstreams",
        "_values",
        "_version",
        "array",
        "final_status",
        "initial_status",
        "task_id",
    )

    def __init__(
        self,
        version: TaskTemplateVersion,
        values: tuple[str, ...],
        key: int,
        *,
        name: str | None = None,
        settings: TaskSettings = NO_SETTINGS,
        attributes: dict[str, str | None] | None = None,
    ) -> None:
        self._version = version
        self._values = values  # of all args, in the order of version.args
        self._key = key  # 128 bits that stand for the template version and the node args
        self._name = name
        self._settings = settings
        self._attributes = attributes
        self._serial = _next_serial()  # tasks mostly depend on older ones: makes cycles cheap to rule out
        self._upstreams: list[Task | Join] | dict[Task | Join, None] | None = None
        self._downstreams: list[Task | Join] | None = None
        self._node_id = 0
        #: the tasks of the same template in the same workflow, once the task was added to one
        self.array: Array | None = None
        #: the id in the database, once the workflow is bound
        self.task_id: int | None = None
        #: the status when the workflow was bound, and when it had run
        self.initial_status: str | None = None
        self.final_status: str | None = None

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    # --- what it is -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The given name, or one made of the template and its args."""
        return self._name or self._version.default_name(self._values)

    @name.setter
    def name(self, name: str) -> None:
        self._name = checked_task_name(name)

    @property
    def command(self) -> str:
        """The command line."""
        return self._version.command.fill(self._values)

    @property
    def kind(self) -> tuple[int, int]:
        """What it shares with all tasks that ask for the same: the identities of its version and settings."""
        return id(self._version), id(self._settings)

    @property
    def task_template_version(self) -> TaskTemplateVersion:
        """The template version that the task was made from."""
        return self._version

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that the task was added to."""
        return self.array.workflow if self.array else None

    @property
    def node(self) -> Node:
        """Its place in the graph."""
        return Node(node_args=self.node_args, node_id=self._node_id or None)

    @property
    def node_args(self) -> dict[str, str]:
        """The args that make it the place in the graph that it is."""
        return dict(zip(self._version.node_args, self._values, strict=False))

    @property
    def task_args(self) -> dict[str, str]:
        """The args that tell it from the same place in another workflow."""
        return dict(zip(self._version.task_args, self._values[len(self._version.node_args) :], strict=False))

    @property
    def op_args(self) -> dict[str, str]:
        """The args that may change without making it another task."""
        first = len(self._version.node_args) + len(self._version.task_args)
        return dict(zip(self._version.op_args, self._values[first:], strict=True))

    @property
    def task_attributes(self) -> dict[str, str | None]:
        """Free facts about it, for people and statistics."""
        return dict(self._attributes or {})

    def add_attribute(self, attribute: str, value: Any = None) -> None:
        """Note a fact, in place of an earlier one of this name."""
        self._attributes = {**(self._attributes or {}), **checked_attributes({attribute: value})}

    def add_attributes(self, task_attributes: Mapping[str, Any] | Iterable[str]) -> None:
        """Note facts, in place of earlier ones of these names."""
        self._attributes = {**(self._attributes or {}), **checked_attributes(task_attributes)}

    # --- what it depends on -----------------------------------------------------------------------------

    @property
    def upstream_tasks(self) -> set[Task]:
        """The tasks that must be done before."""
        return set(self._each(self._upstreams, Join.members_of))

    @property
    def upstreams_and_joins(self) -> list[Task | Join]:
        """The same as it is kept: a list that many tasks share is one join."""
        return list(self._upstreams or ())

    @property
    def downstream_tasks(self) -> set[Task]:
        """The tasks that wait for this one."""
        return set(self._each(self._downstreams, Join.dependents_of))

    def add_upstream(self, upstream_task: Task) -> None:
        """Wait for this task too."""
        _refuse_foreign((upstream_task,))
        self._wait_for(upstream_task)

    def add_upstreams(self, upstream_tasks: Iterable[Task]) -> None:
        """Wait for these tasks too."""
        upstreams = upstream_tasks if isinstance(upstream_tasks, list) else listed(upstream_tasks)
        if len(upstreams) < JOIN_FROM:
            _refuse_foreign(upstreams)
            for upstream in upstreams:
                self._wait_for(upstream)
        else:
            self._wait_for(Join.of(upstreams))

    def add_downstream(self, downstream_task: Task) -> None:
        """Let this task wait too."""
        _refuse_foreign((downstream_task,))
        downstream_task._wait_for(self)

    def add_downstreams(self, downstream_tasks: Iterable[Task]) -> None:
        """Let these tasks wait too."""
        for downstream in listed(downstream_tasks):
            self.add_downstream(downstream)

    def _wait_for(self, upstream: Task | Join) -> None:
        mine = self._upstreams
        if mine is None:
            self._upstreams = [upstream]
        elif upstream in mine:
            return
        elif isinstance(mine, dict):
            mine[upstream] = None
        else:
            mine.append(upstream)
            if len(mine) > _LONG_LIST:
                self._upstreams = dict.fromkeys(mine)
        if upstream._downstreams is None:
            upstream._downstreams = [self]
        else:
            upstream._downstreams.append(self)
        if self.array is not None:
            self.array.workflow.forget_binding()

    @staticmethod
    def _each(
        neighbours: Iterable[Task | Join] | None, open_join: Callable[[Join], Iterable[Task]]
    ) -> Iterator[Task]:
        for neighbour in neighbours or ():
            if isinstance(neighbour, Join):
                yield from open_join(neighbour)
            else:
                yield neighbour

    # --- what it asks for -------------------------------------------------------------------------------

    @property
    def cluster_name(self) -> str:
        """Where it will run: task > template > workflow > tool; empty if none of them says."""
        return self._settings.cluster_name or next(
            (level.default_cluster_name for level in self._levels() if level.default_cluster_name), ""
        )

    @property
    def max_attempts(self) -> int:
        """How often it is tried at most: task > template > workflow > tool > 3."""
        return max_attempts_of(self._settings, self._levels())

    @property
    def compute_resources(self) -> dict[str, Any]:
        """What it asks for: task > template > workflow > tool, for each resource by itself."""
        return resources_of(self._settings, self._levels(), self.cluster_name).as_dict()

    @property
    def original_task_resources(self) -> dict[str, Any]:
        """What it asked for first, before any retry raised it."""
        return self.compute_resources

    @property
    def resource_scales(self) -> dict[str, Any]:
        """How its resources are raised when they were too small."""
        return scales_of(self._settings, self._levels(), self.cluster_name).as_dict()

    @property
    def compute_resources_callable(self) -> Callable[..., Any] | None:
        """The function that says what it asks for when it is about to run."""
        return self._settings.compute_resources_callable

    @property
    def fallback_queues(self) -> list[str]:
        """Where to go when the queue cannot hold a raised request."""
        return list(self._settings.fallback_queues or ())

    def update_compute_resources(self, **compute_resources: Any) -> None:
        """Ask for these resources; those that are not named stay as they are."""
        earlier = self._settings.compute_resources or Resources()
        self._settings = self._version.settings(
            self._settings, compute_resources=Resources.parse(compute_resources).merged_over(earlier)
        )

    def update_resource_scales(self, **resource_scales: Any) -> None:
        """Raise these resources like this; those that are not named stay as they are."""
        earlier = self._settings.resource_scales or ResourceScales({})
        self._settings = self._version.settings(
            self._settings, resource_scales=ResourceScales.parse(resource_scales).merged_over(earlier)
        )

    # --- what became of it ------------------------------------------------------------------------------

    def resource_usage(self) -> dict[str, Any]:
        """What the attempt that succeeded used: memory (bytes), runtime and cpu (seconds), and its nodename.

        With num_attempts, the number of attempts it took. What was not measured, or is not done yet, is None.
        """
        from jobmon_airflow.client import usage

        return usage.of_task(self)

    def get_errors(self) -> dict[str, Any] | None:
        """What its most recent attempt that failed said; None if none did.

        The task_instance_id, and in error_log a list of task_instance_err_id, error_time and description.
        """
        from jobmon_airflow.client import failures

        return failures.of_task(self)

    def _bound(self) -> tuple[Workflow, int]:
        """The workflow and the id of a task that is in the database."""
        workflow = self.workflow
        if workflow is None:
            raise InvalidDefinition(
                f"The task {self.name} is in no workflow.",
                remedy="Add it to one and write that to the database: workflow.add_task(task); workflow.bind().",
            )
        workflow._require_bound()
        assert self.task_id is not None
        return workflow, self.task_id

    def _levels(self) -> list[Defaults]:
        """Who else may have a say, nearest first."""
        workflow = self.workflow
        # The workflow's tool may be another object of the same name than the template's.
        return [self._version, workflow, workflow.tool] if workflow else [self._version, self._version.tool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in the graph: the same in all workflows that have it."""

    node_args: dict[str, str]
    node_id: int | None  #: the id in the database, once a workflow with it was bound


class Join:
    """Upstreams that many tasks share: n + m edges in place of n x m. Users never see one."""

    __slots__ = ("_downstreams", "_key", "_node_id", "_serial", "members")

    def __init__(self, members: list[Task]) -> None:
        self.members = members
        self._key = sum([member._key for member in members])
        self._serial = max([member._serial for member in members])
        self._downstreams: list[Task] | None = None
        self._node_id = 0

    @classmethod
    def of(cls, upstreams: list[Task]) -> Join:
        """The join of these tasks: the one that another task has just used, or a new one."""
        _refuse_foreign(upstreams[:1])
        # Looked for where it would be found first; a join that is missed costs memory, not correctness.
        for neighbour in (upstreams[0]._downstreams or ())[-4:]:
            if isinstance(neighbour, Join) and neighbour.members == upstreams:
                return neighbour
        _refuse_foreign(upstreams)
        join = cls(list(dict.fromkeys(upstreams)))
        for member in join.members:
            if member._downstreams is None:
                member._downstreams = [join]
            else:
                member._downstreams.append(join)
        return join

    @staticmethod
    def members_of(join: Join) -> Iterable[Task]:
        """The tasks that are waited for."""
        return join.members

    @staticmethod
    def dependents_of(join: Join) -> Iterable[Task]:
        """The tasks that wait."""
        return join._downstreams or ()


def let_wait(tasks: Iterable[Task], upstreams: list[Task]) -> None:
    """Let all of these tasks wait for the same others."""
    if len(upstreams) < JOIN_FROM:
        for task in tasks:
            task.add_upstreams(upstreams)
    else:
        join = Join.of(upstreams)
        for task in tasks:
            task._wait_for(join)


def _refuse_foreign(neighbours: Collection[Any]) -> None:
    for neighbour in neighbours:
        if not isinstance(neighbour, Task):
            raise InvalidDefinition(
                f"{neighbour!r} cannot be a neighbour of a task: it is no task.",
                remedy="Pass what create_task returned; lists of tasks go to add_upstreams or add_downstreams.",
            )


def listed(tasks: Iterable[Task]) -> list[Task]:
    """Tasks as a list, which one task alone is not."""
    if isinstance(tasks, Iterable):
        return list(tasks)
    raise InvalidDefinition(
        f"{tasks!r} is no list of tasks.", remedy=f"Pass a list, even of one: [{tasks!r}]."
    )
