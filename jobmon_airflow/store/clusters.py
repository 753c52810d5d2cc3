"""Clusters, their queues, and what tasks ask of these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from jobmon_airflow.errors import InvalidDefinition, UnknownCluster
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import cluster, cluster_type, queue, task, task_resources
from jobmon_airflow.store.words import digest, ids_of_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from sqlalchemy import Connection, Row

    from jobmon_airflow.resources import Resources


def cluster_ids(connection: Connection) -> dict[str, int]:
    """All clusters, by name."""
    return sets.mapping(connection, select(cluster.c.name, cluster.c.id))


def cluster_id(connection: Connection, name: str) -> int:
    """The cluster of this name, or an error that names those there are."""
    known = cluster_ids(connection)
    if name not in known:
        raise UnknownCluster(
            f"There is no cluster '{name}'.",
            remedy=f"Choose one of {', '.join(sorted(known))}; or make it known: in Airflow by a connection of the "
            f"type slurm with the id '{name}', else by "
            f"jobmon_airflow.store.clusters.register(connection, '{name}', 'slurm').",
        )
    return known[name]


def register(
    connection: Connection, name: str, type_name: str, connection_parameters: Mapping[str, Any] | None = None
) -> int:
    """Make a cluster known, of a type such as 'slurm'; one that is known already stays as it is."""
    type_id = ids_of_names(connection, cluster_type, [type_name])[type_name]
    row = (name, type_id, json.dumps(dict(connection_parameters or {}), sort_keys=True))
    columns = ("name", "cluster_type_id", "connection_parameters")
    sets.insert(connection, cluster, columns, [row], keep_existing=True)
    return cluster_id(connection, name)


def describe(
    connection: Connection, name: str, type_name: str, connection_parameters: Mapping[str, Any]
) -> int:
    """Make a cluster known; one that is known is reached by these parameters from now on."""
    number = register(connection, name, type_name, connection_parameters)
    known_type, parameters = connection_of(connection, name)
    if known_type != type_name:
        raise InvalidDefinition(
            f"The cluster '{name}' is of the type '{known_type}', and not of the type '{type_name}'.",
            remedy="Give the connection to it another id.",
        )
    if parameters != dict(connection_parameters):
        text = json.dumps(dict(connection_parameters), sort_keys=True)
        connection.execute(update(cluster).where(cluster.c.id == number).values(connection_parameters=text))
    return number


def of_type(connection: Connection, type_name: str) -> set[str]:
    """The names of the clusters of a type."""
    query = select(cluster.c.name).join(cluster_type, cluster_type.c.id == cluster.c.cluster_type_id)
    return set(connection.execute(query.where(cluster_type.c.name == type_name)).scalars())


def queue_ids(connection: Connection, cluster_id: int, names: Collection[str]) -> dict[str, int]:
    """The cluster's queues of these names; those that were not there are there now, without limits."""
    rows = [(cluster_id, name, "{}") for name in sorted(names)]
    sets.insert(connection, queue, ("cluster_id", "name", "parameters"), rows, keep_existing=True)
    query = select(queue.c.name, queue.c.id).where(
        queue.c.cluster_id == cluster_id, sets.among(queue.c.name, list(names))
    )
    return sets.mapping(connection, query)


def limits(connection: Connection, cluster_id: int) -> dict[str, QueueLimits]:
    """What the cluster's queues can hold, as far as is known."""
    query = select(queue.c.name, queue.c.parameters).where(queue.c.cluster_id == cluster_id)
    return {
        name: QueueLimits.from_parameters(name, json.loads(parameters))
        for name, parameters in connection.execute(query)
    }


def set_limits(connection: Connection, cluster_id: int, queues: Collection[QueueLimits]) -> None:
    """Note what queues can hold, in place of what was known."""
    ids = queue_ids(connection, cluster_id, [limit.name for limit in queues])
    rows = [(ids[limit.name], json.dumps(limit.parameters(), sort_keys=True)) for limit in queues]
    sets.update(connection, queue, "id", ("parameters",), rows)


def requests(connection: Connection, ids: Collection[int]) -> dict[int, Row[Any]]:
    """What tasks ask for, by task_resources id: cluster's id and name, queue's name, the request as JSON."""
    table = task_resources
    query = (
        select(
            table.c.id,
            cluster.c.id.label("cluster_id"),
            cluster.c.name.label("cluster_name"),
            queue.c.name.label("queue_name"),
            table.c.requested_resources,
        )
        .join(queue, queue.c.id == table.c.queue_id)
        .join(cluster, cluster.c.id == queue.c.cluster_id)
        .where(sets.among(table.c.id, sorted(ids)))
    )
    rows: list[Row[Any]] = list(connection.execute(query))
    return {row.id: row for row in rows}


def of_workflow(connection: Connection, workflow_id: int) -> set[str]:
    """The clusters that a workflow's tasks go to."""
    asked = select(task.c.task_resources_id).where(task.c.workflow_id == workflow_id).distinct()
    rows = requests(connection, set(connection.execute(asked).scalars()))
    return {row.cluster_name for row in rows.values()}


def in_use(connection: Connection) -> set[str]:
    """The clusters that tasks were ever meant for."""
    asked = select(queue.c.cluster_id).join(task_resources, task_resources.c.queue_id == queue.c.id)
    query = select(cluster.c.name).where(cluster.c.id.in_(asked))
    return set(connection.execute(query).scalars())


def connection_of(connection: Connection, name: str) -> tuple[str, dict[str, Any]]:
    """The type of a cluster, and how to reach it."""
    query = (
        select(cluster_type.c.name, cluster.c.connection_parameters)
        .join(cluster, cluster.c.cluster_type_id == cluster_type.c.id)
        .where(cluster.c.id == cluster_id(connection, name))
    )
    type_name, parameters = connection.execute(query).one()
    return type_name, json.loads(parameters)


def bind_resources(
    connection: Connection, requests: Collection[tuple[int, Resources]], kind: str
) -> dict[tuple[int, Resources], int]:
    """The ids of requests to queues (by id); those that were not there are there now."""
    texts = {request: request[1].to_json() for request in requests}
    keys = {request: digest(text) for request, text in texts.items()}
    sets.insert(
        connection,
        task_resources,
        ("queue_id", "task_resources_type_id", "requested_resources", "requested_resources_hash"),
        sorted((request[0], kind, texts[request], keys[request]) for request in texts),
        keep_existing=True,
    )
    table = task_resources
    query = select(table.c.queue_id, table.c.requested_resources_hash, table.c.id).where(
        table.c.task_resources_type_id == kind,
        sets.among(table.c.queue_id, sorted({queue_id for queue_id, _ in requests})),
        sets.among(table.c.requested_resources_hash, sorted(keys.values())),
    )
    found = {(queue_id, key): number for queue_id, key, number in connection.execute(query)}
    return {request: found[request[0], keys[request]] for request in texts}
