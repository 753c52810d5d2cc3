"""The arguments of a function: which there are, and what is missing, unknown or of the wrong type."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from jobmon_airflow.client.serialization import Unfit, form_of
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jobmon_airflow.client.serialization import Form, Serializers

_REQUIRED: Final = inspect.Parameter.empty
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a function."""

    name: str
    form: Form
    default: Any = _REQUIRED

    def __str__(self) -> str:
        return f"{self.name}: {self.form.label}" + (f" = {self.default!r}" if self.has_default else "")

    @property
    def has_default(self) -> bool:
        return self.default is not _REQUIRED

    def write(self, value: Any) -> str:
        """The value's text."""
        try:
            return self.form.write(value)
        except Unfit as error:
            wanted = (
                f"{self.form.label}; to create_tasks, a list of them"
                if self.form.is_many
                else self.form.label
            )
            raise InvalidValue(
                f"The argument '{self.name}' does not fit: {error}.", remedy=f"Pass {wanted}."
            ) from error

    def write_each(self, given: Any) -> list[str]:
        """The texts of all values of a list, or of the one that was given."""
        return [self.write(value) for value in ((given,) if self.form.is_one(given) else given)]

    def read(self, text: str) -> Any:
        """The value that was written as this text."""
        try:
            return self.form.read(text)
        except Unfit as error:
            raise InvalidValue(
                f"The argument '{self.name}' cannot be read: {error}.",
                remedy="Write it as the task's command has it.",
            ) from error


class Arguments:
    """The arguments of one function."""

    def __init__(self, function_name: str, arguments: Iterable[Argument]) -> None:
        self._function_name = function_name
        self._all = {argument.name: argument for argument in arguments}
        self._defaults = {
            name: each.write(each.default) for name, each in self._all.items() if each.has_default
        }

    @classmethod
    def of(cls, function: Callable[..., Any], serializers: Serializers) -> Arguments:
        """The arguments as the function declares them, if all of them can be written."""
        _check_serializers(serializers)
        parameters = inspect.signature(function).parameters.values()
        return cls(function.__name__, [_argument(function, each, serializers) for each in parameters])

    def __iter__(self) -> Iterator[Argument]:
        return iter(self._all.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the function's order."""
        return tuple(self._all)

    def write(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The texts of all arguments; the function's defaults for those that were not given."""
        self._check_complete(given)
        texts = {name: self._all[name].write(value) for name, value in given.items()}
        return {name: texts[name] if name in texts else self._defaults[name] for name in self._all}

    def write_each(self, given: Mapping[str, Any]) -> dict[str, list[str]]:
        """For each argument all its texts; the function's defaults for those that were not given."""
        self._check_complete(given)
        texts = self.write_some(given)
        return {name: texts[name] if name in texts else [self._defaults[name]] for name in self._all}

    def write_some(self, given: Mapping[str, Any]) -> dict[str, list[str]]:
        """For each argument that was given all its texts."""
        self._check_known(given)
        return {name: self._all[name].write_each(values) for name, values in given.items()}

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The values that were written as these texts; the function's defaults for those left out."""
        self._check_complete(texts)
        return {
            each.name: each.read(texts[each.name]) if each.name in texts else each.default for each in self
        }

    def _check_complete(self, given: Iterable[str]) -> None:
        self._check_known(given)
        if missing := [name for name in self._all if name not in given and name not in self._defaults]:
            raise InvalidArguments(
                f"{self._function_name} lacks {', '.join(missing)}.",
                remedy=f"Pass {'it' if len(missing) == 1 else 'them'}, or give the function a default.",
            )

    def _check_known(self, given: Iterable[str]) -> None:
        if unknown := [name for name in given if name not in self._all]:
            raise InvalidArguments(
                f"{self._function_name} has no argument {', '.join(unknown)}.",
                remedy=f"It takes {', '.join(self._all) or 'none'}.",
            )


def _check_serializers(serializers: Serializers) -> None:
    for kind, pair in serializers.items():
        is_pair = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(callable, pair))
        if not isinstance(kind, type) or not is_pair:
            raise InvalidDefinition(
                f"{kind!r}: {pair!r} is no serializer.",
                remedy="Give for a class the function that makes a text, and the one that reads it: "
                "{Path: (str, Path)}.",
            )


def _argument(
    function: Callable[..., Any], parameter: inspect.Parameter, serializers: Serializers
) -> Argument:
    where = f"The argument '{parameter.name}' of {function.__name__}"
    if parameter.kind in _VARIADIC:
        raise InvalidDefinition(
            f"{where} stands for any number of arguments.",
            remedy="Name each argument, because each becomes a node arg of the task template.",
        )
    if parameter.annotation is parameter.empty:
        raise InvalidDefinition(f"{where} has no type.", remedy=f"Declare it, as in {parameter.name}: int.")
    annotation = _evaluated(function, parameter, where)
    form = form_of(annotation, serializers)
    if form is None:
        raise _unknown_type(where, annotation)
    return _with_default(Argument(name=parameter.name, form=form), parameter.default, where)


def _evaluated(function: Callable[..., Any], parameter: inspect.Parameter, where: str) -> Any:
    """The type, which is a text where annotations are not evaluated.

    One argument at a time, so that one with a type that is not there at run time is named, and so that the
    type of what is returned does not matter.
    """
    alone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        return get_type_hints(alone, inspect.unwrap(function).__globals__)[parameter.name]
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise InvalidDefinition(
            f"{where} has a type that cannot be found: {parameter.annotation!r} ({error}).",
            remedy="Define or import the type where the module can see it when it runs: not inside of a function, "
            "and not under TYPE_CHECKING.",
        ) from error


def _unknown_type(where: str, annotation: Any) -> InvalidDefinition:
    label = inspect.formatannotation(annotation)
    example = f"{label.rpartition('.')[2]}: (to_text, from_text)"
    return InvalidDefinition(
        f"{where} is a {label}, which nobody knows how to write on a command line.",
        remedy="Use str, int, float, bool, X | None, or list[…], tuple[…], set[…] of them; or say how to write "
        f"it: task_generator(serializers={{{example}}}).",
    )


def _with_default(argument: Argument, default: Any, where: str) -> Argument:
    if default is _REQUIRED:
        return argument
    try:
        argument.form.write(default)
    except Unfit as error:
        hint = f"{argument.form.label} | None = None" if default is None else argument.form.label
        raise InvalidDefinition(
            f"{where} has a default that is not of its type: {error}.", remedy=f"Declare it as {hint}."
        ) from error
    return replace(argument, default=default)
