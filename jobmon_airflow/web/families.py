"""What Airflow calls families of workflows, and their templates."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.dags.names import dag_id_of, distinct_ids
from jobmon_airflow.store import families, workflows
from jobmon_airflow.view.workflows import OfDag

_RUN: Final = "run"  # the task that runs the workflow; the others mirror templates


def of_this_dag(connection: Connection, dag_id: str) -> OfDag:
    """The workflows that a DAG stands for."""
    every = families.all_of_them(connection)
    kin = [(each.tool, each.name) for each in every if dag_id_of(each.tool, each.name) == dag_id]
    return OfDag(dag_id=dag_id, families=kin)


def templates_by_task_id(connection: Connection, workflow_id: int) -> dict[str, str]:
    """The templates of a workflow, by what their mirrors are called."""
    its = workflows.row(connection, workflow_id)
    names = families.shape(connection, workflow_id, its.dag_id)[0] if its is not None else []
    return dict(zip(distinct_ids(names, taken=[_RUN]), names, strict=True))
