"""What tasks used of memory and time, and what to ask for the next time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jobmon_airflow.client.statistics import confidence_interval, enough_for, percentile
from jobmon_airflow.client.task_template_version import is_many
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, UnknownName
from jobmon_airflow.store import usage
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.task_template import TaskTemplate

Quantity = TypeVar("Quantity", Memory, Runtime)

PERCENTILES: Final = (50, 75, 90, 95, 99)
HELD: Final = 95  # percent of attempts, by what is suggested
HEAD_ROOM: Final = 1.2
_MEMORY_STEPS: Final = tuple(map(Memory, ("1M", "16M", "128M", "1G", "8G", "64G")))
_RUNTIME_STEPS: Final = tuple(map(Runtime, ("1s", "10s", "1m", "5m", "15m", "1h", "6h", "1d")))
#: No less is suggested: clusters count in minutes, and on a busy node a second is nothing.
_LEAST_RUNTIME: Final = Runtime("1m")
_SHOWN_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A version of a template, as the tables know it."""

    id: int
    name: str  #: in words, as in "task template 'fit'"
    node_args: Sequence[str]

    def __str__(self) -> str:
        return self.name


def of_task(task: Task) -> dict[str, Any]:
    """What the attempt that succeeded used."""
    workflow, task_id = task._bound()
    with workflow.tool.database.read() as connection:
        return usage.of_task(connection, task_id)._asdict()


def of_template(
    template: TaskTemplate,
    workflows: Iterable[int] | int | None,
    node_args: Mapping[str, Any] | None,
    ci: float | None,
) -> dict[str, Any]:
    """What attempts at the template's tasks used."""
    version = template.active_task_template_version
    known = Known(id=version.id, name=str(version), node_args=version.node_args)
    with version.tool.database.read() as connection:
        return of_version(connection, known, workflows, node_args, ci)


def of_version(
    connection: Connection,
    version: Known,
    workflows: Iterable[int] | int | None = None,
    node_args: Mapping[str, Any] | None = None,
    ci: float | None = None,
) -> dict[str, Any]:
    """What attempts at the tasks of a template's version used."""
    values, level = _texts(version, node_args or {}), _checked_level(ci)
    attempts, tasks = 0, set()
    memory: list[float] = []
    runtime: list[float] = []
    arrays = usage.arrays_of_version(connection, version.id)
    chosen = list(arrays.values()) if workflows is None else _chosen(version, arrays, workflows)
    # One after the other: there may be a million, of which two numbers each are enough.
    for task_id, maxrss, wallclock in usage.of_arrays(connection, chosen, values):
        attempts += 1
        tasks.add(task_id)
        if maxrss:
            memory.append(maxrss)
        if wallclock:
            runtime.append(wallclock)
    memory.sort()
    runtime.sort()
    return {
        "num_tasks": len(tasks),
        "num_attempts": attempts,
        **_figures("mem", memory, level, lambda value: f"{round(value)}B"),
        **_figures("runtime", runtime, level, float),
        "suggested": suggested(memory, runtime),
    }


def suggested(memory: Sequence[float], runtime: Sequence[float], held: int = HELD) -> dict[str, str]:
    """Compute resources that would have held most of what was used, with room to spare; values ascend."""
    request: dict[str, str] = {}
    if memory:
        request["memory"] = str(memory_in_steps(enough_for(memory, held), HEAD_ROOM))
    if runtime:
        request["runtime"] = str(max(runtime_in_steps(enough_for(runtime, held), HEAD_ROOM), _LEAST_RUNTIME))
    return request


def memory_in_steps(count: float, head_room: float = 1) -> Memory:
    """So many bytes and their head room, as a person would write them."""
    return _in_steps(Memory.of_bytes(round(count)) * head_room, _MEMORY_STEPS)


def runtime_in_steps(seconds: float, head_room: float = 1) -> Runtime:
    """So many seconds and their head room, as a person would write them."""
    return _in_steps(Runtime(seconds) * head_room, _RUNTIME_STEPS)


def _in_steps(amount: Quantity, steps: Sequence[Quantity]) -> Quantity:
    """The amount in whole steps that add no more than an eighth to it where they can."""
    step = max((step for step in steps if step * 8 <= amount), default=steps[0])
    return step * math.ceil(amount / step)


def _figures(
    name: str, ordered: Sequence[float], level: float | None, shown: Callable[[float], Any]
) -> dict[str, Any]:
    """Jobmon's figures and the percentiles; None where nothing was measured."""
    figures = {f"{figure}_{name}": shown(of(ordered)) if ordered else None for figure, of in _FIGURES.items()}
    interval = confidence_interval(ordered, level) if level else None
    percentiles = {
        f"p{percent}": shown(percentile(ordered, percent)) if ordered else None for percent in PERCENTILES
    }
    return {
        **figures,
        f"ci_{name}": list(interval or (None, None)),
        f"percentiles_{name}": {**percentiles, "max": figures[f"max_{name}"]},
    }


_FIGURES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "min": min,
    "max": max,
    "mean": fmean,
    "median": median,
}


def _texts(version: Known, node_args: Mapping[str, Any]) -> dict[str, list[str]]:
    """The values of each node arg, as the database has them."""
    if unknown := sorted(node_args.keys() - set(version.node_args)):
        raise InvalidArguments(
            f"The {version} has no node arg {', '.join(unknown)}.",
            remedy=f"It has {', '.join(version.node_args) or 'none'}.",
        )
    return {
        arg: [str(value) for value in (given if is_many(given) else [given])]
        for arg, given in node_args.items()
    }


def _checked_level(ci: float | None) -> float | None:
    if ci is None or (isinstance(ci, float) and 0 < ci < 1):
        return ci
    raise InvalidDefinition(
        f"ci is {ci!r}, which is no level of confidence.",
        remedy="Write a probability between 0 and 1, such as ci=0.95.",
    )


def _chosen(version: Known, arrays: Mapping[int, int], workflows: Iterable[int] | int) -> list[int]:
    """The arrays of these workflows."""
    ids = list(dict.fromkeys([workflows] if isinstance(workflows, int) else workflows))
    if unknown := [number for number in ids if number not in arrays]:
        latest = [str(number) for number in sorted(arrays, reverse=True)[:_SHOWN_AT_MOST]]
        raise UnknownName(
            f"No tasks of the {version} as it is now are in workflow {', '.join(map(str, unknown))}.",
            remedy=f"Choose among the workflows that have some, the latest of which are {', '.join(latest)}; "
            "or activate the version that was used: template.set_active_task_template_version_id(…)."
            if latest
            else "No workflow has any yet: bind one, or activate another version of the template.",
        )
    return [arrays[number] for number in ids]
