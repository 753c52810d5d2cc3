"""What tasks of an original Jobmon ask for, in our words: requests, how they grow, and what queues hold."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.moving_in.values import mapping, structure, whole
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.resources import AMOUNTS, Resources, json_text
from jobmon_airflow.scales import DEFAULT_SCALES, ResourceScales

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of older versions, of SGE, and of people who wrote what the plug-in took.
_OTHER_WORDS: Final = {
    "mem": "memory",
    "m_mem_free": "memory",
    "max_runtime_seconds": "runtime",
    "max_runtime": "runtime",
    "num_cores": "cores",
    "fthread": "cores",
}
_NOWHERE: Final = frozenset({"queue"})  # it has a column of its own
_MOST_STEPS: Final = 100
_DEFAULT: Final = {name: scale.to_plain(1) for name, scale in DEFAULT_SCALES.items()}


def request(written: object) -> tuple[Resources, list[str]]:
    """What is asked for, and the names of what means nothing here.

    >>> request('{"memory": 2, "runtime": 600, "cores": 1, "project": "proj_x"}')[0].to_json()
    '{"cores":1,"memory":2,"project":"proj_x","runtime":600}'
    >>> request('{"memory": 0, "num_cores": 4}')  # Jobmon made 0 GiB of 500M
    (Resources(memory=None, runtime=None, cores=4, queue=None, extra={}), ['memory'])
    """
    asked: dict[str, Any] = {}
    strange: list[str] = []
    for key, value in mapping(written).items():
        name = _OTHER_WORDS.get(key.lower(), key)
        if value is None or name in _NOWHERE:
            continue
        if name in asked or not _means_something(name, value):
            strange.append(key)
        else:
            asked[name] = value
    return Resources.parse(asked), strange


def _means_something(name: str, value: object) -> bool:
    try:
        Resources.parse({name: value})
    except JobmonError:
        return False
    return True


@lru_cache(maxsize=4096)  # most tasks say the same
def scales(written: object) -> str | None:
    """How a request grows, as our tasks have it; None is the default.

    >>> scales("{'memory': 0.5, 'runtime': 0.5}"), scales("{'memory': [100, 120], 'runtime': 'later'}")
    (None, '{"memory":["100G","120G"],"runtime":{"callable":"later"}}')
    """
    plain = {name: scale for name, scale in _scales(mapping(written)) if scale is not None}
    return None if not plain or plain == _DEFAULT else json_text(plain)


def _scales(written: Any) -> Iterator[tuple[str, Any]]:
    for key, value in written.items():
        name = _OTHER_WORDS.get(key, key)
        if name in AMOUNTS:
            yield name, _scale(name, value)


def _scale(name: str, value: object) -> Any:
    if isinstance(value, str):  # the name of a function, which lives in its script alone
        return {"callable": value}
    try:
        return ResourceScales.parse({name: value})[name].to_plain(_MOST_STEPS)
    except JobmonError:
        return None


@lru_cache(maxsize=4096)
def fallback_queues(written: object) -> str | None:
    """The queues to try next, as our tasks have them."""
    found = structure(written)
    if not isinstance(found, list | tuple):
        return None
    names = [each for each in found if isinstance(each, str) and each]
    return json.dumps(names) if names else None


def queue_limits(name: str, written: object) -> QueueLimits:
    """What a queue holds; no limit where none can be read.

    >>> queue_limits("all.q", "{'cores': (1, 20), 'memory': (1, 750), 'project': 'any'}").parameters()
    {'cores': {'min': 1, 'max': 20}, 'memory': {'min': '1G', 'max': '750G'}}
    """
    limits: dict[str, Any] = {}
    for amount, stored in mapping(written).items():
        try:
            limits |= QueueLimits.from_parameters(name, {amount: stored}).parameters()
        except JobmonError:
            continue
    return QueueLimits.from_parameters(name, limits)


def attempts(value: object) -> int:
    """How many attempts a task has; one at least."""
    return max(1, whole(value) or 1)
