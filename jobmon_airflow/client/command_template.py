"""Command templates: the text with ``{names}`` that every task fills in.

``{arg}`` puts the value in as it is, ``{arg:q}`` quotes it for the shell, ``{{`` and ``}}`` are plain braces. Values
from outside (see `foreign`) are quoted in either.
A template is read once and turned into the fastest thing that Python can fill in, because a workflow does
it a million times.
"""

from __future__ import annotations

import shlex
from string import Formatter
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client.foreign import Foreign, quoted
from jobmon_airflow.client.gaps import are_bare
from jobmon_airflow.client.names import checked_text
from jobmon_airflow.errors import InvalidTemplate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESERVED: Final = frozenset(
    {
        "self",
        "name",
        "upstream_tasks",
        "task_attributes",
        "max_attempts",
        "compute_resources",
        "compute_resources_callable",
        "resource_scales",
        "cluster_name",
        "fallback_queues",
        "max_concurrently_running",
    }
)
_QUOTED: Final = "q"
_ESCAPE_REMEDY: Final = "A brace that belongs to the command is doubled: awk '{{print $1}}'."


class CommandTemplate:
    r"""A command with gaps.

    >>> template = CommandTemplate("run.py --place {place:q} --year {year}")
    >>> template.fields
    ('place', 'year')
    >>> template.bound_to(["year", "place"]).fill(("1990", "Côte d'Ivoire"))
    'run.py --place \'Côte d\'"\'"\'Ivoire\' --year 1990'
    """

    __slots__ = ("_parts", "fields", "text")

    def __init__(self, text: str) -> None:
        self.text = checked_text(text, "a command template")
        if isinstance(text, Foreign):
            raise InvalidTemplate(
                f"The command template {str(text)[:80]!r} came from outside.",
                remedy="Commands are written by authors alone: pass what came from outside as an argument.",
            )
        self._parts = tuple(_parts(text))
        #: the gaps' names, in the order of their first appearance
        self.fields = tuple(dict.fromkeys(name for _, name, _ in self._parts if name is not None))

    def bound_to(self, args: Sequence[str]) -> Command:
        """The command for values that come in this order."""
        positions = {arg: position for position, arg in enumerate(args)}
        gaps = [(positions[name], is_quoted) for _, name, is_quoted in self._parts if name is not None]
        text = "".join(
            literal.replace("%", "%%") + ("" if name is None else "%s") for literal, name, _ in self._parts
        )
        in_order = [position for position, _ in gaps] == list(range(len(args)))
        is_plain = in_order and not any(is_quoted for _, is_quoted in gaps)
        return Command(text, tuple(gaps), are_bare(self._parts), is_plain=is_plain)


class Command:
    """A command template that knows the order of its values."""

    __slots__ = ("_bare", "_gaps", "_is_plain", "_text")

    def __init__(
        self, text: str, gaps: tuple[tuple[int, bool], ...], bare: tuple[bool, ...], *, is_plain: bool
    ) -> None:
        self._text = text
        self._gaps = gaps
        self._bare = bare
        self._is_plain = is_plain

    def fill(self, values: tuple[str, ...]) -> str:
        """The command line for these values."""
        if Foreign in map(type, values):
            return self._text % self._with_foreign(values)
        if self._is_plain:
            return self._text % values
        return self._text % tuple(
            [shlex.quote(values[gap]) if is_quoted else values[gap] for gap, is_quoted in self._gaps]
        )

    def _with_foreign(self, values: tuple[str, ...]) -> tuple[str, ...]:
        texts = []
        for (gap, is_quoted), stands_bare in zip(self._gaps, self._bare, strict=True):
            value = values[gap]
            if isinstance(value, Foreign):
                texts.append(quoted(value, stands_bare=stands_bare))
            else:
                texts.append(shlex.quote(value) if is_quoted else value)
        return tuple(texts)


def _parts(text: str) -> Iterator[tuple[str, str | None, bool]]:
    """The template as (literal, gap behind it, whether the gap is quoted)."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise InvalidTemplate(
            f"The command template {text!r} cannot be read: {error}.", remedy=_ESCAPE_REMEDY
        ) from error
    for literal, name, spec, conversion in parsed:
        if name is not None:
            _check_gap(text, name, spec or "", conversion)
        yield literal, name, spec == _QUOTED


def _check_gap(text: str, name: str, spec: str, conversion: str | None) -> None:
    if not name.isidentifier():
        raise InvalidTemplate(
            f"The command template {text!r} has a gap {{{name}}} without a proper name.",
            remedy=f"Give the gap a name, as in {{location_id}}. {_ESCAPE_REMEDY}",
        )
    if name in RESERVED:
        raise InvalidTemplate(
            f"The command template {text!r} calls an argument '{name}', which create_task uses itself.",
            remedy=f"Give the argument another name, such as '{name}_arg'.",
        )
    if spec not in {"", _QUOTED} or conversion:
        raise InvalidTemplate(
            f"The command template {text!r} asks to format '{name}', which templates do not do.",
            remedy=f"Write {{{name}}}, or {{{name}:q}} to quote the value for the shell, and format the value "
            "where the task is created.",
        )
