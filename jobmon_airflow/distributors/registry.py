"""Which distributor runs the tasks of a cluster, by the cluster's type.

Packages bring their own by an entry point of the group ``jobmon_airflow.distributors``: its name is the type, and
what it names is called with the cluster's connection parameters.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidDefinition, UnknownCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobmon_airflow.distributors.protocol import Distributor

GROUP: Final = "jobmon_airflow.distributors"

_BUILT_IN: Final = {
    "multiprocess": "jobmon_airflow.distributors.local:Multiprocess",
    "sequential": "jobmon_airflow.distributors.local:Sequential",
    "dummy": "jobmon_airflow.distributors.local_dummy:Dummy",
    "slurm": "jobmon_airflow.distributors.slurm.distributor:Slurm",
}

#: Commands of these run on the machine of their controller, and end with it.
LOCAL: Final = frozenset({"multiprocess", "sequential", "dummy"})


def distributor(cluster: str, type_name: str, parameters: Mapping[str, Any]) -> Distributor:
    """A distributor for a cluster of this type, which is reached as the parameters say."""
    factory = _factory(cluster, type_name)
    try:
        return factory(**parameters)
    except TypeError as error:
        raise InvalidDefinition(
            f"The connection parameters of cluster '{cluster}', {dict(parameters)}, do not suit its type "
            f"'{type_name}': {error}.",
            remedy="Correct connection_parameters in the table `cluster`.",
        ) from error


def _factory(cluster: str, type_name: str) -> Callable[..., Distributor]:
    if home := _BUILT_IN.get(type_name):
        module, _, name = home.partition(":")
        found: Callable[..., Distributor] = getattr(import_module(module), name)
        return found
    for point in entry_points(group=GROUP, name=type_name):
        loaded: Callable[..., Distributor] = point.load()
        return loaded
    raise UnknownCluster(
        f"Cluster '{cluster}' is of type '{type_name}', which nothing installed here can run tasks on.",
        remedy=f"Name another cluster, such as {', '.join(_BUILT_IN)}; or install a package that brings "
        f"'{type_name}' in its entry points {GROUP}.",
    )
