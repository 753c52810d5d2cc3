"""Why tasks that a cluster has taken have not begun."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from jobmon_airflow.store.types import Id, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REASONS = (
    "Why tasks that were handed to a cluster have not begun, as the cluster says, of the runs that are alive."
)
MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "waiting_reason",
        sa.Column("workflow_run_id", Id, nullable=False),
        sa.Column("array_id", Id, nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False, comment="In the cluster's own word."),
        sa.Column("tasks", sa.Integer(), nullable=False, comment="So many wait for it."),
        sa.Column("since_date", UtcDateTime(), nullable=False),
        sa.Column("status_date", UtcDateTime(), nullable=False, comment="When the cluster said so last."),
        sa.CheckConstraint("tasks > 0", name=op.f("ck_waiting_reason_somebody_waits")),
        sa.ForeignKeyConstraint(["array_id"], ["array.id"], name=op.f("fk_waiting_reason_array_id")),
        sa.ForeignKeyConstraint(
            ["workflow_run_id"], ["workflow_run.id"], name=op.f("fk_waiting_reason_workflow_run_id")
        ),
        sa.PrimaryKeyConstraint("workflow_run_id", "array_id", "reason", name=op.f("pk_waiting_reason")),
        comment=REASONS,
        sqlite_with_rowid=False,
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_table("waiting_reason")
