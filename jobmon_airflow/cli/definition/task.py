"""``jobmon task ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import TASK_ID

TASK: Final = Group(
    name="task",
    help="Look at single tasks, and change them",
    commands=(
        Command(
            name="explain",
            help="How a task stands, what it waits for, and how its attempts ended",
            does="explain:task",
            arguments=(TASK_ID,),
        ),
        Command(
            name="done",
            help="Let a task count as done without having run",
            does="orders:done",
            arguments=(TASK_ID,),
        ),
        Command(
            name="again",
            help="Let a task run again when its workflow is resumed, and all that depends on it",
            does="orders:again",
            arguments=(
                TASK_ID,
                Argument(
                    name="alone",
                    flags=("--alone",),
                    sets=True,
                    default=False,
                    help="and nothing that depends on it",
                ),
            ),
        ),
    ),
)
