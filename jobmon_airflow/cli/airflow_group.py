"""The group ``airflow jobmon``, which Airflow reads with any command; what its commands do is loaded when typed."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand

from jobmon_airflow import stand_in
from jobmon_airflow.cli.declaring import Group
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.cli.old_names import with_old_names

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from jobmon_airflow.cli.declaring import Command


def get_cli_commands() -> list[CLICommand]:
    """The group of commands that Airflow adds to its own."""
    stand_in.install()  # what was typed may be `airflow dags test`, which reads DAG files before it loads plugins
    return [_group(with_old_names(JOBMON), "airflow")]


def _group(group: Group, *before: str) -> GroupCommand:
    words = (*before, group.name)
    return GroupCommand(
        name=group.name,
        help=group.help,
        description=group.description or None,
        subcommands=[command for each in group.commands for command in _mounted(each, *words)],
    )


def _mounted(each: Group | Command, *before: str) -> Iterator[CLICommand]:
    if isinstance(each, Group):
        yield _group(each, *before)
        return
    arguments = [_arg(flags, how) for argument in each.all_arguments for flags, how in argument.in_argparse()]
    for name in (each.name, *each.aliases):
        does = partial(_perform, each, " ".join((*before, name)))
        yield ActionCommand(
            name=name,
            help=each.help,
            func=does,
            args=arguments,
            hide=bool(each.today) or name != each.name,
        )


def _arg(flags: tuple[str, ...], how: dict[str, Any]) -> Arg:
    """What Airflow hands on to argparse; its constructor knows some of argparse's words only."""
    arg = Arg(flags)
    arg.kwargs.update(how)
    return arg


def _perform(command: Command, typed: str, asked: Namespace) -> None:
    from jobmon_airflow.cli.commands import perform

    told = {key: value for key, value in vars(asked).items() if value is not None}
    sys.exit(perform(command, {**command.in_airflow, **told, "typed": typed}))
