"""Commands are declared once: what they call exists, and both places where one types them know the same words."""

from __future__ import annotations

import argparse
import inspect

import pytest

from jobmon_airflow.cli.airflow_group import get_cli_commands
from jobmon_airflow.cli.commands import _loaded
from jobmon_airflow.cli.console import parser
from jobmon_airflow.cli.declaring import commands_of
from tests.cli.typing_words import EVERYTHING

COMMANDS = dict(commands_of(EVERYTHING))
SHARED = {"output", "to", "watch"}  # for whoever prints the answer
#: What Jobmon 3.7 documents of its own command line.
OF_JOBMON = {
    "version": "--components",
    "workflow status": "-w -u -l -o",
    "workflow tasks": "-w -s -l -o",
    "workflow reset": "-w -p --partial",
    "workflow resume": "-w -c --cluster --reset-running -t --timeout --execution-timeout --keep-resources "
    "--force-cleanup",
    "workflow concurrency": "-w -m --max-tasks",
    "workflow logs": "-w -a --array -j --job -l -o",
    "workflow resources usage": "-t --template-version -w -a --node-args",
    "workflow resources yaml": "-w -t --mem-strategy --core-strategy --runtime-strategy -c -f --file --stdout",
    "task status": "-t -s -o",
    "task update": "-t -w -s -f --force -r --recursive",
    "task dependencies": "-t -o",
    "config show": "--section --key -o",
    "config set": "--config-file",
    "db init": "--db-uri",
    "db upgrade": "--db-uri --revision",
    "db terminate": "--db-uri -y",
}


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_s_function_is_there_and_takes_what_is_told(words):
    command = COMMANDS[words]

    parameters = inspect.signature(_loaded(command.does)).parameters

    told = {argument.name for argument in command.all_arguments} - SHARED
    assert told <= set(parameters)
    required = {name for name, it in parameters.items() if it.default is inspect.Parameter.empty}
    assert required <= {each.name for each in command.arguments if each.required or each.is_rest}


@pytest.mark.parametrize("words", OF_JOBMON)
def test_commands_of_jobmon_have_their_flags(words):
    split = words.split()
    known = _flags(parser(EVERYTHING, split), split)

    assert set(OF_JOBMON[words].split()) <= known


def test_airflow_knows_the_same_words_as_the_console():
    airflow = argparse.ArgumentParser(prog="airflow")
    kinds = airflow.add_subparsers()
    for group in get_cli_commands():
        _mount(group, kinds)

    for words in COMMANDS:
        split = ["jobmon", *words.split()]
        assert _flags(airflow, split) == _flags(parser(EVERYTHING, split), split[1:]), words


def test_a_flag_means_one_thing_within_a_command():
    for words, command in COMMANDS.items():
        flags = [flag for argument in command.all_arguments for flag in argument.flags]
        assert len(flags) == len(set(flags)), words


def _mount(command, kinds):
    made = kinds.add_parser(command.name)
    if hasattr(command, "subcommands"):
        inner = made.add_subparsers()
        for each in command.subcommands:
            _mount(each, inner)
        return
    for arg in command.args:
        arg.add_to_parser(made)


def _flags(reader: argparse.ArgumentParser, words: list[str]) -> set[str]:
    for word in words:
        [kinds] = [it for it in reader._actions if isinstance(it, argparse._SubParsersAction)]
        reader = kinds.choices[word]
    return {flag for action in reader._actions for flag in action.option_strings}
