"""Executors, as Jobmon 1.x and 2.x called what clusters are now."""

from __future__ import annotations

import logging
import shutil
from functools import cache
from typing import Final

from jobmon_airflow import settings
from jobmon_airflow.errors import UnknownCluster

log = logging.getLogger(__name__)

SGE: Final = "SGEExecutor"
OPTION: Final = "classic_cluster"
_CLUSTERS: Final = {
    SGE: None,  # there is none any more: as the settings say
    "SequentialExecutor": "sequential",
    "MultiprocessExecutor": "multiprocess",
    "DummyExecutor": "dummy",
}


def cluster_of(executor_class: str) -> str:
    """The cluster that an executor stands for."""
    return _CLUSTERS[checked_executor(executor_class)] or _noted(sge_cluster())


def sge_cluster() -> str:
    """Where tasks go that were written for SGE: ``[jobmon] classic_cluster``, else Slurm if it is here."""
    return settings.option(OPTION) or ("slurm" if shutil.which("sbatch") else "multiprocess")


def checked_executor(executor_class: str) -> str:
    """The executor's name, if there is one of it."""
    if executor_class not in _CLUSTERS:
        raise UnknownCluster(
            f"There is no executor {executor_class!r}.",
            remedy=f"Choose one of {', '.join(_CLUSTERS)}; or name a cluster: "
            "workflow.set_default_cluster_name('slurm').",
        )
    return executor_class


@cache
def _noted(cluster: str) -> str:
    """Say once where tasks go that were written for another cluster."""
    log.warning(
        "%s stands for the cluster '%s' here. Another is named by AIRFLOW__JOBMON__%s.",
        SGE,
        cluster,
        OPTION.upper(),
    )
    return cluster
