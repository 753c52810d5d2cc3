"""What a task asks for itself, and what follows when its template, workflow and tool are asked too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client.defaults import DEFAULT_MAX_ATTEMPTS, Defaults
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import DEFAULT_SCALES, ResourceScales

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """What one task asks for itself; None where its template, workflow or tool decides."""

    max_attempts: int | None = None
    compute_resources: Resources | None = None
    compute_resources_callable: Callable[..., Any] | None = None
    resource_scales: ResourceScales | None = None
    cluster_name: str = ""
    fallback_queues: tuple[str, ...] | None = None
    max_concurrently_running: int | None = None  #: of the array that the task will be in


NO_SETTINGS: Final = TaskSettings()


def max_attempts_of(settings: TaskSettings, levels: Sequence[Defaults]) -> int:
    """The nearest number of attempts."""
    said = (settings.max_attempts, *(level.default_max_attempts for level in levels))
    return next((value for value in said if value is not None), DEFAULT_MAX_ATTEMPTS)


def resources_of(settings: TaskSettings, levels: Sequence[Defaults], cluster_name: str) -> Resources:
    """The resources of all levels, the nearest winning."""
    resources = settings.compute_resources or Resources()
    for level in levels:
        resources = resources.merged_over(level.resources_on(cluster_name))
    return resources


def scales_of(settings: TaskSettings, levels: Sequence[Defaults], cluster_name: str) -> ResourceScales:
    """The scales of all levels, the nearest winning; Jobmon's default where nobody says anything."""
    scales = settings.resource_scales
    for level in levels:
        said = level.scales_on(cluster_name)
        scales = scales.merged_over(said) if scales and said else scales or said
    return scales if scales is not None else DEFAULT_SCALES
