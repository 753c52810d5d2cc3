"""The way to a cluster, by the fields of its connection: who is asked, which folder is shared, what is usual there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors import inherited
from jobmon_airflow.distributors.slurm.options import Defaults
from jobmon_airflow.distributors.slurm.secrets import VARIABLES, key_of, token_of
from jobmon_airflow.distributors.slurm.ssh import SshAddress, SshShell
from jobmon_airflow.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobmon_airflow.distributors.slurm.seam import Controller, Spool

SPOOL: Final = "~/.jobmon/slurm"  #: where nothing else is said; homes are shared on most clusters

# What belongs to us, to Airflow or to whoever may submit, and is nobody's business on a node.
_NOT_FOR_NODES: Final = (
    *("AIRFLOW__", "_AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "AIRFLOW_CTX_"),
    *("JOBMON__", "JOBMON_EXPORT", *chain.from_iterable(VARIABLES.values())),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a cluster is reached."""

    controller: Callable[[], Controller]
    spool: Callable[[], Spool | None]
    environment: Callable[[], dict[str, str]]  #: what commands there find in their environment
    working_dir: Callable[[], str]  #: where commands run that name no directory
    own_folder: Path | None = None  #: a folder here, for what controllers of a user tell each other
    defaults: Defaults = field(default_factory=Defaults)


def way_to(
    *,
    transport: str = "local",
    host: str | None = None,
    port: int | None = None,
    user: str | None = None,
    partition: str | None = None,
    account: str | None = None,
    reservation: str | None = None,
    options: Sequence[str] = (),
    key_file: str | None = None,
    known_hosts: str | None = None,
    host_key: str | None = None,
    checks_host: bool = True,
    api_version: str | None = None,
    spool: str | None = None,
) -> Way:
    """The way that a connection's fields describe."""
    defaults = Defaults(queue=partition, account=account, reservation=reservation, options=tuple(options))
    if transport == "local":
        return _here(spool, defaults)
    if not host:
        raise InvalidSetting(
            f"The way to Slurm is '{transport}', but to no host.", remedy="Fill in the host."
        )
    if transport == "ssh":
        address = SshAddress(
            host=host,
            port=port,
            user=user,
            key_file=key_file,
            private_key=None if key_file else key_of(host, user),
            known_hosts=known_hosts,
            host_key=host_key,
            checks_host=checks_host,
        )
        return _by_ssh(address, spool, defaults)
    if transport == "rest":
        return _by_rest(host, port, user, api_version, spool, defaults)
    raise InvalidSetting(
        f"There is no way to Slurm called '{transport}'.", remedy="Choose one of local, ssh and rest."
    )


def root_of(spool: str | None) -> Path:
    """The folder that nodes share with this machine, where a connection names it or not."""
    return Path(spool or os.environ.get("JOBMON_SPOOL") or SPOOL).expanduser().absolute()


def _here(spool: str | None, defaults: Defaults) -> Way:
    from jobmon_airflow.distributors.slurm.commands import CommandController
    from jobmon_airflow.distributors.slurm.shells import LocalShell

    root = root_of(spool)
    return Way(
        controller=lambda: CommandController(LocalShell()),
        spool=partial(_local_spool, root),
        environment=lambda: _for_nodes(inherited.environment()),
        working_dir=os.getcwd,
        own_folder=root,
        defaults=defaults,
    )


def _by_ssh(address: SshAddress, spool: str | None, defaults: Defaults) -> Way:
    from jobmon_airflow.distributors.slurm.commands import CommandController
    from jobmon_airflow.distributors.slurm.ssh_spool import SshSpool

    shell = SshShell(address)
    return Way(
        controller=lambda: CommandController(shell),
        spool=lambda: SshSpool(shell, spool or SPOOL),
        environment=inherited.exported,
        working_dir=lambda: ".",  # the home, where ssh begins
        own_folder=_folder_for(f"ssh-{address.user or ''}@{address.host}-{address.port or ''}"),
        defaults=defaults,
    )


def _by_rest(
    host: str,
    port: int | None,
    user: str | None,
    api_version: str | None,
    spool: str | None,
    defaults: Defaults,
) -> Way:
    from jobmon_airflow.distributors.slurm.rest import RestController

    root = Path(spool).expanduser().absolute() if spool else None
    return Way(
        controller=lambda: RestController(
            host, port=port, user=user, version=api_version, token=partial(token_of, host, user)
        ),
        spool=lambda: None if root is None else _local_spool(root),
        environment=inherited.exported,
        working_dir=lambda: "/tmp" if root is None else str(root),  # noqa: S108 - there is one on every node
        own_folder=_folder_for(f"rest-{user or ''}@{host}-{port or ''}"),
        defaults=defaults,
    )


def _local_spool(root: Path) -> Spool:
    from jobmon_airflow.distributors.slurm.spool import LocalSpool

    return LocalSpool(str(root))


def _folder_for(cluster: str) -> Path:
    """A private folder on this machine, for what is known of a cluster that shares none with us."""
    name = "".join(each if each.isalnum() or each in "-@._" else "_" for each in cluster)
    return Path(SPOOL).expanduser() / name


def _for_nodes(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if is_for_nodes(name)}


def is_for_nodes(name: str) -> bool:
    """Whether a variable of ours may be seen by commands on nodes.

    >>> is_for_nodes("OMP_NUM_THREADS"), is_for_nodes("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    (True, False)
    """
    return not name.startswith(_NOT_FOR_NODES)
