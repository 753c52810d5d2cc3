"""Airflow DAGs from workflows.

`to_dag` makes one of a workflow that a DAG file built, `workflow_dag` of a function that builds one when it runs, and
`JobmonDagBundle` of every family of workflows in the database. `templates` and `run_of` find their tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.lazy import names_of

if TYPE_CHECKING:
    from jobmon_airflow.dags.bundle import JobmonDagBundle
    from jobmon_airflow.dags.declaring import workflow_dag
    from jobmon_airflow.dags.making import run_of, templates, to_dag

__all__ = ["JobmonDagBundle", "run_of", "templates", "to_dag", "workflow_dag"]

__getattr__ = names_of(
    __name__,
    {
        "JobmonDagBundle": "bundle",
        "run_of": "making",
        "templates": "making",
        "to_dag": "making",
        "workflow_dag": "declaring",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
