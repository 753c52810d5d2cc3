"""Which commands need a shell, and the words of those that do not.

A shell costs a process per task, about half a millisecond and a megabyte, and most commands ask nothing of it.
Here they are told apart by the rules on which dash and bash agree. What is in doubt needs a shell: that is slower
and never wrong, whereas a command that missed its shell would do something else than its author wrote.
"""

from __future__ import annotations

import os
import re
from typing import Final


def words_of(command: str) -> list[str] | None:
    r"""The words with which ``/bin/sh -c command`` would start exactly one program, or None if it needs a shell.

    Whoever starts the program itself owes the shell's answers when that fails: exit code 127 if there is no such
    program, 126 if it may not be executed, and a script without a ``#!`` line (ENOEXEC, where ``posix_spawnp``
    gives up although ``execvp`` would not) is run by ``/bin/sh``. To hand the command to ``/bin/sh -c`` after any
    such failure gives all three, and the messages that people know. The program is found along the PATH of the
    environment it gets, and a shell would set PWD to the directory it runs in.

    >>> words_of("python fit.py --location 'New York'")
    ['python', 'fit.py', '--location', 'New York']
    >>> words_of("python fit.py > fit.log")
    """
    words = command.split() if _PLAIN.fullmatch(command) else _unquoted_words(command.strip(" \t\n"))
    return words if words and _starts_a_program(words) else None


# --- words ----------------------------------------------------------------------------------------------------

# What means itself wherever it stands, but for the first word. No \w is a blank to `split`, in any script.
_SAFE: Final = r"\w.,/:=@%+^\-"
_PLAIN: Final = re.compile(rf"[{_SAFE} \t]+\n*")

# A bare ~ or # is special at the start of a word, and ~ also after = and :, where bash sees an assignment.
_BARE: Final = rf"[{_SAFE}!]++|(?<=[\w./])[~#]"
_SINGLE: Final = r"'(?P<single>[^']*+)'"
_DOUBLE: Final = r'"(?P<double>(?:[^"\\$`]++|\\.)*+)"'
_ESCAPED: Final = r"\\(?P<escaped>[ -~])"
_QUOTED: Final = re.compile(rf"{_SINGLE}|{_DOUBLE}|{_ESCAPED}", re.DOTALL)
_UNESCAPE: Final = re.compile(r'\\(?:\n|([$`"\\]))')  # before all else, a backslash in double quotes stays

# A line may be continued between words. Within one it may too, but nobody writes that.
_WORD: Final = rf"(?:{_BARE}|{_QUOTED.pattern})++"
_BLANK: Final = r"(?:\\\n)*+[ \t](?:[ \t]|\\\n)*+"
_ANY_WORD: Final = re.compile(_WORD, re.DOTALL)
_WORDS: Final = re.compile(rf"(?:(?:\A|{_BLANK}){_WORD})++", re.DOTALL)

# Shells use some of these bytes for themselves, and no two treat the others alike.
_ODD: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _unquoted_words(text: str) -> list[str] | None:
    if _ODD.search(text) or not _WORDS.fullmatch(text):
        return None
    return [_QUOTED.sub(_unquoted, word.group()) for word in _ANY_WORD.finditer(text)]


def _unquoted(quoted: re.Match[str]) -> str:
    if quoted.lastgroup == "double":
        return _UNESCAPE.sub(r"\1", quoted["double"])
    return quoted[quoted.lastgroup or 0]


# --- the first word -------------------------------------------------------------------------------------------

_RESERVED: Final = (
    "! [[ ]] case coproc do done elif else esac fi for function if in select then time until while { }"
)
# Without those below, whose programs mostly do the same.
_BUILTINS: Final = (
    ". : [ alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs disown "
    "enable eval exec exit export fc fg getopts hash help history jobs kill let local logout mapfile popd printf "
    "pushd pwd read readarray readonly return set shift shopt source suspend test times trap type typeset ulimit "
    "umask unalias unset wait"
)
_HAVE_A_TWIN: Final = frozenset({"echo", "true", "false"})
_NEEDS_A_SHELL: Final = frozenset(f"{_RESERVED} {_BUILTINS}".split())


def _starts_a_program(words: list[str]) -> bool:
    """Quoted or not, for simplicity: a program that is really named 'if' can wait for a shell."""
    first = words[0]
    return (
        first not in _NEEDS_A_SHELL
        and bool(first)
        and first[0] not in "-+%"  # an option to the shell itself, or a job
        and "=" not in first  # an assignment
        and not (first in _HAVE_A_TWIN and _twins_differ(words))
        and not _is_exported_function(first)
    )


def _twins_differ(words: list[str]) -> bool:
    """Only programs know --help, and no two agree on the other options of echo and on its backslashes."""
    return any("\\" in word for word in words) or (len(words) > 1 and words[1].startswith("-"))


def _is_exported_function(name: str) -> bool:
    """Bash takes functions from the environment; on clusters `module` and `which` are often such."""
    return f"BASH_FUNC_{name}%%" in os.environ
