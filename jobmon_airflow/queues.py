"""What a queue can hold, and on which queue a request goes.

`QueueLimits` names every limit that a request breaks, or brings the request within them. Limits that a
cluster's plugin stored are read here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic

from jobmon_airflow.errors import InvalidDefinition, InvalidResources, ResourcesDoNotFit
from jobmon_airflow.resources import AMOUNTS, A, Amount, Resources, whole_number, with_unit
from jobmon_airflow.units import Memory, Runtime

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Range(Generic[A]):
    """The least and the most of an amount, where there is one."""

    least: A | None = None
    most: A | None = None

    def __post_init__(self) -> None:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise InvalidResources(
                f"The least, {self.least}, is more than the most, {self.most}.", remedy="Swap the two."
            )

    def brought_in(self, amount: A) -> A:
        if self.least is not None and amount < self.least:
            return self.least
        return self.most if self.most is not None and amount > self.most else amount


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """What a queue can hold.

    >>> small = QueueLimits.from_parameters("all.q", {"cores": (1, 20), "memory": {"max": "4G"}})
    >>> small.problems(Resources.parse({"cores": 2, "memory": "8G"}))
    ["memory 8G is more than the 4G that queue 'all.q' allows"]
    """

    name: str
    cores: Range[int] = Range()
    memory: Range[Memory] = Range()
    runtime: Range[Runtime] = Range()

    @classmethod
    def from_parameters(cls, name: str, parameters: Mapping[str, Any]) -> QueueLimits:
        """Read (least, most) or {"min": ..., "max": ...} per amount; what else a plugin stored is its own."""
        stored = {amount: parameters[amount] for amount in AMOUNTS if amount in parameters}
        return cls(name, **{amount: _range(name, amount, limits) for amount, limits in stored.items()})

    def parameters(self) -> dict[str, dict[str, int | str]]:
        """The limits as JSON can hold them."""
        written = {amount: _written(getattr(self, amount)) for amount in AMOUNTS}
        return {amount: limits for amount, limits in written.items() if limits}

    def fits(self, resources: Resources) -> bool:
        return self._within(resources) == {}

    def problems(self, resources: Resources) -> list[str]:
        """One sentence for every limit that the request breaks."""
        return [
            self._problem(name, getattr(resources, name), limit)
            for name, limit in self._within(resources).items()
        ]

    def capped(self, resources: Resources) -> Resources:
        """The request, brought within the limits."""
        return replace(resources, **self._within(resources))

    def _within(self, resources: Resources) -> dict[str, Any]:
        """The nearest amounts that the queue holds, for those that it does not."""
        asked = _amounts(resources)
        nearest = {name: getattr(self, name).brought_in(value) for name, value in asked.items()}
        return {name: value for name, value in nearest.items() if value != asked[name]}

    def _problem(self, name: str, asked: A, limit: A) -> str:
        relation, says = ("more", "allows") if asked > limit else ("less", "demands")
        return f"{name} {asked} is {relation} than the {limit} that queue '{self.name}' {says}"


def choose_queue(resources: Resources, queues: Sequence[QueueLimits]) -> Resources:
    """The request on the first queue that holds it; where none does, capped to what the last one holds."""
    for queue in queues:
        if queue.fits(resources):
            return replace(resources, queue=queue.name)
    return replace(queues[-1].capped(resources), queue=queues[-1].name) if queues else resources


def require_fit(resources: Resources, queues: Sequence[QueueLimits]) -> Resources:
    """The request on the first queue that holds it; an error that names every limit where none does."""
    chosen = choose_queue(resources, queues)
    if chosen == replace(resources, queue=chosen.queue):
        return chosen
    limits = "; ".join(problem for queue in queues for problem in queue.problems(resources))
    raise ResourcesDoNotFit(
        f"No queue can hold what the task asks for, {_sentence(resources)}: {limits}.",
        remedy=f"Ask for {_sentence(chosen)}, or name a larger queue, also in fallback_queues.",
    )


def _range(queue: str, name: str, written: object) -> Range[Any]:
    try:
        match written:
            case Mapping():
                return Range(_bound(name, written.get("min")), _bound(name, written.get("max")))
            case [least, most]:
                return Range(_bound(name, least), _bound(name, most))
    except InvalidDefinition as error:
        raise InvalidResources(f"Limits of queue '{queue}': {error.problem}", remedy=error.remedy) from None
    raise InvalidResources(
        f"Limits of queue '{queue}': {name} is {written!r}.", remedy="Write (least, most)."
    )


def _bound(name: str, written: object) -> Amount | None:
    """A limit may be zero, which a request may not."""
    if written is None:
        return None
    if name != "cores":
        return Memory.parse(written) if name == "memory" else Runtime.parse(written)
    if (cores := whole_number(written)) is None:
        raise InvalidResources(f"cores {written!r} is not a whole number.", remedy="Write (least, most).")
    return cores


def _written(limits: Range[Any]) -> dict[str, int | str]:
    bounds = {"min": limits.least, "max": limits.most}
    return {end: with_unit(bound) for end, bound in bounds.items() if bound is not None}


def _sentence(resources: Resources) -> str:
    return " and ".join(f"{name} {amount}" for name, amount in _amounts(resources).items())


def _amounts(resources: Resources) -> dict[str, Any]:
    """What is asked for of that which queues limit."""
    return {name: amount for name in AMOUNTS if (amount := getattr(resources, name)) is not None}
