"""How a limit for many arrays becomes limits of each: those that came first run first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def shares(limit: int, open_elements: Mapping[int, int]) -> dict[int, int]:
    """How many elements of each job may run at a time; jobs in the order in which they were submitted.

    >>> shares(10, {7: 4, 8: 100, 9: 50})
    {7: 4, 8: 6, 9: 0}
    """
    left, given = limit, {}
    for job_id, elements in open_elements.items():
        given[job_id] = min(left, elements)
        left -= given[job_id]
    return given
