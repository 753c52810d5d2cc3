"""Doing what was typed: calling a command's function, printing its answer, and telling how it went."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.cli.asides import aside, logs_on_stderr
from jobmon_airflow.cli.formats import printed
from jobmon_airflow.client import garbage
from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from jobmon_airflow.cli.declaring import Command

_WHICH: Final = "Which one it is: jobmon db address"


def perform(command: Command, told: Mapping[str, Any], *, debug: bool = False) -> int:
    """Do it, print what it answers, and return the exit code; what goes wrong is said on stderr, with a remedy."""
    try:
        return _performed(command, told)
    except BrokenPipeError:  # whoever read has seen enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - it is told in full; Python's own 1 would say that tasks failed
        _tell(error, in_full=debug)
        return Exit.COULD_NOT


def _performed(command: Command, told: Mapping[str, Any]) -> int:
    asked = _said(command, told)
    output, seconds, to = asked.pop("output", "table"), asked.pop("watch", None), asked.pop("to", None)
    _refuse_gaps(command, asked)
    if command.today:
        _say_today(command, told["typed"])
    function = _loaded(command.does)

    def once() -> Answer | Iterator[Answer]:
        with logs_on_stderr(unless=command.prints):
            found: Answer | Iterator[Answer] = function(**asked)
            return found

    found = once() if seconds is None else _repeated(once, seconds)
    if isinstance(found, Answer):
        return _printed(found, output) if to is None else _written(found, output, to)
    if to is not None:
        raise JobmonError(
            "What is followed goes to no file by --to.", remedy="Write > FILE after the command."
        )
    from jobmon_airflow.cli.watching import shown

    return shown(found, output)


def _repeated(once: Callable[[], Answer | Iterator[Answer]], seconds: float) -> Iterator[Answer]:
    from jobmon_airflow.cli.watching import repeated

    return repeated(once, seconds)


def _printed(answer: Answer, output: str) -> int:
    if answer.says or answer.data is not None:
        sys.stdout.write(f"{printed(answer, output, sys.stdout)}\n")
        sys.stdout.flush()
    return answer.code


def _written(answer: Answer, output: str, to: str | list[str]) -> int:
    from pathlib import Path

    path = Path(to if isinstance(to, str) else to[-1]).expanduser()
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(f"{printed(answer, output, file)}\n")
    except OSError as error:
        raise JobmonError(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another file, or leave out --to."
        ) from error
    return answer.code


def _tell(error: Exception, *, in_full: bool) -> None:
    """Say what went wrong: in words, if it is known to happen."""
    if isinstance(error, JobmonError) and not in_full:
        sys.stderr.write(f"{error}\n")
    elif _is_of_database(error) and not in_full:
        sys.stderr.write(f"The Jobmon database does not answer: {getattr(error, 'orig', error)}\n{_WHICH}\n")
    else:
        from traceback import print_exception

        print_exception(error)


def _say_today(command: Command, typed: str) -> None:
    program = typed.removesuffix(command.name)
    aside(f"'{typed}' is an old name. Today one types '{program}{command.today}'.")


def _said(command: Command, told: Mapping[str, Any]) -> dict[str, Any]:
    """Its arguments, without those that were left out, for which its function knows what holds."""
    names = {argument.name for argument in command.all_arguments}
    return {name: value for name, value in told.items() if name in names and value is not None}


def _refuse_gaps(command: Command, asked: Mapping[str, Any]) -> None:
    for argument in command.arguments:
        if argument.required and argument.name not in asked:
            how = f"{argument.flags[0]} {argument.metavariable}" if argument.flags else argument.metavariable
            raise JobmonError(f"{argument.metavariable} is missing.", remedy=f"Add it: {how}")


def _loaded(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    # What is loaded stays: looking for garbage in it again and again takes a tenth of a short command's time.
    with garbage.left_lying():
        function: Callable[..., Any] = getattr(import_module(f"jobmon_airflow.cli.{module}"), name)
        gc.freeze()
    return function


def _is_of_database(error: Exception) -> bool:
    """Whether a database's driver raised it; sqlalchemy is not loaded to know it."""
    known: ModuleType | None = sys.modules.get("sqlalchemy.exc")
    return known is not None and isinstance(error, known.DBAPIError)
