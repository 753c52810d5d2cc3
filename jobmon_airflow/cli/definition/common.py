"""Arguments that several commands have."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument


def at_least_one(text: str) -> int:
    """How many, when none would be no answer."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def limit(what: str, default: int = 5) -> Argument:
    """How many of something are shown."""
    return Argument(
        name="limit",
        flags=("-l", "--limit"),
        type=at_least_one,
        default=default,
        metavar="NUMBER",
        help=f"{what} (default: {default})",
    )


def of_template(flags: tuple[str, ...] = ("--template",)) -> Argument:
    """Of one template alone."""
    return Argument(name="template", flags=flags, metavar="TEMPLATE", help="of this template alone")


WORKFLOW_ID: Final = Argument(
    name="workflow_id",
    flags=("-w", "--workflow-id"),
    by_place=True,
    required=True,
    type=int,
    help="the number of a workflow",
)
WORKFLOW_IDS: Final = Argument(
    name="workflow_ids",
    flags=("-w", "--workflow-id"),
    by_place=True,
    many=True,
    type=int,
    help="numbers of workflows",
)
TASK_ID: Final = Argument(
    name="task_id",
    flags=("-t", "--task-id"),
    by_place=True,
    required=True,
    type=int,
    help="the number of a task",
)
TASK_IDS: Final = Argument(
    name="task_ids",
    flags=("-t", "--task-id"),
    by_place=True,
    many=True,
    required=True,
    type=int,
    help="numbers of tasks",
)
