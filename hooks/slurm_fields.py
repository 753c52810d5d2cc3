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
    return SlurmConnection(
        transport=fields.get("transport") or ("ssh" if ssh else "local"),
        host=connection.host or ssh.get("host"),
        port=connection.port or ssh.get("port"),
        user=connection.login or ssh.get("user"),
        partition=fields.get("partition") or None,
        account=fields.get("account") or None,
        reservation=fields.get("reservation") or None,
        options=_listed(fields.get("options")),
        key_file=fields.get("key_file") or ssh.get("key_file"),
        api_version=fields.get("api_version") or None,
        known_hosts=fields.get("known_hosts") or None,
        spool=fields.get("spool") or None,
        token=fields.get("token") or connection.password or None,
    )


def _ssh(name: str | None, another: Callable[[str], Connection]) -> dict[str, Any]:
    """What an SSH connection of Airflow says of the way; of its secrets, nothing is taken."""
    if not name:
        return {}
    found = another(name)
    if found.conn_type != "ssh":
        raise InvalidSetting(
            f"ssh_conn_id names '{name}', which is a connection of the type '{found.conn_type}'.",
            remedy="Name a connection of the type ssh, or fill in host, login and key_file here.",
        )
    said = found.extra_dejson
    return {
        "host": found.host or said.get("remote_host") or None,
        "port": found.port,
        "user": found.login or None,
        "key_file": said.get("key_file") or None,
    }


def _listed(options: str | list[str] | None) -> tuple[str, ...]:
    """Names with commas between them, or a list."""
    names = options.split(",") if isinstance(options, str) else options or []
    return tuple(cleaned for name in names if (cleaned := name.strip().lstrip("-")))
