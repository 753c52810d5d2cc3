"""The tables.

They carry the names that Jobmon's users know from their SQL browsers. What the code assumes is said here
as keys, foreign keys and checks, whose names are readable because people meet them in errors. Nodes, DAGs,
template versions and resources are *words*: immutable, shared by all who say the same, and found
by a hash of their content. The comment of a table is what the documentation prints.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.store.dialect_options import noted, tell_before_creation
from jobmon_airflow.store.types import Id, LongText, UtcDateTime

NAME_LENGTH: Final = 255
AIRFLOW_ID_LENGTH: Final = 250  # of Airflow's own ids
HASH_LENGTH: Final = 32  # hexadecimal digits: 128 bits

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
tell_before_creation(metadata)


def _table(name: str, *parts: Any, comment: str, clustered: bool = False) -> Table:
    """A table; a clustered one keeps its rows in the order of their key, which SQLite must be told."""
    return noted(
        Table(name, metadata, *parts, comment=comment),
        sqlite_with_rowid=not clustered,
        # Names differ when their letters differ; this collation exists on MySQL and on MariaDB.
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _to(table: str, *, name: str | None = None, **options: Any) -> Column[int]:
    """A reference to a row of another table; part of the key, or required, unless told otherwise."""
    options.setdefault("nullable", False)
    return Column(name or f"{table}_id", Id, ForeignKey(f"{table}.id"), **options)


def _hash(name: str) -> Column[str]:
    return Column(name, CHAR(HASH_LENGTH), nullable=False)


def _name() -> Column[str]:
    return Column("name", String(NAME_LENGTH), nullable=False)


def _status(of: str, name: str = "status", **options: Any) -> Column[str]:
    options.setdefault("nullable", False)
    return Column(name, CHAR(1), ForeignKey(f"{of}_status.id"), **options)


def _moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, UtcDateTime, **options)


def _limit() -> Column[int]:
    return Column("max_concurrently_running", Integer, nullable=False, default=UNLIMITED)


def _status_table(of: str, comment: str) -> Table:
    return _table(
        f"{of}_status",
        Column("id", CHAR(1), primary_key=True),
        Column("label", String(64), nullable=False, unique=True),
        Column("description", String(NAME_LENGTH), nullable=False),
        comment=comment,
    )


def _attribute_tables(of: str) -> tuple[Table, Table]:
    kind = _table(
        f"{of}_attribute_type",
        _id(),
        _name(),
        UniqueConstraint("name"),
        comment=f"The attributes that a {of} may have.",
    )
    values = _table(
        f"{of}_attribute",
        _to(of, primary_key=True),
        _to(f"{of}_attribute_type", primary_key=True),
        Column("value", String(NAME_LENGTH)),
        Index(None, f"{of}_attribute_type_id", "value"),
        comment=f"Free facts about a {of}; kept for people and for statistics, never passed to a job.",
        clustered=True,
    )
    return kind, values


# --- what statuses mean -----------------------------------------------------------------------------

task_status = _status_table("task", "The statuses of a task.")
task_instance_status = _status_table("task_instance", "The statuses of one attempt at a task.")
workflow_run_status = _status_table("workflow_run", "The statuses of one run of a workflow.")
workflow_status = _status_table("workflow", "The statuses of a workflow.")

# --- tools and templates -----------------------------------------------------------------------------

tool = _table(
    "tool", _id(), _name(), UniqueConstraint("name"), comment="An application that workflows belong to."
)
tool_version = _table(
    "tool_version",
    _id(),
    _to("tool", index=True),
    _moment("created_date"),
    comment="A version of a tool; it owns task templates and workflows.",
)
task_template = _table(
    "task_template",
    _id(),
    _to("tool_version"),
    _name(),
    UniqueConstraint("tool_version_id", "name"),
    comment="A family of commands, by name.",
)
task_template_version = _table(
    "task_template_version",
    _id(),
    _to("task_template"),
    Column("command_template", LongText, nullable=False),
    _hash("command_hash"),
    _hash("arg_mapping_hash"),
    UniqueConstraint("task_template_id", "command_hash", "arg_mapping_hash"),
    comment="One command template and its split into node, task and op args.",
)
arg = _table(
    "arg", _id(), _name(), UniqueConstraint("name"), comment="The names of all args of all templates."
)
arg_type = _table(
    "arg_type",
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", String(16), nullable=False, unique=True),
    comment="The three kinds of args: node, task, op.",
)
template_arg_map = _table(
    "template_arg_map",
    _to("task_template_version", primary_key=True),
    _to("arg", primary_key=True),
    Column("arg_type_id", SmallInteger, ForeignKey("arg_type.id"), primary_key=True),
    comment="Which args a template version has, and of which kind they are.",
    clustered=True,
)

# --- places in a graph ---------------------------------------------------------------------------------

node = _table(
    "node",
    _id(),
    _to("task_template_version"),
    _hash("node_args_hash"),
    UniqueConstraint("task_template_version_id", "node_args_hash"),
    comment="A place in a DAG: a template version and its node args.",
)
node_arg = _table(
    "node_arg",
    _to("node", primary_key=True),
    _to("arg", primary_key=True),
    Column("val", LongText, nullable=False),
    comment="The args that make a node the one it is.",
    clustered=True,
)
dag = _table(
    "dag",
    _id(),
    _hash("hash"),
    _moment("created_date", comment="When the last edge was written; empty until then."),
    UniqueConstraint("hash"),
    comment="A graph of nodes, shared by all workflows that have the same.",
)
edge = _table(
    "edge",
    _to("dag", primary_key=True),
    _to("node", primary_key=True),
    Column("upstream_node_ids", LongText, nullable=False),
    Column("downstream_node_ids", LongText, nullable=False),
    comment=(
        "A node's neighbours in a DAG, as JSON lists of node ids. A negative number -j stands for join j of the "
        "DAG (see dag_join). The view `dependency` has the same as plain pairs of nodes."
    ),
    clustered=True,
)
dag_join = _table(
    "dag_join",
    _to("dag", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("upstream_node_ids", LongText, nullable=False),
    Column("downstream_node_ids", LongText, nullable=False),
    CheckConstraint("number > 0", name="counts_from_one"),
    comment=(
        "Where many tasks share a set of upstreams, the edges go through a join: n + m of them instead of n x m. "
        "Every downstream of a join waits for every upstream of it."
    ),
    clustered=True,
)

template_edge = _table(
    "template_edge",
    _to("dag", primary_key=True),
    _to("task_template_version", name="upstream_task_template_version_id", primary_key=True),
    _to("task_template_version", name="downstream_task_template_version_id", primary_key=True),
    comment=(
        "Which templates' tasks wait for which templates' tasks in a DAG: its edges, seen from afar. Graphs that "
        "were written by version 0002 or earlier have none here."
    ),
    clustered=True,
)

# --- where tasks run ------------------------------------------------------------------------------------

cluster_type = _table(
    "cluster_type", _id(), _name(), UniqueConstraint("name"), comment="The kinds of clusters."
)
cluster = _table(
    "cluster",
    _id(),
    _name(),
    _to("cluster_type"),
    Column("connection_parameters", LongText, nullable=False, default="{}"),
    UniqueConstraint("name"),
    comment="A place where tasks can run.",
)
queue = _table(
    "queue",
    _id(),
    _name(),
    _to("cluster"),
    Column("parameters", LongText, nullable=False, default="{}"),
    UniqueConstraint("cluster_id", "name"),
    comment="A queue (partition) of a cluster, with its limits as JSON.",
)
task_resources_type = _table(
    "task_resources_type",
    Column("id", CHAR(1), primary_key=True),
    Column("label", String(64), nullable=False, unique=True),
    comment="Whether resources are as asked for (O), validated (V) or adjusted after a failure (A).",
)
task_resources = _table(
    "task_resources",
    _id(),
    _to("queue"),
    Column("task_resources_type_id", CHAR(1), ForeignKey("task_resources_type.id"), nullable=False),
    Column("requested_resources", LongText, nullable=False),
    _hash("requested_resources_hash"),
    UniqueConstraint("queue_id", "task_resources_type_id", "requested_resources_hash"),
    comment="What tasks ask of a queue, as JSON. Rows never change: a raised request is another row.",
)

# --- workflows ------------------------------------------------------------------------------------------

workflow = _table(
    "workflow",
    _id(),
    _to("tool_version"),
    _to("dag", index=True),
    _hash("workflow_args_hash"),
    _hash("task_hash"),
    Column("description", Text, nullable=False, default=""),
    _name(),
    Column("workflow_args", LongText, nullable=False),
    _limit(),
    _status("workflow"),
    _moment("created_date", comment="When binding was complete; empty until then."),
    _moment("status_date", nullable=False),
    UniqueConstraint("tool_version_id", "dag_id", "workflow_args_hash", "task_hash"),
    Index(None, "workflow_args_hash"),
    Index(None, "name"),
    Index(None, "status", "status_date"),
    CheckConstraint("max_concurrently_running >= 0", name="limit_is_not_negative"),
    comment="The intent to run a DAG with some workflow args.",
)
workflow_attribute_type, workflow_attribute = _attribute_tables("workflow")
workflow_run = _table(
    "workflow_run",
    _id(),
    _to("workflow", index=True),
    Column("user", String(NAME_LENGTH), nullable=False),
    Column("jobmon_version", String(64), nullable=False),
    Column("jobmon_server_version", String(64)),
    _status("workflow_run"),
    _moment("created_date", nullable=False),
    _moment("status_date", nullable=False),
    _moment("heartbeat_date"),
    Column("controller", String(NAME_LENGTH), comment="The machine and the process that act for it."),
    Column(
        "turn",
        Integer,
        nullable=False,
        server_default="0",
        comment="How often its controller has written. Who counts otherwise is not its controller.",
    ),
    _moment(
        "stop_asked_date",
        comment="When somebody asked it to begin nothing more, and to end when what runs is over.",
    ),
    Index(None, "user"),
    Index(None, "status", "heartbeat_date"),
    comment="One start or resume of a workflow.",
)
array = _table(
    "array",
    _id(),
    _name(),
    _to("task_template_version", index=True),
    _to("workflow"),
    _limit(),
    _moment("created_date", nullable=False),
    UniqueConstraint("workflow_id", "task_template_version_id"),
    CheckConstraint("max_concurrently_running >= 0", name="limit_is_not_negative"),
    comment="All tasks of one template version in one workflow.",
)

# --- tasks and attempts -----------------------------------------------------------------------------------

task = _table(
    "task",
    _id(),
    _to("workflow"),
    _to("node"),
    _to("array"),
    _hash("task_args_hash"),
    _name(),
    Column("command", LongText, nullable=False),
    _to("task_resources", nullable=True),
    Column("num_attempts", Integer, nullable=False, default=0),
    Column("max_attempts", Integer, nullable=False),
    Column("resource_scales", LongText),
    Column("fallback_queues", LongText),
    Column(
        "compute_resources_callable",
        String(NAME_LENGTH),
        comment="The function that says what the task asks for, if one does; it lives in its script alone.",
    ),
    _status("task"),
    _moment("status_date", nullable=False),
    UniqueConstraint("workflow_id", "node_id"),
    # With the id, which the others add by themselves, PostgreSQL reads pages of tasks in this order, too.
    Index("ix_task_progress", "workflow_id", "array_id", "status", "id"),
    CheckConstraint("num_attempts >= 0", name="attempts_are_counted"),
    CheckConstraint("max_attempts > 0", name="one_attempt_at_least"),
    comment="A node and its task args in one workflow: a single command.",
)
task_arg = _table(
    "task_arg",
    _to("task", primary_key=True),
    _to("arg", primary_key=True),
    Column("val", LongText, nullable=False),
    comment="The args that tell a task from the same node's task in another workflow.",
    clustered=True,
)
task_attribute_type, task_attribute = _attribute_tables("task")
error_kind = _table(
    "error_kind",
    _id(),
    _name(),
    UniqueConstraint("name"),
    comment="The kinds of errors: what attempts said, without what differs from one to the next.",
)
task_instance = _table(
    "task_instance",
    _id(),
    _to("workflow_run"),
    _to("array"),
    _to("task", index=True),
    Column("distributor_id", String(64), index=True),
    _to("task_resources", nullable=True),
    Column("array_batch_num", Integer),
    Column("array_step_id", Integer),
    Column("nodename", String(NAME_LENGTH)),
    Column("process_group_id", Integer),
    Column("usage_str", LongText),
    Column("wallclock", Double, comment="Seconds."),
    Column("maxrss", BigInteger, comment="Bytes."),
    Column("maxpss", BigInteger, comment="Bytes."),
    Column("cpu", Double, comment="Seconds."),
    Column("io", LongText),
    Column("stdout", LongText, comment="Path of the file."),
    Column("stderr", LongText, comment="Path of the file."),
    Column("stdout_log", LongText, comment="The last lines."),
    Column("stderr_log", LongText, comment="The last lines."),
    Column("exit_code", Integer),
    Column("verdict", String(32), comment="Why the attempt ended."),
    Column("evidence", LongText, comment="What the verdict rests on, as JSON."),
    _to("error_kind", nullable=True),
    _status("task_instance"),
    _moment("submitted_date"),
    _moment("status_date", nullable=False),
    _moment("report_by_date"),
    # With the id, which the others add by themselves, PostgreSQL draws a sample from the index alone.
    noted(
        Index("ix_task_instance_step", "array_id", "array_batch_num", "array_step_id"),
        postgresql_include=["id"],
    ),
    # With the id, PostgreSQL finds the last error of a run in the index alone.
    noted(Index("ix_task_instance_of_run", "workflow_run_id", "status"), postgresql_include=["id"]),
    # Of what failed only, where the database can: most attempts are not among them, and are not slowed by it.
    noted(
        Index("ix_task_instance_error", "array_id", "error_kind_id", "task_id"),
        sqlite_where=text("error_kind_id IS NOT NULL"),
        postgresql_where=text("error_kind_id IS NOT NULL"),
        postgresql_include=["id"],
    ),
    comment="One attempt at a task: what it asked for, what it used, how it ended.",
)
task_instance_error_log = _table(
    "task_instance_error_log",
    _id(),
    _to("task_instance", index=True),
    _moment("error_time", nullable=False),
    Column("description", LongText, nullable=False),
    comment="What an attempt said when it failed.",
)
task_status_audit = _table(
    "task_status_audit",
    _id(),
    _to("task"),
    _to("workflow"),
    _status("task", "previous_status"),
    _status("task", "new_status"),
    _moment("entered_at", nullable=False),
    Index("ix_task_status_audit_of_workflow", "workflow_id", "id"),
    Index("ix_task_status_audit_of_task", "task_id", "id"),
    comment="Every change of every task's status.",
)

moves_by_minute = _table(
    "moves_by_minute",
    _to("array", primary_key=True),
    _moment("minute", primary_key=True, comment="The minute, from its beginning."),
    _status("task", "previous_status", primary_key=True),
    _status("task", "new_status", primary_key=True),
    Column("tasks", Integer, nullable=False),
    comment="How many tasks of an array went from one status to another within a minute: the audit, summed up.",
    clustered=True,
)

# --- what was used ------------------------------------------------------------------------------------------

usage_by_hour = _table(
    "usage_by_hour",
    _to("workflow_run", primary_key=True),
    _to("array", primary_key=True),
    _to("task_resources", primary_key=True),
    Column("verdict", String(32), primary_key=True, comment="Empty if there was none."),
    _moment("hour", primary_key=True, comment="The hour, from its beginning, in which they ended."),
    Column("attempts", Integer, nullable=False),
    Column("wallclock", Double, nullable=False, comment="Seconds."),
    Column("cpu", Double, nullable=False, comment="Seconds."),
    Column("cpu_wallclock", Double, nullable=False, comment="Seconds, of those whose CPU time is known."),
    Column(
        "memory_time", Double, nullable=False, comment="Bytes x seconds: each one's peak for all its time."
    ),
    Column("memory_wallclock", Double, nullable=False, comment="Seconds, of those whose memory is known."),
    Index(None, "hour"),
    comment="What attempts that ended within an hour used together, by what they had asked for and how they ended.",
    clustered=True,
)

# --- why tasks wait -----------------------------------------------------------------------------------------

waiting_reason = _table(
    "waiting_reason",
    _to("workflow_run", primary_key=True),
    _to("array", primary_key=True),
    Column("reason", String(NAME_LENGTH), primary_key=True, comment="In the cluster's own word."),
    Column("tasks", Integer, nullable=False, comment="So many wait for it."),
    _moment("since_date", nullable=False),
    _moment("status_date", nullable=False, comment="When the cluster said so last."),
    CheckConstraint("tasks > 0", name="somebody_waits"),
    comment="Why tasks that were handed to a cluster have not begun, as the cluster says, of the runs that are alive.",
    clustered=True,
)

waiting_tasks = _table(
    "waiting_tasks",
    _to("workflow_run", primary_key=True),
    _to("array", primary_key=True),
    Column("for_room", Integer, nullable=False, comment="So many could begin, if a limit allowed it."),
    Column("for_failed", Integer, nullable=False, comment="So many wait for what has failed for good."),
    _moment("status_date", nullable=False, comment="When the run said so last."),
    comment="What the tasks of a run wait for that have not begun, as the run knows; the others wait for tasks before.",
    clustered=True,
)

# --- what people order --------------------------------------------------------------------------------------

action_log = _table(
    "action_log",
    _id(),
    _to("workflow"),
    _to("workflow_run", nullable=True),
    _to("task", nullable=True),
    Column("user", String(NAME_LENGTH), nullable=False),
    Column("action", String(32), nullable=False),
    Column("detail", LongText, nullable=False),
    _moment("action_date", nullable=False),
    Index("ix_action_log_of_workflow", "workflow_id", "id"),
    comment="What people ordered in Airflow's pages: who, when and what.",
)

# --- on whose behalf ----------------------------------------------------------------------------------------

airflow_task = _table(
    "airflow_task",
    _id(),
    Column("dag_id", String(AIRFLOW_ID_LENGTH), nullable=False),
    Column("run_id", String(AIRFLOW_ID_LENGTH), nullable=False),
    Column("task_id", String(AIRFLOW_ID_LENGTH), nullable=False),
    Column("map_index", Integer, nullable=False, default=-1),
    Column(
        "try_number", Integer, nullable=False, comment="Of the try that acts; earlier ones may not any more."
    ),
    Column("heeded", Integer, nullable=False, comment="The last try that the workflow has taken notice of."),
    _to("workflow", nullable=True, index=True),
    _to("workflow_run", nullable=True, index=True),
    Column(
        "engine", String(NAME_LENGTH), comment="The machine and the process that run the workflow for it."
    ),
    _moment("heartbeat_date", comment="Until when this process will be heard of again."),
    Column("outcome", LongText, comment="How the try ended, as JSON; empty until then."),
    _moment("created_date", nullable=False),
    _moment("status_date", nullable=False),
    UniqueConstraint("dag_id", "run_id", "task_id", "map_index"),
    comment="A task instance of Airflow that acts for a workflow: runs it, or mirrors one of its templates.",
)

# --- what came from an original Jobmon ----------------------------------------------------------------------

origin = _table(
    "origin",
    _id(),
    _name(),
    _moment("created_date", nullable=False),
    UniqueConstraint("name"),
    comment="Databases of the original Jobmon from which history was brought: an address without its user and "
    "password, or a name that somebody gave it.",
)
imported = _table(
    "imported",
    _to("origin", primary_key=True),
    Column("kind", String(32), primary_key=True, comment="The table, in both databases."),
    Column("original_id", Id, primary_key=True, autoincrement=False, comment="The id that it had there."),
    Column("id", Id, nullable=False, comment="The id that it has here."),
    comment="Which row of an origin is which of ours. What is in here is not brought again.",
    clustered=True,
)
