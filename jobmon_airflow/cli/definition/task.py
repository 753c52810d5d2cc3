"""``jobmon task ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import TASK_ID, TASK_IDS, at_least_one

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
                Argument(
                    name="statuses",
                    flags=("-s", "--status"),
                    many=True,
                    metavar="STATUS",
                    help="attempts of these alone: PENDING, SCHEDULED, RUNNING, DONE, FATAL",
                ),
                Argument(
                    name="limit",
                    flags=("-l", "--limit"),
                    type=at_least_one,
                    metavar="NUMBER",
                    help="the latest so many attempts at each task (default: all)",
                ),
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
                Argument(
                    name="force",
                    flags=("-f", "--force"),
                    sets=True,
                    default=False,
                    help="end a run that is going on, and change more than 10,000 tasks if it must be",
                ),
                Argument(
                    name="recursive",
                    flags=("-r", "--recursive"),
                    sets=True,
                    default=False,
                    help="with D, which needs --force: all that they depend on counts as done too",
                ),
                Argument(
                    name="patience",
                    flags=("--patience",),
                    type=float,
                    default=300,
                    metavar="SECONDS",
                    help="how long a run has to end (default: 300)",
                ),
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
