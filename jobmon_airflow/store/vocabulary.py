"""The rows that the code takes for granted: statuses, kinds of args, the clusters every machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from jobmon_airflow import states
from jobmon_airflow.store import schema, sets

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

NODE_ARG: Final = 1
TASK_ARG: Final = 2
OP_ARG: Final = 3

ORIGINAL: Final = "O"
ADJUSTED: Final = "A"

# Where a task goes that names no queue; Jobmon's own name for it.
DEFAULT_QUEUE: Final = "null.q"
BUILT_IN_CLUSTERS: Final = ("sequential", "multiprocess", "dummy", "slurm")


def fill(connection: Connection) -> None:
    """Add what is missing; what is there stays."""
    for table, statuses in (
        (schema.task_status, states.TaskStatus),
        (schema.task_instance_status, states.TaskInstanceStatus),
        (schema.workflow_run_status, states.WorkflowRunStatus),
        (schema.workflow_status, states.WorkflowStatus),
    ):
        _fill(
            connection,
            table,
            ("id", "label", "description"),
            [(str(status), status.label, status.description) for status in statuses],
        )
    _fill(connection, schema.arg_type, ("id", "name"), [(1, "NODE_ARG"), (2, "TASK_ARG"), (3, "OP_ARG")])
    _fill(
        connection,
        schema.task_resources_type,
        ("id", "label"),
        [("O", "ORIGINAL"), ("V", "VALIDATED"), ("A", "ADJUSTED")],
    )
    _fill(connection, schema.cluster_type, ("name",), [(name,) for name in BUILT_IN_CLUSTERS])
    types = connection.execute(select(schema.cluster_type.c.name, schema.cluster_type.c.id))
    # A machine has each built-in cluster once, under its type's name.
    clusters = [(name, number, "{}") for name, number in types if name in BUILT_IN_CLUSTERS]
    _fill(connection, schema.cluster, ("name", "cluster_type_id", "connection_parameters"), clusters)


def _fill(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    sets.insert(connection, table, columns, rows, keep_existing=True)
