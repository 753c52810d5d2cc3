"""``jobmon task ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import TASK_ID, TASK_IDS, limit, seconds, statuses, switch

TASK: Final = Group(
    name="task",
    help="Look at single tasks, and change them",
    commands=(
        Command(
            name="status",
            help="The attempts at tasks: how each ended, what it used, where it wrote, what it said",
            does="attempts:status",
            arguments=(
                TASK_IDS,
                statuses("attempts"),
                limit("the latest so many attempts at each task", None),
            ),
            may_watch=True,
        ),
        Command(
            name="dependencies",
            help="The tasks that a task waits for, and those that wait for it",
            does="tasks:dependencies",
            arguments=(TASK_ID,),
        ),
        Command(
            name="update",
            help="Let tasks count as done, or run again with all that depends on them; for who ran the workflow",
            does="changing:update",
            arguments=(
                TASK_IDS,
                Argument(
                    name="workflow_id",
                    flags=("-w", "--workflow-id"),
                    type=int,
                    help="the number of their workflow",
                ),
                Argument(
                    name="status",
                    flags=("-s", "--status"),
                    required=True,
                    metavar="STATUS",
                    help="D: they count as done. G: they run again when the workflow is resumed, and all behind them",
                ),
                switch(
                    "force",
                    "end a run that is going on, and change more than 10,000 tasks if it must be",
                    "-f",
                    "--force",
                ),
                switch(
                    "recursive",
                    "with D, which needs --force: all that they depend on counts as done too",
                    "-r",
                    "--recursive",
                ),
                seconds("patience", "how long a run has to end", 300),
            ),
        ),
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
                switch("alone", "and nothing that depends on it"),
            ),
        ),
    ),
)
