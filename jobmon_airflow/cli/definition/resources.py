"""``jobmon workflow resources ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import WORKFLOW_IDS, switch

_STRATEGIES: Final = ("avg", "min", "max", "suggested")  # those of view.asking, which is not imported here


def _strategy(name: str, flags: tuple[str, ...], default: str, choices: tuple[str, ...]) -> Argument:
    return Argument(
        name=name,
        flags=flags,
        choices=choices,
        default=default,
        metavar="STRATEGY",
        help=f"which value is asked for: {', '.join(choices)} (default: {default})",
    )


_TEMPLATE: Final = ("-t", "--template-version")

RESOURCES: Final = Group(
    name="resources",
    help="What tasks used, and what to ask for the next time",
    commands=(
        Command(
            name="usage",
            help="What attempts at a template's tasks used of memory and time",
            does="resources:usage",
            arguments=(
                Argument(
                    name="template",
                    flags=_TEMPLATE,
                    by_place=True,
                    required=True,
                    help="the number of a template's version; or, with -w, the name of a template",
                ),
                Argument(
                    name="workflow_ids",
                    flags=WORKFLOW_IDS.flags,
                    many=True,
                    type=int,
                    help="in these workflows alone",
                ),
                Argument(
                    name="node_args",
                    flags=("-a", "--node-args"),
                    metavar="JSON",
                    help="""of tasks with these node args alone, such as '{"location": [101, 102]}'""",
                ),
                Argument(
                    name="ci",
                    flags=("--ci",),
                    type=float,
                    metavar="LEVEL",
                    help="and where the means lie with this probability, such as 0.95",
                ),
            ),
        ),
        Command(
            name="yaml",
            help="What to ask for the next time, as a file for set_default_compute_resources_from_yaml",
            does="resources:yaml",
            arguments=(
                Argument(
                    name="workflow_id",
                    flags=WORKFLOW_IDS.flags,
                    type=int,
                    help="of all templates of this workflow",
                ),
                Argument(
                    name="task_id",
                    flags=("-t", "--task-id"),
                    type=int,
                    help="of the template of this task",
                ),
                Argument(
                    name="template",
                    flags=("--template-version",),
                    help="of this version of a template, by its number",
                ),
                _strategy("mem_strategy", ("--mem-strategy", "--value-mem"), "avg", _STRATEGIES),
                _strategy("core_strategy", ("--core-strategy", "--value-core"), "avg", _STRATEGIES[:3]),
                _strategy("runtime_strategy", ("--runtime-strategy", "--value-runtime"), "max", _STRATEGIES),
                Argument(
                    name="clusters",
                    flags=("-c", "--cluster"),
                    many=True,
                    help="for these clusters, in place of those where the tasks ran",
                ),
                Argument(name="file", flags=("-f", "--file"), help="write it to this file"),
                switch("stdout", "print it, also if it is written to a file", "-p", "--stdout"),
            ),
        ),
    ),
)
