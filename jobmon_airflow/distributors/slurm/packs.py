"""How many short tasks one element of an array runs, one after the other.

Slurm needs tens of milliseconds of work, and often a second of patience, for every job; a task of a second is not
worth one. A number is a number. With "auto" it follows from how long the template's tasks take, as far as that is
known: long enough to be worth a job, short enough that many nodes have something to do.
"""

from __future__ import annotations

from math import ceil
from typing import Any, Final

from jobmon_airflow.errors import SubmissionRefused
from jobmon_airflow.resources import whole_number

AUTO: Final = "auto"
BUDGET: Final = 600.0  #: seconds after which a pack that was made by itself begins no further task
_WORTH_A_JOB: Final = 10.0  # seconds
_AT_ONCE: Final = 64  # elements that many tasks are spread over, if each has enough to do
_UNTRIED: Final = 50  # tasks of unknown length
_MOST: Final = 20_000


def size_of(asked: Any, typical: float | None, tasks: int) -> int:
    """How many of so many tasks, which take ``typical`` seconds, go into one element.

    >>> size_of(None, 0.1, 500), size_of(20, None, 500), size_of("auto", 3600, 500)
    (1, 20, 1)
    >>> size_of("auto", 0.5, 10_000), size_of("auto", 0.001, 10_000), size_of("auto", None, 10_000)
    (157, 10000, 50)
    """
    if asked in (None, "", False):
        return 1
    if asked != AUTO:
        return min(_number(asked), max(1, tasks))
    if typical is None:
        return max(1, min(_UNTRIED, ceil(tasks / _AT_ONCE)))
    typical = max(typical, 1e-4)
    spread = ceil(tasks / _AT_ONCE)
    size = max(spread, ceil(_WORTH_A_JOB / typical))
    return max(1, min(size, int(BUDGET / typical), tasks, _MOST))


def runtime_of(asked: Any, runtime: float | None, typical: float | None, size: int) -> float | None:
    """Seconds to ask for a pack; None where nothing was asked for its tasks.

    >>> runtime_of(10, 60, None, 10), runtime_of("auto", 3600, 2.0, 50), runtime_of("auto", 60, 5.0, 1)
    (600, 3800.0, 60)
    """
    if runtime is None or size == 1:
        return runtime
    if asked != AUTO:
        return runtime * size
    # The last one that is begun may take as long as any.
    return runtime + min(BUDGET, 2 * size * typical if typical is not None else BUDGET)


def _number(asked: Any) -> int:
    number = None if isinstance(asked, bool) else whole_number(asked)
    if number:
        return min(number, _MOST)
    raise SubmissionRefused(
        f"pack is {asked!r}, which is no number of tasks.",
        remedy="Write how many tasks one job is to run one after the other, such as pack: 20, or pack: 'auto'.",
    )
