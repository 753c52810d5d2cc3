"""A workflow, written by the store's own functions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jobmon_airflow.resources import Resources
from jobmon_airflow.store import clusters, dags, nodes, tasks, templates, tools, vocabulary, workflows
from jobmon_airflow.store.words import digest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

AT: Final = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A workflow whose tasks wait for each other in a row."""

    tool_id: int
    tool_version_id: int
    template_id: int
    version_id: int
    dag_id: int
    identity: workflows.Identity
    workflow_id: int
    array_id: int
    resources_id: int
    node_ids: list[int]
    task_ids: list[int]


def chain(database: Database, count: int = 3) -> Chain:
    """A new workflow of so many tasks, of a tool of its own."""
    return database.write(lambda connection: _chain(connection, count, f"chain {next(_numbers)}"))


def _chain(connection: Connection, count: int, name: str) -> Chain:
    tool_id = tools.tool_id(connection, name)
    tool_version_id = tools.latest_version(connection, tool_id, AT)
    template_id = templates.template_ids(connection, tool_version_id, ["step"])["step"]
    version = templates.Version(
        template_id=template_id,
        command="step {number} {data}",
        node_args=("number",),
        task_args=("data",),
        op_args=(),
    )
    version_id = templates.bind_versions(connection, [version])[version]
    node_ids = _nodes(connection, version_id, count)
    dag_id = dags.bind(connection, digest(name), _in_a_row(node_ids), [], AT)
    identity = workflows.Identity(
        tool_version_id=tool_version_id, dag_id=dag_id, workflow_args=name, task_hash=digest(name)
    )
    workflow_id, _ = workflows.enter(connection, identity, described(name), AT)
    array_id = workflows.bind_arrays(connection, workflow_id, {version_id: ("step", 100)}, AT)[version_id]
    resources_id = _resources(connection)
    rows = [
        (node_id, digest(str(i)), f"step_{i}", f"step {i} data", 3, resources_id, None, None, None)
        for i, node_id in enumerate(node_ids)
    ]
    tasks.enter(connection, workflow_id, array_id, rows, AT)
    task_ids = [row.id for row in tasks.of_array(connection, workflow_id, array_id)]
    data = templates.arg_ids(connection, ["data"])["data"]
    tasks.enter_args(connection, [(task_id, data, "data") for task_id in task_ids])
    workflows.complete(connection, workflow_id, AT)
    return Chain(
        tool_id=tool_id,
        tool_version_id=tool_version_id,
        template_id=template_id,
        version_id=version_id,
        dag_id=dag_id,
        identity=identity,
        workflow_id=workflow_id,
        array_id=array_id,
        resources_id=resources_id,
        node_ids=node_ids,
        task_ids=task_ids,
    )


def described(name: str, limit: int = 1000) -> workflows.Description:
    return workflows.Description(name=name, description="", max_concurrently_running=limit)


def _nodes(connection: Connection, version_id: int, count: int) -> list[int]:
    arg = templates.arg_ids(connection, ["number"])["number"]
    hashes = [f"{number:032x}" for number in range(count)]
    return nodes.bind(connection, version_id, [arg], hashes, [[str(number)] for number in range(count)])


def _in_a_row(node_ids: list[int]) -> list[dags.Row]:
    before, after = [None, *node_ids[:-1]], [*node_ids[1:], None]
    return [
        (node_id, str([up] if up else []), str([down] if down else []))
        for node_id, up, down in zip(node_ids, before, after, strict=True)
    ]


def _resources(connection: Connection) -> int:
    cluster_id = clusters.cluster_id(connection, "multiprocess")
    queue_id = clusters.queue_ids(connection, cluster_id, ["all.q"])["all.q"]
    request = (queue_id, Resources.parse({"memory": "1G"}))
    return clusters.bind_resources(connection, [request], vocabulary.ORIGINAL)[request]
