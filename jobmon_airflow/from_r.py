"""What the R package jobmonr asks of Python: calls whose values are as Python's users write them.

R's package does what only R can: it knows factors, dates, names and missing values. This module does the rest: numbers
without fractions are integers, R's functions are called where R allows it, Ctrl-C reaches a run, and what goes wrong
comes back as a text with its remedy, whichever way this version of reticulate shows errors.
"""

from __future__ import annotations

import copy
import ctypes
import inspect
import os
import pydoc
import re
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine.foreground import in_main_thread
from jobmon_airflow.errors import InvalidArguments, JobmonError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EXACT: Final = 2.0**53  # up to here each integer is a double of its own
_ANY: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_IN_R: Final = {
    r"\bworkflow\.run\(resume=True\)": "run(workflow, resume = TRUE)",
    r"\b(tool|template|task|workflow)\.(?=[a-z_]+\()": r"\1$",
    r"\bTrue\b": "TRUE",
    r"\bFalse\b": "FALSE",
}
_IGNORED: Final = 1  # C's SIG_IGN, which a shell's commands in the background have and keep


def call(target: Any, name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Call the method of this name, or read what is no method; tell the value, or what went wrong."""
    try:
        with _interrupts_for_python():
            found = getattr(target, name)
            value = _called(target, name, as_meant(arguments or {})) if callable(found) else found
            return {"value": _as_read(value)}
    except JobmonError as error:
        return {"kinds": _kinds(error), "problem": error.problem, "remedy": in_r(error.remedy)}


def as_meant(value: Any) -> Any:
    """The value with integers where R has numbers without a fraction.

    >>> as_meant({"cores": 2.0, "memory": "1G", "scales": [0.5, 1.0]})
    {'cores': 2, 'memory': '1G', 'scales': [0.5, 1]}
    """
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case list():
            return [as_meant(each) for each in value]
        case dict():
            return {name: as_meant(each) for name, each in value.items()}
    return value


def in_r(remedy: str) -> str:
    """What to type, as R has it.

    >>> in_r("Bind it: workflow.bind(). To go on where it ended: workflow.run(resume=True).")
    'Bind it: workflow$bind(). To go on where it ended: run(workflow, resume = TRUE).'
    """
    for written, meant in _IN_R.items():
        remedy = re.sub(written, meant, remedy)
    return remedy


class RFunction:
    """A function of R, which only the main thread may call."""

    __module__ = "R"

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__qualname__ = (
            "function"  # as which it stands in the database; R's functions have no names of their own
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return as_meant(in_main_thread(lambda: self._function(*args, **kwargs)))


def take_environment(variables: Mapping[str, str]) -> None:
    """Let this process have the variables that R has: those set since Python began, Python does not see."""
    for gone in os.environ.keys() - variables.keys():
        del os.environ[gone]
    os.environ.update({name: value for name, value in variables.items() if os.environ.get(name) != value})


def copied(value: Any) -> Any:
    """A copy that can be changed without changing the value."""
    return copy.deepcopy(value)


def described(subject: Any) -> str:
    """What Python's help says of one of our classes, by its name in R, or of an object."""
    from jobmon_airflow.client import array, task, task_template, tool, workflow

    by_name = {
        "tool": tool.Tool,
        "task_template": task_template.TaskTemplate,
        "task": task.Task,
        "array": array.Array,
        "workflow": workflow.Workflow,
    }
    if isinstance(subject, str):
        if subject not in by_name:
            raise UnknownName(
                f"There is no help about '{subject}' here.",
                remedy=f"Ask for one of {', '.join(by_name)}, or for a function of R: ?jobmonr::run.",
            )
        subject = by_name[subject]
    return pydoc.plain(pydoc.render_doc(subject if isinstance(subject, type) else type(subject), "%s"))


def _called(target: Any, name: str, given: Mapping[str, Any]) -> Any:
    known = _parameters(target, name)
    if known and (unknown := [argument for argument in given if argument not in known]):
        raise InvalidArguments(
            f"{name} has no argument {', '.join(unknown)}.", remedy=f"It takes {', '.join(known)}."
        )
    return getattr(target, name)(**given)


def _parameters(target: Any, name: str) -> list[str]:
    """The arguments that a method takes, by itself or by what it extends; none, if it takes any."""
    known: dict[str, None] = {}
    extended = [getattr(kind, name) for kind in type(target).__mro__[1:] if hasattr(kind, name)]
    for method in (getattr(target, name), *extended):
        parameters = inspect.signature(method).parameters.values()
        known |= dict.fromkeys(
            each.name for each in parameters if each.kind not in _ANY and each.name != "self"
        )
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            return list(known)
    return []


def _as_read(value: Any) -> Any:
    """Letters of statuses are plain texts in R."""
    return str(value) if isinstance(value, str) else value


def _kinds(error: JobmonError) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, JobmonError)]


@contextmanager
def _interrupts_for_python() -> Iterator[None]:
    """Let Python have SIGINT, which R handles itself, and give it back.

    What R's handler is, Python's `signal` cannot say; the C functions below it can.
    """
    of_r = _handler(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or of_r == _IGNORED:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        _set_handler(signal.SIGINT, of_r)


def _handler(number: int) -> int | None:
    ask = ctypes.pythonapi.PyOS_getsig
    ask.argtypes, ask.restype = (ctypes.c_int,), ctypes.c_void_p
    handler: int | None = ask(number)
    return handler


def _set_handler(number: int, handler: int | None) -> None:
    tell = ctypes.pythonapi.PyOS_setsig
    tell.argtypes, tell.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    tell(number, handler)
