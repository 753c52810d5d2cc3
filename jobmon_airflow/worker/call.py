"""The entry on a compute node: calls a function that was made into tasks by ``task_generator``.

    python -m jobmon_airflow.worker.call --module_name steps --func_name transform --args location_id=7

It exits with 0 when the function has returned, with 1 and the traceback when it raised, and with 2 when it could
not be called: it is not there, or the arguments do not fit.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from jobmon_airflow import stand_in
from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType


#: set while a task's module is imported, to its name: whoever would run a workflow there must not
IMPORTING: Final = "JOBMON_IMPORTING"


class BadCall(Exception):
    """The command line names what is not there, or what does not fit."""


@runtime_checkable
class Callee(Protocol):
    """A `TaskGenerator`, as seen from here: the function's own module imports it, and nothing else need."""

    def deserialize(self, texts: Mapping[str, str]) -> dict[str, Any]: ...

    def call_with(self, values: Mapping[str, Any]) -> object: ...

    def help(self) -> str: ...


def main(argv: Sequence[str] | None = None) -> None:
    """Call the function that the command line names, with the arguments that it gives."""
    parser = _parser()
    asked = parser.parse_args(argv)
    stand_in.install()  # the module may be a script that was written for Jobmon
    try:
        callee = callee_in(imported(asked.module_name, asked.module_source_path), asked.func_name)
        if asked.arghelp:
            sys.stdout.write(callee.help() + "\n")
            return
        values = values_of(asked.args, callee)
    except BadCall as error:
        parser.error(str(error))
    # What it raises is left alone: Python prints the traceback and exits with 1.
    callee.call_with(values)


def imported(module_name: str, source: str = "") -> ModuleType:
    """The module; from its file, from a directory, or from wherever the interpreter finds it."""
    os.environ[IMPORTING] = module_name
    try:
        return _imported(module_name, source)
    finally:
        del os.environ[IMPORTING]


def _imported(module_name: str, source: str) -> ModuleType:
    if source and not Path(source).exists():
        raise BadCall(
            f"There is no {source} on this machine.\nSubmit from a directory that compute nodes see too, or install "
            f"'{module_name}' for {sys.executable}."
        )
    if Path(source).is_file():
        return _loaded(module_name, source)
    if source:
        sys.path.insert(0, source)
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that imports what is missing has a traceback to show.
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise BadCall(
            f"There is no module '{module_name}' for {sys.executable}: {error}.\nInstall it there, or say where it "
            "is: task_generator(module_source_path=…)."
        ) from error


def callee_in(module: ModuleType, func_name: str) -> Callee:
    """What ``task_generator`` made of the function."""
    found = None
    with suppress(AttributeError):
        found = attrgetter(func_name)(module)
    if not isinstance(found, Callee):
        what = "has no" if found is None else "has no task generator"
        raise BadCall(
            f"The module '{module.__name__}' {what} '{func_name}'.\nIt must define the function with @task_generator "
            "when it is imported; what stands under if __name__ == '__main__' does not count."
        )
    return found


def values_of(words: Sequence[str], callee: Callee) -> dict[str, Any]:
    """The values of ``name=text`` words; the text is all behind the first equals sign."""
    texts: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or name in texts:
            raise BadCall(
                f"The argument {word!r} {'is there twice' if equals else 'has no value: write name=value'}."
            )
        texts[name] = text
    try:
        return callee.deserialize(texts)
    except InvalidDefinition as error:
        raise BadCall(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobmon_airflow.worker.call",
        description="Call a function that was made into tasks by task_generator.",
        allow_abbrev=False,
    )
    parser.add_argument("--module_name", required=True, help="the module that defines it")
    parser.add_argument("--func_name", required=True, help="the function")
    parser.add_argument(
        "--module_source_path", default="", help="the module's file, or a directory to import it from"
    )
    parser.add_argument(
        "--arghelp", action="store_true", help="say what the function takes, and do not call it"
    )
    parser.add_argument("--args", nargs="*", default=[], metavar="NAME=VALUE", help="its arguments")
    return parser


def _loaded(module_name: str, file: str) -> ModuleType:
    # The script's neighbours are found as if it had been started; its main part is not run, for it has a name.
    sys.path.insert(0, str(Path(file).parent))
    loader = SourceFileLoader(module_name, file)
    spec = spec_from_loader(module_name, loader)
    assert spec is not None
    module = sys.modules[module_name] = module_from_spec(spec)
    loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
