"""All commands: ``jobmon ...`` and ``airflow jobmon ...``. Declarations alone, so that reading them costs nothing."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Group
from jobmon_airflow.cli.definition.config import CONFIG
from jobmon_airflow.cli.definition.moving_in import IMPORT
from jobmon_airflow.cli.definition.tables import TABLES
from jobmon_airflow.cli.definition.task import TASK
from jobmon_airflow.cli.definition.top import TOP
from jobmon_airflow.cli.definition.workflow import WORKFLOW

JOBMON: Final = Group(
    name="jobmon",
    help="Workflows of Jobmon",
    description="Look at Jobmon's workflows, go on with them, and look after their tables. "
    "0 is success, 1 says that tasks failed, 2 that it could not be done.",
    commands=(WORKFLOW, TASK, CONFIG, TABLES, IMPORT, *TOP),
)
