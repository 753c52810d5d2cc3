"""The way to a Slurm cluster, as a connection of Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseHook

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.hooks import slurm_fields
from jobmon_airflow.hooks.slurm_reach import ping

if TYPE_CHECKING:
    from jobmon_airflow.hooks.slurm_reach import SlurmConnection


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
        return slurm_fields.read(self.get_connection(self.slurm_conn_id), self.get_connection)

    def connection_parameters(self) -> dict[str, Any]:
        """What a distributor needs to know, without secrets, so that it may be stored with the cluster."""
        return self.get_conn().parameters()

    def test_connection(self) -> tuple[bool, str]:
        """Whether Slurm answers, asked from where this runs."""
        try:
            return True, ping(self.get_conn())
        except JobmonError as error:
            return False, str(error)
