"""``jobmon config ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group

CONFIG: Final = Group(
    name="config",
    help="Look at the options of [jobmon], and set them",
    commands=(
        Command(
            name="show",
            help="The options of [jobmon] as they hold here, and who says so; secrets are hidden",
            does="config:show",
            asks_database=False,
            answers_in_forms=False,
            arguments=(
                Argument(
                    name="section", flags=("--section",), help="jobmon; or db, http, as Jobmon calls them"
                ),
                Argument(name="key", flags=("--key",), help="this option alone"),
                Argument(
                    name="form",
                    flags=("-o", "--output"),
                    choices=("yaml", "json", "table"),
                    default="yaml",
                    metavar="FORM",
                    help="yaml (the default), json or table",
                ),
                Argument(
                    name="form",
                    flags=("-n", "--json"),
                    sets="json",
                    default="yaml",
                    help="the same as -o json",
                ),
            ),
        ),
        Command(
            name="set",
            help="Give an option another value, in Airflow's configuration",
            does="config:set_value",
            asks_database=False,
            arguments=(
                Argument(
                    name="key",
                    flags=("--key",),
                    by_place=True,
                    required=True,
                    help="such as poll_interval, or jobmon.poll_interval",
                ),
                Argument(
                    name="value", flags=("--value",), by_place=True, required=True, help="what it is to be"
                ),
                Argument(
                    name="file",
                    flags=("--config-file",),
                    help="write to this file, in place of Airflow's configuration",
                ),
            ),
        ),
    ),
)
