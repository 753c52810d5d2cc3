"""``jobmon import``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command

IMPORT: Final = Command(
    name="import",
    help="Bring the history of an original Jobmon's database here",
    description="Brings tools, templates, workflows, runs, tasks, attempts and what they said from a database of "
    "Jobmon 3.x, which is only read. Repeated, it brings what is new; interrupted, it goes on. Workflows that are "
    "being run there are left for another time.",
    does="moving_in:bring_in",
    arguments=(
        Argument(
            name="address",
            flags=("--from",),
            required=True,
            metavar="ADDRESS",
            help="of the original's database, such as mysql+pymysql://user:password@host:3306/name",
        ),
        Argument(
            name="name",
            flags=("--name",),
            help="what the original is called here, in place of its address, which may change",
        ),
        Argument(
            name="timezone",
            flags=("--timezone",),
            metavar="ZONE",
            help="in which its dates are, such as America/Los_Angeles (default: UTC, if its clock says so)",
        ),
        Argument(name="tools", flags=("--tool",), many=True, help="only workflows of these tools"),
        Argument(
            name="workflow_ids",
            flags=("-w", "--workflow-id"),
            many=True,
            type=int,
            help="only these, by the numbers that they have there",
        ),
    ),
)
