"""Runs have controllers, and tasks may ask a function."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CONTROLLER = "The machine and the process that act for it."
TURN = "How often its controller has written. Who counts otherwise is not its controller."
FUNCTION = "The function that says what the task asks for, if one does; it lives in its script alone."


def upgrade() -> None:
    op.add_column("workflow_run", sa.Column("controller", sa.String(255), nullable=True, comment=CONTROLLER))
    op.add_column(
        "workflow_run", sa.Column("turn", sa.Integer(), nullable=False, server_default="0", comment=TURN)
    )
    op.add_column(
        "task", sa.Column("compute_resources_callable", sa.String(255), nullable=True, comment=FUNCTION)
    )


def downgrade() -> None:
    # By statements of their own: a table of millions of tasks is not copied for a column.
    for table, column in (
        ("task", "compute_resources_callable"),
        ("workflow_run", "turn"),
        ("workflow_run", "controller"),
    ):
        op.drop_column(table, column)
