"""The way to a Slurm cluster, as a connection of Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseHook

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.hooks.slurm_reach import SlurmConnection, ping

if TYPE_CHECKING:
    from airflow.sdk import Connection


class SlurmHook(BaseHook):
    """A connection of type ``slurm``: by Slurm's own commands here, by the same over ssh, or by slurmrestd."""

    conn_name_attr: ClassVar[str] = "slurm_conn_id"
    default_conn_name: ClassVar[str] = "slurm_default"
    conn_type: ClassVar[str] = "slurm"
    hook_name: ClassVar[str] = "Slurm"

    def __init__(self, slurm_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.slurm_conn_id = slurm_conn_id

    def get_conn(self) -> SlurmConnection:
        """The connection's fields, as plain values."""
        return _read(self.get_connection(self.slurm_conn_id))

    def connection_parameters(self) -> dict[str, Any]:
        """What a distributor needs to know, without secrets, so that it may be stored with the cluster."""
        return self.get_conn().parameters()

    def test_connection(self) -> tuple[bool, str]:
        """Whether Slurm answers, asked from where this runs."""
        try:
            return True, ping(self.get_conn())
        except JobmonError as error:
            return False, str(error)


def _read(connection: Connection) -> SlurmConnection:
    extra = connection.extra_dejson
    return SlurmConnection(
        transport=extra.get("transport") or "local",
        host=connection.host or None,
        port=connection.port,
        user=connection.login or None,
        partition=extra.get("partition") or None,
        account=extra.get("account") or None,
        reservation=extra.get("reservation") or None,
        options=_listed(extra.get("options")),
        key_file=extra.get("key_file") or None,
        api_version=extra.get("api_version") or None,
        token=extra.get("token") or connection.password or None,
    )


def _listed(options: str | list[str] | None) -> tuple[str, ...]:
    """Names with commas between them, or a list."""
    names = options.split(",") if isinstance(options, str) else options or []
    return tuple(cleaned for name in names if (cleaned := name.strip().lstrip("-")))
