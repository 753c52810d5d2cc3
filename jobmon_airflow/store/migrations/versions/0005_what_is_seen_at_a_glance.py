"""What pages show at a glance and what is ordered there: kinds of errors, sums, what tasks wait for, orders."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from jobmon_airflow.store import moves_by_minute, usage_by_hour
from jobmon_airflow.store.types import Id, LongText, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = "The kinds of errors: what attempts said, without what differs from one to the next."
USAGE = (
    "What attempts that ended within an hour used together, by what they had asked for and how they ended."
)
ACTIONS = "What people ordered in Airflow's pages: who, when and what."
STOP = "When somebody asked it to begin nothing more, and to end when what runs is over."
MOVES = "How many tasks of an array went from one status to another within a minute: the audit, summed up."
WAITING = "What the tasks of a run wait for that have not begun, as the run knows; the others wait for tasks before."
MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}

# Of attempts that ended earlier, the verdict is all that is known without reading everything they said.
FAILED = "verdict IS NOT NULL AND verdict NOT IN ('done', 'put back')"
ENTER_KINDS = f"INSERT INTO error_kind (name) SELECT DISTINCT verdict FROM task_instance WHERE {FAILED}"
REFER_TO_KINDS = (
    "UPDATE task_instance SET error_kind_id = "
    f"(SELECT error_kind.id FROM error_kind WHERE error_kind.name = task_instance.verdict) WHERE {FAILED}"
)


def upgrade() -> None:
    _make_error_kinds()
    _make_usage()
    _make_progress_index("id")
    _make_orders()
    _make_moves()
    _make_waiting()
    _make_run_index(include=["id"])


def downgrade() -> None:
    _make_run_index(include=[])
    op.drop_table("waiting_tasks")
    op.drop_table("moves_by_minute")
    op.drop_table("action_log")
    op.drop_column("workflow_run", "stop_asked_date")
    _make_progress_index()
    op.drop_table("usage_by_hour")
    _drop_error_kinds()


# --- kinds of errors ----------------------------------------------------------------------------------------


def _make_error_kinds() -> None:
    op.create_table(
        "error_kind",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_kind")),
        sa.UniqueConstraint("name", name=op.f("uq_error_kind_name")),
        comment=KINDS,
        sqlite_with_rowid=True,
        **MYSQL,
    )
    _add_reference()
    op.execute(ENTER_KINDS)
    op.execute(REFER_TO_KINDS)
    is_one = sa.text("error_kind_id IS NOT NULL")
    op.create_index(
        "ix_task_instance_error",
        "task_instance",
        ["array_id", "error_kind_id", "task_id"],
        sqlite_where=is_one,
        postgresql_where=is_one,
        postgresql_include=["id"],
    )
    if _is_postgresql():
        _make_step_index(include=["id"])


def _add_reference() -> None:
    name = "fk_task_instance_error_kind_id"
    if (
        op.get_bind().dialect.name == "sqlite"
    ):  # which adds no constraint to a table, but a column that has one
        op.execute(
            "ALTER TABLE task_instance ADD COLUMN error_kind_id INTEGER "
            f"CONSTRAINT {name} REFERENCES error_kind (id)"
        )
        return
    op.add_column("task_instance", sa.Column("error_kind_id", Id, nullable=True))
    op.create_foreign_key(name, "task_instance", "error_kind", ["error_kind_id"], ["id"])


def _drop_error_kinds() -> None:
    if _is_postgresql():
        _make_step_index(include=[])
    if op.get_bind().dialect.name in {"mysql", "mariadb"}:
        op.drop_constraint("fk_task_instance_error_kind_id", "task_instance", type_="foreignkey")
    op.drop_index("ix_task_instance_error", "task_instance")
    op.drop_column("task_instance", "error_kind_id")
    op.drop_table("error_kind")


def _make_step_index(include: list[str]) -> None:
    columns = ["array_id", "array_batch_num", "array_step_id"]
    op.drop_index("ix_task_instance_step", "task_instance")
    op.create_index("ix_task_instance_step", "task_instance", columns, postgresql_include=include)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


# --- usage ----------------------------------------------------------------------------------------------------


def _make_usage() -> None:
    keys = ("workflow_run", "array", "task_resources")
    op.create_table(
        "usage_by_hour",
        *(sa.Column(f"{table}_id", Id, nullable=False) for table in keys),
        sa.Column("verdict", sa.String(length=32), nullable=False, comment="Empty if there was none."),
        sa.Column(
            "hour",
            UtcDateTime(),
            nullable=False,
            comment="The hour, from its beginning, in which they ended.",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wallclock", sa.Double(), nullable=False, comment="Seconds."),
        sa.Column("cpu", sa.Double(), nullable=False, comment="Seconds."),
        sa.Column(
            "cpu_wallclock",
            sa.Double(),
            nullable=False,
            comment="Seconds, of those whose CPU time is known.",
        ),
        sa.Column(
            "memory_time",
            sa.Double(),
            nullable=False,
            comment="Bytes x seconds: each one's peak for all its time.",
        ),
        sa.Column(
            "memory_wallclock",
            sa.Double(),
            nullable=False,
            comment="Seconds, of those whose memory is known.",
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_usage_by_hour_{table}_id")
            )
            for table in keys
        ),
        sa.PrimaryKeyConstraint(
            *(f"{table}_id" for table in keys), "verdict", "hour", name=op.f("pk_usage_by_hour")
        ),
        comment=USAGE,
        sqlite_with_rowid=False,
        **MYSQL,
    )
    op.create_index(op.f("ix_usage_by_hour_hour"), "usage_by_hour", ["hour"])
    usage_by_hour.rebuild(op.get_bind())


# --- pages of tasks -------------------------------------------------------------------------------------------


def _make_progress_index(*more: str) -> None:
    op.drop_index("ix_task_progress", "task")
    op.create_index("ix_task_progress", "task", ["workflow_id", "array_id", "status", *more])


# --- what people order ----------------------------------------------------------------------------------------


def _make_orders() -> None:
    op.add_column("workflow_run", sa.Column("stop_asked_date", UtcDateTime(), nullable=True, comment=STOP))
    keys = ("workflow", "workflow_run", "task")
    op.create_table(
        "action_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("workflow_id", Id, nullable=False),
        sa.Column("workflow_run_id", Id, nullable=True),
        sa.Column("task_id", Id, nullable=True),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", LongText, nullable=False),
        sa.Column("action_date", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_action_log_{table}_id"))
            for table in keys
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_log")),
        comment=ACTIONS,
        sqlite_with_rowid=True,
        **MYSQL,
    )
    op.create_index("ix_action_log_of_workflow", "action_log", ["workflow_id", "id"])


# --- what went on, and what waits -----------------------------------------------------------------------------


def _make_moves() -> None:
    statuses = ("previous_status", "new_status")
    op.create_table(
        "moves_by_minute",
        sa.Column("array_id", Id, nullable=False),
        sa.Column("minute", UtcDateTime(), nullable=False, comment="The minute, from its beginning."),
        *(sa.Column(name, sa.CHAR(length=1), nullable=False) for name in statuses),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["array_id"], ["array.id"], name=op.f("fk_moves_by_minute_array_id")),
        *(
            sa.ForeignKeyConstraint([name], ["task_status.id"], name=op.f(f"fk_moves_by_minute_{name}"))
            for name in statuses
        ),
        sa.PrimaryKeyConstraint("array_id", "minute", *statuses, name=op.f("pk_moves_by_minute")),
        comment=MOVES,
        sqlite_with_rowid=False,
        **MYSQL,
    )
    moves_by_minute.rebuild(op.get_bind())


def _make_waiting() -> None:
    keys = ("workflow_run", "array")
    op.create_table(
        "waiting_tasks",
        *(sa.Column(f"{table}_id", Id, nullable=False) for table in keys),
        sa.Column(
            "for_room", sa.Integer(), nullable=False, comment="So many could begin, if a limit allowed it."
        ),
        sa.Column(
            "for_failed", sa.Integer(), nullable=False, comment="So many wait for what has failed for good."
        ),
        sa.Column("status_date", UtcDateTime(), nullable=False, comment="When the run said so last."),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_waiting_tasks_{table}_id")
            )
            for table in keys
        ),
        sa.PrimaryKeyConstraint(*(f"{table}_id" for table in keys), name=op.f("pk_waiting_tasks")),
        comment=WAITING,
        sqlite_with_rowid=False,
        **MYSQL,
    )


def _make_run_index(include: list[str]) -> None:
    if _is_postgresql():
        op.drop_index("ix_task_instance_of_run", "task_instance")
        columns = ["workflow_run_id", "status"]
        op.create_index("ix_task_instance_of_run", "task_instance", columns, postgresql_include=include)
