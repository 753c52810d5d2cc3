"""Workflows that several tests define, and what the database says of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.store import migrations, workflow_runs
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow import Workflow


def migrated(url: str) -> str:
    """The address, with tables behind it."""
    database = Database.open(url)
    migrations.migrate(database)
    database.close()
    return url


def close(url: str) -> None:
    """Close what the client keeps open."""
    if database := registry._opened.pop(url, None):
        database.close()


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    """What the database answers to a query."""
    database = Database.open(url)
    try:
        with database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
    finally:
        database.close()


def end_silent_runs(connection: Connection, at: datetime) -> list[int]:
    """End all runs whose controller was not heard of in time, whatever jobs they have left; their ids."""
    return [
        run.id for run in workflow_runs.silent(connection, at) if claims.end_if_silent(connection, run.id, at)
    ]


def three_phases(
    url: str,
    workflow_args: str = "three phases",
    *,
    tool_name: str = "health",
    locations: int = 4,
    script: str = "run.py",
    release: int = 7,
) -> Workflow:
    """transform (location x sex) >> aggregate (location) >> summarize, which waits for all aggregates."""
    tool = Tool(tool_name, database=url)
    tool.set_default_compute_resources_from_dict("multiprocess", {"memory": "1G", "runtime": "10m"})
    transform = tool.get_task_template(
        "transform",
        "{script} transform {location} {sex} --out {folder:q}",
        node_args=["location", "sex"],
        task_args=["folder"],
        op_args=["script"],
    )
    aggregate = tool.get_task_template(
        "aggregate", "{script} aggregate {location}", ["location"], [], ["script"]
    )
    summarize = tool.get_task_template("summarize", "{script} summarize", op_args=["script"])
    workflow = tool.create_workflow(
        workflow_args=workflow_args, name="three_phases", workflow_attributes={"release": release}
    )
    workflow.add_tasks(
        transform.create_tasks(
            location=range(locations),
            sex=[1, 2],
            folder="/data/it's here",
            script=script,
            task_attributes=lambda location, sex: {"place": location * 10 + sex},
        )
    )
    for location in range(locations):
        workflow.add_task(
            aggregate.create_task(
                location=location,
                script=script,
                compute_resources={"memory": "2G"},
                upstream_tasks=workflow.get_tasks_by_node_args("transform", location=location),
            )
        )
    workflow.add_task(
        summarize.create_task(
            script=script, max_attempts=1, upstream_tasks=workflow.arrays["aggregate"].tasks
        )
    )
    return workflow


def all_to_all(url: str, workflow_args: str = "all to all", *, width: int = 20) -> Workflow:
    """first >> second, each of the second waiting for all of the first."""
    tool = Tool("health", database=url)
    tool.set_default_cluster_name("sequential")
    first = tool.get_task_template("first", "first {number}", node_args=["number"])
    second = tool.get_task_template("second", "second {number}", node_args=["number"])
    workflow = tool.create_workflow(workflow_args=workflow_args)
    upstreams = first.create_tasks(number=range(width))
    workflow.add_tasks(upstreams + second.create_tasks(number=range(width), upstream_tasks=upstreams))
    return workflow


def contents(url: str) -> dict[str, list[Any]]:
    """All that a database says of its workflows, without its ids."""
    database = Database.open(url)
    try:
        with database.read() as connection:
            quoted = connection.dialect.identifier_preparer.quote(
                "array"
            )  # PostgreSQL keeps this word to itself
            return {
                name: sorted(
                    tuple(row) for row in connection.execute(text(query.replace(" array ", f" {quoted} ")))
                )
                for name, query in _CONTENTS.items()
            }
    finally:
        database.close()


_CONTENTS = {
    "workflows": (
        "SELECT tool.name, workflow.name, workflow_args, workflow.max_concurrently_running, workflow.status, "
        "workflow.created_date IS NULL FROM workflow "
        "JOIN tool_version ON tool_version.id = tool_version_id JOIN tool ON tool.id = tool_id"
    ),
    "tasks": (
        "SELECT workflow_args, kind.name, task.name, command, max_attempts, num_attempts, task.status, "
        "queue.name, requested_resources, COALESCE(resource_scales, ''), COALESCE(fallback_queues, '') "
        "FROM task JOIN workflow ON workflow.id = task.workflow_id JOIN array kind ON kind.id = task.array_id "
        "JOIN task_resources ON task_resources.id = task_resources_id JOIN queue ON queue.id = queue_id"
    ),
    "edges": (
        "SELECT workflow_args, upstream.name, downstream.name FROM dependency "
        "JOIN workflow ON workflow.dag_id = dependency.dag_id "
        "JOIN task upstream ON upstream.node_id = upstream_node_id AND upstream.workflow_id = workflow.id "
        "JOIN task downstream ON downstream.node_id = downstream_node_id AND downstream.workflow_id = workflow.id"
    ),
    "node args": (
        "SELECT command_template, node_args_hash, arg.name, val FROM node "
        "JOIN task_template_version ON task_template_version.id = task_template_version_id "
        "JOIN node_arg ON node_arg.node_id = node.id JOIN arg ON arg.id = arg_id"
    ),
    "task args": (
        "SELECT workflow_args, task.name, arg.name, val FROM task_arg JOIN task ON task.id = task_id "
        "JOIN arg ON arg.id = arg_id JOIN workflow ON workflow.id = workflow_id"
    ),
    "task attributes": (
        "SELECT workflow_args, task.name, task_attribute_type.name, value FROM task_attribute "
        "JOIN task ON task.id = task_id JOIN workflow ON workflow.id = workflow_id "
        "JOIN task_attribute_type ON task_attribute_type.id = task_attribute_type_id"
    ),
    "workflow attributes": (
        "SELECT workflow_args, workflow_attribute_type.name, value FROM workflow_attribute "
        "JOIN workflow ON workflow.id = workflow_id "
        "JOIN workflow_attribute_type ON workflow_attribute_type.id = workflow_attribute_type_id"
    ),
    "counts": (
        "SELECT (SELECT COUNT(*) FROM node), (SELECT COUNT(*) FROM edge), (SELECT COUNT(*) FROM dag), "
        "(SELECT COUNT(*) FROM dag_join), (SELECT COUNT(*) FROM task_resources), (SELECT COUNT(*) FROM array ), "
        "(SELECT COUNT(*) FROM tool_version), (SELECT COUNT(*) FROM task_template_version)"
    ),
}
