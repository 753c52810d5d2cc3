"""The tables under their older names, and the edges as plain pairs; all read-only.

Queries that were written for Jobmon 1.x (``job``, ``job_instance``, ``task_dag``) and 2.x
(``executor_parameter_set``, ``command_template_arg_type_mapping``) run as they are. Views hold nothing, so they
are made anew by every migration instead of being migrated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobmon_airflow.store.database import dialect_name

if TYPE_CHECKING:
    from sqlalchemy import Connection


def create(connection: Connection) -> None:
    """Make all views."""
    for name, select in definitions(dialect_name(connection)).items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {select}")


def drop(connection: Connection) -> None:
    """Remove all views, where there are any."""
    for name in reversed(definitions(dialect_name(connection))):
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def definitions(dialect: str) -> dict[str, str]:
    """The views' names and queries, in the words of a dialect."""
    parameters = {name: _JSON_FIELD[dialect].format(name=name) for name in ("memory", "runtime", "cores")}
    return {
        **{old: f"SELECT * FROM {new}" for old, new in _RENAMED.items()},
        **_RESHAPED,
        "executor_parameter_set": _EXECUTOR_PARAMETER_SET.format(**parameters),
        "dependency": _DEPENDENCY.format(
            direct=_JSON_LIST[dialect].format(column="edge.upstream_node_ids", name="direct"),
            joined=_JSON_LIST[dialect].format(column="dag_join.upstream_node_ids", name="joined"),
        ),
    }


# The third name is spelt as Jobmon's documentation prints it.
_RENAMED: Final = {
    "job_status": "task_status",
    "job_instance_status": "task_instance_status",
    "executor_parameter_set_type": "task_resources_type",
    "executor_parameteter_set_type": "task_resources_type",
    "command_template_arg_type_mapping": "template_arg_map",
}

_RESHAPED: Final = {
    "job": (
        "SELECT task.id AS job_id, workflow.dag_id, task.workflow_id, task.task_args_hash AS job_hash, task.name, "
        "task.command, task.num_attempts, task.max_attempts, task.status, task.status_date "
        "FROM task JOIN workflow ON workflow.id = task.workflow_id"
    ),
    "job_instance": (
        "SELECT task_instance.id AS job_instance_id, task_instance.task_id AS job_id, workflow.dag_id, "
        "task_instance.workflow_run_id, task_instance.distributor_id AS executor_id, task_instance.nodename, "
        "task_instance.process_group_id, task_instance.usage_str, task_instance.wallclock, task_instance.maxrss, "
        "task_instance.maxpss, task_instance.cpu, task_instance.io, task_instance.status, "
        "task_instance.submitted_date, task_instance.status_date "
        "FROM task_instance JOIN task ON task.id = task_instance.task_id "
        "JOIN workflow ON workflow.id = task.workflow_id"
    ),
    "job_instance_error_log": (
        "SELECT id, task_instance_id AS job_instance_id, error_time, description FROM task_instance_error_log"
    ),
    "task_dag": (
        "SELECT dag.id AS dag_id, dag.hash AS dag_hash, workflow.id AS workflow_id, workflow.name, "
        "workflow.created_date FROM dag JOIN workflow ON workflow.dag_id = dag.id"
    ),
}

_EXECUTOR_PARAMETER_SET: Final = (
    "SELECT task_resources.id, task_resources.task_resources_type_id AS parameter_set_type, "
    "queue.name AS queue, {cores} AS num_cores, {memory} AS m_mem_free, {runtime} AS max_runtime_seconds, "
    "task_resources.requested_resources FROM task_resources JOIN queue ON queue.id = task_resources.queue_id"
)

# UNION, not UNION ALL: a node that is upstream directly and through a join is one upstream.
_DEPENDENCY: Final = (
    "SELECT edge.dag_id, direct.value AS upstream_node_id, edge.node_id AS downstream_node_id "
    "FROM edge, {direct} WHERE direct.value > 0 "
    "UNION SELECT edge.dag_id, joined.value, edge.node_id FROM edge, {direct}, dag_join, {joined} "
    "WHERE direct.value < 0 AND dag_join.dag_id = edge.dag_id AND dag_join.number = -direct.value"
)

_JSON_FIELD: Final = {
    "sqlite": "json_extract(task_resources.requested_resources, '$.{name}')",
    "postgresql": "CAST(CAST(task_resources.requested_resources AS json) ->> '{name}' AS double precision)",
    "mysql": "CAST(JSON_VALUE(task_resources.requested_resources, '$.{name}') AS DOUBLE)",
}

_JSON_LIST: Final = {
    "sqlite": "json_each({column}) AS {name}",
    "postgresql": (
        "LATERAL (SELECT CAST(json_array_elements_text(CAST({column} AS json)) AS bigint) AS value) AS {name}"
    ),
    "mysql": "JSON_TABLE({column}, '$[*]' COLUMNS (value BIGINT PATH '$')) AS {name}",
}
