"""``jobmon completion``: scripts by which bash, zsh and fish complete what is typed after ``jobmon``.

All words stand in the script, so that no Python is started while one types.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.cli.declaring import Command, Group
from jobmon_airflow.cli.definition import JOBMON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobmon_airflow.cli.declaring import Argument


def completion(shell: str) -> Answer:
    """The script for a shell, to be read by it when it starts."""
    places = list(_places(JOBMON))
    return Answer({"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What may come after some words."""

    words: str  #: such as "workflow status"; empty after jobmon itself
    commands: dict[str, str]  #: or other words without a flag, with their helps
    arguments: Sequence[Argument] = ()

    @property
    def flags(self) -> dict[str, str]:
        """All flags, with their helps."""
        known = {flag: argument.help for argument in self.arguments for flag in argument.flags}
        return {**known, "--help": "how it is used"}

    @property
    def values(self) -> dict[tuple[str, ...], list[str]]:
        """What may come after flags that take one of a few words."""
        return {
            argument.flags: [str(choice) for choice in argument.choices]
            for argument in self.arguments
            if argument.flags and argument.choices
        }


def _places(group: Group, *before: str) -> Iterator[Place]:
    """Every place in the tree of commands. Old names work, and are not recommended."""
    known = [each for each in group.commands if not (isinstance(each, Command) and each.today)]
    yield Place(words=" ".join(before), commands={each.name: each.help for each in known})
    for each in known:
        if isinstance(each, Group):
            yield from _places(each, *before, each.name)
        else:
            for name in (each.name, *each.aliases):
                words = " ".join((*before, name))
                yield Place(words=words, commands=_by_place(each), arguments=each.all_arguments)


def _by_place(command: Command) -> dict[str, str]:
    """Words that may stand there without a flag."""
    return {
        str(choice): argument.help
        for argument in command.arguments
        if argument.by_place and argument.choices
        for choice in argument.choices
    }


# --- bash, zsh --------------------------------------------------------------------------------------------------


def _bash(places: Sequence[Place]) -> str:
    values = [
        f"        {_cases(place, flags)}) words={_quoted(choices)} ;;"
        for place in places
        for flags, choices in place.values.items()
    ]
    words = [
        f"        {shlex.quote(place.words)}) words={_quoted([*place.commands, *place.flags])} ;;"
        for place in places
    ]
    return "\n".join(
        [
            "# Completion of jobmon in bash. In ~/.bashrc:  source <(jobmon completion bash)",
            "_jobmon() {",
            '    local at="" word words=""',
            '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            *_walk(places),
            "    done",
            '    case "$at ${COMP_WORDS[COMP_CWORD-1]}" in',
            *values,
            '        *) case "$at" in',
            *words,
            "        esac ;;",
            "    esac",
            '    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
            "}",
            "complete -o default -F _jobmon jobmon",
        ]
    )


def _zsh(places: Sequence[Place]) -> str:
    values = [
        f"        {_cases(place, flags)}) compadd -- {' '.join(map(shlex.quote, choices))}; return ;;"
        for place in places
        for flags, choices in place.values.items()
    ]
    words = [
        f"        {shlex.quote(place.words)})\n"
        f"            commands=({_described(place.commands)})\n"
        f"            flags=({_described(place.flags)}) ;;"
        for place in places
    ]
    return "\n".join(
        [
            "#compdef jobmon",
            "# Completion of jobmon in zsh. In ~/.zshrc, after compinit:  source <(jobmon completion zsh)",
            "_jobmon() {",
            '    local at="" word',
            "    local -a commands flags",
            '    for word in "${words[@]:1:$((CURRENT - 2))}"; do',
            *_walk(places),
            "    done",
            '    case "$at ${words[CURRENT-1]}" in',
            *values,
            "    esac",
            '    case "$at" in',
            *words,
            "    esac",
            "    (( ${#commands} )) && _describe command commands",
            "    _describe -o flag flags",
            "    (( ${#commands} )) || _files",
            "}",
            "compdef _jobmon jobmon",
        ]
    )


def _walk(places: Sequence[Place]) -> list[str]:
    """Follows the words that lead to a command, and passes over all others."""
    known = "|".join(shlex.quote(place.words) for place in places if place.words)
    return [
        '        case "${at:+$at }$word" in',
        f'            {known}) at="${{at:+$at }}$word" ;;',
        "        esac",
    ]


def _cases(place: Place, flags: Sequence[str]) -> str:
    return "|".join(shlex.quote(f"{place.words} {flag}") for flag in flags)


def _quoted(words: Sequence[str]) -> str:
    return shlex.quote(" ".join(words))


def _described(words: dict[str, str]) -> str:
    return " ".join(shlex.quote(f"{word}:{_escaped(text)}") for word, text in words.items())


def _escaped(text: str) -> str:
    return text.replace(":", r"\:")


# --- fish -------------------------------------------------------------------------------------------------------


def _fish(places: Sequence[Place]) -> str:
    known = " ".join(shlex.quote(place.words) for place in places if place.words)
    lines = [
        "# Completion of jobmon in fish. Once:  jobmon completion fish > ~/.config/fish/completions/jobmon.fish",
        "function __jobmon_is_at",
        f"    set -l known {known}",
        '    set -l at ""',
        "    for word in (commandline -opc)[2..-1]",
        '        set -l further (string trim -- "$at $word")',
        '        contains -- "$further" $known; and set at $further',
        "    end",
        '    test "$at" = "$argv[1]"',
        "end",
    ]
    for place in places:
        condition = f"complete -c jobmon -n {shlex.quote('__jobmon_is_at ' + shlex.quote(place.words))}"
        lines += [f"{condition} -f -a {word} -d {shlex.quote(text)}" for word, text in place.commands.items()]
        lines += [f"{condition} {_in_fish(argument)}" for argument in place.arguments if argument.flags]
        lines.append(f"{condition} -s h -l help -d 'how it is used'")
    return "\n".join(lines)


def _in_fish(argument: Argument) -> str:
    names = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in argument.flags]
    values = f"-x -a {_quoted([str(choice) for choice in argument.choices])}" if argument.choices else "-r"
    takes = "" if argument.sets is not None else f" {values}"
    return f"{' '.join(names)}{takes} -d {shlex.quote(argument.help)}"
