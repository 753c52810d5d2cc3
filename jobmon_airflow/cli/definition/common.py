"""Arguments that several commands have."""

from __future__ import annotations

from typing import Any, Final

from jobmon_airflow.cli.declaring import Argument


def at_least_one(text: str) -> int:
    """How many, when none would be no answer."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def limit(what: str, default: int | None = 5) -> Argument:
    """How many of something are shown."""
    return Argument(
        name="limit",
        flags=("-l", "--limit"),
        type=at_least_one,
        default=default,
        metavar="NUMBER",
        help=f"{what} (default: {default or 'all'})",
    )


def switch(name: str, help: str, *flags: str) -> Argument:  # noqa: A002 - as argparse calls it
    """Something that is so if its flag is there; the flag is its name, unless others are given."""
    own = f"--{name.replace('_', '-')}"
    return Argument(name=name, flags=flags or (own,), sets=True, default=False, help=help)


def seconds(name: str, help: str, default: float, *flags: str) -> Argument:  # noqa: A002
    """How long something takes or may take."""
    return Argument(
        name=name,
        flags=flags or (f"--{name}",),
        type=float,
        default=default,
        metavar="SECONDS",
        help=f"{help} (default: {default:g})",
    )


def statuses(of: str) -> Argument:
    """Those of some statuses alone."""
    return Argument(
        name="statuses",
        flags=("-s", "--status"),
        many=True,
        metavar="STATUS",
        help=f"{of} of these alone: PENDING, SCHEDULED, RUNNING, DONE, FATAL".lstrip(),
    )


def of_template(flags: tuple[str, ...] = ("--template",)) -> Argument:
    """Of one template alone."""
    return Argument(name="template", flags=flags, metavar="TEMPLATE", help="of this template alone")


def _number(name: str, help: str, *flags: str, **more: Any) -> Argument:  # noqa: A002
    return Argument(name=name, flags=flags, by_place=True, type=int, help=help, **more)


WORKFLOW_ID: Final = _number("workflow_id", "the number of a workflow", "-w", "--workflow-id", required=True)
WORKFLOW_IDS: Final = _number("workflow_ids", "numbers of workflows", "-w", "--workflow-id", many=True)
TASK_ID: Final = _number("task_id", "the number of a task", "-t", "--task-id", required=True)
TASK_IDS: Final = _number("task_ids", "numbers of tasks", "-t", "--task-id", many=True, required=True)
