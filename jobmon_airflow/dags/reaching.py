"""Clusters that connections of Airflow lead to: a cluster's name may be the id of a connection of the type ``slurm``.

Before a workflow is bound, such a cluster is written down as the connection describes it now, without what is secret.
Tokens and private keys are known to the process alone that runs the workflow; to an engine beside the triggerer, which
cannot ask for connections, they are told with its order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.dags.clusters import DEFAULT, SLURM
from jobmon_airflow.distributors.slurm import secrets
from jobmon_airflow.store import clusters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from jobmon_airflow.dags.commands import Command
    from jobmon_airflow.distributors.slurm.secrets import Kind
    from jobmon_airflow.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The way to a cluster, as a connection describes it."""

    parameters: Mapping[str, Any]
    secrets: Mapping[Kind, str] = field(default_factory=dict, repr=False)

    def packed(self) -> dict[str, Any]:
        """The same for a process that is told what to do, with its secrets."""
        return asdict(self)

    @classmethod
    def unpacked(cls, said: Mapping[str, Any] | None) -> Self | None:
        return None if said is None else cls(**said)


#: clusters by name; None of those that are known to be no connections
Ways = dict[str, Reached | None]


def connected(name: str) -> Reached | None:
    """The way to a cluster, if its name is the id of a connection that leads to one."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from jobmon_airflow.hooks import slurm_fields

    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    if connection.conn_type != SLURM:
        return None
    to = slurm_fields.read(connection, BaseHook.get_connection)
    return Reached(parameters=to.parameters(), secrets=to.secrets())


def ways(database: Database, names: Iterable[str], ask: Callable[[str], Reached | None] = connected) -> Ways:
    """The ways to those clusters that may be connections: all that are not known to be of another kind."""
    with database.read() as connection:
        others = clusters.cluster_ids(connection).keys() - clusters.of_type(connection, SLURM)
    return {name: ask(name) for name in sorted(set(names) - others) if name}


def ways_of_all(database: Database, names: Iterable[str]) -> Ways:
    """The same, and those to all clusters of this kind that were ever used."""
    with database.read() as connection:
        known = clusters.of_type(connection, SLURM)
    return ways(database, {*names, *known})


def make_known(database: Database, found: Mapping[str, Reached | None]) -> None:
    """Write down how clusters are reached, and know what is secret of it in this process."""
    reached = {name: way for name, way in found.items() if way is not None}
    if not reached:
        return

    def write(connection: Any) -> None:
        for name, way in sorted(reached.items()):
            clusters.describe(connection, name, SLURM, way.parameters)

    database.write(write)
    for way in reached.values():
        secrets.hold_all(way.parameters, way.secrets)


def prepare(
    database: Database, names: Iterable[str], told: Mapping[str, Reached | None] | None = None
) -> None:
    """Make the clusters of these names known that connections lead to, asking Airflow for those we were not told of."""
    told = told or {}
    asked = ways(database, set(names) - told.keys())
    make_known(database, {**asked, **{name: way for name, way in told.items() if name in names}})


def log_root(
    database: Database, name: str, told: Mapping[str, Reached | None] | None = None
) -> tuple[Path | None, bool]:
    """Where a cluster's commands write what is told while they run; None for the usual place.

    And whether it can be told at all: what is written on other machines is seen here in a shared folder only.
    """
    way = (told or {}).get(name)
    with database.read() as connection:
        if way is None and name not in clusters.of_type(connection, SLURM):
            return None, True
        parameters = way.parameters if way is not None else clusters.connection_of(connection, name)[1]
    if parameters.get("transport", "local") != "local":
        return None, False
    from jobmon_airflow.distributors.slurm.ways import root_of

    return root_of(parameters.get("spool")) / "logs", True


def of_workflow(database: Database, workflow_id: int) -> set[str]:
    """The clusters that the tasks of a stored workflow go to."""
    with database.read() as connection:
        return clusters.of_workflow(connection, workflow_id)


def settled(command: Command, found: Mapping[str, Reached | None]) -> Command:
    """The command on the cluster that it goes to if it names none and there is no default connection."""
    return replace(command, cluster=SLURM) if is_unsettled(command, found) else command


def is_unsettled(command: Command, found: Mapping[str, Reached | None]) -> bool:
    """Whether the command goes to a default connection that is not there."""
    return command.cluster == DEFAULT and found.get(DEFAULT) is None
