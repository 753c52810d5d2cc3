"""What the fields of a connection of the type ``slurm`` mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowNotFoundException

from jobmon_airflow.errors import InvalidSetting
from jobmon_airflow.hooks.slurm_reach import SlurmConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Connection


def found(name: str, default: str, connections: Callable[[str], Connection]) -> SlurmConnection:
    """What a connection says; where the default one is not there, Slurm's commands are on this machine."""
    try:
        connection = connections(name)
    except AirflowNotFoundException:
        if name != default:
            raise
        return SlurmConnection()
    return read(connection, connections)


def read(connection: Connection, another: Callable[[str], Connection]) -> SlurmConnection:
    """The connection's fields, as plain values; ``another`` finds the SSH connection that one of them may name."""
    fields = connection.extra_dejson
    ssh = _ssh(fields.get("ssh_conn_id"), another)
    key_file = fields.get("key_file") or None
    return SlurmConnection(
        transport=fields.get("transport") or ("ssh" if ssh else "local"),
        host=connection.host or ssh.get("host"),
        port=connection.port or ssh.get("port"),
        user=connection.login or ssh.get("user"),
        partition=fields.get("partition") or None,
        account=fields.get("account") or None,
        reservation=fields.get("reservation") or None,
        options=_listed(fields.get("options")),
        key_file=key_file or ssh.get("key_file"),
        api_version=fields.get("api_version") or None,
        known_hosts=fields.get("known_hosts") or None,
        spool=fields.get("spool") or None,
        token=fields.get("token") or connection.password or None,
        private_key=None if key_file else ssh.get("private_key"),
        host_key=ssh.get("host_key"),
        checks_host=ssh.get("checks_host", True),
    )


def _ssh(name: str | None, another: Callable[[str], Connection]) -> dict[str, Any]:
    """What an SSH connection of Airflow says of the way.

    Where Airflow's own operators would believe any host unless they are told not to, a host is believed here only
    if the connection says so.
    """
    if not name:
        return {}
    found = another(name)
    if found.conn_type != "ssh":
        raise InvalidSetting(
            f"ssh_conn_id names '{name}', which is a connection of the type '{found.conn_type}'.",
            remedy="Name a connection of the type ssh, or fill in host, login and key_file here.",
        )
    said = found.extra_dejson
    private_key, key_file = said.get("private_key") or None, said.get("key_file") or None
    _check_that_nobody_has_to_type(name, found, has_key=bool(private_key or key_file))
    host_key, checks_host = said.get("host_key") or None, not _is_true(said.get("no_host_key_check"))
    if host_key and not checks_host:
        raise InvalidSetting(
            f"The SSH connection '{name}' has a host_key, and no_host_key_check.",
            remedy="Remove one of them.",
        )
    return {
        "host": found.host or said.get("remote_host") or None,
        "port": found.port,
        "user": found.login or None,
        "key_file": None if private_key else key_file,
        "private_key": private_key,
        "host_key": host_key,
        "checks_host": checks_host,
    }


def _check_that_nobody_has_to_type(name: str, ssh: Connection, *, has_key: bool) -> None:
    if ssh.extra_dejson.get("private_key_passphrase"):
        raise InvalidSetting(
            f"The private key of the SSH connection '{name}' asks for a passphrase, which ssh reads from a terminal.",
            remedy="Name a key without one, which ssh-keygen -p makes of it, or leave the key to an ssh-agent.",
        )
    if ssh.password and not has_key:
        raise InvalidSetting(
            f"The SSH connection '{name}' has a password, which ssh reads from a terminal only, and no key.",
            remedy="Let a key in there (ssh-copy-id), and write it into the connection's extra, as key_file or "
            "private_key; or remove the password, if ssh's own configuration has a key.",
        )


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _listed(options: str | list[str] | None) -> tuple[str, ...]:
    """Names with commas between them, or a list."""
    names = options.split(",") if isinstance(options, str) else options or []
    return tuple(cleaned for name in names if (cleaned := name.strip().lstrip("-")))
