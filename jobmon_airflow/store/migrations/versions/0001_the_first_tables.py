"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobmon_airflow.store.types import Id, LongText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arg",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arg")),
        sa.UniqueConstraint("name", name=op.f("uq_arg_name")),
        comment="The names of all args of all templates.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "arg_type",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arg_type")),
        sa.UniqueConstraint("name", name=op.f("uq_arg_type_name")),
        comment="The three kinds of args: node, task, op.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "cluster_type",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_type")),
        sa.UniqueConstraint("name", name=op.f("uq_cluster_type_name")),
        comment="The kinds of clusters.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "dag",
        sa.Column("id", Id, nullable=False),
        sa.Column("hash", sa.CHAR(length=32), nullable=False),
        sa.Column(
            "created_date",
            UtcDateTime(),
            nullable=True,
            comment="When the last edge was written; empty until then.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dag")),
        sa.UniqueConstraint("hash", name=op.f("uq_dag_hash")),
        comment="A graph of nodes, shared by all workflows that have the same.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_attribute_type",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_attribute_type")),
        sa.UniqueConstraint("name", name=op.f("uq_task_attribute_type_name")),
        comment="The attributes that a task may have.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_instance_status",
        sa.Column("id", sa.CHAR(length=1), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_instance_status")),
        sa.UniqueConstraint("label", name=op.f("uq_task_instance_status_label")),
        comment="The statuses of one attempt at a task.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_resources_type",
        sa.Column("id", sa.CHAR(length=1), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_resources_type")),
        sa.UniqueConstraint("label", name=op.f("uq_task_resources_type_label")),
        comment="Whether resources are as asked for (O), validated (V) or adjusted after a failure (A).",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_status",
        sa.Column("id", sa.CHAR(length=1), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_status")),
        sa.UniqueConstraint("label", name=op.f("uq_task_status_label")),
        comment="The statuses of a task.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "tool",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool")),
        sa.UniqueConstraint("name", name=op.f("uq_tool_name")),
        comment="An application that workflows belong to.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "workflow_attribute_type",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_attribute_type")),
        sa.UniqueConstraint("name", name=op.f("uq_workflow_attribute_type_name")),
        comment="The attributes that a workflow may have.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "workflow_run_status",
        sa.Column("id", sa.CHAR(length=1), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_run_status")),
        sa.UniqueConstraint("label", name=op.f("uq_workflow_run_status_label")),
        comment="The statuses of one run of a workflow.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "workflow_status",
        sa.Column("id", sa.CHAR(length=1), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_status")),
        sa.UniqueConstraint("label", name=op.f("uq_workflow_status_label")),
        comment="The statuses of a workflow.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "cluster",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cluster_type_id", Id, nullable=False),
        sa.Column("connection_parameters", LongText, nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_type_id"], ["cluster_type.id"], name=op.f("fk_cluster_cluster_type_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        sa.UniqueConstraint("name", name=op.f("uq_cluster_name")),
        comment="A place where tasks can run.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "dag_join",
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upstream_node_ids", LongText, nullable=False),
        sa.Column("downstream_node_ids", LongText, nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_dag_join_counts_from_one")),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.id"], name=op.f("fk_dag_join_dag_id")),
        sa.PrimaryKeyConstraint("dag_id", "number", name=op.f("pk_dag_join")),
        comment="Where many tasks share a set of upstreams, the edges go through a join: n + m of them instead of n x m. Every downstream of a join waits for every upstream of it.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tool_version",
        sa.Column("id", Id, nullable=False),
        sa.Column("tool_id", Id, nullable=False),
        sa.Column("created_date", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tool_id"], ["tool.id"], name=op.f("fk_tool_version_tool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_version")),
        comment="A version of a tool; it owns task templates and workflows.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_tool_version_tool_id"), "tool_version", ["tool_id"], unique=False)
    op.create_table(
        "queue",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cluster_id", Id, nullable=False),
        sa.Column("parameters", LongText, nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], name=op.f("fk_queue_cluster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
        sa.UniqueConstraint("cluster_id", "name", name=op.f("uq_queue_cluster_id_name")),
        comment="A queue (partition) of a cluster, with its limits as JSON.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_template",
        sa.Column("id", Id, nullable=False),
        sa.Column("tool_version_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["tool_version_id"], ["tool_version.id"], name=op.f("fk_task_template_tool_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_template")),
        sa.UniqueConstraint("tool_version_id", "name", name=op.f("uq_task_template_tool_version_id_name")),
        comment="A family of commands, by name.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "workflow",
        sa.Column("id", Id, nullable=False),
        sa.Column("tool_version_id", Id, nullable=False),
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("workflow_args_hash", sa.CHAR(length=32), nullable=False),
        sa.Column("task_hash", sa.CHAR(length=32), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("workflow_args", LongText, nullable=False),
        sa.Column("max_concurrently_running", sa.Integer(), nullable=False),
        sa.Column("status", sa.CHAR(length=1), nullable=False),
        sa.Column(
            "created_date",
            UtcDateTime(),
            nullable=True,
            comment="When binding was complete; empty until then.",
        ),
        sa.Column("status_date", UtcDateTime(), nullable=False),
        sa.CheckConstraint("max_concurrently_running >= 0", name=op.f("ck_workflow_limit_is_not_negative")),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.id"], name=op.f("fk_workflow_dag_id")),
        sa.ForeignKeyConstraint(["status"], ["workflow_status.id"], name=op.f("fk_workflow_status")),
        sa.ForeignKeyConstraint(
            ["tool_version_id"], ["tool_version.id"], name=op.f("fk_workflow_tool_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow")),
        sa.UniqueConstraint(
            "tool_version_id",
            "dag_id",
            "workflow_args_hash",
            "task_hash",
            name=op.f("uq_workflow_tool_version_id_dag_id_workflow_args_hash_task_hash"),
        ),
        comment="The intent to run a DAG with some workflow args.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_workflow_dag_id"), "workflow", ["dag_id"], unique=False)
    op.create_index(op.f("ix_workflow_name"), "workflow", ["name"], unique=False)
    op.create_index(
        op.f("ix_workflow_status_status_date"), "workflow", ["status", "status_date"], unique=False
    )
    op.create_index(op.f("ix_workflow_workflow_args_hash"), "workflow", ["workflow_args_hash"], unique=False)
    op.create_table(
        "task_resources",
        sa.Column("id", Id, nullable=False),
        sa.Column("queue_id", Id, nullable=False),
        sa.Column("task_resources_type_id", sa.CHAR(length=1), nullable=False),
        sa.Column("requested_resources", LongText, nullable=False),
        sa.Column("requested_resources_hash", sa.CHAR(length=32), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_task_resources_queue_id")),
        sa.ForeignKeyConstraint(
            ["task_resources_type_id"],
            ["task_resources_type.id"],
            name=op.f("fk_task_resources_task_resources_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_resources")),
        sa.UniqueConstraint(
            "queue_id",
            "task_resources_type_id",
            "requested_resources_hash",
            name=op.f("uq_task_resources_queue_id_task_resources_type_id_requested_resources_hash"),
        ),
        comment="What tasks ask of a queue, as JSON. Rows never change: a raised request is another row.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "task_template_version",
        sa.Column("id", Id, nullable=False),
        sa.Column("task_template_id", Id, nullable=False),
        sa.Column("command_template", LongText, nullable=False),
        sa.Column("command_hash", sa.CHAR(length=32), nullable=False),
        sa.Column("arg_mapping_hash", sa.CHAR(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_template_id"], ["task_template.id"], name=op.f("fk_task_template_version_task_template_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_template_version")),
        sa.UniqueConstraint(
            "task_template_id",
            "command_hash",
            "arg_mapping_hash",
            name=op.f("uq_task_template_version_task_template_id_command_hash_arg_mapping_hash"),
        ),
        comment="One command template and its split into node, task and op args.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "workflow_attribute",
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("workflow_attribute_type_id", Id, nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_attribute_type_id"],
            ["workflow_attribute_type.id"],
            name=op.f("fk_workflow_attribute_workflow_attribute_type_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflow.id"], name=op.f("fk_workflow_attribute_workflow_id")
        ),
        sa.PrimaryKeyConstraint(
            "workflow_id", "workflow_attribute_type_id", name=op.f("pk_workflow_attribute")
        ),
        comment="Free facts about a workflow; kept for people and for statistics, never passed to a job.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_workflow_attribute_workflow_attribute_type_id_value"),
        "workflow_attribute",
        ["workflow_attribute_type_id", "value"],
        unique=False,
    )
    op.create_table(
        "workflow_run",
        sa.Column("id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("jobmon_version", sa.String(length=64), nullable=False),
        sa.Column("jobmon_server_version", sa.String(length=64), nullable=True),
        sa.Column("status", sa.CHAR(length=1), nullable=False),
        sa.Column("created_date", UtcDateTime(), nullable=False),
        sa.Column("status_date", UtcDateTime(), nullable=False),
        sa.Column("heartbeat_date", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["status"], ["workflow_run_status.id"], name=op.f("fk_workflow_run_status")),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_workflow_run_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_run")),
        comment="One start or resume of a workflow.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_workflow_run_status_heartbeat_date"),
        "workflow_run",
        ["status", "heartbeat_date"],
        unique=False,
    )
    op.create_index(op.f("ix_workflow_run_user"), "workflow_run", ["user"], unique=False)
    op.create_index(op.f("ix_workflow_run_workflow_id"), "workflow_run", ["workflow_id"], unique=False)
    op.create_table(
        "array",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("task_template_version_id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("max_concurrently_running", sa.Integer(), nullable=False),
        sa.Column("created_date", UtcDateTime(), nullable=False),
        sa.CheckConstraint("max_concurrently_running >= 0", name=op.f("ck_array_limit_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["task_template_version_id"],
            ["task_template_version.id"],
            name=op.f("fk_array_task_template_version_id"),
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_array_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_array")),
        sa.UniqueConstraint(
            "workflow_id",
            "task_template_version_id",
            name=op.f("uq_array_workflow_id_task_template_version_id"),
        ),
        comment="All tasks of one template version in one workflow.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_array_task_template_version_id"), "array", ["task_template_version_id"], unique=False
    )
    op.create_table(
        "node",
        sa.Column("id", Id, nullable=False),
        sa.Column("task_template_version_id", Id, nullable=False),
        sa.Column("node_args_hash", sa.CHAR(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_template_version_id"],
            ["task_template_version.id"],
            name=op.f("fk_node_task_template_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.UniqueConstraint(
            "task_template_version_id",
            "node_args_hash",
            name=op.f("uq_node_task_template_version_id_node_args_hash"),
        ),
        comment="A place in a DAG: a template version and its node args.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_table(
        "template_arg_map",
        sa.Column("task_template_version_id", Id, nullable=False),
        sa.Column("arg_id", Id, nullable=False),
        sa.Column("arg_type_id", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["arg_id"], ["arg.id"], name=op.f("fk_template_arg_map_arg_id")),
        sa.ForeignKeyConstraint(
            ["arg_type_id"], ["arg_type.id"], name=op.f("fk_template_arg_map_arg_type_id")
        ),
        sa.ForeignKeyConstraint(
            ["task_template_version_id"],
            ["task_template_version.id"],
            name=op.f("fk_template_arg_map_task_template_version_id"),
        ),
        sa.PrimaryKeyConstraint(
            "task_template_version_id", "arg_id", "arg_type_id", name=op.f("pk_template_arg_map")
        ),
        comment="Which args a template version has, and of which kind they are.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edge",
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("node_id", Id, nullable=False),
        sa.Column("upstream_node_ids", LongText, nullable=False),
        sa.Column("downstream_node_ids", LongText, nullable=False),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.id"], name=op.f("fk_edge_dag_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_edge_node_id")),
        sa.PrimaryKeyConstraint("dag_id", "node_id", name=op.f("pk_edge")),
        comment="A node's neighbours in a DAG, as JSON lists of node ids. A negative number -j stands for join j of the DAG (see dag_join). The view `dependency` has the same as plain pairs of nodes.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "node_arg",
        sa.Column("node_id", Id, nullable=False),
        sa.Column("arg_id", Id, nullable=False),
        sa.Column("val", LongText, nullable=False),
        sa.ForeignKeyConstraint(["arg_id"], ["arg.id"], name=op.f("fk_node_arg_arg_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_node_arg_node_id")),
        sa.PrimaryKeyConstraint("node_id", "arg_id", name=op.f("pk_node_arg")),
        comment="The args that make a node the one it is.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task",
        sa.Column("id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("node_id", Id, nullable=False),
        sa.Column("array_id", Id, nullable=False),
        sa.Column("task_args_hash", sa.CHAR(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("command", LongText, nullable=False),
        sa.Column("task_resources_id", Id, nullable=True),
        sa.Column("num_attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("resource_scales", LongText, nullable=True),
        sa.Column("fallback_queues", LongText, nullable=True),
        sa.Column("status", sa.CHAR(length=1), nullable=False),
        sa.Column("status_date", UtcDateTime(), nullable=False),
        sa.CheckConstraint("max_attempts > 0", name=op.f("ck_task_one_attempt_at_least")),
        sa.CheckConstraint("num_attempts >= 0", name=op.f("ck_task_attempts_are_counted")),
        sa.ForeignKeyConstraint(["array_id"], ["array.id"], name=op.f("fk_task_array_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_task_node_id")),
        sa.ForeignKeyConstraint(["status"], ["task_status.id"], name=op.f("fk_task_status")),
        sa.ForeignKeyConstraint(
            ["task_resources_id"], ["task_resources.id"], name=op.f("fk_task_task_resources_id")
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_task_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("workflow_id", "node_id", name=op.f("uq_task_workflow_id_node_id")),
        comment="A node and its task args in one workflow: a single command.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index("ix_task_progress", "task", ["workflow_id", "array_id", "status"], unique=False)
    op.create_table(
        "task_arg",
        sa.Column("task_id", Id, nullable=False),
        sa.Column("arg_id", Id, nullable=False),
        sa.Column("val", LongText, nullable=False),
        sa.ForeignKeyConstraint(["arg_id"], ["arg.id"], name=op.f("fk_task_arg_arg_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_arg_task_id")),
        sa.PrimaryKeyConstraint("task_id", "arg_id", name=op.f("pk_task_arg")),
        comment="The args that tell a task from the same node's task in another workflow.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task_attribute",
        sa.Column("task_id", Id, nullable=False),
        sa.Column("task_attribute_type_id", Id, nullable=False),
        sa.Column("value", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_attribute_type_id"],
            ["task_attribute_type.id"],
            name=op.f("fk_task_attribute_task_attribute_type_id"),
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_attribute_task_id")),
        sa.PrimaryKeyConstraint("task_id", "task_attribute_type_id", name=op.f("pk_task_attribute")),
        comment="Free facts about a task; kept for people and for statistics, never passed to a job.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_task_attribute_task_attribute_type_id_value"),
        "task_attribute",
        ["task_attribute_type_id", "value"],
        unique=False,
    )
    op.create_table(
        "task_instance",
        sa.Column("id", Id, nullable=False),
        sa.Column("workflow_run_id", Id, nullable=False),
        sa.Column("array_id", Id, nullable=False),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("distributor_id", sa.String(length=64), nullable=True),
        sa.Column("task_resources_id", Id, nullable=True),
        sa.Column("array_batch_num", sa.Integer(), nullable=True),
        sa.Column("array_step_id", sa.Integer(), nullable=True),
        sa.Column("nodename", sa.String(length=255), nullable=True),
        sa.Column("process_group_id", sa.Integer(), nullable=True),
        sa.Column("usage_str", LongText, nullable=True),
        sa.Column("wallclock", sa.Double(), nullable=True, comment="Seconds."),
        sa.Column("maxrss", sa.BigInteger(), nullable=True, comment="Bytes."),
        sa.Column("maxpss", sa.BigInteger(), nullable=True, comment="Bytes."),
        sa.Column("cpu", sa.Double(), nullable=True, comment="Seconds."),
        sa.Column("io", LongText, nullable=True),
        sa.Column("stdout", LongText, nullable=True, comment="Path of the file."),
        sa.Column("stderr", LongText, nullable=True, comment="Path of the file."),
        sa.Column("stdout_log", LongText, nullable=True, comment="The last lines."),
        sa.Column("stderr_log", LongText, nullable=True, comment="The last lines."),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(length=32), nullable=True, comment="Why the attempt ended."),
        sa.Column("evidence", LongText, nullable=True, comment="What the verdict rests on, as JSON."),
        sa.Column("status", sa.CHAR(length=1), nullable=False),
        sa.Column("submitted_date", UtcDateTime(), nullable=True),
        sa.Column("status_date", UtcDateTime(), nullable=False),
        sa.Column("report_by_date", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["array_id"], ["array.id"], name=op.f("fk_task_instance_array_id")),
        sa.ForeignKeyConstraint(
            ["status"], ["task_instance_status.id"], name=op.f("fk_task_instance_status")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_instance_task_id")),
        sa.ForeignKeyConstraint(
            ["task_resources_id"], ["task_resources.id"], name=op.f("fk_task_instance_task_resources_id")
        ),
        sa.ForeignKeyConstraint(
            ["workflow_run_id"], ["workflow_run.id"], name=op.f("fk_task_instance_workflow_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_instance")),
        comment="One attempt at a task: what it asked for, what it used, how it ended.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_task_instance_distributor_id"), "task_instance", ["distributor_id"], unique=False
    )
    op.create_index("ix_task_instance_of_run", "task_instance", ["workflow_run_id", "status"], unique=False)
    op.create_index(
        "ix_task_instance_step",
        "task_instance",
        ["array_id", "array_batch_num", "array_step_id"],
        unique=False,
    )
    op.create_index(op.f("ix_task_instance_task_id"), "task_instance", ["task_id"], unique=False)
    op.create_table(
        "task_status_audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("previous_status", sa.CHAR(length=1), nullable=False),
        sa.Column("new_status", sa.CHAR(length=1), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["new_status"], ["task_status.id"], name=op.f("fk_task_status_audit_new_status")
        ),
        sa.ForeignKeyConstraint(
            ["previous_status"], ["task_status.id"], name=op.f("fk_task_status_audit_previous_status")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_status_audit_task_id")),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflow.id"], name=op.f("fk_task_status_audit_workflow_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_status_audit")),
        comment="Every change of every task's status.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index("ix_task_status_audit_of_task", "task_status_audit", ["task_id", "id"], unique=False)
    op.create_index(
        "ix_task_status_audit_of_workflow", "task_status_audit", ["workflow_id", "id"], unique=False
    )
    op.create_table(
        "task_instance_error_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("task_instance_id", Id, nullable=False),
        sa.Column("error_time", UtcDateTime(), nullable=False),
        sa.Column("description", LongText, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_instance_id"],
            ["task_instance.id"],
            name=op.f("fk_task_instance_error_log_task_instance_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_instance_error_log")),
        comment="What an attempt said when it failed.",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_task_instance_error_log_task_instance_id"),
        "task_instance_error_log",
        ["task_instance_id"],
        unique=False,
    )


def downgrade() -> None:
    for table in (
        "task_instance_error_log",
        "task_status_audit",
        "task_instance",
        "task_attribute",
        "task_arg",
        "task",
        "node_arg",
        "edge",
        "template_arg_map",
        "node",
        "array",
        "workflow_run",
        "workflow_attribute",
        "task_template_version",
        "task_resources",
        "workflow",
        "task_template",
        "queue",
        "tool_version",
        "dag_join",
        "cluster",
        "workflow_status",
        "workflow_run_status",
        "workflow_attribute_type",
        "tool",
        "task_status",
        "task_resources_type",
        "task_instance_status",
        "task_attribute_type",
        "dag",
        "cluster_type",
        "arg_type",
        "arg",
    ):
        op.drop_table(table)
