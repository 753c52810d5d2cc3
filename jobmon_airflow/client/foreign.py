"""Texts from outside: what a person typed into a form is a value, and never becomes a part of a command.

Commands are what authors wrote. A `Foreign` text that fills a gap is quoted for the shell, whether or not the author
asked for it with ``{arg:q}``; everywhere else it is the plain text that it is. What is made of foreign texts (slices,
parts, other cases) is foreign too, and so is what they were woven into: see `protect`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidTemplate, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jobmon_airflow.client.workflow import Workflow

_HARMLESS: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_LONG_ENOUGH: Final = 4  # shorter texts are found in many a command by chance, and can do nothing there


class Foreign(str):
    """A text from outside.

    >>> Foreign("US; rm -rf ~").split(";")[1]
    Foreign(' rm -rf ~')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Foreign({str.__repr__(self)})"

    def __radd__(self, other: str) -> Foreign:
        return Foreign(other + str(self))


def foreign(value: Any) -> Any:
    """The value with all texts in it foreign, in lists and mappings too."""
    if isinstance(value, str):
        return Foreign(value)
    if isinstance(value, (list, tuple)):
        return type(value)(foreign(each) for each in value)
    if isinstance(value, Mapping):
        return {foreign(key): foreign(each) for key, each in value.items()}
    return value


def is_foreign(value: Any) -> bool:
    """Whether it is a foreign text, or holds one."""
    return any(isinstance(text, Foreign) for text in texts_in(value))


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_in(key)
            yield from texts_in(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts_in(each)


def is_harmless(text: str) -> bool:
    """Whether the shell takes the text for itself wherever it stands."""
    return _HARMLESS.fullmatch(text) is not None


def quoted(value: str, *, stands_bare: bool) -> str:
    """A foreign value as a shell reads it back, in a place of a command where quotes are the shell's or are not."""
    if is_harmless(value):
        return str(value)
    if stands_bare:
        return shlex.quote(value)
    if not value:
        return ""
    # Quotes inside of quotes would end them, and nobody knows who reads what is inside of them.
    raise InvalidValue(
        f"The value {str(value)[:60]!r} came from outside, and its place in the command is no word of its own: it is "
        "inside of quotes, say, or is read by a second shell.",
        remedy="Write the gap as a word of its own, without quotes, and it is quoted by itself: --label {label}.",
    )


def protect(workflow: Workflow, outside: Any) -> None:
    """Take for foreign what was woven of foreign texts in ways that nobody can follow, such as f-strings."""
    dangerous = {str(text) for text in texts_in(outside) if text and not is_harmless(text)}
    if not dangerous:
        return
    for array in workflow._arrays.values():
        _refuse_in_template(array.task_template_version.command_template.text, dangerous)
    seen: dict[str, str] = {}
    for task in workflow._tasks:
        values = [_known_or(value, dangerous, seen) for value in task._values]
        if Foreign in map(type, values):
            task._values = tuple(values)


def _known_or(value: str, dangerous: set[str], seen: dict[str, str]) -> str:
    if type(value) is Foreign:
        return value
    if value not in seen:
        # What holds a text that is not harmless is not harmless itself.
        holds = not is_harmless(value) and any(text in value for text in dangerous)
        seen[value] = Foreign(value) if holds else value
    return seen[value]


def _refuse_in_template(text: str, dangerous: Iterable[str]) -> None:
    if found := [each for each in dangerous if len(each) >= _LONG_ENOUGH and each in text]:
        raise InvalidTemplate(
            f"The command template {text[:80]!r} holds a text that came from outside: {found[0][:60]!r}.",
            remedy="Commands are written by authors alone: give the template an argument, and pass the text as its "
            "value.",
        )


def _keeping(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def kept(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        return answer if answer is NotImplemented else foreign(answer)

    return kept


for _name in (
    *(
        "__add__",
        "__getitem__",
        "__mod__",
        "__mul__",
        "__rmul__",
        "capitalize",
        "casefold",
        "center",
        "expandtabs",
    ),
    *(
        "format",
        "format_map",
        "join",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
    ),
    *(
        "replace",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "strip",
        "swapcase",
        "title",
    ),
    *("translate", "upper", "zfill"),
):
    setattr(Foreign, _name, _keeping(getattr(str, _name)))
