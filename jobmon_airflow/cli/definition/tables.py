"""``jobmon db ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import switch

TABLES: Final = Group(
    name="db",
    help="Look after the tables",
    commands=(
        Command(name="address", help="Where the tables are, and who says so", does="tables:address"),
        Command(
            name="check", help="Whether the tables are those that this version needs", does="tables:check"
        ),
        Command(
            name="migrate",
            help="Make the tables, or bring them up to date",
            does="tables:migrate",
            aliases=("init", "upgrade"),
            arguments=(
                Argument(
                    name="revision",
                    flags=("--revision",),
                    by_place=True,
                    default="head",
                    help="a version to go to instead; base removes the tables",
                ),
            ),
        ),
        Command(
            name="terminate",
            help="Remove the tables and all that they hold",
            does="tables:terminate",
            arguments=(switch("yes", "yes, it is meant", "-y", "--yes"),),
        ),
    ),
)
