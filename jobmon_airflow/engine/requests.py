"""What the next attempt asks for: as bound, as a function says, or more than before."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from jobmon_airflow.errors import CallableReturnedInvalidObject
from jobmon_airflow.queues import choose_queue, require_fit
from jobmon_airflow.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jobmon_airflow.engine.plan import Plan, Request
    from jobmon_airflow.queues import QueueLimits
    from jobmon_airflow.scales import ResourceScales


@dataclass(frozen=True, slots=True)
class CannotGrow:
    """Trying again is no use, and why."""

    why: str


class Requests:
    """The requests of a run's tasks, as they change."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._changed: dict[int, Request] = {}
        self._fits: dict[int, Request] = {}  # by kind
        self._raised: dict[tuple[int, str], int] = {}
        self._ids = {request: number for number, request in plan.requests.items()}
        self._to_ask = dict(plan.functions.resources)

    def of(self, task: int) -> Request:
        """What the task's next attempt asks for."""
        return self._changed.get(task) or self._fitting(task)

    def _fitting(self, task: int) -> Request:
        """As bound; on a fallback queue, if by now its own is known to be too small and another is not."""
        kind = self._plan.kind_of[task]
        if kind not in self._fits:
            request = self._plan.request(task)
            chosen = choose_queue(request.resources, self._plan.queues(task, request))
            fits = chosen == replace(request.resources, queue=chosen.queue)
            self._fits[kind] = replace(request, resources=chosen) if fits else request
        return self._fits[kind]

    def begin_with(self, task: int, request: Request, resource: str, times: int) -> None:
        """Let the task begin with what earlier runs had made of its request, so many raises of the resource later."""
        self._changed[task] = request
        self._raised[task, resource] = times

    def id_of(self, request: Request) -> int:
        """The id of a request that is stored."""
        return self._ids[request]

    def unstored(self, requests: Iterable[Request]) -> list[Request]:
        """Those that have no id yet."""
        return [request for request in dict.fromkeys(requests) if request not in self._ids]

    def stored(self, ids: Mapping[Request, int]) -> None:
        """Note the ids of requests that are stored now."""
        self._ids.update(ids)

    # --- functions ----------------------------------------------------------------------------------------

    def function_of(self, task: int) -> Callable[..., Any] | None:
        """The function that says what the task asks for, if it was not asked yet; it is asked once."""
        return self._to_ask.pop(self._plan.task_ids[task], None) if self._to_ask else None

    def take_answer(self, task: int, answer: object) -> None:
        """Ask for what the function said; what it did not name stays as it was."""
        if not isinstance(answer, Mapping | Resources):
            raise CallableReturnedInvalidObject(
                f"The function for the resources of task {self._plan.task_ids[task]} returned {answer!r}.",
                remedy="Let it return a dictionary, such as {'memory': '8G', 'runtime': '1h', 'queue': 'long.q'}.",
            )
        request = self.of(task)
        asked = replace(request, resources=Resources.parse(answer).merged_over(request.resources))
        chosen = require_fit(asked.resources, self._plan.queues(task, asked))
        self._changed[task] = replace(asked, resources=chosen)

    # --- raising ------------------------------------------------------------------------------------------

    def raise_for(self, task: int, resource: Literal["memory", "runtime"]) -> CannotGrow | None:
        """Let the next attempt ask for more of what was too little, and of nothing else."""
        request = self.of(task)
        times = self._raised.get((task, resource), 0)
        larger = raised(
            request.resources, resource, times, self._plan.scales(task), self._plan.queues(task, request)
        )
        if isinstance(larger, CannotGrow):
            return larger
        if larger != request.resources:
            self._raised[task, resource] = times + 1
            self._changed[task] = replace(request, resources=larger)
        return None


def raised(
    asked: Resources,
    resource: Literal["memory", "runtime"],
    times: int,
    scales: ResourceScales,
    queues: Sequence[QueueLimits],
) -> Resources | CannotGrow:
    """The request with more of what was too little, which was raised so many times before.

    It stays as it is if nothing was asked for, or nothing is to grow.
    """
    try:
        larger = scales.scaled(asked, resource, times)
    except Exception:  # noqa: BLE001 - a scale may be anybody's function
        return CannotGrow(f"The scale of {resource} failed:\n{traceback.format_exc().strip()}")
    if larger == asked:
        return asked
    chosen = choose_queue(larger, queues)
    before, after = getattr(asked, resource), getattr(chosen, resource)
    if after == before:
        return CannotGrow(
            f"It needs more {resource} than {before}, and no queue can give more: "
            f"{', '.join(queue.name for queue in queues)}. Name a larger queue in fallback_queues."
        )
    return chosen
