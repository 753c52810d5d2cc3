"""Which rows came from the database of an original Jobmon."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from jobmon_airflow.store.types import Id, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ORIGIN = (
    "Databases of the original Jobmon from which history was brought: an address without its user and "
    "password, or a name that somebody gave it."
)
IMPORTED = "Which row of an origin is which of ours. What is in here is not brought again."
MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_date", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
        sa.UniqueConstraint("name", name=op.f("uq_origin_name")),
        comment=ORIGIN,
        sqlite_with_rowid=True,
        **MYSQL,
    )
    op.create_table(
        "imported",
        sa.Column("origin_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False, comment="The table, in both databases."),
        sa.Column(
            "original_id", Id, nullable=False, autoincrement=False, comment="The id that it had there."
        ),
        sa.Column("id", Id, nullable=False, comment="The id that it has here."),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_imported_origin_id")),
        sa.PrimaryKeyConstraint("origin_id", "kind", "original_id", name=op.f("pk_imported")),
        comment=IMPORTED,
        sqlite_with_rowid=False,
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_table("imported")
    op.drop_table("origin")
