"""How much a function does, in calls of functions: the same on a busy machine, where its time says nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def calls_of(function: Callable[[], object]) -> int:
    """How many functions of Python and of C are called on the way."""
    count = 0

    def note(_frame: object, what: str, _about: object) -> None:
        nonlocal count
        count += what in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count
