"""Why a task asks for what it asks for: who said so first, and what became more after which failure."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine.verdict import EXHAUSTED
from jobmon_airflow.resources import json_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Row

_USUAL_SCALE: Final = 0.5
_RESOURCES: Final = ("cluster", "queue", "memory", "runtime", "cores")


def reasons(
    task: Row[Any], attempts: Sequence[Row[Any]], asked: Mapping[int, Mapping[str, Any]]
) -> Iterator[str]:
    """In sentences; ``asked`` has the request of each attempt in words, by the attempt's id."""
    yield _first_word(task)
    for before, after in pairwise(attempts):
        earlier, later = asked.get(before.id, {}), asked.get(after.id, {})
        changed = [name for name in _RESOURCES if earlier.get(name) != later.get(name)]
        lacked = EXHAUSTED.get(before.verdict or "")
        for name in changed:
            yield _change(
                task, before, after, name, earlier.get(name), later.get(name), is_lacked=name == lacked
            )
        if lacked is not None and lacked not in changed:
            yield _no_change(before, after, lacked, later.get(lacked))


def _first_word(task: Row[Any]) -> str:
    if task.compute_resources_callable:
        return f"The function {task.compute_resources_callable} in the script of the workflow says what it asks for."
    return "It was defined so: by compute_resources of the task, or of its template, workflow or tool."


def _change(
    task: Row[Any], before: Row[Any], after: Row[Any], name: str, old: Any, new: Any, *, is_lacked: bool
) -> str:
    what = f"Attempt {after.id} asked for {name} {new or 'of its cluster'} in place of {old or 'none'}"
    if is_lacked:
        return f"{what}, because attempt {before.id} ended {before.verdict}: {_scale(task, name)}."
    if name == "queue":
        fallback = ", ".join(json.loads(task.fallback_queues or "[]"))
        among = f" Its fallback queues are {fallback}." if fallback else ""
        return f"{what}, which does not hold what it asked for by then.{among}"
    return f"{what}: so it was defined, or said by a function, when that run began."


def _scale(task: Row[Any], name: str) -> str:
    scales = json_object(task.resource_scales) if task.resource_scales else {name: _USUAL_SCALE}
    match scales.get(name):
        case dict() as function:
            return f"the function {function.get('callable')} says how it grows"
        case list() as steps:
            return f"it grows in the steps {', '.join(map(str, steps))}"
        case int() | float() as factor:
            return f"its resource_scales let it grow by {factor:.0%} each time"
        case _:
            return "it was raised by hand"


def _no_change(before: Row[Any], after: Row[Any], name: str, value: Any) -> str:
    if value is None:
        return f"Attempt {before.id} ended {before.verdict}, but no {name} is asked for that could be raised."
    return (
        f"Attempt {after.id} asked for {name} {value} as before, although attempt {before.id} ended {before.verdict}: "
        "its resource_scales let it grow no more, or a queue has no more."
    )
