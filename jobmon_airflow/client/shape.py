"""Shapes: the templates of a workflow, and which of them wait for which. What a DAG in Airflow is drawn from.

A shape is declared with arrows, or seen in a workflow. It may have rings where its workflow has none: when each
year's A waits for last year's B, A waits for B and B for A. Airflow knows no rings: see `Shape.acyclic_edges`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from jobmon_airflow.client.task import Join
from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.client.array import Array
    from jobmon_airflow.client.task_template import TaskTemplate
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.client.workflow import Workflow

Edge: TypeAlias = tuple[str, str]  # an upstream's name, and its downstream's
Part: TypeAlias = Union["Shape", "TaskTemplate", Iterable["Part"]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Names of templates, and edges between them.

    >>> from jobmon_airflow import Tool
    >>> tool = Tool("kitchen")
    >>> boil, fry, eat = (tool.get_task_template(name, name) for name in ("boil", "fry", "eat"))
    >>> shape = boil >> [fry, eat] >> tool.get_task_template("wash", "wash")
    >>> shape.names
    ('boil', 'fry', 'eat', 'wash')
    >>> shape.edges
    (('boil', 'fry'), ('boil', 'eat'), ('fry', 'wash'), ('eat', 'wash'))

    A shape is a value: arrows note nothing on the templates, they make a new shape. What goes on from an arrow is
    what was named last, as in Airflow. `Shape.of` puts parts beside each other.
    """

    names: tuple[str, ...]
    edges: tuple[Edge, ...] = ()
    tool: Tool | None = field(default=None, compare=False)
    _last: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, *parts: Part) -> Shape:
        """The shape of all these parts: templates, shapes, or lists of them."""
        return _union([shape for part in parts for shape in _shapes(part)])

    @classmethod
    def of_names(cls, names: Iterable[str], edges: Iterable[Edge]) -> Shape:
        """The shape of templates that are known by their names."""
        names = tuple(names)
        return cls(names, _in_order(names, [(upstream, downstream) for upstream, downstream in edges]))

    @classmethod
    def of_workflow(cls, workflow: Workflow) -> Shape:
        """The shape of a workflow's tasks as they stand; versions of one template are one."""
        names = dict.fromkeys(array.name for array in workflow._arrays.values())
        edges = [(upstream.name, downstream.name) for upstream, downstream in array_edges(workflow)]
        return cls(tuple(names), _in_order(names, edges), workflow.tool)

    def __rshift__(self, later: Part) -> Shape:
        return self._to(_union(list(_shapes(later))))

    def __rrshift__(self, earlier: Part) -> Shape:
        return _union(list(_shapes(earlier)))._to(self)

    def __lshift__(self, earlier: Part) -> Shape:
        return self._from(_union(list(_shapes(earlier))))

    def __rlshift__(self, later: Part) -> Shape:
        return _union(list(_shapes(later)))._from(self)

    @property
    def acyclic_edges(self) -> tuple[Edge, ...]:
        """The edges without those that close a ring: of a ring's edges, one against the order of the names."""
        place = {name: number for number, name in enumerate(self.names)}
        along = [edge for edge in self.edges if place[edge[0]] < place[edge[1]]]
        kept = set(along)
        for upstream, downstream in self.edges:
            if place[upstream] > place[downstream] and not _leads(kept, downstream, upstream):
                kept.add((upstream, downstream))
        return tuple(edge for edge in self.edges if edge in kept)

    def upstreams_of(self, name: str) -> tuple[str, ...]:
        """The templates that this one waits for; itself, if its tasks wait for each other."""
        return tuple(upstream for upstream, downstream in self.edges if downstream == name)

    def _to(self, later: Shape) -> Shape:
        edges = [
            (upstream, downstream) for upstream in self._named_last for downstream in later._first_of_all
        ]
        return _union([self, later], edges, later._last_of_all)

    def _from(self, earlier: Shape) -> Shape:
        edges = [
            (upstream, downstream) for downstream in self._named_last for upstream in earlier._last_of_all
        ]
        return _union([self, earlier], edges, earlier._first_of_all)

    @property
    def _named_last(self) -> tuple[str, ...]:
        return self._last or self._last_of_all

    @property
    def _first_of_all(self) -> tuple[str, ...]:
        waiting = {downstream for upstream, downstream in self.edges if upstream != downstream}
        return tuple(name for name in self.names if name not in waiting) or self.names[:1]

    @property
    def _last_of_all(self) -> tuple[str, ...]:
        waited_for = {upstream for upstream, downstream in self.edges if upstream != downstream}
        return tuple(name for name in self.names if name not in waited_for) or self._last


def array_edges(workflow: Workflow) -> Iterator[tuple[Array, Array]]:
    """Each pair of arrays of which the second has tasks that wait for tasks of the first.

    One look at every task's list of upstreams, and one at every member of a join, however many tasks share it.
    """
    place = {array: number for number, array in enumerate(workflow._arrays.values())}
    opened: dict[Join, set[Array | None]] = {}
    for array in place:
        # Upstreams that are not in the workflow have no place here; `Workflow.validate` tells of them.
        found = (upstream for upstream in _upstream_arrays(array, opened) if upstream in place)
        for upstream in sorted(found, key=lambda upstream: place[upstream]):
            yield upstream, array


def _upstream_arrays(array: Array, opened: dict[Join, set[Array | None]]) -> set[Any]:
    found: set[Array | None] = set()
    joins: set[Join] = set()
    for task in array._tasks.values():
        for upstream in task._upstreams or ():
            if type(upstream) is Join:
                joins.add(upstream)
            else:
                found.add(upstream.array)  # type: ignore[union-attr]
    for join in joins:
        if join not in opened:
            opened[join] = {member.array for member in join.members}
        found |= opened[join]
    return found


def _shapes(part: Part) -> Iterator[Shape]:
    from jobmon_airflow.client.task_template import TaskTemplate

    if isinstance(part, Shape):
        yield part
    elif isinstance(part, TaskTemplate):
        yield Shape((part.name,), (), part.tool, (part.name,))
    elif isinstance(part, Iterable) and not isinstance(part, (str, bytes)):
        for each in part:
            yield from _shapes(each)
    else:
        raise InvalidDefinition(
            f"{part!r} cannot stand in a shape: it is no task template.",
            remedy="Arrows between templates join templates and lists of them. For Airflow's own tasks, make the DAG "
            "first: templates(dag)['aggregate'] >> notify.",
        )


def _union(shapes: list[Shape], edges: Iterable[Edge] = (), last: tuple[str, ...] | None = None) -> Shape:
    """All of them in one, and these edges."""
    names = dict.fromkeys(name for shape in shapes for name in shape.names)
    if last is None:
        last = tuple(dict.fromkeys(name for shape in shapes for name in shape._named_last))
    every = [edge for shape in shapes for edge in shape.edges]
    return Shape(tuple(names), _in_order(names, [*every, *edges]), _tool_of(shapes), last)


def _tool_of(shapes: Iterable[Shape]) -> Tool | None:
    tools = [shape.tool for shape in shapes if shape.tool is not None]
    for other in tools[1:]:
        if not other.is_same_as(tools[0]):
            raise InvalidDefinition(
                f"Templates of the {tools[0]} and of the {other} stand in one shape.",
                remedy="The templates of a workflow are all of its own tool: get them from one.",
            )
    return tools[0] if tools else None


def _in_order(names: Iterable[str], edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Edges, each once, in the order of the names: the same whoever found them, and in which order."""
    place = {name: number for number, name in enumerate(names)}
    return tuple(sorted(set(edges), key=lambda edge: (place[edge[0]], place[edge[1]])))


def _leads(edges: Iterable[Edge], start: str, end: str) -> bool:
    """Whether a way leads from one name to another."""
    downstreams: dict[str, list[str]] = {}
    for upstream, downstream in edges:
        downstreams.setdefault(upstream, []).append(downstream)
    reached, waiting = {start}, [start]
    while waiting:
        for name in downstreams.get(waiting.pop(), ()):
            if name == end:
                return True
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return False
