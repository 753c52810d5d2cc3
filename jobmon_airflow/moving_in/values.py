"""What an original Jobmon's columns mean here. What cannot be read says nothing."""

from __future__ import annotations

import ast
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidUnits
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.store.texts import storable
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 2**63 - 1
_LONGEST: Final = 10**12  # seconds; beyond it, a number was something else
_LONGEST_NAME: Final = 255
_NODES: Final = re.compile(r"\d+")


# --- amounts ----------------------------------------------------------------------------------------------------


def seconds(text: object) -> float | None:
    """Seconds that were measured; nothing, of which Jobmon made zero or less, is None.

    >>> seconds("12.5"), seconds("0:02:05"), seconds("-1"), seconds("")
    (12.5, 125.0, None, None)
    """
    if (number := _number(text)) is None:
        try:
            number = float(Runtime.parse(str(text).strip()).seconds)
        except InvalidUnits:
            return None
    return number if 0 < number < _LONGEST else None


def size(text: object) -> int | None:
    """Bytes that were measured; of a plain number, that many.

    >>> size("1048576"), size("1024K"), size("123B"), size("0"), size("unknown")
    (1048576, 1048576, 123, None, None)
    """
    if (number := _number(text)) is None:
        try:
            number = Memory.parse(str(text).strip()).bytes
        except InvalidUnits:
            return None
    return round(number) if 0 < number <= _MOST else None


def whole(value: object) -> int | None:
    """A whole number that a column of such holds."""
    number = _number(value)
    return int(number) if number is not None and abs(number) < 2**31 else None


def limit(value: object) -> int:
    """How many may run at a time; no limit where nothing is said."""
    number = _number(value)
    return UNLIMITED if number is None else int(min(max(number, 0), UNLIMITED))


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# --- texts ------------------------------------------------------------------------------------------------------


def text(value: object, longest: int | None = None) -> str | None:
    """A text as every database can keep it."""
    return None if value is None else storable(str(value))[:longest]


def name(value: object) -> str:
    """What something is called; MariaDB tells no two names apart by the spaces at their ends."""
    return (text(value, _LONGEST_NAME) or "").rstrip()


def said(value: object) -> str:
    """A text of any length that must be there."""
    return text(value) or ""


# --- structures ---------------------------------------------------------------------------------------------------


def structure(written: object) -> Any:
    """What was written as JSON, as Python writes it, or as one within the other; None if neither.

    >>> structure('{"cores": 2}'), structure("{'cores': (1, 20)}"), structure('"[1, 2]"'), structure("<iterator>")
    ({'cores': 2}, {'cores': (1, 20)}, [1, 2], None)
    """
    for _ in range(3):
        if not isinstance(written, str | bytes):
            return written
        written = _read(written.decode(errors="replace") if isinstance(written, bytes) else written)
    return written


def _read(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        pass
    try:
        return ast.literal_eval(written.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def mapping(written: object) -> Mapping[str, Any]:
    """A mapping by names; what is none is empty."""
    found = structure(written)
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def node_ids(written: object) -> list[int]:
    """The ids in a list of neighbours, which may be JSON, or JSON within JSON, or nothing.

    >>> node_ids("[3, 4]"), node_ids('"[3, 4]"'), node_ids("null"), node_ids(None)
    ([3, 4], [3, 4], [], [])
    """
    if isinstance(written, str):  # the longest lists there are: read as fast as it goes
        return list(map(int, _NODES.findall(written)))
    return list(map(int, written)) if isinstance(written, list | tuple) else []
