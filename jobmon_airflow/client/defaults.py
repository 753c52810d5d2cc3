"""What tasks ask for when they do not say: the same settings on tools, templates and workflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidDefinition, MissingKey
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

DEFAULT_MAX_ATTEMPTS: Final = 3
_NOTHING: Final = Resources()


@dataclass(slots=True)
class Said:
    """What one level says."""

    cluster_name: str = ""
    resources: dict[str, Resources] = field(default_factory=dict)
    scales: dict[str, ResourceScales] = field(default_factory=dict)
    max_attempts: int | None = None


class Defaults:
    """Defaults of one level, per cluster; the first cluster that is given anything becomes the default one.

    Task > template > workflow > tool: what a nearer level says wins, for each resource by itself.
    """

    #: the keys under which a YAML file has this level's resources and scales
    yaml_resources = ""
    yaml_scales = ""

    def __init__(self) -> None:
        self._own = Said()

    @property
    def _said(self) -> Said:
        return self._own

    # --- as Jobmon users read and set them ---------------------------------------------------------------

    @property
    def default_cluster_name(self) -> str:
        """The cluster for tasks that name none; empty where this level says nothing."""
        return self._said.cluster_name

    @default_cluster_name.setter
    def default_cluster_name(self, cluster_name: str) -> None:
        self._said.cluster_name = cluster_name

    def set_default_cluster_name(self, cluster_name: str) -> None:
        """Run tasks on this cluster unless they name another."""
        self.default_cluster_name = cluster_name

    @property
    def default_compute_resources_set(self) -> dict[str, dict[str, Any]]:
        """The default resources of each cluster."""
        return {cluster: resources.as_dict() for cluster, resources in self._said.resources.items()}

    @property
    def default_resource_scales_set(self) -> dict[str, dict[str, Any]]:
        """The default scales of each cluster."""
        return {cluster: scales.as_dict() for cluster, scales in self._said.scales.items()}

    @property
    def default_max_attempts(self) -> int | None:
        """How often tasks are tried; None where this level says nothing."""
        return self._said.max_attempts

    def set_default_max_attempts(self, value: int) -> None:
        """Try tasks this often unless they say otherwise."""
        self._said.max_attempts = checked_attempts(value)

    def set_default_compute_resources_from_dict(
        self, cluster_name: str, compute_resources: Mapping[str, Any]
    ) -> None:
        """Ask for these resources on this cluster, in place of earlier defaults."""
        self._said.resources[self._known(cluster_name)] = Resources.parse(compute_resources)

    def set_default_resource_scales_from_dict(
        self, cluster_name: str, resource_scales: Mapping[str, Any]
    ) -> None:
        """Raise resources like this on this cluster, in place of earlier defaults."""
        self._said.scales[self._known(cluster_name)] = ResourceScales.parse(resource_scales)

    def update_default_compute_resources(self, cluster_name: str, **compute_resources: Any) -> None:
        """Change the named resources and leave the others."""
        earlier = self._said.resources.get(cluster_name, _NOTHING)
        now = Resources.parse(compute_resources).merged_over(earlier)
        self._said.resources[self._known(cluster_name)] = now

    def update_default_resource_scales(self, cluster_name: str, **resource_scales: Any) -> None:
        """Change the named scales and leave the others."""
        earlier = self._said.scales.get(cluster_name, ResourceScales())
        now = ResourceScales.parse(resource_scales).merged_over(earlier)
        self._said.scales[self._known(cluster_name)] = now

    def set_default_compute_resources_from_yaml(
        self,
        yaml_file: str | PathLike[str],
        default_cluster_name: str = "",
        *,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take the default resources of this level from a YAML file."""
        found = self._from_yaml(yaml_file, self.yaml_resources, default_cluster_name, ignore_missing_keys)
        for cluster, resources in found.items():
            self.set_default_compute_resources_from_dict(cluster, resources)

    def set_default_resource_scales_from_yaml(
        self,
        yaml_file: str | PathLike[str],
        default_cluster_name: str = "",
        *,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take the default scales of this level from a YAML file."""
        found = self._from_yaml(yaml_file, self.yaml_scales, default_cluster_name, ignore_missing_keys)
        for cluster, scales in found.items():
            self.set_default_resource_scales_from_dict(cluster, scales)

    # --- as binding reads them ---------------------------------------------------------------------------

    def resources_on(self, cluster_name: str) -> Resources:
        """What this level asks for on a cluster."""
        return self._said.resources.get(cluster_name, _NOTHING)

    def scales_on(self, cluster_name: str) -> ResourceScales | None:
        """How this level raises resources on a cluster; None where it says nothing."""
        return self._said.scales.get(cluster_name)

    # --- helpers -----------------------------------------------------------------------------------------

    def _set_at_once(
        self,
        cluster_name: str,
        compute_resources: Mapping[str, Any] | None,
        resource_scales: Mapping[str, Any] | None,
        max_attempts: int | None,
    ) -> None:
        """What constructors take: defaults for one cluster."""
        if (compute_resources or resource_scales) and not cluster_name:
            raise InvalidDefinition(
                "Default resources were given without a cluster to use them on.",
                remedy="Name it too: default_cluster_name='slurm'.",
            )
        if cluster_name:
            self.set_default_cluster_name(cluster_name)
        if compute_resources:
            self.set_default_compute_resources_from_dict(cluster_name, compute_resources)
        if resource_scales:
            self.set_default_resource_scales_from_dict(cluster_name, resource_scales)
        if max_attempts is not None:
            self.set_default_max_attempts(max_attempts)

    def _known(self, cluster_name: str) -> str:
        if not cluster_name:
            raise InvalidDefinition(
                "Default resources were given for a cluster without a name.",
                remedy="Name the cluster first: 'slurm', 'multiprocess', …",
            )
        self._said.cluster_name = self._said.cluster_name or cluster_name
        return cluster_name

    def _from_yaml(
        self, yaml_file: str | PathLike[str], key: str, cluster_name: str, ignore_missing: bool
    ) -> dict[str, Mapping[str, Any]]:
        """Per cluster what the file says; for one cluster, if one is named."""
        found: Any = read_yaml(yaml_file)
        steps = self._yaml_path(key, found)
        example = _as_flow((*steps, cluster_name or "<cluster>"), is_scale=key == self.yaml_scales)
        for step in (*steps, *((cluster_name,) if cluster_name else ())):
            if not isinstance(found, dict) or step not in found:
                if ignore_missing:
                    return {}
                raise MissingKey(
                    f"{yaml_file} has no '{step}' where the defaults of {self} are looked for.",
                    remedy=f"Write it as {example}, or pass ignore_missing_keys=True.",
                )
            found = found[step]
        if cluster_name:
            return {cluster_name: found}
        if not isinstance(found, dict):
            raise InvalidDefinition(
                f"{yaml_file} has {found!r} where the clusters of {self} are looked for.",
                remedy=f"Write it as {example}.",
            )
        return found

    def _yaml_path(self, key: str, content: Any) -> tuple[str, ...]:  # noqa: ARG002 - for those that nest deeper
        return (key,)


def _as_flow(steps: tuple[str, ...], *, is_scale: bool) -> str:
    """What to type into a YAML file, on one line."""
    example = "{memory: 0.5}" if is_scale else "{memory: 1G, runtime: 10m}"
    return ": {".join(steps) + f": {example}" + "}" * (len(steps) - 1)


def read_yaml(yaml_file: str | PathLike[str]) -> Any:
    """A YAML file's content."""
    import yaml

    with Path(yaml_file).expanduser().open(encoding="utf-8") as file:
        try:
            return yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise InvalidDefinition(f"{yaml_file} is not YAML: {error}", remedy="Mend it there.") from error


def checked_attempts(value: int) -> int:
    """The number of attempts, if it is one."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidDefinition(
            f"max_attempts is {value!r}.", remedy="Write a whole number from 1, which means: no retry."
        )
    return value


def checked_limit(value: int) -> int:
    """The number of tasks that may run at a time, if it is one; 0 pauses."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise InvalidDefinition(
            f"max_concurrently_running is {value!r}.",
            remedy="Write a whole number; 0 pauses, 2147483647 is no limit.",
        )
    return value


def checked_seconds(value: float, name: str) -> float:
    """A number of seconds, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise InvalidDefinition(f"{name} is {value!r}.", remedy="Write a number of seconds, such as 36000.")
    return float(value)
