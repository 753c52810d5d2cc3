"""What clusters are called in DAG files; read with every DAG, so that nothing heavy is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jobmon_airflow.client.workflow import Workflow

SLURM: Final = "slurm"  #: the type of cluster, and the cluster's name unless a connection gives it one
DEFAULT: Final = "slurm_default"  #: the connection of those who name none; without it, the cluster is `SLURM`


def of_tasks(workflow: Workflow) -> set[str]:
    """The clusters that the tasks of a workflow go to, as far as they say so."""
    kinds = (kind for array in workflow.all_arrays for kind in array.kinds().values())
    return {kind.cluster_name for kind in kinds} - {""}
