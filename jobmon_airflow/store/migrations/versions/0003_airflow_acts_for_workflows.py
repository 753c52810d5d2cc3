"""Airflow's tasks act for workflows, and graphs are known by their templates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from jobmon_airflow.store.types import Id, LongText, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EDGES = (
    "Which templates' tasks wait for which templates' tasks in a DAG: its edges, seen from afar. Graphs that were "
    "written by version 0002 or earlier have none here."
)
TASKS = "A task instance of Airflow that acts for a workflow: runs it, or mirrors one of its templates."
MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "airflow_task",
        sa.Column("id", Id, nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column(
            "try_number",
            sa.Integer(),
            nullable=False,
            comment="Of the try that acts; earlier ones may not any more.",
        ),
        sa.Column(
            "heeded",
            sa.Integer(),
            nullable=False,
            comment="The last try that the workflow has taken notice of.",
        ),
        sa.Column("workflow_id", Id, nullable=True),
        sa.Column("workflow_run_id", Id, nullable=True),
        sa.Column(
            "engine",
            sa.String(length=255),
            nullable=True,
            comment="The machine and the process that run the workflow for it.",
        ),
        sa.Column(
            "heartbeat_date",
            UtcDateTime(),
            nullable=True,
            comment="Until when this process will be heard of again.",
        ),
        sa.Column(
            "outcome", LongText, nullable=True, comment="How the try ended, as JSON; empty until then."
        ),
        sa.Column("created_date", UtcDateTime(), nullable=False),
        sa.Column("status_date", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_airflow_task_workflow_id")),
        sa.ForeignKeyConstraint(
            ["workflow_run_id"], ["workflow_run.id"], name=op.f("fk_airflow_task_workflow_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airflow_task")),
        sa.UniqueConstraint(
            "dag_id",
            "run_id",
            "task_id",
            "map_index",
            name=op.f("uq_airflow_task_dag_id_run_id_task_id_map_index"),
        ),
        comment=TASKS,
        sqlite_with_rowid=True,
        **MYSQL,
    )
    for column in ("workflow_id", "workflow_run_id"):
        op.create_index(op.f(f"ix_airflow_task_{column}"), "airflow_task", [column])
    ends = ("upstream_task_template_version_id", "downstream_task_template_version_id")
    op.create_table(
        "template_edge",
        sa.Column("dag_id", Id, nullable=False),
        *(sa.Column(end, Id, nullable=False) for end in ends),
        sa.ForeignKeyConstraint(["dag_id"], ["dag.id"], name=op.f("fk_template_edge_dag_id")),
        *(
            sa.ForeignKeyConstraint([end], ["task_template_version.id"], name=op.f(f"fk_template_edge_{end}"))
            for end in ends
        ),
        sa.PrimaryKeyConstraint("dag_id", *ends, name=op.f("pk_template_edge")),
        comment=EDGES,
        sqlite_with_rowid=False,
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_table("template_edge")
    op.drop_table("airflow_task")
