"""What a task asks of its cluster.

`Resources` is the request: frozen, comparable, and shared by the tasks that ask for the same. Dictionaries
of users are read here, once. What a queue can hold is in `queues`, how a request grows in `scales`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, nextafter
from numbers import Integral
from os import PathLike, fspath
from typing import Any, Final, TypeAlias, TypeVar

from jobmon_airflow.errors import InvalidResources, InvalidUnits
from jobmon_airflow.units import Memory, Runtime, exactly

Amount: TypeAlias = Memory | Runtime | int
A = TypeVar("A", Memory, Runtime, int)

AMOUNTS: Final = ("cores", "memory", "runtime")

json_text: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  #: one for equal values

_KNOWN: Final = (*AMOUNTS, "queue")
_OTHER_WORDS: Final = {
    "mem": "memory",
    "ram": "memory",
    "m_mem_free": "memory",
    "time": "runtime",
    "walltime": "runtime",
    "max_runtime": "runtime",
    "max_runtime_seconds": "runtime",
    "cpu": "cores",
    "cpus": "cores",
    "num_cores": "cores",
    "partition": "queue",
}
_SCALARS: Final = frozenset({str, int, float, bool, type(None), Memory, Runtime})


class Extra(Mapping[str, Any]):
    """Further keys of a request, for the cluster's plugin: JSON that nobody can change.

    Every look gives fresh values, so that tasks may share one request.
    """

    __slots__ = ("_text", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {_free_key(key): _json(key, value) for key, value in values.items()}
        self._text = json_text(self._values)

    def __getitem__(self, key: str) -> Any:
        return deepcopy(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Extra) else Mapping.__eq__(self, other)

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return repr(dict(self))


_NOTHING_MORE: Final = Extra({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one task asks for; None where it leaves the choice to the cluster.

    >>> Resources.parse({"memory": "1.5G", "cores": 2, "project": "proj_x"}).to_json()
    '{"cores":2,"memory":1.5,"project":"proj_x"}'
    """

    memory: Memory | None = None
    runtime: Runtime | None = None
    cores: int | None = None
    queue: str | None = None
    extra: Mapping[str, Any] = _NOTHING_MORE

    def __post_init__(self) -> None:
        if not isinstance(self.extra, Extra):
            object.__setattr__(self, "extra", Extra(self.extra))

    @classmethod
    def parse(cls, asked: Mapping[str, Any] | Resources) -> Resources:
        """Read what a user or a file wrote. Equal dictionaries are read once."""
        if isinstance(asked, Resources):
            return asked
        if not isinstance(asked, dict):
            return cls.parse(_as_dict(asked))
        values = tuple(asked.values())
        kinds = tuple(map(type, values))
        if _SCALARS.issuperset(kinds):
            return _parse_once(tuple(asked), values, kinds)
        return _parse(asked)

    @classmethod
    def from_json(cls, text: str) -> Resources:
        return cls.parse(json_object(text))

    def to_json(self) -> str:
        """The one text of equal requests. Amounts are numbers of GiB and seconds, as SQL can compare them."""
        return json_text({key: _stored(value) for key, value in self.as_dict().items()})

    def as_dict(self) -> dict[str, Any]:
        """What was asked for, and nothing else; amounts with their units."""
        known = {name: value for name in _KNOWN if (value := getattr(self, name)) is not None}
        return known | dict(self.extra)

    def merged_over(self, base: Resources) -> Resources:
        """This request, its gaps filled from ``base``."""
        if not self or not base:
            return self or base
        return Resources(
            memory=base.memory if self.memory is None else self.memory,
            runtime=base.runtime if self.runtime is None else self.runtime,
            cores=base.cores if self.cores is None else self.cores,
            queue=base.queue if self.queue is None else self.queue,
            extra={**base.extra, **self.extra} if base.extra and self.extra else self.extra or base.extra,
        )

    def updated(self, **changes: Any) -> Resources:
        """The same request with other values; None takes an amount or the queue away."""
        return Resources.parse(self.as_dict() | changes)

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING: Final = Resources()


def _as_dict(asked: object) -> dict[str, Any]:
    if isinstance(asked, Mapping):
        return dict(asked)
    raise InvalidResources(
        f"{asked!r} is not a mapping of resources.",
        remedy="Write a dictionary, such as {'memory': '8G', 'runtime': '1h', 'cores': 2}.",
    )


@lru_cache(maxsize=4096)
def _parse_once(keys: tuple[str, ...], values: tuple[Any, ...], kinds: tuple[type, ...]) -> Resources:
    """The kinds tell True from 1, and 4.0 from 4, which are equal as keys."""
    assert len(kinds) == len(values)
    return _parse(dict(zip(keys, values, strict=True)))


def _parse(asked: Mapping[str, Any]) -> Resources:
    known = {name: read_resource(name, value) for name in _KNOWN if (value := asked.get(name)) is not None}
    extra = {key: value for key, value in asked.items() if key not in _KNOWN}
    return Resources(**known, extra=Extra(extra) if extra else _NOTHING_MORE)


def read_resource(name: str, value: object) -> Any:
    return _read_once(name, value) if type(value) in _SCALARS else _read_anew(name, value)


def _read_anew(name: str, value: object) -> Any:
    try:
        return _READERS[name](value)
    except InvalidUnits as error:
        raise InvalidUnits(f"{name}: {error.problem}", remedy=error.remedy) from None


_read_once = lru_cache(maxsize=4096, typed=True)(_read_anew)


def _memory(value: object) -> Memory:
    memory = Memory.parse(value)
    if memory.bytes:
        return memory
    raise InvalidResources(
        f"memory is {value!r}, which means all memory of a node to Slurm.",
        remedy="Ask for what the task needs, such as '1G', or leave memory out.",
    )


def _runtime(value: object) -> Runtime:
    runtime = Runtime.parse(value)
    if runtime.seconds:
        return runtime
    raise InvalidResources(
        f"runtime is {value!r}, in which no task can end.",
        remedy="Ask for what the task needs, such as '1h', or leave runtime out.",
    )


def _cores(value: object) -> int:
    cores = whole_number(value)
    if cores:
        return cores
    raise InvalidResources(
        f"cores is {value!r}, which is not a positive whole number.",
        remedy="Ask for 1 or more, or leave cores out.",
    )


def whole_number(value: object) -> int | None:
    """A whole number from zero on, also of a data frame or as text; None for all else."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    number = exactly(value)
    return int(number) if number is not None and number >= 0 and number.denominator == 1 else None


def _queue(value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise InvalidResources(
        f"queue is {value!r}, which is not a queue's name.", remedy="Name a queue, or leave queue out."
    )


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "memory": _memory,
    "runtime": _runtime,
    "cores": _cores,
    "queue": _queue,
}


def _free_key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidResources(f"The resource {key!r} is not a name.", remedy="Write its name as text.")
    if meant := _meant(key):
        raise InvalidResources(f"There is no resource {key!r}.", remedy=f"Did you mean {meant!r}?")
    return key


@lru_cache(maxsize=1024)
def _meant(key: str) -> str | None:
    """The known name behind a misspelt one. A request that is silently ignored is found out too late."""
    from difflib import get_close_matches

    written = key.lower()
    close = get_close_matches(written, _KNOWN, n=1, cutoff=0.8)
    return _OTHER_WORDS.get(written) or (close[0] if close else None)


def _json(key: str, value: object) -> Any:
    """A copy of the value in plain JSON."""
    match value:
        case None | bool() | str():
            return value
        case Integral():
            return int(value)
        case float() if isfinite(value):
            return float(value) + 0.0  # makes 0.0 of -0.0, which it equals as a key of the cache
        case PathLike():
            return fspath(value)
        case list() | tuple():
            return [_json(key, item) for item in value]
        case Mapping() if all(isinstance(inner, str) for inner in value):
            return {inner: _json(key, item) for inner, item in value.items()}
    raise InvalidResources(
        f"The resource {key!r} holds {value!r}, which JSON cannot hold.",
        remedy="Write text, a finite number, True, False, None, or lists and dictionaries of these.",
    )


def _stored(value: Any) -> Any:
    """An amount as the plain number that is read as the same amount, or as text where there is none."""
    if not isinstance(value, Memory | Runtime):
        return value
    return next((number for number in _near(plain_number(value)) if _is_read_as(value, number)), str(value))


def _near(number: float) -> Iterator[float]:
    """What a person would have written first. Reading rounds up, so a hair below is often the same amount."""
    yield round(number, 3)
    yield number
    yield nextafter(number, 0)


def _is_read_as(amount: Memory | Runtime, number: float) -> bool:
    try:
        return type(amount)(number) == amount
    except InvalidUnits:  # the nearest float of a huge amount may be more than can be counted
        return False


def plain_number(amount: Amount) -> int | float:
    """GiB of memory, seconds of runtime, or cores."""
    match amount:
        case Memory():
            return amount.gib
        case Runtime():
            return amount.seconds
        case _:
            return amount


def with_unit(value: Any) -> Any:
    """Memory and runtime as text, all else as it is."""
    return str(value) if isinstance(value, Memory | Runtime) else value


def json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if isinstance(values, dict):
        return values
    raise InvalidResources(f"{text!r} is not a JSON object.", remedy='Store an object, such as {"cores":2}.')
