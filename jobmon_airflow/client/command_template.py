"""Command templates: the text with ``{names}`` that every task fills in.

``{arg}`` puts the value in as it is, ``{arg:q}`` quotes it for the shell, ``{{`` and ``}}`` are plain braces.
A template is read once and turned into the fastest thing that Python can fill in, because a workflow does
it a million times.
"""

from __future__ import annotations

import shlex
from string import Formatter
from typing import TYPE_CHECKING, Final

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
        self._parts = tuple(_parts(text))
        #: the gaps' names, in the order of their first appearance
        self.fields = tuple(dict.fromkeys(name for _, name, _ in self._parts if name is not None))

    def bound_to(self, args: Sequence[str]) -> Command:
        """The command for values that come in this order."""
        positions = {arg: position for position, arg in enumerate(args)}
        gaps = [(positions[name], quoted) for _, name, quoted in self._parts if name is not None]
        text = "".join(
            literal.replace("%", "%%") + ("" if name is None else "%s") for literal, name, _ in self._parts
        )
        in_order = [position for position, _ in gaps] == list(range(len(args)))
        return Command(text, tuple(gaps), is_plain=in_order and not any(quoted for _, quoted in gaps))


class Command:
    """A command template that knows the order of its values."""

    __slots__ = ("_gaps", "_is_plain", "_text")

    def __init__(self, text: str, gaps: tuple[tuple[int, bool], ...], *, is_plain: bool) -> None:
        self._text = text
        self._gaps = gaps
        self._is_plain = is_plain

    def fill(self, values: tuple[str, ...]) -> str:
        """The command line for these values."""
        if self._is_plain:
            return self._text % values
        return self._text % tuple(
            [shlex.quote(values[gap]) if quoted else values[gap] for gap, quoted in self._gaps]
        )


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
