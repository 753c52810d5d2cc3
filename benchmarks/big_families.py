"""Families of workflows: their tools, templates and graphs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from big_graph import graph
from big_story import Phase
from big_world import DAY, digest

from jobmon_airflow.store import schema

if TYPE_CHECKING:
    from big_world import World

YEARS = tuple(str(year) for year in range(1990, 2020))

BIG = (
    Phase(name="prepare", args=(), waits="nothing", memory=4.0, runtime=1800, uses=0.5, takes=0.05),
    Phase(
        name="draw",
        args=(("year", YEARS), ("sex", ("1", "2")), ("age_group", ("0", "15", "30", "50", "70"))),
        waits="all", memory=2.0, runtime=600, uses=0.55, takes=0.22,
    ),
    Phase(
        name="aggregate",
        args=(("year", YEARS), ("age_group", ("0", "15", "30", "50", "70"))),
        waits="pairs", memory=12.0, runtime=3600, uses=0.25, takes=0.02, cores=2,
    ),
    Phase(
        name="summarize",
        args=(("measure", tuple("123456")), ("metric", tuple("abcdefgh"))),
        waits="join", memory=3.0, runtime=900, uses=0.68, takes=0.3,
    ),
    Phase(name="upload", args=(), waits="all", memory=1.0, runtime=7200, uses=0.1, takes=0.01),
)  # fmt: skip


@dataclass
class Family:
    """A tool's workflows of one name: their templates, and the graph that they share."""

    tool: str
    name: str
    version: int
    phases: tuple[Phase, ...]
    units: int
    template_versions: list[int]
    arg_ids: dict[str, int]
    first_node: int = 0
    dag: int = 0

    @cached_property
    def count(self) -> int:
        return self.units * sum(len(phase.combinations) for phase in self.phases)


class Families:
    """Makes families in a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def of_tool(self, tool: str, units: dict[str, int]) -> list[Family]:
        """A tool with its templates, and its families."""
        tool_id, version = self.world.ids.next(schema.tool), self.world.ids.next(schema.tool_version)
        self.world.add(schema.tool, ("id", "name"), [(tool_id, tool)])
        created = self.world.moment(self.world.now - 200 * DAY)
        self.world.add(schema.tool_version, ("id", "tool_id", "created_date"), [(version, tool_id, created)])
        phases = self._phases(tool)
        versions = [self._template(version, phase) for phase in phases]
        return [
            self._with_graph(Family(tool, name, version, phases, many, versions, self.world.args))
            for name, many in units.items()
        ]

    def _phases(self, tool: str) -> tuple[Phase, ...]:
        if tool == "burdenator":
            return BIG
        years = YEARS[:: self.world.rng.choice((6, 10))]
        kept = [
            Phase(name="fetch", args=(), waits="nothing", memory=2.0, runtime=900, uses=0.4, takes=0.1),
            Phase(
                name="model", args=(("year", years), ("sex", ("1", "2"))), waits="all",
                memory=self.world.rng.choice((4.0, 8.0, 20.0)), runtime=7200, uses=self.world.rng.uniform(0.1, 0.6),
                takes=self.world.rng.uniform(0.05, 0.5), cores=self.world.rng.choice((1, 2, 4)),
            ),
            Phase(
                name="aggregate", args=(("year", years),), waits="pairs", memory=6.0, runtime=3600,
                uses=self.world.rng.uniform(0.2, 0.5), takes=0.2,
            ),
            Phase(name="report", args=(), waits="join", memory=1.0, runtime=600, uses=0.2, takes=0.2),
        ]  # fmt: skip
        return tuple(kept)

    def _template(self, tool_version: int, phase: Phase) -> int:
        ids = self.world.ids
        template, version = ids.next(schema.task_template), ids.next(schema.task_template_version)
        names = ["location", *(name for name, _ in phase.args)]
        for name in [*names, "release"]:
            self._arg(name)
        self.world.add(
            schema.task_template, ("id", "tool_version_id", "name"), [(template, tool_version, phase.name)]
        )
        options = " ".join(f"--{name} {{{name}}}" for name in [*names, "release"])
        command = f"python {phase.name}.py {options}"
        self.world.add(
            schema.task_template_version,
            ("id", "task_template_id", "command_template", "command_hash", "arg_mapping_hash"),
            [(version, template, command, digest(command), digest(",".join(names)))],
        )
        kinds = [(version, self.world.args[name], 1) for name in names]
        kinds.append((version, self.world.args["release"], 2))
        self.world.add(schema.template_arg_map, ("task_template_version_id", "arg_id", "arg_type_id"), kinds)
        return version

    def _arg(self, name: str) -> int:
        if name not in self.world.args:
            self.world.args[name] = self.world.ids.next(schema.arg)
            self.world.add(schema.arg, ("id", "name"), [(self.world.args[name], name)])
        return self.world.args[name]

    def _with_graph(self, family: Family) -> Family:
        family.first_node = self.world.ids.next(schema.node, family.count)
        family.dag = self.world.ids.next(schema.dag)
        created = self.world.moment(self.world.now - 190 * DAY)
        self.world.add(
            schema.dag, ("id", "hash", "created_date"), [(family.dag, digest(f"dag {family.dag}"), created)]
        )
        self._nodes(family)
        for edges, joins in graph(family):
            lists = ("upstream_node_ids", "downstream_node_ids")
            self.world.add(schema.edge, ("dag_id", "node_id", *lists), edges)
            self.world.add(schema.dag_join, ("dag_id", "number", *lists), joins)
        pairs = zip(family.template_versions, family.template_versions[1:], strict=False)
        ends = ("dag_id", "upstream_task_template_version_id", "downstream_task_template_version_id")
        self.world.add(schema.template_edge, ends, [(family.dag, before, after) for before, after in pairs])
        return family

    def _nodes(self, family: Family) -> None:
        number = count(family.first_node)
        for phase, version in zip(family.phases, family.template_versions, strict=True):
            nodes, args = [], []
            ids = [self.world.args["location"], *(self.world.args[name] for name, _ in phase.args)]
            for unit in range(family.units):
                for values in phase.combinations:
                    node = next(number)
                    nodes.append((node, version, f"{node:032x}"))
                    args += zip([node] * len(ids), ids, (location(unit), *values), strict=True)
            self.world.add(schema.node, ("id", "task_template_version_id", "node_args_hash"), nodes)
            self.world.add(schema.node_arg, ("node_id", "arg_id", "val"), args)


def location(unit: int) -> str:
    """A location's name; a few are hostile."""
    if unit == 3:
        return "<script>alert('location')</script>"
    return "=cmd|'/C calc'!A0" if unit == 4 else str(unit + 1)
