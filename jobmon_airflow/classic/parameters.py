"""What a task asks for, as Jobmon 1.x and 2.x wrote it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.classic.executors import checked_executor
from jobmon_airflow.classic.sge import ARCHIVE, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

_SCALES: Final = {"m_mem_free": "memory", "max_runtime_seconds": "runtime", "num_cores": "cores"}
#: where a request went that had outgrown its queue
_LARGER: Final = {"all.q": "long.q"}


@dataclass
class ExecutorParameters:
    """Cores, memory, runtime and queue of a task, and how they grow after they were too small.

    >>> ExecutorParameters(num_cores=2, m_mem_free="2G", queue="all.q", max_runtime_seconds=60).compute_resources
    {'cores': 2, 'memory': '2G', 'runtime': 60, 'queue': 'all.q'}

    ``resource_scales`` are factors, functions or lists of values, by ``m_mem_free``, ``max_runtime_seconds`` and
    ``num_cores``. A request that outgrows the queue all.q moves to long.q, unless ``hard_limits`` are set.
    ``context_args`` are further keys of the request; of SGE's options (``sge_add_args``) those are understood that mean
    something today. Where a task runs its workflow says, whatever ``executor_class`` is.
    """

    num_cores: int | None = None
    queue: str | None = None
    max_runtime_seconds: float | None = None
    j_resource: bool = False
    m_mem_free: str | float | None = None
    context_args: Mapping[str, Any] | None = None
    hard_limits: bool = False
    executor_class: str = "SGEExecutor"
    resource_scales: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        checked_executor(self.executor_class)

    @property
    def compute_resources(self) -> dict[str, Any]:
        """The same as tasks of today are given it."""
        asked = {
            "cores": self.num_cores,
            "memory": self.m_mem_free,
            "runtime": self.max_runtime_seconds,
            "queue": self.queue,
            **(ARCHIVE if self.j_resource else {}),
        }
        said = {name: value for name, value in asked.items() if value is not None}
        return said | words_of(self.context_args or {})

    @property
    def said(self) -> dict[str, Any]:
        """What somebody said, by its name here."""
        values = {field.name: getattr(self, field.name) for field in fields(ExecutorParameters)}
        return {name: value for name, value in values.items() if value is not None and value is not False}

    @property
    def scales(self) -> dict[str, Any]:
        """The scales as tasks of today are given them."""
        return {_SCALES.get(name, name): scale for name, scale in (self.resource_scales or {}).items()}

    @property
    def fallback_queues(self) -> list[str]:
        """Where the request may go when it has outgrown its queue."""
        return [_LARGER[self.queue]] if self.queue in _LARGER and not self.hard_limits else []


_OLDER_WORDS: Final = {"slots": "num_cores", "mem_free": "m_mem_free", "max_runtime": "max_runtime_seconds"}
TODAYS_WORDS: Final = (
    "compute_resources",
    "compute_resources_callable",
    "cluster_name",
    "fallback_queues",
    "max_attempts",
)


def settings_of(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """What a task was given, as `TaskTemplate.create_task` takes it.

    Those are words of 2.x (``executor_parameters``, or its fields one by one), of 1.x (slots, mem_free, max_runtime)
    and of today; what is said twice counts as ``executor_parameters`` say it.
    """
    words = {name: value for name, value in wishes.items() if value is not None}
    today: dict[str, Any] = {name: words.pop(name) for name in TODAYS_WORDS if name in words}
    given = words.pop("executor_parameters", None)
    older = {word: words.pop(name) for name, word in _OLDER_WORDS.items() if name in words}
    said = given.said if isinstance(given, ExecutorParameters) else {}
    settings = _settings(ExecutorParameters(**(older | words | said)), today)
    return settings | ({"compute_resources_callable": Answer(given)} if callable(given) else {})


def _settings(parameters: ExecutorParameters, today: dict[str, Any]) -> dict[str, Any]:
    """What is said in today's words goes before the parameters."""
    resources = today.pop("compute_resources", {})
    if callable(resources):
        today["compute_resources_callable"], resources = resources, {}
    if "max_attempts" in today:
        # "No retries" was written as no attempts at all.
        today["max_attempts"] = today["max_attempts"] or 1
    return {
        "compute_resources": {**parameters.compute_resources, **resources},
        "resource_scales": parameters.scales,
        "fallback_queues": parameters.fallback_queues,
        **today,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """A function that returns parameters when its task is about to run, as one that returns resources."""

    function: Callable[..., Any]

    def __call__(self) -> Any:
        answer = self.function()
        if not isinstance(answer, ExecutorParameters):
            return answer
        if answer.resource_scales:
            log.warning(
                "The resource_scales that %s returned do not count: give them to the task itself.", self.name
            )
        return answer.compute_resources

    @property
    def name(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))
