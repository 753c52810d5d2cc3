"""Write docs/cli.md, all commands with their arguments, from jobmon_airflow/cli/definition/.

Run it after every change there; ``--check`` only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))  # the commands of this checkout, installed or not

from jobmon_airflow.cli.answers import Exit
from jobmon_airflow.cli.declaring import Command, Group
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.cli.old_names import OLD_NAMES, OldName
from scripts import pages
from scripts.pages import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.cli.declaring import Argument

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
SOURCE = "jobmon_airflow/cli/definition/"
COMMAND = "python scripts/draw_cli.py"

ABOUT = f"""\
# Command line

<!-- Written by `{COMMAND}` from {SOURCE}. Do not edit. -->

`jobmon` and `airflow jobmon` are the same commands. `jobmon` loads no Airflow, and starts in a fraction of the time.
Where the original Jobmon is installed beside this package and `jobmon` is its own, `python -m jobmon_airflow` is ours.

Numbers of workflows and tasks may be written with their flag or without: `jobmon workflow status -w 12`,
`jobmon workflow status 12`. A list is written either way, too: `-w 12 13`, `-w 12 -w 13`.

Every command asks the database that the settings name, or the one in `--database ADDRESS`;
`jobmon db address` says which that is.

## Forms of an answer

| | |
| --- | --- |
| `-o table` | for people, and the default: as wide as the terminal; plain text if it is piped |
| `-o json`, `-n` | for programs: all that is known, under names that stay |
| `-o csv` | for spreadsheets: the rows of the table; refused by commands that answer in words |
| `--to FILE` | writes any of these to a file |
| `--watch [SECONDS]` | look again, until nothing changes any more or Ctrl-C; with `-o json` one line for each change |

What goes wrong is said on stderr, with what to do about it. `jobmon --debug ...` shows where an error arose, and
`jobmon -v ...` tells what is done meanwhile.

| Exit code | |
| --- | --- |
| {Exit.OK:d} | it was done |
| {Exit.TASKS_FAILED:d} | it was done, and tasks failed |
| {Exit.COULD_NOT:d} | it could not be done, or could not be read |
| {Exit.INTERRUPTED:d} | Ctrl-C |

## Completion

`jobmon completion bash`, `zsh` or `fish` prints a script by which the shell completes commands, flags and their values:

| Shell | |
| --- | --- |
| bash | in `~/.bashrc`: `source <(jobmon completion bash)` |
| zsh | in `~/.zshrc`, after `compinit`: `source <(jobmon completion zsh)` |
| fish | once: `jobmon completion fish > ~/.config/fish/completions/jobmon.fish` |

"""

OLD = """\
## Old names

Commands of earlier versions of Jobmon work, with their flags, and say on stderr what one types today. They take what
today's command takes; flags of more than one word may be written with `_`.

"""


def main() -> int:
    return pages.write_or_check(PAGE, render(), source=SOURCE, command=COMMAND, about=__doc__)


def render() -> str:
    """Return the page."""
    return "\n".join([ABOUT + contents(), *sections(), OLD + old_names(), ""])


def contents() -> str:
    """List the commands, each with a link."""
    rows = ([f"[`{words}`](#{anchor(words)})", each.help] for words, each in listed(JOBMON, "jobmon"))
    return f"## All commands\n\n{table(['Command', ''], rows)}\n"


def listed(group: Group, *before: str) -> Iterator[tuple[str, Command]]:
    for each in group.commands:
        if isinstance(each, Group):
            yield from listed(each, *before, each.name)
        elif not each.today:
            yield " ".join((*before, each.name)), each


def anchor(words: str) -> str:
    return words.replace(" ", "-")


def sections() -> Iterator[str]:
    for words, command in listed(JOBMON, "jobmon"):
        yield section(words, command)


def section(words: str, command: Command) -> str:
    also = " or ".join(f"`{words.rsplit(' ', 1)[0]} {alias}`" for alias in command.aliases)
    parts = [
        f"## {words}",
        f"{command.help}.",
        command.description,
        f"Also: {also}." if also else "",
        f"```text\n{usage(words, command)}\n```",
        table(["Argument", ""], map(row, command.arguments)) if command.arguments else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def usage(words: str, command: Command) -> str:
    """What one types, with what must be told; the rest is in the table."""
    needed = [spelt(argument) for argument in command.arguments if argument.required]
    rest = [f"[{each.metavariable} ...]" for each in command.arguments if each.is_rest]
    options = ["[...]"] if any(not each.required and not each.is_rest for each in command.arguments) else []
    return " ".join([words, *needed, *options, *rest])


def spelt(argument: Argument) -> str:
    value = f"{argument.metavariable} ..." if argument.many else argument.metavariable
    return value if argument.by_place or not argument.flags else f"{argument.flags[0]} {value}"


def row(argument: Argument) -> list[str]:
    place = [f"`{argument.metavariable}`"] if argument.by_place or argument.is_rest else []
    flags = [f"`{flag}`" for flag in argument.flags[:-1]]
    last = [f"`{flag}{value(argument)}`" for flag in argument.flags[-1:]]
    choices = f": {', '.join(f'`{choice}`' for choice in argument.choices)}" if argument.choices else ""
    return [", ".join([*place, *flags, *last]), argument.help.replace("|", "\\|") + choices]


def value(argument: Argument) -> str:
    if argument.sets is not None:
        return ""
    word = f" {argument.metavariable}{' ...' if argument.many else ''}"
    return f" [{word.strip()}]" if argument.takes is not None else word


def old_names() -> str:
    rows = ([f"`jobmon {old.name}`", f"`jobmon {old.today}`", differences(old)] for old in OLD_NAMES)
    return table(["Old name", "Today", "Older flags"], rows)


def differences(old: OldName) -> str:
    flags = [f"`{older}` is `{today}`" for older, today in old.flags.items()]
    meanings = [
        f"`{today} {older}` means `{meaning}`"
        for today, meant in old.meanings.items()
        for older, meaning in meant.items()
    ]
    return ", ".join([*flags, *meanings])


if __name__ == "__main__":
    sys.exit(main())
