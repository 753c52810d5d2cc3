"""Databases as an original Jobmon 3.x leaves them: its tables, with rows in them, on SQLite and on MariaDB."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    update,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT: Final = datetime(2024, 2, 29, 12, 0, 0)  # noqa: DTZ001 - as theirs, which have no zone
NODE, TASK, OP = 1, 2, 3

metadata = MetaData()


def _table(name: str, *columns: Any) -> Table:
    return Table(name, metadata, Column("id", Integer, primary_key=True), *columns)


def _to(table: str, **options: Any) -> Column[int]:
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}.id"), **options)


tool = _table("tool", Column("name", String(100), unique=True))
tool_version = _table("tool_version", _to("tool"))
task_template = _table("task_template", _to("tool_version"), Column("name", String(255)))
task_template_version = _table(
    "task_template_version",
    _to("task_template"),
    Column("command_template", Text),
    Column("arg_mapping_hash", String(150)),
)
arg = _table("arg", Column("name", String(255), unique=True))
template_arg_map = Table(
    "template_arg_map",
    metadata,
    _to("task_template_version", primary_key=True),
    _to("arg", primary_key=True),
    Column("arg_type_id", Integer, primary_key=True),
)
node = _table("node", _to("task_template_version"), Column("node_args_hash", String(150)))
node_arg = Table(
    "node_arg",
    metadata,
    _to("node", primary_key=True),
    _to("arg", primary_key=True),
    Column("val", String(2048)),
)
dag = _table("dag", Column("hash", String(150), unique=True), Column("created_date", DateTime))
edge = Table(
    "edge",
    metadata,
    Column("dag_id", Integer, primary_key=True),
    Column("node_id", Integer, primary_key=True),
    Column("upstream_node_ids", JSON),
    Column("downstream_node_ids", JSON),
)
cluster_type = _table("cluster_type", Column("name", String(255)))
cluster = _table(
    "cluster", Column("name", String(255)), _to("cluster_type"), Column("connection_parameters", String(2500))
)
queue = _table("queue", Column("name", String(255)), _to("cluster"), Column("parameters", String(2500)))
task_resources = _table(
    "task_resources",
    _to("queue"),
    Column("task_resources_type_id", String(1)),
    Column("requested_resources", Text),
)
workflow = _table(
    "workflow",
    _to("tool_version"),
    _to("dag"),
    Column("workflow_args_hash", String(150), index=True),
    Column("task_hash", String(150), index=True),
    Column("description", Text),
    Column("name", String(255)),
    Column("workflow_args", Text),
    Column("max_concurrently_running", Integer),
    Column("status", String(1)),
    Column("created_date", DateTime),
    Column("status_date", DateTime),
)
workflow_attribute_type = _table("workflow_attribute_type", Column("name", String(255)))
workflow_attribute = Table(
    "workflow_attribute",
    metadata,
    _to("workflow", primary_key=True),
    _to("workflow_attribute_type", primary_key=True),
    Column("value", String(255)),
)
workflow_run = _table(
    "workflow_run",
    _to("workflow", index=True),
    Column("user", String(150)),
    Column("jobmon_version", String(150)),
    Column("jobmon_server_version", String(150)),
    Column("status", String(1)),
    Column("created_date", DateTime),
    Column("status_date", DateTime),
    Column("heartbeat_date", DateTime),
)
array = _table(
    "array",
    Column("name", String(255)),
    _to("task_template_version"),
    _to("workflow", index=True),
    Column("max_concurrently_running", Integer),
    Column("created_date", DateTime),
)
task = _table(
    "task",
    _to("workflow"),
    _to("node"),
    Column("task_args_hash", String(150)),
    _to("array"),
    Column("name", String(255)),
    Column("command", Text),
    _to("task_resources"),
    Column("num_attempts", Integer),
    Column("max_attempts", Integer),
    Column("resource_scales", String(1000)),
    Column("fallback_queues", String(1000)),
    Column("status", String(1)),
    Column("status_date", DateTime),
    Index("ix_workflow_id_status_date", "workflow_id", "status_date"),
)
task_arg = Table(
    "task_arg",
    metadata,
    _to("task", primary_key=True),
    _to("arg", primary_key=True),
    Column("val", String(2048)),
)
task_attribute_type = _table("task_attribute_type", Column("name", String(255)))
task_attribute = Table(
    "task_attribute",
    metadata,
    _to("task", primary_key=True),
    _to("task_attribute_type", primary_key=True),
    Column("value", String(255)),
)
task_instance = _table(
    "task_instance",
    _to("workflow_run", index=True),
    _to("array"),
    Column("distributor_id", String(20), index=True),
    _to("task"),
    _to("task_resources", index=True),
    Column("array_batch_num", Integer),
    Column("array_step_id", Integer),
    Column("nodename", String(150)),
    Column("process_group_id", Integer),
    *(Column(name, String(250)) for name in ("usage_str", "wallclock", "maxrss", "maxpss", "cpu", "io")),
    Column("stdout", String(2048)),
    Column("stderr", String(2048)),
    Column("stdout_log", Text),
    Column("stderr_log", Text),
    Column("status", String(1)),
    Column("submitted_date", DateTime),
    Column("status_date", DateTime),
    Column("report_by_date", DateTime),
)
task_instance_error_log = _table(
    "task_instance_error_log",
    _to("task_instance", index=True),
    Column("error_time", DateTime),
    Column("description", Text),
)

#: Only originals since 3.7 have it.
task_status_audit = Table(
    "task_status_audit",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("task_id", Integer),
    Column("workflow_id", Integer),
    Column("previous_status", String(1)),
    Column("new_status", String(1)),
    Column("entered_at", DateTime),
    Column("exited_at", DateTime),
    Index("ix_audit_workflow_entered", "workflow_id", "entered_at"),
)


@dataclass(slots=True)
class Template:
    """A template version of an original, and its args."""

    id: int
    command: str
    args: dict[str, tuple[int, int]]  #: arg id and kind, by name


@dataclass(slots=True)
class Defined:
    """A workflow of an original, and the tasks of it by name."""

    id: int
    dag_id: int
    tool_version_id: int
    request: int
    arrays: dict[int, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)
    run_id: int = 0


class Original:
    """Writes to an original's database as its server does, with ids of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._args: dict[str, int] = {}
        self._hashes = 0
        metadata.create_all(engine)
        self.queue_id = self.add_queue("slurm", "slurm", "all.q", "{'cores': (1, 56), 'memory': (1, 750)}")

    @classmethod
    def at(cls, address: str) -> Original:
        return cls(create_engine(address))

    @property
    def address(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    def insert(self, table: Table, **row: Any) -> int:
        with self.engine.begin() as connection:
            result = connection.execute(insert(table).values(**row))
            return int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0

    def insert_all(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(table), list(rows))

    def change(self, table: Table, number: int, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == number).values(**values))

    # --- words ----------------------------------------------------------------------------------------------

    def add_queue(self, cluster_name: str, kind: str, name: str, parameters: str = "{}") -> int:
        kind_id = self.insert(cluster_type, name=kind)
        parameters_of_theirs = json.dumps({"host": "slurm.example", "token": "secret"})
        cluster_id = self.insert(
            cluster, name=cluster_name, cluster_type_id=kind_id, connection_parameters=parameters_of_theirs
        )
        return self.insert(queue, name=name, cluster_id=cluster_id, parameters=parameters)

    def add_tool(self, name: str, versions: int = 1) -> list[int]:
        tool_id = self.insert(tool, name=name)
        return [self.insert(tool_version, tool_id=tool_id) for _ in range(versions)]

    def add_template(self, tool_version_id: int, name: str, command: str, **kinds: Sequence[str]) -> Template:
        """A template; its args as ``node_args``, ``task_args`` and ``op_args``."""
        template_id = self.insert(task_template, tool_version_id=tool_version_id, name=name)
        number = self.insert(
            task_template_version,
            task_template_id=template_id,
            command_template=command,
            arg_mapping_hash=self._hash(),
        )
        args = {
            name: (self._arg(name), kind)
            for kind, names in ((NODE, "node_args"), (TASK, "task_args"), (OP, "op_args"))
            for name in kinds.get(names, ())
        }
        self.insert_all(
            template_arg_map,
            [
                {"task_template_version_id": number, "arg_id": arg_id, "arg_type_id": kind}
                for arg_id, kind in args.values()
            ],
        )
        return Template(number, command, args)

    def add_request(self, kind: str = "O", queue_id: int | None = None, **asked: Any) -> int:
        return self.insert(
            task_resources,
            queue_id=queue_id or self.queue_id,
            task_resources_type_id=kind,
            requested_resources=json.dumps(asked),
        )

    # --- workflows ------------------------------------------------------------------------------------------

    def add_workflow(
        self,
        tool_version_id: int,
        tasks: Mapping[str, tuple[Template, Mapping[str, Any], Sequence[str]]],
        request: int,
        *,
        args: str = "release 16",
        name: str = "burden_2024",
        **row: Any,
    ) -> Defined:
        """A workflow of tasks that are given by name as template, args and names of upstreams."""
        nodes = {each: self._node(template, its) for each, (template, its, _) in tasks.items()}
        dag_id = self.insert(dag, hash=self._hash(), created_date=AT)
        self._edges(dag_id, nodes, {each: upstreams for each, (_, _, upstreams) in tasks.items()})
        values = {
            "tool_version_id": tool_version_id,
            "dag_id": dag_id,
            "workflow_args_hash": self._hash(),
            "task_hash": self._hash(),
            "description": "what is estimated",
            "name": name,
            "workflow_args": args,
            "max_concurrently_running": 10_000,
            "status": "F",
            "created_date": AT,
            "status_date": AT + timedelta(hours=2),
        } | row
        its = Defined(self.insert(workflow, **values), dag_id, tool_version_id, request)
        its.nodes = nodes
        for each, (template, given, _) in tasks.items():
            its.tasks[each] = self._task(its, each, template, given, request)
        return its

    def run(self, its: Defined, status: str = "E", user: str = "ada", **row: Any) -> int:
        values = {
            "workflow_id": its.id,
            "user": user,
            "jobmon_version": "3.6.1",
            "jobmon_server_version": "3.6.1",
            "status": status,
            "created_date": AT,
            "status_date": AT + timedelta(hours=2),
            "heartbeat_date": AT + timedelta(hours=2),
        } | row
        its.run_id = self.insert(workflow_run, **values)
        return its.run_id

    def attempt(self, its: Defined, name: str, status: str, says: Sequence[str] = (), **row: Any) -> int:
        """An attempt at a task in the latest run."""
        values = {
            "workflow_run_id": its.run_id,
            "array_id": next(iter(its.arrays.values()), None),
            "distributor_id": "4711_1",
            "task_id": its.tasks[name],
            "task_resources_id": its.request,
            "array_batch_num": 1,
            "array_step_id": 0,
            "nodename": "node07",
            "wallclock": "61.5",
            "maxrss": "1048576",
            "cpu": "58",
            "stderr_log": says[-1] if says else None,
            "status": status,
            "submitted_date": AT,
            "status_date": AT + timedelta(minutes=5),
        } | row
        number = self.insert(task_instance, **values)
        for text in says:
            self.insert(task_instance_error_log, task_instance_id=number, error_time=AT, description=text)
        return number

    def stand(self, its: Defined, **statuses: str) -> None:
        """Let tasks stand so, by their names."""
        for name, status in statuses.items():
            self.change(task, its.tasks[name], status=status)

    def keep_changes(
        self, its: Defined, name: str, letters: str, *, before: str | None = None, begin: datetime = AT
    ) -> None:
        """Keep how a task came to stand as it does: from each letter to the next, a minute later."""
        task_status_audit.create(self.engine, checkfirst=True)
        for place, after in enumerate(letters):
            self.insert(
                task_status_audit,
                task_id=its.tasks[name],
                workflow_id=its.id,
                previous_status=letters[place - 1] if place else before,
                new_status=after,
                entered_at=begin + timedelta(minutes=place),
                exited_at=begin + timedelta(minutes=place + 1) if place < len(letters) - 1 else None,
            )

    # --- parts ----------------------------------------------------------------------------------------------

    def _hash(self) -> str:
        self._hashes += 1
        return f"{self._hashes:064d}"

    def _arg(self, name: str) -> int:
        if name not in self._args:
            self._args[name] = self.insert(arg, name=name)
        return self._args[name]

    def _node(self, template: Template, given: Mapping[str, Any]) -> int:
        number = self.insert(node, task_template_version_id=template.id, node_args_hash=self._hash())
        self._values(node_arg, "node_id", number, template, given, NODE)
        return number

    def _values(
        self, table: Table, key: str, number: int, template: Template, given: Mapping[str, Any], kind: int
    ) -> None:
        rows = [
            {key: number, "arg_id": arg_id, "val": str(given[name])}
            for name, (arg_id, its) in template.args.items()
            if its == kind
        ]
        self.insert_all(table, rows)

    def _edges(self, dag_id: int, nodes: Mapping[str, int], upstreams: Mapping[str, Sequence[str]]) -> None:
        downstreams: dict[str, list[int]] = {name: [] for name in nodes}
        for name, its in upstreams.items():
            for each in its:
                downstreams[each].append(nodes[name])
        rows = [
            {
                "dag_id": dag_id,
                "node_id": nodes[name],
                "upstream_node_ids": [nodes[each] for each in upstreams[name]] or None,
                "downstream_node_ids": downstreams[name] or None,
            }
            for name in nodes
        ]
        self.insert_all(edge, rows)

    def _task(
        self, its: Defined, name: str, template: Template, given: Mapping[str, Any], request: int
    ) -> int:
        if template.id not in its.arrays:
            its.arrays[template.id] = self.insert(
                array,
                name="".join(name.split("_")[:1]),
                task_template_version_id=template.id,
                workflow_id=its.id,
                max_concurrently_running=10_000,
                created_date=AT,
            )
        number = self.insert(
            task,
            workflow_id=its.id,
            node_id=its.nodes[name],
            task_args_hash=self._hash(),
            array_id=its.arrays[template.id],
            name=name,
            command=template.command.format(**given),
            task_resources_id=request,
            num_attempts=1,
            max_attempts=3,
            resource_scales="{'memory': 0.5, 'runtime': 0.5}",
            fallback_queues="[]",
            status="G",
            status_date=AT + timedelta(minutes=5),
        )
        self._values(task_arg, "task_id", number, template, given, TASK)
        return number
