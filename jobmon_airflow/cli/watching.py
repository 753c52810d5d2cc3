"""Answers that come one after the other: ``--watch``, and commands that follow something."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.cli.asides import logs_on_stderr
from jobmon_airflow.cli.formats import printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K\n"
_REST_OF_SCREEN: Final = "\x1b[J"


def repeated(
    ask: Callable[[], Answer | Iterator[Answer]],
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """Ask again and again, until an answer says that it is the last."""
    while True:
        found = ask()
        assert isinstance(found, Answer), "what follows something itself need not be watched"
        yield found
        if found.is_last:
            return
        sleep(max(seconds, 0.1))


def shown(answers: Iterable[Answer], output: str) -> int:
    """Print each answer that differs from the one before: over it on a terminal, else below it."""
    code, before = Exit.OK, None
    on_screen = sys.stdout.isatty() and output == "table"
    for answer in _quietly(answers):
        text = printed(answer, output, sys.stdout, in_one_line=True)
        if text != before:
            sys.stdout.write(_over(text, is_first=before is None) if on_screen else f"{text}\n")
            sys.stdout.flush()
        code, before = answer.code, text
    return code


def _quietly(answers: Iterable[Answer]) -> Iterator[Answer]:
    """Each of them, with what is logged while it is sought on stderr."""
    coming = iter(answers)
    while True:
        with logs_on_stderr():
            answer = next(coming, None)
        if answer is None:
            return
        yield answer


def _over(text: str, *, is_first: bool) -> str:
    """A screen that is written over, line by line, so that it does not flicker."""
    clear = "\x1b[2J" if is_first else ""
    return f"{clear}{_HOME}{text.replace(chr(10), _REST_OF_LINE)}{_REST_OF_LINE}{_REST_OF_SCREEN}"
