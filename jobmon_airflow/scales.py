"""How a request grows after it was too small.

`ResourceScales` holds one scale per resource: a `Factor`, a function (`Computed`) or given `Steps`. What
users write is read here, once. Which resource was too small, and when to try again, is decided elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count, islice
from math import inf
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias
from weakref import WeakValueDictionary

from jobmon_airflow.errors import InvalidResources, InvalidUnits
from jobmon_airflow.resources import (
    AMOUNTS,
    A,
    Amount,
    Resources,
    json_object,
    json_text,
    plain_number,
    read_resource,
    with_unit,
)
from jobmon_airflow.units import exactly, round_up

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Factor:
    """Grows by a share of the old amount: 0.5 makes 40G 60G, then 90G."""

    factor: float

    def value_after(self, old: A, _times: int) -> A:
        share = exactly(self.factor)
        assert share is not None
        if isinstance(old, int):
            return round_up(old * (1 + share))
        return (old * (1 + share)).rounded_up()

    @property
    def written(self) -> float:
        return self.factor

    def to_plain(self, _steps: int) -> float:
        return self.factor


@dataclass(frozen=True, slots=True)
class Computed:
    """Grows as a function says, which is given plain GiB, seconds or cores."""

    resource: str
    function: Callable[[Any], Any]

    @property
    def written(self) -> Callable[[Any], Any]:
        return self.function

    @property
    def name(self) -> str:
        return name_of(self.function)

    def value_after(self, old: A, _times: int) -> A:
        result = self.function(plain_number(old))
        try:
            return type(old)(read_resource(self.resource, result))
        except (InvalidResources, InvalidUnits) as error:
            raise InvalidResources(
                f"The scale of {self.resource}, {self.name}, returned {result!r}. {error.problem}",
                remedy="Let it return a number: GiB of memory, seconds of runtime, or cores.",
            ) from error

    def to_plain(self, _steps: int) -> dict[str, str]:
        return {"callable": self.name}


@dataclass(frozen=True, slots=True)
class Steps:
    """Takes the next of given amounts. Every task starts at the first one, although they share the steps."""

    resource: str
    values: Iterable[Any]

    @property
    def written(self) -> Iterable[Any]:
        return self.values

    def value_after(self, old: A, times: int) -> A:
        for value in islice(self.values, times, None):
            return type(old)(read_resource(self.resource, value))
        log.warning("The scale of %s has no step %d; the task keeps %s.", self.resource, times + 1, old)
        return old

    def steps(self, number: int) -> tuple[Amount, ...]:
        return tuple(read_resource(self.resource, value) for value in islice(self.values, number))

    def to_plain(self, steps: int) -> list[int | str]:
        # Resumes go on where the attempts of a run have ended, so what can be kept whole is.
        known = len(self.values) if isinstance(self.values, tuple) else steps
        return [with_unit(value) for value in self.steps(known)]


Scale: TypeAlias = Factor | Computed | Steps


class ResourceScales(Mapping[str, Scale]):
    """How each resource grows when it was too small: by a factor, as a function says, or in given steps.

    >>> scales = ResourceScales.parse({"memory": 0.5, "runtime": ["1h", "4h"]})
    >>> scales.scaled(Resources.parse({"memory": "40G", "runtime": 600}), "memory", attempt=0).memory
    Memory('60G')
    """

    __slots__ = ("_scales",)

    def __init__(self, scales: Mapping[str, Scale] = MappingProxyType({})) -> None:
        self._scales = dict(scales)

    @classmethod
    def parse(cls, written: Mapping[str, Any]) -> ResourceScales:
        if isinstance(written, ResourceScales):
            return written
        return cls({_scalable(name): _scale(name, value) for name, value in written.items()})

    @classmethod
    def from_json(cls, text: str) -> ResourceScales:
        """Read stored scales. Functions live in their script alone and cannot be read."""
        written = json_object(text)
        for name, scale in written.items():
            if isinstance(scale, Mapping):
                raise InvalidResources(
                    f"The scale of {name} is the function {scale.get('callable')}, which is not stored.",
                    remedy="Run the script that defines the workflow again, with resume=True.",
                )
        return cls.parse(written)

    def as_dict(self) -> dict[str, Any]:
        """The factors, functions and steps as they can be given to a task."""
        return {name: scale.written for name, scale in self.items()}

    def to_json(self, steps: int) -> str:
        """The scales as a database keeps them, of iterators the first ``steps`` values."""
        return json_text({name: scale.to_plain(steps) for name, scale in self.items()})

    def merged_over(self, base: ResourceScales) -> ResourceScales:
        """These scales, and those of ``base`` for what they do not name."""
        return ResourceScales({**base, **self}) if self else base

    def scaled(
        self, resources: Resources, exhausted: Literal["cores", "memory", "runtime"], attempt: int
    ) -> Resources:
        """The next request: only what was exhausted grows, for the first time at ``attempt`` 0."""
        old, scale = getattr(resources, exhausted), self.get(exhausted)
        if old is None or scale is None:
            return resources
        return replace(resources, **{exhausted: scale.value_after(old, attempt)})

    def __getitem__(self, name: str) -> Scale:
        return self._scales[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scales)

    def __len__(self) -> int:
        return len(self._scales)

    def __hash__(self) -> int:
        return hash(frozenset(self._scales.items()))

    def __repr__(self) -> str:
        return f"ResourceScales({self._scales})"


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called, in the words of its author where that is known."""
    home, called = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    return f"{home}.{called}" if home and called else repr(function)


DEFAULT_SCALES: Final = ResourceScales({"memory": Factor(0.5), "runtime": Factor(0.5)})


def _scale(name: str, written: object) -> Scale:
    match written:
        case Factor() | Computed() | Steps():
            return written
        case float() | Real() if not isinstance(written, bool):
            return _factor(name, written)
        case _ if callable(written):
            return Computed(name, written)
        case list() | tuple():
            return Steps(name, tuple(read_resource(name, value) for value in written))
        case Iterable() if not isinstance(written, str | bytes | Mapping | AbstractSet):
            return Steps(name, _replay(written))
    raise InvalidResources(
        f"The scale of {name} is {written!r}, which is none of Number | Callable | Iterator.",
        remedy="Write a share to grow by (0.5), a function of the old value, or the values to take in turn.",
    )


def _factor(name: str, written: Any) -> Factor:
    if 0 <= written < inf:
        return Factor(int(written) if isinstance(written, Integral) else float(written))
    raise InvalidResources(
        f"The scale of {name} is {written!r}, which does not grow.",
        remedy="Write the share to grow by: 0.5 makes 60G of 40G.",
    )


def _scalable(name: object) -> str:
    if name in AMOUNTS:
        return str(name)
    raise InvalidResources(
        f"{name!r} cannot be scaled.", remedy=f"Name one of {', '.join(AMOUNTS)} in resource_scales."
    )


class _Replay(Iterable[Any]):
    """An iterator that every reader sees from its beginning. It is pulled no further than somebody reads."""

    __slots__ = ("__weakref__", "_pulled", "_rest", "_source")

    def __init__(self, source: Iterable[Any]) -> None:
        self._source = source  # kept alive, because its id is its address in _replays
        self._rest = iter(source)
        self._pulled: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        for index in count():
            if index == len(self._pulled):
                try:
                    self._pulled.append(next(self._rest))
                except StopIteration:
                    return
            yield self._pulled[index]


# One iterator may be given to many tasks, each in a dictionary of its own.
_replays: Final[WeakValueDictionary[int, _Replay]] = WeakValueDictionary()


def _replay(source: Iterable[Any]) -> _Replay:
    replay = source if isinstance(source, _Replay) else _replays.get(id(source))
    if replay is None:
        replay = _replays[id(source)] = _Replay(source)
    return replay
