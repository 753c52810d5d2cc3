"""The command ``jobmon``: what ``airflow jobmon`` does, without the seconds that Airflow takes to start."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from jobmon_airflow.cli.declaring import Command, Group
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.cli.old_names import with_old_names

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Do what was typed, and return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    asked = vars(parser(with_old_names(JOBMON), words).parse_args(words or ["--help"]))
    if asked["verbose"] or asked["debug"]:
        import logging

        logging.basicConfig(level=logging.DEBUG if asked["debug"] else logging.INFO)
    from jobmon_airflow.cli.commands import perform

    return perform(asked["command"], asked, debug=asked["debug"])


def parser(group: Group, words: Sequence[str]) -> ArgumentParser:
    """What reads the words. It knows the commands that are among them; of those of a group alone, all."""
    made = ArgumentParser(prog=group.name, description=group.description, allow_abbrev=False)
    made.add_argument("-v", "--verbose", action="store_true", help="tell on stderr what is done meanwhile")
    made.add_argument("--debug", action="store_true", help="and all details, also of where an error arose")
    _add(group, made, [] if _asks_for_help(words) else words)
    return made


def _asks_for_help(words: Sequence[str]) -> bool:
    return bool(words) and words[0] in {"-h", "--help"}


def _add(group: Group, to: ArgumentParser, words: Sequence[str]) -> None:
    kinds = to.add_subparsers(metavar="COMMAND", required=True)
    # Making a parser takes a while, and nobody types all commands at once.
    typed = [each for each in group.commands if not _names(each).isdisjoint(words)]
    for each in typed or group.commands:
        # One without a help is not listed: old names are known, and not recommended.
        listed: dict[str, Any] = {} if isinstance(each, Command) and each.today else {"help": each.help}
        made = kinds.add_parser(
            each.name,
            description=each.description or each.help,
            aliases=sorted(_names(each) - {each.name}),
            allow_abbrev=False,
            **listed,
        )
        if each in typed:
            _fill(each, made, words)


def _fill(each: Group | Command, made: ArgumentParser, words: Sequence[str]) -> None:
    if isinstance(each, Group):
        _add(each, made, words)
    else:
        _add_arguments(each, made)


def _names(each: Group | Command) -> set[str]:
    return {each.name, *(each.aliases if isinstance(each, Command) else ())}


def _add_arguments(command: Command, to: ArgumentParser) -> None:
    for argument in command.all_arguments:
        for flags, how in argument.in_argparse():
            to.add_argument(*flags, **how)
    to.set_defaults(command=command, typed=to.prog)


if __name__ == "__main__":
    sys.exit(main())
